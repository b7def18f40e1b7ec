//! Life-cycle statuses as files: UN/CEFACT's Cross Domain Acknowledgement and Response, as XP Z12-012 fills it.

use std::io;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;
use serde::{Deserialize, Serialize};

use crate::domain::money::Cents;
use crate::util::xml::Xml;

/// What was received, including VAT, of one VAT rate: a characteristic of this code ("montant encaissé").
const COLLECTED: &str = "MEN";

/// A processing message about one document, from whom it is about.
const PROCESSING: &str = "23";

/// UNTDID 1373: paid.
const PAID: &str = "47";

/// The status "cashed" (encaissée).
pub const CASHED: u16 = 212;

const NAMESPACES: [(&str, &str); 4] = [
    ("xmlns:rsm", "urn:un:unece:uncefact:data:standard:CrossDomainAcknowledgementAndResponse:100"),
    ("xmlns:ram", "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"),
    ("xmlns:udt", "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100"),
    ("xmlns:qdt", "urn:un:unece:uncefact:data:standard:QualifiedDataType:100"),
];

/// The longest status file that is read.
pub const FILE_BYTES_MAX: usize = 1024 * 1024;

/// What was received of one VAT rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collected {
    /// The rate, in hundredths of a per cent.
    pub rate_bp: u32,
    /// Including VAT; negative when a payment came back.
    pub gross: Cents,
}

/// A status of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Number of the document.
    pub number: String,
    /// Its code: 200 filed, 210 refused, 212 cashed, 213 rejected, ...
    pub code: u16,
    /// When it became so.
    pub at: Timestamp,
    /// Why, in words.
    pub reason: Option<String>,
    /// What was received, per VAT rate, when it is about that.
    pub collected: Vec<Collected>,
}

/// Who says it to whom, about which document.
#[derive(Debug, Clone)]
pub struct Between<'a> {
    /// Name and SIREN of the seller.
    pub seller: (&'a str, &'a str),
    /// Name and SIREN of the buyer.
    pub buyer: (&'a str, &'a str),
    /// Electronic address of the buyer, scheme 0225.
    pub address: Option<&'a str>,
    /// Day of the document.
    pub issued_on: Date,
    /// 380 or 381.
    pub type_code: u16,
    /// Our own name of the message.
    pub id: &'a str,
}

/// The word for a code.
pub fn word(code: u16) -> &'static str {
    match code {
        200 => "Déposée",
        201 => "Émise",
        202 => "Reçue",
        203 => "Mise à disposition",
        204 => "Prise en charge",
        205 => "Approuvée",
        206 => "Approuvée partiellement",
        207 => "En litige",
        208 => "Suspendue",
        209 => "Complétée",
        210 => "Refusée",
        211 => "Paiement transmis",
        CASHED => "Encaissée",
        213 => "Rejetée",
        _ => "Statut inconnu",
    }
}

/// Writes the status "cashed" of a document: the same bytes for the same status.
///
/// # Errors
/// None in practice: it is written into memory.
pub fn write(status: &Status, between: &Between<'_>) -> io::Result<Vec<u8>> {
    let at = status.at.to_zoned(TimeZone::UTC).strftime("%Y%m%d%H%M%S").to_string();
    let moment = |xml: &mut Xml, name: &str| {
        xml.group(name, |xml| xml.text_with("udt:DateTimeString", &[("format", "204")], &at))
    };
    let party = |xml: &mut Xml, name: &str, (called, siren): (&str, &str), role: &str, address: Option<&str>| {
        xml.group(name, |xml| {
            xml.text_with("ram:GlobalID", &[("schemeID", "0002")], siren)?;
            xml.text("ram:Name", called)?;
            xml.text("ram:RoleCode", role)?;
            match address {
                None => Ok(()),
                Some(address) => xml.group("ram:URIUniversalCommunication", |xml| {
                    xml.text_with("ram:URIID", &[("schemeID", "0225")], address)
                }),
            }
        })
    };
    let mut xml = Xml::new()?;
    xml.root("rsm:CrossDomainAcknowledgementAndResponse", &NAMESPACES, |xml| {
        xml.group("rsm:ExchangedDocumentContext", |xml| {
            xml.group("ram:BusinessProcessSpecifiedDocumentContextParameter", |xml| xml.text("ram:ID", "REGULATED"))?;
            xml.group("ram:GuidelineSpecifiedDocumentContextParameter", |xml| {
                xml.text("ram:ID", "urn.cpro.gouv.fr:1p0:CDV:invoice")
            })
        })?;
        xml.group("rsm:ExchangedDocument", |xml| {
            xml.text("ram:ID", between.id)?;
            xml.text("ram:Name", &format!("CDV-{}_{}", status.code, word(status.code)))?;
            moment(xml, "ram:IssueDateTime")?;
            xml.group("ram:SenderTradeParty", |xml| xml.text("ram:RoleCode", "WK"))?;
            party(xml, "ram:IssuerTradeParty", between.seller, "SE", None)?;
            party(xml, "ram:RecipientTradeParty", between.buyer, "BY", between.address)
        })?;
        xml.group("rsm:AcknowledgementDocument", |xml| {
            xml.group("ram:MultipleReferencesIndicator", |xml| xml.text("udt:Indicator", "false"))?;
            xml.text("ram:TypeCode", PROCESSING)?;
            moment(xml, "ram:IssueDateTime")?;
            xml.group("ram:ReferenceReferencedDocument", |xml| {
                xml.text("ram:IssuerAssignedID", &status.number)?;
                if status.code == CASHED {
                    xml.text("ram:StatusCode", PAID)?;
                }
                xml.text("ram:TypeCode", &between.type_code.to_string())?;
                xml.group("ram:FormattedIssueDateTime", |xml| {
                    let day = between.issued_on.strftime("%Y%m%d").to_string();
                    xml.text_with("qdt:DateTimeString", &[("format", "102")], &day)
                })?;
                xml.text("ram:ProcessConditionCode", &status.code.to_string())?;
                xml.text("ram:ProcessCondition", word(status.code))?;
                xml.group("ram:IssuerTradeParty", |xml| {
                    xml.text_with("ram:GlobalID", &[("schemeID", "0002")], between.seller.1)?;
                    xml.text("ram:RoleCode", "SE")
                })?;
                document_status(xml, status)
            })
        })
    })?;
    Ok(xml.finish())
}

fn document_status(xml: &mut Xml, status: &Status) -> io::Result<()> {
    if status.reason.is_none() && status.collected.is_empty() {
        return Ok(());
    }
    xml.group("ram:SpecifiedDocumentStatus", |xml| {
        xml.maybe("ram:Reason", status.reason.as_deref())?;
        xml.text("ram:SequenceNumeric", "1")?;
        for one in &status.collected {
            xml.group("ram:SpecifiedDocumentCharacteristic", |xml| {
                xml.text("ram:TypeCode", COLLECTED)?;
                xml.text_with("ram:ValueAmount", &[("currencyID", "EUR")], &decimal(one.gross.0))?;
                xml.text("ram:ValuePercent", &decimal(i64::from(one.rate_bp)))
            })?;
        }
        Ok(())
    })
}

/// Hundredths with a point.
fn decimal(hundredths: i64) -> String {
    let sign = if hundredths < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", hundredths.unsigned_abs() / 100, hundredths.unsigned_abs() % 100)
}

/// Reads the statuses of a file: one for each document that it is about.
///
/// # Errors
/// In words, when it is no such file or lacks what a status needs.
pub fn read(bytes: &[u8]) -> Result<Vec<Status>, String> {
    if bytes.len() > FILE_BYTES_MAX {
        return Err(format!("it has more than {FILE_BYTES_MAX} bytes"));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    let mut reader = Reader::from_str(text);
    let mut path: Vec<String> = Vec::new();
    let mut words = String::new();
    let mut reading = Reading::default();
    loop {
        match reader.read_event().map_err(|error| format!("it is not XML: {error}"))? {
            Event::Start(start) => {
                let name = start.local_name().as_ref().to_owned();
                if path.is_empty() && name != "CrossDomainAcknowledgementAndResponse" {
                    return Err(format!("its root is `{name}`"));
                }
                path.push(name);
                words.clear();
            }
            Event::Text(text) => words.push_str(&text),
            Event::CData(text) => words.push_str(&text),
            Event::GeneralRef(reference) => {
                let known = match reference.resolve_char_ref().map_err(|error| error.to_string())? {
                    Some(one) => Some(one.to_string()),
                    None => resolve_predefined_entity(&reference).map(str::to_owned),
                };
                words.push_str(&known.ok_or_else(|| format!("it names the entity `{}`", &*reference))?);
            }
            Event::End(_) => {
                if !words.trim().is_empty() {
                    reading.text(&path, words.trim())?;
                }
                words.clear();
                if path.last().is_some_and(|name| name == "ReferenceReferencedDocument") {
                    reading.document_ends()?;
                }
                path.pop();
            }
            // A document type could name files of ours.
            Event::DocType(_) => return Err("it has a document type".to_owned()),
            Event::Eof if path.is_empty() => break,
            Event::Eof => return Err("it ends in the middle".to_owned()),
            _ => {}
        }
    }
    if reading.statuses.is_empty() { Err("it has no status of a document".to_owned()) } else { Ok(reading.statuses) }
}

/// What was read so far.
#[derive(Default)]
struct Reading {
    statuses: Vec<Status>,
    at: Option<Timestamp>,
    number: Option<String>,
    code: Option<u16>,
    reasons: Vec<String>,
    characteristic: Option<String>,
    amount: Option<Cents>,
    collected: Vec<Collected>,
}

impl Reading {
    fn text(&mut self, path: &[String], words: &str) -> Result<(), String> {
        let names: Vec<&str> = path.iter().map(String::as_str).collect();
        match names.as_slice() {
            [_, "AcknowledgementDocument", "IssueDateTime", "DateTimeString"] => self.at = Some(moment(words)?),
            [_, "AcknowledgementDocument", "ReferenceReferencedDocument", rest @ ..] => self.document(rest, words)?,
            _ => {}
        }
        Ok(())
    }

    fn document(&mut self, names: &[&str], words: &str) -> Result<(), String> {
        match names {
            ["IssuerAssignedID"] => self.number = Some(words.to_owned()),
            ["ProcessConditionCode"] => {
                let code = words.parse::<u16>().ok().filter(|code| (1..1000).contains(code));
                self.code = Some(code.ok_or_else(|| format!("`{words}` is no code of a status"))?);
            }
            ["SpecifiedDocumentStatus", "Reason" | "ReasonCode"] => self.reasons.push(words.to_owned()),
            ["SpecifiedDocumentStatus", "SpecifiedDocumentCharacteristic", "TypeCode"] => {
                self.characteristic = Some(words.to_owned());
                self.amount = None;
            }
            ["SpecifiedDocumentStatus", "SpecifiedDocumentCharacteristic", "ValueAmount"] => {
                self.amount = Some(Cents(hundredths(words)?));
            }
            ["SpecifiedDocumentStatus", "SpecifiedDocumentCharacteristic", "ValuePercent"] => {
                if self.characteristic.as_deref() == Some(COLLECTED)
                    && let Some(gross) = self.amount.take()
                {
                    let rate = u32::try_from(hundredths(words)?).map_err(|_| "a VAT rate is negative".to_owned())?;
                    self.collected.push(Collected { rate_bp: rate, gross });
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn document_ends(&mut self) -> Result<(), String> {
        let (Some(number), Some(code)) = (self.number.take(), self.code.take()) else {
            return Err("a status names no document, or no code".to_owned());
        };
        let at = self.at.ok_or("a status has no moment")?;
        let reasons = std::mem::take(&mut self.reasons);
        self.statuses.push(Status {
            number,
            code,
            at,
            reason: (!reasons.is_empty()).then(|| reasons.join(": ")),
            collected: std::mem::take(&mut self.collected),
        });
        Ok(())
    }
}

/// `20260801103000`, or the first part of it.
fn moment(words: &str) -> Result<Timestamp, String> {
    let digits = words.trim();
    let wrong = || format!("`{words}` is no moment");
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) || !matches!(digits.len(), 8 | 12 | 14) {
        return Err(wrong());
    }
    let whole = format!("{digits:0<14}");
    let civil = jiff::civil::DateTime::strptime("%Y%m%d%H%M%S", &whole).map_err(|_| wrong())?;
    civil.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp()).map_err(|_| wrong())
}

/// `1234.5` as hundredths; more than two decimals are refused unless they are zeros.
fn hundredths(words: &str) -> Result<i64, String> {
    let wrong = || format!("`{words}` is no amount");
    let (sign, digits) = words.strip_prefix('-').map_or((1, words), |rest| (-1, rest));
    let (whole, rest) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 12 || !is_number(whole) || !is_number(rest) {
        return Err(wrong());
    }
    let (kept, beyond) = rest.split_at(rest.len().min(2));
    if beyond.bytes().any(|byte| byte != b'0') {
        return Err(wrong());
    }
    let kept = format!("{kept:0<2}");
    let number = |part: &str| part.parse::<i64>().map_err(|_| wrong());
    Ok(sign * (number(whole)? * 100 + number(&kept)?))
}
