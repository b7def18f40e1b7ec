//! What clients are told of their hours: once when four fifths of a contract year's are used, and once when all are.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::domain::billing::support::exhausted_on;
use crate::inventory::model::{Client, ContactRole, Cooperative};
use crate::store::NewMail;

use super::hours::{Alert, Hours, alert};
use super::notify::Notice;
use super::terms::language;
use super::{BillingError, mails};

/// The kind of these mails.
pub const HOURS_ALERT: &str = "hours-alert";

/// The mails that the hours of a client call for on a day; none below four fifths. Put in again they stay the same mails,
/// one for each contract year, level and address.
///
/// # Errors
/// When an address is none.
pub fn mails(
    cooperative: &Cooperative,
    client: &Client,
    hours: &Hours,
    today: Date,
    by: &str,
    now: Timestamp,
) -> Result<Vec<NewMail>, BillingError> {
    if hours.terms.end.is_some_and(|end| end < today) {
        return Ok(Vec::new());
    }
    let year = hours.year(today);
    let Some(alert) = alert(&year) else { return Ok(Vec::new()) };
    let words = mails::hours(&mails::HoursUsed {
        language: language(client.language),
        contract: client.id.as_str(),
        year: &year,
        is_used_up: alert == Alert::UsedUp,
        exhausted_on: exhausted_on(&year, today),
        terms: &hours.terms,
        today,
        seller: &cooperative.identity.name,
    });
    let level = match alert {
        Alert::NearTheEnd => "near-the-end",
        Alert::UsedUp => "used-up",
    };
    let about = format!("{}-{}-{level}", client.id, year.from);
    let notice = Notice { kind: HOURS_ALERT, about, subject: words.subject, text: words.text, pdf: None };
    notice.mails(cooperative, client, &addresses(client), by, now)
}

/// Those who decide: approvers and managers, each address once.
fn addresses(client: &Client) -> Vec<String> {
    let decides = |role: &ContactRole| matches!(role, ContactRole::Approver | ContactRole::Manager);
    let mut to: Vec<String> = Vec::new();
    for contact in client.contacts.iter().filter(|one| one.roles.iter().any(decides)) {
        if !to.contains(&contact.email) {
            to.push(contact.email.clone());
        }
    }
    to
}
