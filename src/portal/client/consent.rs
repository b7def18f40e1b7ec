//! Consent to hours beyond the allowance (R17): in plain words, with a second look, answered by an approver only, once.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::json;

use crate::domain::billing::exact::Exact;
use crate::domain::billing::years;
use crate::domain::money::Cents;
use crate::store::{Consent, Decision, NewAudit, StoreError};

use super::super::area::Need;
use super::super::form::{Fields, query};
use super::super::letters::{Letter, to};
use super::super::page::{Shell, html};
use super::super::say;
use super::super::session::ClientSession;
use super::super::words::Words;
use super::super::{Portal, Problem};
use super::{DETAIL_VERSION, Fact};

/// Minutes of an hour.
const HOUR_MINUTES: i64 = 60;

#[derive(Template)]
#[template(path = "portal/consent.html")]
struct Page {
    shell: Shell,
    sentence: String,
    facts: Vec<Fact>,
    /// What is still to be answered, by whom may.
    ask: Option<String>,
    /// The second look: what was chosen, and where it is confirmed.
    confirm: Option<(bool, String)>,
    answered: Option<String>,
    back: String,
}

/// The request of that number, among those of the client.
async fn find(portal: &Portal, session: &ClientSession, number: &str) -> Result<Consent, Problem> {
    let number: i64 = number.parse().map_err(|_| Problem::NotFound)?;
    let consents = portal.store.consents(&session.scope()).await?;
    consents.into_iter().find(|consent| consent.request == number).ok_or(Problem::NotFound)
}

/// What the whole envelope costs, excluding VAT.
fn most(consent: &Consent) -> Cents {
    let asked = &consent.asked;
    Exact::cents(asked.price)
        .times(Exact::new(i128::from(asked.minutes), 1))
        .per(Exact::new(i128::from(HOUR_MINUTES), 1))
        .round()
}

fn sentence(consent: &Consent, words: Words) -> String {
    let asked = &consent.asked;
    let (time, price, all) =
        (say::minutes(asked.minutes), say::amount(asked.price, words), say::amount(most(consent), words));
    words.pick(
        format!("La coopérative demande à pouvoir travailler jusqu’à {time} au-delà de votre forfait, à {price} HT l’heure\u{a0}: {all} HT au plus."),
        format!("The co-operative asks to work up to {time} beyond your allowance, at {price} an hour excluding VAT: {all} at most."),
    )
}

fn facts(session: &ClientSession, consent: &Consent, words: Words) -> Vec<Fact> {
    let asked = &consent.asked;
    let start = session.client().contract.start;
    let year = years::contract_year(start, years::year_index(start, asked.year_from));
    let fact = |label: &str, value: String| Fact { label: label.to_owned(), value, tone: None };
    let mut facts = vec![
        fact(words.consent_envelope(), say::minutes(asked.minutes)),
        fact(words.consent_price(), format!("{} {}", say::amount(asked.price, words), words.without_vat())),
        fact(words.consent_most(), format!("{} {}", say::amount(most(consent), words), words.without_vat())),
        fact(
            words.consent_until(),
            format!("{} {} {}", say::day(year.from, words), words.to_day(), say::day(year.until, words)),
        ),
    ];
    if !asked.words.is_empty() {
        facts.insert(0, fact(words.consent_for(), asked.words.clone()));
    }
    facts
}

fn page(session: &ClientSession, consent: &Consent, choice: Option<bool>) -> Result<Response, Problem> {
    let words = session.contact.words;
    let rest = format!("/assistance/accord/{}", consent.request);
    let zone = session.zone();
    let answered = consent.decision.as_ref().map(|decision| {
        let what = if decision.is_approved { words.consent_yes() } else { words.consent_no() };
        let day = say::moment_us(decision.at_us, &zone, words);
        format!("{what} — {} {} — {day}", words.answered_by(), decision.approver)
    });
    let is_open = answered.is_none() && session.may(Need::Approver);
    html(&Page {
        shell: Shell::client(session, words.consent_title(), &rest),
        sentence: sentence(consent, words),
        facts: facts(session, consent, words),
        ask: (is_open && choice.is_none()).then(|| session.path(&format!("{rest}/relire"))),
        confirm: choice.filter(|_| is_open).map(|is_yes| (is_yes, session.path(&rest))),
        answered,
        back: session.path("/assistance"),
    })
}

/// The request in plain words.
pub async fn show(
    State(portal): State<Arc<Portal>>,
    session: ClientSession,
    Path((_, number)): Path<(String, String)>,
) -> Result<Response, Problem> {
    page(&session, &find(&portal, &session, &number).await?, None)
}

/// The second look at what was chosen.
pub async fn read_again(
    State(portal): State<Arc<Portal>>,
    session: ClientSession,
    Path((_, number)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let consent = find(&portal, &session, &number).await?;
    let choice = match query(request.uri()).get("choix") {
        "oui" => true,
        "non" => false,
        _ => return Err(Problem::NotFound),
    };
    page(&session, &consent, Some(choice))
}

/// The answer: recorded once, with a receipt.
pub async fn decide(
    State(portal): State<Arc<Portal>>,
    session: ClientSession,
    Path((_, number)): Path<(String, String)>,
    fields: Fields,
) -> Result<Response, Problem> {
    let words = session.contact.words;
    let consent = find(&portal, &session, &number).await?;
    let is_approved = match fields.get("choix") {
        "oui" => true,
        "non" => false,
        _ => return Err(Problem::Unreadable),
    };
    let person = session.person();
    let at_us = session.contact.now.as_microsecond();
    let decision = Decision {
        is_approved,
        approver: format!("{} <{}>", person.name, person.email),
        words: words.pick("répondu dans le portail", "answered in the portal").to_owned(),
        by: session.contact.actor(),
        at_us,
    };
    let receipt = receipt(&session, &consent, &decision, words);
    let receipt = receipt.owed(&session.inventory().cooperative, session.contact.now)?;
    match portal.store.decide_consent(&consent, &decision, Some(&receipt)).await {
        Ok(()) => {}
        // Sent twice, or somebody else was first: the page shows what counts.
        Err(StoreError::Conflict { .. }) => {
            return Ok(Redirect::to(&session.path(&format!("/assistance/accord/{number}"))).into_response());
        }
        Err(error) => return Err(error.into()),
    }
    let action = if is_approved { "overage-approved" } else { "overage-refused" };
    let detail = json!({
        "version": DETAIL_VERSION,
        "request": consent.request,
        "minutes": consent.asked.minutes,
        "price_cents": consent.asked.price,
    });
    portal.audit(NewAudit { at_us, actor: session.contact.actor(), action, scope: session.scope(), detail }).await?;
    Ok(Redirect::to(&session.path(&format!("/assistance/accord/{number}"))).into_response())
}

fn receipt(session: &ClientSession, consent: &Consent, decision: &Decision, words: Words) -> Letter {
    let person = session.person();
    let house = &session.inventory().cooperative;
    let day = say::moment_us(decision.at_us, &session.zone(), words);
    let done = match decision.is_approved {
        true => words.pick("Vous avez accepté", "You have accepted"),
        false => words.pick("Vous avez refusé", "You have refused"),
    };
    let facts: Vec<String> =
        facts(session, consent, words).iter().map(|fact| format!("- {} : {}", fact.label, fact.value)).collect();
    let text = words.pick(
        format!(
            "Bonjour {},\n\n{done}, le {day}, cette demande de {} (n° {}) pour {} :\n\n{}\n\nSeules les heures réellement faites \
             sont facturées. Si cette réponse n’est pas de vous, appelez-nous tout de suite : {}.\n\n{}\n",
            person.name,
            house.identity.name,
            consent.request,
            session.client().identity.name,
            facts.join("\n"),
            house.support_phone,
            house.identity.name
        ),
        format!(
            "Hello {},\n\n{done}, on {day}, this request of {} (no. {}) for {}:\n\n{}\n\nOnly hours really worked are charged. If \
             this answer is not yours, call us at once: {}.\n\n{}\n",
            person.name,
            house.identity.name,
            consent.request,
            session.client().identity.name,
            facts.join("\n"),
            house.support_phone,
            house.identity.name
        ),
    );
    Letter {
        key: format!("consent/{}", consent.request),
        scope: session.scope(),
        kind: "consent-receipt",
        to: to(person),
        subject: words
            .pick("Reçu : votre réponse sur les heures en plus", "Receipt: your answer about more hours")
            .to_owned(),
        text,
        is_confidential: false,
    }
}
