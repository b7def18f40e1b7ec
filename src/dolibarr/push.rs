//! Pushes documents and payments, each once. What was pushed is on record; what is not on record is looked for there first.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::domain::billing::document::{DocumentKind, Issued, Party};
use crate::domain::ids::ClientId;
use crate::domain::money::Cents;
use crate::store::{InvoiceRecord, Movement, PaymentRecord, Push, PushKind, Scope, Store};

use super::client::{Dolibarr, DolibarrError, number};

/// Means of payment, by the numbers of Dolibarr's own dictionary: transfer, direct debit, cash, cheque.
const MEANS: [(&str, u32); 4] = [("transfer", 2), ("direct-debit", 3), ("cash", 4), ("cheque", 7)];

/// What to push with.
pub struct Pushing<'a> {
    /// The store.
    pub store: &'a Store,
    /// The Dolibarr.
    pub dolibarr: &'a Dolibarr,
    /// Number of its bank account.
    pub bank_account: u32,
    /// The co-operative's zone: Dolibarr takes days as instants.
    pub zone: &'a TimeZone,
    /// When, for the record.
    pub at_us: i64,
}

/// What was pushed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pushed {
    /// Third parties that were found or made now.
    pub clients: usize,
    /// Documents.
    pub documents: Vec<String>,
    /// Payments.
    pub payments: usize,
    /// Movements that Dolibarr has no call for: money that went back is booked there by a person.
    pub by_hand: Vec<i64>,
}

/// Pushes everything that is not there yet: invoices, credit notes, payments, the oldest of each first.
///
/// # Errors
/// [`DolibarrError`] at the first thing that cannot be pushed; what was pushed is on record, and the next call goes on.
pub async fn push(pushing: &Pushing<'_>, documents: &[(InvoiceRecord, Issued)]) -> Result<Pushed, DolibarrError> {
    let known = pushing.store.pushes().await?;
    let mut known: BTreeMap<(PushKind, String), String> =
        known.into_iter().map(|one| ((one.kind, one.ours), one.theirs)).collect();
    let mut pushed = Pushed::default();
    // A credit note names what it corrects by Dolibarr's own id: invoices go first.
    let (notes, invoices): (Vec<_>, Vec<_>) =
        documents.iter().partition(|(_, issued)| issued.kind == DocumentKind::CreditNote);
    for (record, issued) in invoices.into_iter().chain(notes) {
        if known.contains_key(&(PushKind::Document, record.number.clone())) {
            continue;
        }
        let client = match known.get(&(PushKind::Client, record.client.to_string())) {
            Some(theirs) => theirs.clone(),
            None => {
                let theirs = third_party(pushing, &record.client, &issued.buyer).await?;
                remember(pushing, &mut known, PushKind::Client, record.client.as_str(), &theirs).await?;
                pushed.clients += 1;
                theirs
            }
        };
        let of = issued.corrects.as_ref().and_then(|one| known.get(&(PushKind::Document, one.number.clone())));
        let theirs = document(pushing, issued, &client, of).await?;
        remember(pushing, &mut known, PushKind::Document, &record.number, &theirs).await?;
        pushed.documents.push(record.number.clone());
    }
    for one in pushing.store.payments(&Scope::Staff).await? {
        let ours = one.position.to_string();
        if known.contains_key(&(PushKind::Payment, ours.clone())) {
            continue;
        }
        let invoice = one.payment.number.as_ref().and_then(|number| known.get(&(PushKind::Document, number.clone())));
        match invoice.cloned() {
            Some(invoice) if one.payment.movement == Movement::Payment && !one.payment.is_set_off() => {
                let theirs = payment(pushing, &one, &invoice).await?;
                remember(pushing, &mut known, PushKind::Payment, &ours, &theirs).await?;
                pushed.payments += 1;
            }
            _ => pushed.by_hand.push(one.position),
        }
    }
    Ok(pushed)
}

async fn remember(
    pushing: &Pushing<'_>,
    known: &mut BTreeMap<(PushKind, String), String>,
    kind: PushKind,
    ours: &str,
    theirs: &str,
) -> Result<(), DolibarrError> {
    let push = Push { kind, ours: ours.to_owned(), theirs: theirs.to_owned(), at_us: pushing.at_us };
    pushing.store.record_push(&push).await?;
    known.insert((kind, ours.to_owned()), theirs.to_owned());
    Ok(())
}

/// The third party of a client: by its SIREN, or by our id; made when there is none.
async fn third_party(pushing: &Pushing<'_>, client: &ClientId, party: &Party) -> Result<String, DolibarrError> {
    let by_id = format!("(t.ref_ext:=:'{client}')");
    let filters = party.siren.iter().map(|siren| format!("(t.siren:=:'{siren}')")).chain([by_id]);
    for filter in filters {
        match pushing.dolibarr.third_parties(&filter).await?.as_slice() {
            [] => {}
            [only] => return Ok(only.clone()),
            _ => {
                return Err(DolibarrError::Differs {
                    what: format!("Dolibarr has several third parties for `{client}` ({filter})"),
                });
            }
        }
    }
    let body = json!({
        "name": party.name,
        "client": 1,
        "code_client": "-1",
        "ref_ext": client,
        "idprof1": party.siren,
        "idprof2": party.siret,
        "tva_intra": party.vat_number,
        "address": party.address.lines.join("\n"),
        "zip": party.address.postcode,
        "town": party.address.city,
        "country_code": party.address.country,
    });
    pushing.dolibarr.make_third_party(&body).await
}

/// The document of our number, made and made final where it is not; its total there has to be ours.
async fn document(
    pushing: &Pushing<'_>,
    issued: &Issued,
    client: &str,
    of: Option<&String>,
) -> Result<String, DolibarrError> {
    let dolibarr = pushing.dolibarr;
    let there = match dolibarr.invoice(&issued.number).await? {
        Some(there) => there,
        None => {
            dolibarr.make_invoice(&body(pushing, issued, client, of)).await?;
            read(dolibarr, issued).await?
        }
    };
    let id = number(&there["id"]).ok_or_else(|| unreadable(&issued.number))?;
    let there = if number(&there["status"]).or_else(|| number(&there["statut"])).as_deref() == Some("0") {
        demand_total(issued, &there)?;
        dolibarr.validate(&id).await?;
        read(dolibarr, issued).await?
    } else {
        there
    };
    demand_total(issued, &there)?;
    Ok(id)
}

async fn read(dolibarr: &Dolibarr, issued: &Issued) -> Result<Value, DolibarrError> {
    dolibarr.invoice(&issued.number).await?.ok_or_else(|| unreadable(&issued.number))
}

fn unreadable(number: &str) -> DolibarrError {
    DolibarrError::Unreadable { what: format!("invoices/ref_ext/{number}") }
}

/// One line per rate: Dolibarr rounds VAT on each line, and ours is rounded on the whole of a rate.
fn body(pushing: &Pushing<'_>, issued: &Issued, client: &str, of: Option<&String>) -> Value {
    let sign = if issued.kind == DocumentKind::CreditNote { -1 } else { 1 };
    let words: Vec<String> = issued.lines.iter().map(|line| format!("{} : {}", line.description, line.total)).collect();
    let lines = issued.vat.iter().map(|share| {
        json!({
            "desc": words.join("\n"),
            "qty": "1",
            "subprice": decimal(Cents(sign * share.base.0)),
            "tva_tx": format!("{}.{:02}", share.rate_bp / 100, share.rate_bp % 100),
            "product_type": 1,
        })
    });
    let mut body = json!({
        "socid": client,
        "type": if sign < 0 { 2 } else { 0 },
        "date": seconds(pushing.zone, issued.issued_on),
        "ref_ext": issued.number,
        "ref_customer": issued.number,
        "lines": lines.collect::<Vec<_>>(),
    });
    if let Some(due) = issued.due_on {
        body["date_lim_reglement"] = json!(seconds(pushing.zone, due));
    }
    if let Some(of) = of {
        body["fk_facture_source"] = json!(of);
    }
    body
}

fn demand_total(issued: &Issued, there: &Value) -> Result<(), DolibarrError> {
    let sign = if issued.kind == DocumentKind::CreditNote { -1 } else { 1 };
    let ours = Cents(sign * issued.totals.gross.0);
    let total = number(&there["total_ttc"]).and_then(|text| cents(&text));
    if total == Some(ours) {
        return Ok(());
    }
    let total = total.map_or_else(|| "nothing".to_owned(), |total| total.to_string());
    Err(DolibarrError::Differs { what: format!("`{}` comes to {ours} here and to {total} in Dolibarr", issued.number) })
}

async fn payment(pushing: &Pushing<'_>, one: &PaymentRecord, invoice: &str) -> Result<String, DolibarrError> {
    let mark = format!("ACC-{}", one.position);
    if pushing.dolibarr.payments(invoice).await?.contains(&mark) {
        return Ok(mark);
    }
    let means = MEANS.iter().find(|(word, _)| *word == one.payment.means).map_or(2, |(_, id)| *id);
    let mut amounts = json!({});
    amounts[invoice] = json!({ "amount": decimal(one.payment.cents), "multicurrency_amount": "" });
    let body = json!({
        "arrayofamounts": amounts,
        "datepaye": seconds(pushing.zone, one.payment.moved_on),
        "paymentid": means,
        "closepaidinvoices": "yes",
        "accountid": pushing.bank_account,
        "num_payment": mark,
        "comment": one.payment.reference,
        "chqemetteur": one.payment.client,
        "accepthigherpayment": true,
    });
    pushing.dolibarr.pay(&body).await
}

/// `546.00`, also of a negative amount.
fn decimal(cents: Cents) -> String {
    let sign = if cents.0 < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", cents.0.unsigned_abs() / 100, cents.0.unsigned_abs() % 100)
}

/// Reads `546`, `546.00`, `-546.00000000`: places beyond the second are zeros.
fn cents(text: &str) -> Option<Cents> {
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let digits: String = rest.chars().chain("00".chars()).take(2).collect();
    if rest.chars().skip(2).any(|one| one != '0') {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let digits: i64 = digits.parse().ok()?;
    Some(Cents(sign * (whole.checked_mul(100)? + digits)))
}

/// Midnight of a day, as the seconds that Dolibarr takes.
fn seconds(zone: &TimeZone, day: Date) -> i64 {
    day.to_zoned(zone.clone()).map_or(0, |at| at.timestamp().as_second())
}
