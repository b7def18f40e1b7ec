//! The flow service: deposits, searches, downloads.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::refusal::{Refusal, json_answer};
use super::{State, cdar, form};
use crate::wire::{RawAnswer, RawRequest};

/// Results of a page, at most and when nothing is said.
const LIMIT_MAX: usize = 100;
const LIMIT_DEFAULT: usize = 25;

const RULES: &[&str] = &[
    "B2B",
    "B2BInt",
    "B2C",
    "B2G",
    "B2GInt",
    "OutOfScope",
    "B2GOutOfScope",
    "ArchiveOnly",
    "NotApplicable",
    "Undefined",
];
const SYNTAXES: &[&str] = &["CII", "UBL", "Factur-X", "CDAR", "FRR"];
const PROFILES: &[&str] = &["Basic", "CIUS", "Extended-CTC-FR", "Undefined"];

/// A flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// The platform's name of it.
    pub id: String,
    /// The sender's name of it.
    pub tracking: Option<String>,
    /// Name of the file.
    pub name: String,
    /// `Factur-X`, `CDAR`, ...
    pub syntax: String,
    /// `B2B`, `B2G`, ...
    pub rule: String,
    /// `CustomerInvoice`, `CustomerInvoiceLC`.
    pub kind: &'static str,
    /// `Out` of the seller, or `In`.
    pub direction: &'static str,
    /// `Pending`, `Ok` or `Error`.
    pub acknowledged: &'static str,
    /// Code and words of a refusal.
    pub refusal: Option<(String, String)>,
    /// The file.
    pub file: Vec<u8>,
    /// When it came.
    pub submitted_at: Timestamp,
    /// When something of it changed last.
    pub updated_at: Timestamp,
}

impl State {
    pub(super) fn deposit(&mut self, request: &RawRequest) -> Result<RawAnswer, Refusal> {
        let parts = form::parts(request.header("Content-Type"), &request.body)?;
        let part = |name: &str| parts.iter().find(|part| part.name == name);
        let (Some(info), Some(file)) = (part("flowInfo"), part("file")) else {
            return Err(Refusal::bad("`flowInfo` and `file` are required"));
        };
        if info.media_type.as_deref() != Some("application/json") {
            return Err(Refusal::bad("`flowInfo` is application/json"));
        }
        if !matches!(file.media_type.as_deref(), Some("application/pdf" | "application/xml")) {
            return Err(Refusal::bad("`file` is application/pdf or application/xml"));
        }
        let info: Value = serde_json::from_slice(&info.content).map_err(|_| Refusal::bad("`flowInfo` is not JSON"))?;
        let text = |name: &str| info[name].as_str();
        let (Some(name), Some(syntax)) = (text("name"), text("flowSyntax")) else {
            return Err(Refusal::bad("`name` and `flowSyntax` are required"));
        };
        let within = |value: Option<&str>, list: &[&str]| value.is_none_or(|value| list.contains(&value));
        let is_sound = name.chars().count() <= 255
            && SYNTAXES.contains(&syntax)
            && within(text("processingRule"), RULES)
            && within(text("flowProfile"), PROFILES)
            && text("trackingId").is_none_or(|tracking| tracking.len() <= 64);
        if !is_sound {
            return Err(Refusal::new(422, "UNPROCESSABLE_ENTITY", "a value is not one of its list"));
        }
        let sha256 = hex::encode(Sha256::digest(&file.content));
        let wrong_sum = text("sha256").is_some_and(|announced| announced != sha256);
        let is_double = self.flows.iter().any(|flow| {
            flow.tracking.is_some() && flow.tracking.as_deref() == text("trackingId") && flow.acknowledged != "Error"
        });
        let refusal = match (file.content.is_empty(), wrong_sum, is_double, syntax) {
            (true, ..) => Some(("EmptyFlow", "the file is empty")),
            (_, true, ..) => Some(("ChecksumMismatch", "the checksum is another one")),
            (_, _, true, _) => Some(("AlreadyExistingFlow", "the flow has already been sent")),
            (_, _, _, "CDAR") => cdar::mistake(&file.content),
            _ if !file.content.starts_with(b"%PDF-") => Some(("InvalidSchema", "it is no PDF")),
            _ => None,
        };
        let now = self.now;
        let flow = Flow {
            id: format!("flow-{}", self.flows.len() + 1),
            tracking: text("trackingId").map(str::to_owned),
            name: name.to_owned(),
            syntax: syntax.to_owned(),
            rule: text("processingRule").unwrap_or("Undefined").to_owned(),
            kind: if syntax == "CDAR" { "CustomerInvoiceLC" } else { "CustomerInvoice" },
            direction: "Out",
            acknowledged: if refusal.is_some() { "Error" } else { "Pending" },
            refusal: refusal.map(|(code, words)| (code.to_owned(), words.to_owned())),
            file: file.content.clone(),
            submitted_at: now,
            updated_at: now,
        };
        let mut filed = info.clone();
        filed["flowId"] = json!(flow.id);
        filed["submittedAt"] = json!(now.to_string());
        filed["sha256"] = json!(sha256);
        self.flows.push(flow);
        Ok(json_answer(202, &filed))
    }

    pub(super) fn search(&self, body: &[u8]) -> Result<RawAnswer, Refusal> {
        let asked: Value = serde_json::from_slice(body).map_err(|_| Refusal::bad("the body is not JSON"))?;
        let filters = asked["where"].as_object().ok_or_else(|| Refusal::bad("`where` is required"))?;
        if filters.is_empty() {
            return Err(Refusal::bad("at least one criterion is required"));
        }
        let limit = match asked.get("limit") {
            None => LIMIT_DEFAULT,
            Some(limit) => usize::try_from(limit.as_u64().unwrap_or(u64::MAX)).unwrap_or(usize::MAX),
        };
        if limit == 0 || limit > LIMIT_MAX {
            return Err(Refusal::bad("`limit` is at most 100"));
        }
        let after = match asked["cursor"].as_str() {
            None => 0,
            Some(cursor) => STANDARD
                .decode(cursor)
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok()?.parse::<usize>().ok())
                .ok_or_else(|| Refusal::bad("this cursor is not ours"))?,
        };
        let moment = |name: &str| -> Result<Option<Timestamp>, Refusal> {
            match filters.get(name) {
                None => Ok(None),
                Some(text) => text
                    .as_str()
                    .and_then(|text| text.parse().ok())
                    .map(Some)
                    .ok_or_else(|| Refusal::bad("a moment is not one")),
            }
        };
        let (updated_after, updated_before) = (moment("updatedAfter")?, moment("updatedBefore")?);
        let one_of = |name: &str, value: &str| {
            filters.get(name).is_none_or(|list| list.as_array().is_some_and(|list| list.iter().any(|one| one == value)))
        };
        let fits = |flow: &&Flow| {
            updated_after.is_none_or(|moment| flow.updated_at > moment)
                && updated_before.is_none_or(|moment| flow.updated_at < moment)
                && one_of("flowType", flow.kind)
                && one_of("flowDirection", flow.direction)
                && one_of("processingRule", &flow.rule)
                && filters
                    .get("trackingId")
                    .is_none_or(|wanted| Some(wanted) == flow.tracking.as_ref().map(|one| json!(one)).as_ref())
                && filters.get("ackStatus").is_none_or(|wanted| *wanted == flow.acknowledged)
        };
        let found: Vec<&Flow> = self.flows.iter().filter(fits).collect();
        let page: Vec<Value> = found.iter().skip(after).take(limit).map(|flow| flow.json()).collect();
        let next = after + page.len();
        let mut answer = json!({ "limit": limit, "filters": filters, "results": page });
        if next < found.len() {
            answer["nextCursor"] = json!(STANDARD.encode(next.to_string()));
        }
        Ok(json_answer(200, &answer))
    }

    pub(super) fn download(&self, id: &str, query: &str) -> Result<RawAnswer, Refusal> {
        let flow = self.flows.iter().find(|flow| flow.id == id).ok_or_else(Refusal::missing)?;
        match query.split('&').find_map(|pair| pair.strip_prefix("docType=")).unwrap_or("Metadata") {
            "Metadata" => Ok(json_answer(200, &flow.json())),
            "Original" => Ok(RawAnswer {
                body: flow.file.clone(),
                content_type: Some("application/octet-stream"),
                headers: vec![("Content-Disposition", format!("attachment;filename={}", flow.name))],
                close: false,
                ..RawAnswer::bare(200, "OK")
            }),
            "Converted" | "ReadableView" => Err(Refusal::missing()),
            _ => Err(Refusal::bad("`docType` is not one of its list")),
        }
    }

    pub(super) fn integrate(&mut self) {
        let now = self.tick();
        let mut filed = Vec::new();
        for flow in self.flows.iter_mut().filter(|flow| flow.acknowledged == "Pending") {
            flow.acknowledged = "Ok";
            flow.updated_at = now;
            if flow.kind == "CustomerInvoice" {
                filed.push(flow.name.trim_end_matches(".pdf").to_owned());
            }
        }
        for number in filed {
            self.say(&number, 200, None);
        }
    }

    pub(super) fn refuse_pending(&mut self, code: &str, message: &str) {
        let now = self.tick();
        for flow in self.flows.iter_mut().filter(|flow| flow.acknowledged == "Pending") {
            flow.acknowledged = "Error";
            flow.refusal = Some((code.to_owned(), message.to_owned()));
            flow.updated_at = now;
        }
    }

    pub(super) fn say(&mut self, number: &str, code: u16, reason: Option<&str>) {
        let at = self.tick().to_zoned(TimeZone::UTC).strftime("%Y%m%d%H%M%S").to_string();
        self.arrive(&format!("{number}-{code}.xml"), cdar::write(number, code, &at, reason));
    }

    pub(super) fn arrive(&mut self, name: &str, file: Vec<u8>) {
        let now = self.tick();
        self.flows.push(Flow {
            id: format!("flow-{}", self.flows.len() + 1),
            tracking: None,
            name: name.to_owned(),
            syntax: "CDAR".to_owned(),
            rule: "B2B".to_owned(),
            kind: "CustomerInvoiceLC",
            direction: "In",
            acknowledged: "Ok",
            refusal: None,
            file,
            submitted_at: now,
            updated_at: now,
        });
    }
}

impl Flow {
    fn json(&self) -> Value {
        let mut acknowledgement = json!({ "status": self.acknowledged });
        if let Some((code, message)) = &self.refusal {
            acknowledgement["details"] =
                json!([{ "level": "Error", "item": self.name, "reasonCode": code, "reasonMessage": message }]);
        }
        let mut value = json!({
            "flowId": self.id,
            "name": self.name,
            "flowSyntax": self.syntax,
            "flowProfile": "CIUS",
            "processingRule": self.rule,
            "processingRuleSource": "Input",
            "flowType": self.kind,
            "flowDirection": self.direction,
            "submittedAt": self.submitted_at.to_string(),
            "updatedAt": self.updated_at.to_string(),
            "acknowledgement": acknowledgement,
        });
        if let Some(tracking) = &self.tracking {
            value["trackingId"] = json!(tracking);
        }
        value
    }
}
