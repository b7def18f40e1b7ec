//! Notices of renewal by e-mail (R11): a mail of their own with the last day in a box, put into the outbox within the
//! window. Their sending is recorded as proof in the transaction that records that they were sent.

use jiff::Timestamp;

use crate::domain::billing::document::DocumentLanguage;
use crate::domain::billing::years::{Renewal, notice_is_sound};
use crate::inventory::model::{Client, Contact, ContactRole, VatStatus};
use crate::post::{Announcement, Message, Recipient, Sender, compose};
use crate::store::{MailRecord, MailState, RENEWAL_NOTICE, Scope, Store};

use super::paperwork::Paperwork;
use super::terms::{language, terms};
use super::{BillingError, mails};

/// Whom a notice is sent to: the managers, or everybody that bills go to.
pub fn recipients(client: &Client) -> Vec<&Contact> {
    let managers: Vec<&Contact> =
        client.contacts.iter().filter(|one| one.roles.contains(&ContactRole::Manager)).collect();
    if managers.is_empty() { client.billing_contacts() } else { managers }
}

/// Whether a notice sent today counts: within its window, and not sent before.
pub fn is_due(paperwork: &Paperwork<'_>, renewal: &Renewal) -> bool {
    let terms = terms(paperwork.client, paperwork.account.notices.clone());
    let today = paperwork.today;
    renewal.window.from <= today && today <= renewal.window.until && !notice_is_sound(&terms, renewal)
}

/// The notices of a renewal that were put into the outbox and have not been sent: those that leave by themselves, and those
/// that wait for a person ([`left_lying`]).
pub fn in_outbox<'a>(mails: &'a [MailRecord], client: &Client, renewal: &Renewal) -> Vec<&'a MailRecord> {
    let (scope, term) = (Scope::Client(client.id.clone()), renewal.term.to_string());
    let ours = |mail: &&MailRecord| {
        mail.kind == RENEWAL_NOTICE
            && mail.scope == scope
            && mail.about.as_deref() == Some(term.as_str())
            && mail.state != MailState::Sent
    };
    mails.iter().filter(ours).collect()
}

/// What a person has to do about a notice that is due and does not leave by itself: its mail failed, may have been sent or was
/// given up. None while one of its mails is still on its way.
pub fn left_lying(in_outbox: &[&MailRecord], client: &Client) -> Option<BillingError> {
    let mail = in_outbox.first().filter(|_| in_outbox.iter().all(|mail| mail.state.waits_for_a_person()))?;
    let (number, state) = (mail.position, mail.state.word());
    Some(BillingError::refused(
        format!("the notice of renewal of `{}` does not leave by itself: mail {number} is {state}", client.id),
        format!(
            "`accolades mail resend {number}`, or send a letter and record it with `accolades billing notice sent {}`",
            client.id
        ),
    ))
}

/// Puts the notice of a renewal into the outbox, one mail for each recipient: their numbers.
///
/// # Errors
/// Refused outside of the window, where it would prove nothing, and without anybody to write to.
pub async fn put_in(
    store: &Store,
    paperwork: &Paperwork<'_>,
    renewal: &Renewal,
    by: &str,
    now: Timestamp,
) -> Result<Vec<i64>, BillingError> {
    let (client, cooperative) = (paperwork.client, paperwork.cooperative);
    if !is_due(paperwork, renewal) {
        return Err(BillingError::refused(
            format!("the renewal of `{}` is not to be announced on {} (R11)", client.id, paperwork.today),
            format!("a notice counts once, from {} to {}", renewal.window.from, renewal.window.until),
        ));
    }
    let recipients = recipients(client);
    if recipients.is_empty() {
        return Err(BillingError::refused(
            format!("`{}` has nobody to write to", client.id),
            format!("add a contact with the role `manager` to clients/{}.toml", client.id),
        ));
    }
    let pdf = paperwork.renewal(renewal).map_err(|error| {
        BillingError::refused(format!("the notice cannot be printed: {error}"), "mend the template, then send again")
    })?;
    let address = &cooperative.identity.address;
    let refuse_by = format!(
        "{}, {} {}, {} {}",
        cooperative.support_email,
        match language(client.language) {
            DocumentLanguage::Fr => "ou par lettre :",
            DocumentLanguage::En => "or by letter:",
        },
        address.lines.join(", "),
        address.postcode,
        address.city
    );
    let sender = Sender::of(cooperative);
    let mut positions = Vec::new();
    for contact in recipients {
        let words = mails::renewal(&mails::Renewal {
            language: language(client.language),
            to: Some(&contact.name),
            contract: client.id.as_str(),
            ends: renewal.term,
            renewed_until: paperwork.renewed_until(renewal),
            deadline: renewal.deadline,
            refuse_by: &refuse_by,
            professional: client.identity.vat != VatStatus::NonTaxable,
            seller: &cooperative.identity.name,
        });
        let announcement = Announcement {
            key: format!("renewal/{}/{}", client.id, renewal.term),
            scope: Scope::Client(client.id.clone()),
            kind: RENEWAL_NOTICE,
            about: Some(renewal.term.to_string()),
            message: Message::with_pdfs(
                Recipient { name: Some(contact.name.clone()), address: contact.email.clone() },
                words.subject,
                words.text,
                vec![(format!("renouvellement-{}.pdf", renewal.term), pdf.clone())],
            ),
        };
        let mail = compose(&sender, &announcement, by, now)
            .map_err(|error| BillingError::of_mail(&announcement.key, error))?;
        positions.push(store.put_mail(&mail).await?.0);
    }
    Ok(positions)
}
