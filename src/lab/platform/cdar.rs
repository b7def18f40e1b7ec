//! Life-cycle statuses as the simulated platform writes them, and what it checks of those that it is given.

/// A status as a file.
pub fn write(number: &str, code: u16, at: &str, reason: Option<&str>) -> Vec<u8> {
    let reason = reason.map_or(String::new(), |reason| {
        format!(
            "<ram:SpecifiedDocumentStatus><ram:ReasonCode>AUTRE</ram:ReasonCode><ram:Reason>{}</ram:Reason></ram:SpecifiedDocumentStatus>",
            escaped(reason)
        )
    });
    let number = escaped(number);
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<rsm:CrossDomainAcknowledgementAndResponse
    xmlns:rsm="urn:un:unece:uncefact:data:standard:CrossDomainAcknowledgementAndResponse:100"
    xmlns:ram="urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"
    xmlns:udt="urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100"
    xmlns:qdt="urn:un:unece:uncefact:data:standard:QualifiedDataType:100">
  <!-- written by the simulated platform -->
  <rsm:ExchangedDocumentContext>
    <ram:GuidelineSpecifiedDocumentContextParameter><ram:ID>urn.cpro.gouv.fr:1p0:CDV:invoice</ram:ID></ram:GuidelineSpecifiedDocumentContextParameter>
  </rsm:ExchangedDocumentContext>
  <rsm:ExchangedDocument>
    <ram:Name>CDV-{code}</ram:Name>
    <ram:IssueDateTime><udt:DateTimeString format="204">{at}</udt:DateTimeString></ram:IssueDateTime>
    <ram:SenderTradeParty><ram:RoleCode>WK</ram:RoleCode></ram:SenderTradeParty>
    <ram:IssuerTradeParty><ram:RoleCode>WK</ram:RoleCode></ram:IssuerTradeParty>
  </rsm:ExchangedDocument>
  <rsm:AcknowledgementDocument>
    <ram:MultipleReferencesIndicator><udt:Indicator>false</udt:Indicator></ram:MultipleReferencesIndicator>
    <ram:TypeCode>305</ram:TypeCode>
    <ram:IssueDateTime><udt:DateTimeString format="204">{at}</udt:DateTimeString></ram:IssueDateTime>
    <ram:ReferenceReferencedDocument>
      <ram:IssuerAssignedID>{number}</ram:IssuerAssignedID>
      <ram:TypeCode>380</ram:TypeCode>
      <ram:ProcessConditionCode>{code}</ram:ProcessConditionCode>
      {reason}
    </ram:ReferenceReferencedDocument>
  </rsm:AcknowledgementDocument>
</rsm:CrossDomainAcknowledgementAndResponse>
"#
    )
    .into_bytes()
}

/// What is wrong with a status that a seller gives: "cashed" carries what was received, per VAT rate (BR-FR-CDV-14).
pub fn mistake(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    let text = String::from_utf8_lossy(bytes);
    let has = |what: &str| text.contains(what);
    if !has("CrossDomainAcknowledgementAndResponse:100") || !has("<ram:IssuerAssignedID>") {
        return Some(("InvalidSchema", "it is no life-cycle status"));
    }
    if !has("<ram:ProcessConditionCode>212</ram:ProcessConditionCode>") {
        return Some(("InvoiceLCStatusError", "a seller says 212"));
    }
    let collected = text.matches("<ram:TypeCode>MEN</ram:TypeCode>").count();
    if collected == 0
        || text.matches("<ram:ValueAmount").count() != collected
        || text.matches("<ram:ValuePercent>").count() != collected
    {
        return Some(("InvoiceLCAmountError", "212 carries an amount and a rate for each VAT rate"));
    }
    None
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
