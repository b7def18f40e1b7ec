//! The mail that tells a client what became of a request: who asked need not look every day whether there is an answer.

use jiff::Timestamp;

use crate::inventory::model::{Client, Contact, ContactRole, Inventory};
use crate::post::PostError;
use crate::store::{NewMail, Request, RequestState, RequestStep, Scope};

use super::client::requests::{answer_words, in_words, state_name};
use super::letters::{Letter, to};
use super::say;
use super::words::Words;

/// The mail that is owed for a step of a request, to be recorded together with it; none when the step is the client's own,
/// or when nobody is there to be told.
///
/// # Errors
/// When such a mail could never be sent.
pub fn owed(
    inventory: &Inventory,
    request: &Request,
    step: &RequestStep,
    now: Timestamp,
) -> Result<Option<NewMail>, PostError> {
    if matches!(step.state, RequestState::Asked | RequestState::Withdrawn) {
        return Ok(None);
    }
    let client = inventory.clients.get(&request.client);
    let Some((client, contact)) = client.and_then(|client| Some((client, reader(client, request)?))) else {
        return Ok(None);
    };
    letter(inventory, client, contact, request, step).owed(&inventory.cooperative, now).map(Some)
}

/// Whoever asked, as long as they are a contact; otherwise the management.
fn reader<'a>(client: &'a Client, request: &Request) -> Option<&'a Contact> {
    let asked_by = request.asked().and_then(|asked| asked.by.strip_prefix("contact:"));
    let is_theirs = |one: &&Contact| asked_by.is_some_and(|email| one.email.eq_ignore_ascii_case(email));
    let manager = || client.contacts.iter().find(|one| one.roles.contains(&ContactRole::Manager));
    client.contacts.iter().find(is_theirs).or_else(manager)
}

fn letter(inventory: &Inventory, client: &Client, contact: &Contact, request: &Request, step: &RequestStep) -> Letter {
    let words = Words::in_language(client.language);
    let (house, zone, number) = (&inventory.cooperative, inventory.cooperative_zone(), request.number);
    let asked = request.asked();
    let day = asked.map(|asked| say::day_us(asked.at_us, &zone, words)).unwrap_or_default();
    let wanted = asked.map(|asked| in_words(request.kind, &asked.detail, words)).unwrap_or_default();
    // A paragraph of its own, if anything was said.
    let said = answer_words(request.kind, step, words).map(|said| format!("{said}\n\n")).unwrap_or_default();
    let (name, state) = (&contact.name, state_name(request.kind, step.state, words));
    let (from, phone) = (&house.identity.name, &house.support_phone);
    let text = words.pick(
        format!(
            "Bonjour {name},\n\nVous nous avez demandé, le {day} (demande n° {number}) :\n\n{wanted}\n\nOù en est votre \
             demande : {state}.\n\n{said}Vous la retrouvez aussi dans votre espace. Une question ? Appelez-nous : \
             {phone}.\n\n{from}\n"
        ),
        format!(
            "Hello {name},\n\nOn {day} you asked us (request no. {number}):\n\n{wanted}\n\nWhere your request stands: \
             {state}.\n\n{said}You find it in your space, too. A question? Call us: {phone}.\n\n{from}\n"
        ),
    );
    Letter {
        key: format!("request/{number}/{}", request.steps.len()),
        scope: Scope::Client(client.id.clone()),
        kind: "request-answer",
        to: to(contact),
        subject: words
            .pick(format!("Votre demande n° {number} : {state}"), format!("Your request no. {number}: {state}")),
        text,
        is_confidential: false,
    }
}
