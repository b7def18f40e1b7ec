//! What the journals are made of, read from the store.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::domain::accounting::fiscal::Closing;
use crate::domain::accounting::replay::{DocumentFact, Facts, FeeFact, MoneyFact, Place};
use crate::domain::billing::zone;
use crate::store::{ClosedMonth, Movement, PaymentRecord, SET_OFF, Scope, Store};

use super::BillingError;
use super::draft::read_document;
use super::statement::signed;

/// The means of a payment in cash, as it is recorded.
const CASH: &str = "cash";

/// Reads everything that journals are made of.
///
/// # Errors
/// When the store cannot be read.
pub async fn facts(store: &Store, zone: &TimeZone) -> Result<Facts, BillingError> {
    let mut documents = Vec::new();
    for record in store.invoices(&Scope::Staff).await? {
        let issued = read_document(&record)?;
        documents.push(DocumentFact { client: record.client.to_string(), issued, recorded_at_us: record.issued_at_us });
    }
    let names = Names::of(&documents);
    let payments = store.payments(&Scope::Staff).await?;
    let fees = store.bank_movements().await?.into_iter().filter_map(|one| {
        let decision = one.decision.filter(|decision| decision.fee.0 > 0)?;
        Some(FeeFact {
            piece: one.movement.end_to_end_id,
            cents: decision.fee,
            on: one.movement.booked_on,
            recorded_at_us: decision.at_us,
        })
    });
    let fees = fees.collect();
    let closings = store.closed_months().await?.iter().map(|one| closing(one, zone)).collect();
    let money = payments.iter().map(|one| money(one, &names)).collect();
    Ok(Facts { money, fees, closings, documents })
}

/// A closed month as the rules read it.
pub fn closing(closed: &ClosedMonth, zone: &TimeZone) -> Closing {
    let at = Timestamp::from_microsecond(closed.at_us).unwrap_or(Timestamp::UNIX_EPOCH);
    Closing { month: closed.month, at_us: closed.at_us, on: zone::day(zone, at) }
}

fn money(one: &PaymentRecord, names: &Names) -> MoneyFact {
    let payment = &one.payment;
    let place = match payment.means.as_str() {
        SET_OFF => Place::Account,
        CASH => Place::Cash,
        _ => Place::Bank,
    };
    let what = match (payment.movement, payment.means.as_str()) {
        (_, SET_OFF) => "Imputation",
        (Movement::Payment, "direct-debit") => "Prélèvement",
        (Movement::Payment, "cheque") => "Chèque",
        (Movement::Payment, "cash") => "Espèces",
        (Movement::Payment, _) => "Virement",
        (Movement::Refund, _) => "Remboursement",
        (Movement::Return, "direct-debit") => "Prélèvement rejeté",
        (Movement::Return, _) => "Paiement repris",
    };
    let name = names.of_client(payment.client.as_str(), payment.number.as_deref(), payment.at_us);
    let label = match &payment.number {
        Some(number) => format!("{what} {number} {name}"),
        None => format!("{what} {name}"),
    };
    MoneyFact {
        position: one.position,
        client: payment.client.to_string(),
        name,
        number: payment.number.clone(),
        cents: signed(one),
        on: payment.moved_on,
        place,
        label,
        recorded_at_us: payment.at_us,
    }
}

/// Names of clients as they stood on documents: an entry does not change when a client is renamed.
struct Names {
    of_documents: BTreeMap<String, String>,
    of_clients: BTreeMap<String, Vec<(i64, String)>>,
}

impl Names {
    fn of(documents: &[DocumentFact]) -> Names {
        let mut names = Names { of_documents: BTreeMap::new(), of_clients: BTreeMap::new() };
        for one in documents {
            let name = &one.issued.buyer.name;
            names.of_documents.insert(one.issued.number.clone(), name.clone());
            names.of_clients.entry(one.client.clone()).or_default().push((one.recorded_at_us, name.clone()));
        }
        names
    }

    /// The name on the invoice that is paid; without one, on the last document before that moment.
    fn of_client(&self, client: &str, number: Option<&str>, at_us: i64) -> String {
        let of_document = number.and_then(|number| self.of_documents.get(number)).cloned();
        let before = || self.of_clients.get(client)?.iter().rev().find(|(issued, _)| *issued <= at_us);
        of_document.or_else(|| before().map(|(_, name)| name.clone())).unwrap_or_else(|| client.to_owned())
    }
}
