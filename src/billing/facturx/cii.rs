//! The issued document as Cross Industry Invoice D22B, profile EN 16931. The order of elements is the schema's.

use std::io;

use jiff::civil::Date;

use super::party::{Role, party};
use super::settlement::settlement;
use crate::domain::billing::document::{Address, DocumentLanguage, Issued, Line, Standing};
use crate::domain::money::Cents;
use crate::util::xml::Xml;

/// BT-24: the rules that the document follows.
const GUIDELINE: &str = "urn:cen.eu:en16931:2017";

/// BT-23: services, not yet paid.
const SERVICES: &str = "S1";

const NAMESPACES: [(&str, &str); 4] = [
    ("xmlns:rsm", "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"),
    ("xmlns:qdt", "urn:un:unece:uncefact:data:standard:QualifiedDataType:100"),
    ("xmlns:ram", "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"),
    ("xmlns:udt", "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100"),
];

/// The XML of an issued document: the same bytes for the same document.
///
/// # Errors
/// None in practice: it is written into memory.
pub fn cii(issued: &Issued) -> io::Result<Vec<u8>> {
    let mut xml = Xml::new()?;
    xml.root("rsm:CrossIndustryInvoice", &NAMESPACES, |xml| {
        xml.group("rsm:ExchangedDocumentContext", |xml| {
            xml.group("ram:BusinessProcessSpecifiedDocumentContextParameter", |xml| xml.text("ram:ID", SERVICES))?;
            xml.group("ram:GuidelineSpecifiedDocumentContextParameter", |xml| xml.text("ram:ID", GUIDELINE))
        })?;
        xml.group("rsm:ExchangedDocument", |xml| {
            xml.text("ram:ID", &issued.number)?;
            xml.text("ram:TypeCode", &issued.kind.code().to_string())?;
            day(xml, "ram:IssueDateTime", issued.issued_on)?;
            notes(xml, issued)
        })?;
        xml.group("rsm:SupplyChainTradeTransaction", |xml| {
            for one in &issued.lines {
                line(xml, one)?;
            }
            agreement(xml, issued)?;
            xml.group("ram:ApplicableHeaderTradeDelivery", |xml| {
                // BT-72: a service is complete on the last day that it was rendered.
                xml.group("ram:ActualDeliverySupplyChainEvent", |xml| {
                    day(xml, "ram:OccurrenceDateTime", issued.period.until)
                })
            })?;
            settlement(xml, issued)
        })
    })?;
    Ok(xml.finish())
}

/// BG-1: the mentions with their codes, then what has no field of its own.
fn notes(xml: &mut Xml, issued: &Issued) -> io::Result<()> {
    let mut note = |code: Option<&str>, text: &str| {
        xml.group("ram:IncludedNote", |xml| {
            xml.text("ram:Content", text)?;
            xml.maybe("ram:SubjectCode", code)
        })
    };
    for one in &issued.notes {
        note(one.code.as_deref(), &one.text)?;
    }
    let french = issued.language == DocumentLanguage::Fr;
    let buyer = &issued.buyer;
    let mut about = format!("{} : {}, {}", if french { "Client" } else { "Buyer" }, buyer.name, buyer.form);
    if let Some(rna) = &buyer.rna {
        about.push_str(&format!(", RNA {rna}"));
    }
    note(None, &about)?;
    if let Some(address) = &issued.billing_address {
        note(
            None,
            &format!("{} : {}", if french { "Adresse de facturation" } else { "Billing address" }, one_line(address)),
        )?;
    }
    if let Some(corrected) = &issued.corrects {
        note(None, &corrected.reason)?;
    }
    Ok(())
}

fn one_line(address: &Address) -> String {
    let Address { lines, postcode, city, country } = address;
    format!("{}, {postcode} {city}, {country}", lines.join(", "))
}

/// BG-25.
fn line(xml: &mut Xml, line: &Line) -> io::Result<()> {
    xml.group("ram:IncludedSupplyChainTradeLineItem", |xml| {
        xml.group("ram:AssociatedDocumentLineDocument", |xml| xml.text("ram:LineID", &line.position.to_string()))?;
        xml.group("ram:SpecifiedTradeProduct", |xml| {
            xml.text("ram:Name", &line.description)?;
            let explanation = line.explanation.join(" ");
            xml.maybe("ram:Description", Some(explanation.as_str()).filter(|text| !text.is_empty()))
        })?;
        let unit = [("unitCode", line.unit.code())];
        xml.group("ram:SpecifiedLineTradeAgreement", |xml| {
            xml.group("ram:NetPriceProductTradePrice", |xml| {
                xml.text("ram:ChargeAmount", &amount(line.price))?;
                xml.text_with("ram:BasisQuantity", &unit, &line.basis.to_string())
            })
        })?;
        xml.group("ram:SpecifiedLineTradeDelivery", |xml| {
            xml.text_with("ram:BilledQuantity", &unit, &line.quantity.to_string())
        })?;
        xml.group("ram:SpecifiedLineTradeSettlement", |xml| {
            xml.group("ram:ApplicableTradeTax", |xml| {
                xml.text("ram:TypeCode", "VAT")?;
                xml.text("ram:CategoryCode", line.category.code())?;
                xml.text("ram:RateApplicablePercent", &percent(line.rate_bp))
            })?;
            if let Some(period) = line.period {
                span(xml, period.from, period.until)?;
            }
            xml.group("ram:SpecifiedTradeSettlementLineMonetarySummation", |xml| {
                xml.text("ram:LineTotalAmount", &amount(line.total))
            })
        })
    })
}

/// Who sells to whom, under which references. A public buyer finds its service in BT-10 and its commitment in BT-13.
fn agreement(xml: &mut Xml, issued: &Issued) -> io::Result<()> {
    xml.group("ram:ApplicableHeaderTradeAgreement", |xml| {
        xml.maybe("ram:BuyerReference", issued.service_code.as_deref())?;
        party(xml, "ram:SellerTradeParty", &issued.seller, Role::Seller)?;
        party(xml, "ram:BuyerTradeParty", &issued.buyer, Role::Buyer)?;
        let public = issued.buyer.standing == Standing::Public;
        let order = issued.commitment_number.as_deref().filter(|_| public).or(issued.purchase_order.as_deref());
        if let Some(order) = order {
            xml.group("ram:BuyerOrderReferencedDocument", |xml| xml.text("ram:IssuerAssignedID", order))?;
        }
        xml.group("ram:ContractReferencedDocument", |xml| xml.text("ram:IssuerAssignedID", &issued.contract.id))
    })
}

/// A day in the schema's basic form.
pub(super) fn day(xml: &mut Xml, name: &str, date: Date) -> io::Result<()> {
    xml.group(name, |xml| xml.text_with("udt:DateTimeString", &[("format", "102")], &compact(date)))
}

/// A period of whole days, both ends included.
pub(super) fn span(xml: &mut Xml, from: Date, until: Date) -> io::Result<()> {
    xml.group("ram:BillingSpecifiedPeriod", |xml| {
        day(xml, "ram:StartDateTime", from)?;
        day(xml, "ram:EndDateTime", until)
    })
}

/// `20261130`.
pub(super) fn compact(date: Date) -> String {
    format!("{:04}{:02}{:02}", date.year(), date.month(), date.day())
}

/// `64.16`: a point, two decimals, no separator of thousands.
pub(super) fn amount(cents: Cents) -> String {
    let sign = if cents.0 < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", cents.0.unsigned_abs() / 100, cents.0.unsigned_abs() % 100)
}

/// Hundredths of a per cent as a per cent: `20`, `5.5`, `0`.
pub(super) fn percent(rate_bp: u32) -> String {
    let text = format!("{}.{:02}", rate_bp / 100, rate_bp % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_written_as_the_schema_wants_them() {
        assert_eq!(amount(Cents(6416)), "64.16");
        assert_eq!(amount(Cents(39_000_000)), "390000.00");
        assert_eq!(amount(Cents(5)), "0.05");
        assert_eq!([2000, 550, 210, 0].map(percent), ["20", "5.5", "2.1", "0"]);
        assert_eq!(compact(jiff::civil::date(2026, 2, 3)), "20260203");
    }
}
