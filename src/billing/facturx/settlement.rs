//! How it is paid and what it comes to (BG-16 to BG-23).

use std::io;

use super::cii::{amount, compact, day, percent, span};
use crate::domain::billing::document::{Issued, Payment, VatShare};
use crate::util::xml::Xml;

/// UNTDID 4461: SEPA credit transfer.
const TRANSFER: &str = "58";
/// UNTDID 4461: SEPA direct debit.
const DIRECT_DEBIT: &str = "59";

/// The last part of the document.
pub fn settlement(xml: &mut Xml, issued: &Issued) -> io::Result<()> {
    xml.group("ram:ApplicableHeaderTradeSettlement", |xml| {
        if let Some(Payment::DirectDebit { creditor_id, .. }) = &issued.payment {
            xml.text("ram:CreditorReferenceID", creditor_id)?;
        }
        if let Some(Payment::Transfer { reference, .. }) = &issued.payment {
            xml.text("ram:PaymentReference", reference)?;
        }
        xml.text("ram:InvoiceCurrencyCode", "EUR")?;
        if let Some(payment) = &issued.payment {
            means(xml, payment)?;
        }
        for share in &issued.vat {
            tax(xml, issued, share)?;
        }
        span(xml, issued.period.from, issued.period.until)?;
        terms(xml, issued)?;
        let totals = &issued.totals;
        xml.group("ram:SpecifiedTradeSettlementHeaderMonetarySummation", |xml| {
            xml.text("ram:LineTotalAmount", &amount(totals.net))?;
            xml.text("ram:TaxBasisTotalAmount", &amount(totals.net))?;
            xml.text_with("ram:TaxTotalAmount", &[("currencyID", "EUR")], &amount(totals.vat))?;
            xml.text("ram:GrandTotalAmount", &amount(totals.gross))?;
            xml.text("ram:DuePayableAmount", &amount(totals.due))
        })?;
        if let Some(corrected) = &issued.corrects {
            xml.group("ram:InvoiceReferencedDocument", |xml| {
                xml.text("ram:IssuerAssignedID", &corrected.number)?;
                xml.group("ram:FormattedIssueDateTime", |xml| {
                    xml.text_with("qdt:DateTimeString", &[("format", "102")], &compact(corrected.issued_on))
                })
            })?;
        }
        Ok(())
    })
}

fn means(xml: &mut Xml, payment: &Payment) -> io::Result<()> {
    xml.group("ram:SpecifiedTradeSettlementPaymentMeans", |xml| match payment {
        Payment::Transfer { iban, bic, .. } => {
            xml.text("ram:TypeCode", TRANSFER)?;
            xml.group("ram:PayeePartyCreditorFinancialAccount", |xml| xml.text("ram:IBANID", iban))?;
            if let Some(bic) = bic {
                xml.group("ram:PayeeSpecifiedCreditorFinancialInstitution", |xml| xml.text("ram:BICID", bic))?;
            }
            Ok(())
        }
        Payment::DirectDebit { iban, .. } => {
            xml.text("ram:TypeCode", DIRECT_DEBIT)?;
            xml.group("ram:PayerPartyDebtorFinancialAccount", |xml| xml.text("ram:IBANID", iban))
        }
    })
}

/// BG-23, one per category and rate.
fn tax(xml: &mut Xml, issued: &Issued, share: &VatShare) -> io::Result<()> {
    xml.group("ram:ApplicableTradeTax", |xml| {
        xml.text("ram:CalculatedAmount", &amount(share.vat))?;
        xml.text("ram:TypeCode", "VAT")?;
        xml.maybe("ram:ExemptionReason", share.exemption_text.as_deref())?;
        xml.text("ram:BasisAmount", &amount(share.base))?;
        xml.text("ram:CategoryCode", share.category.code())?;
        xml.maybe("ram:ExemptionReasonCode", share.exemption_code.as_deref())?;
        xml.text("ram:DueDateTypeCode", issued.vat_due.code())?;
        xml.text("ram:RateApplicablePercent", &percent(share.rate_bp))
    })
}

/// BT-20, BT-9 and the mandate (BT-89). Without any of them the group is left away: an empty element is refused.
fn terms(xml: &mut Xml, issued: &Issued) -> io::Result<()> {
    let words = Some(issued.due_words.as_str()).filter(|words| !words.is_empty());
    let mandate = match &issued.payment {
        Some(Payment::DirectDebit { mandate, .. }) => Some(mandate.as_str()),
        _ => None,
    };
    if words.is_none() && issued.due_on.is_none() && mandate.is_none() {
        return Ok(());
    }
    xml.group("ram:SpecifiedTradePaymentTerms", |xml| {
        xml.maybe("ram:Description", words)?;
        if let Some(due) = issued.due_on {
            day(xml, "ram:DueDateDateTime", due)?;
        }
        xml.maybe("ram:DirectDebitMandateID", mandate)
    })
}
