//! `accolades billing notice`: renewals that have to be announced, and what proves that they were (R11).

use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;
use serde_json::json;

use super::{Desk, JSON_VERSION};
use crate::billing::book::Book;
use crate::billing::notices;
use crate::billing::paperwork::Paperwork;
use crate::billing::terms::terms;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::selection;
use crate::cli::session::Session;
use crate::cli::table::table;
use crate::domain::billing::years::{Renewal, next_renewal, notice_is_sound};
use crate::domain::ids::ClientId;
use crate::store::{Scope, SentNotice};
use crate::util::count::counted;
use crate::util::limits;

/// What to do with notices.
#[derive(Debug, Subcommand)]
pub enum Notice {
    /// Which renewals have to be announced, and until when
    List,
    /// Send the notices that are due, by e-mail: their sending is recorded as proof
    Send(Send),
    /// Record that a notice was sent by other means
    Sent(Sent),
}

/// Whose notices.
#[derive(Debug, Args)]
pub struct Send {
    /// Only these clients' [default: every notice that is due].
    client: Vec<ClientId>,
}

/// A notice that was sent.
#[derive(Debug, Args)]
pub struct Sent {
    /// The client.
    client: ClientId,
    /// Day of sending, as in 2027-05-10.
    #[arg(long, value_name = "DATE")]
    on: Date,
    /// How.
    #[arg(long, value_enum)]
    means: Means,
    /// What proves it: number of the letter, identifier of the message.
    #[arg(long, value_name = "TEXT")]
    proof: String,
}

/// How a notice is sent: a dedicated letter or message.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Means {
    Letter,
    Email,
}

/// Runs `billing notice`.
///
/// # Errors
/// When the client has no renewal ahead, or the store cannot be read or written.
pub async fn run(session: &Session, what: Notice) -> Result<Exit, Failure> {
    let desk = Desk::open(session).await?;
    match what {
        Notice::List => list(session, &desk).await,
        Notice::Send(which) => send(session, &desk, &which).await,
        Notice::Sent(sent) => record(session, &desk, sent).await,
    }
}

/// Where a renewal stands.
fn state(renewal: &Renewal, is_sound: bool, today: Date) -> &'static str {
    if is_sound {
        "sent"
    } else if today < renewal.window.from {
        "later"
    } else if today <= renewal.window.until {
        "due"
    } else {
        "missed"
    }
}

async fn list(session: &Session, desk: &Desk) -> Result<Exit, Failure> {
    let book = Book::read(&desk.store, &Scope::Staff).await?;
    let mails = desk.store.mails(&Scope::Staff, None, None).await?;
    let mut renewals = Vec::new();
    for client in desk.accepted.inventory.clients.values() {
        let terms = terms(client, book.account(&client.id).notices);
        if let Some(renewal) = next_renewal(&terms, desk.today) {
            let state = match notices::in_outbox(&mails, client, &renewal).first() {
                Some(mail) => mail.state.word(),
                None => state(&renewal, notice_is_sound(&terms, &renewal), desk.today),
            };
            renewals.push((client, renewal, state));
        }
    }
    renewals.sort_by_key(|(client, renewal, _)| (renewal.window.until, client.id.clone()));
    if session.output.is_json() {
        let rows = renewals.iter().map(|(client, renewal, state)| {
            json!({
                "client": client.id,
                "term": renewal.term.to_string(),
                "refusal_deadline": renewal.deadline.to_string(),
                "send_from": renewal.window.from.to_string(),
                "send_until": renewal.window.until.to_string(),
                "state": state,
            })
        });
        let rows: Vec<_> = rows.collect();
        session.output.json(&json!({ "version": JSON_VERSION, "renewals": rows }))?;
        return Ok(Exit::Ok);
    }
    let rows: Vec<Vec<String>> = renewals
        .iter()
        .map(|(client, renewal, state)| {
            vec![
                client.id.to_string(),
                renewal.term.to_string(),
                renewal.deadline.to_string(),
                format!("{} to {}", renewal.window.from, renewal.window.until),
                (*state).to_owned(),
            ]
        })
        .collect();
    session.output.data(&table(&["client", "term", "may refuse until", "send", "notice"], &rows))?;
    for (client, renewal, _) in renewals.iter().filter(|(_, _, state)| *state == "due") {
        session.output.warn(&format!("{} has to be told of its renewal by {}", client.id, renewal.window.until));
    }
    Ok(Exit::Ok)
}

async fn send(session: &Session, desk: &Desk, which: &Send) -> Result<Exit, Failure> {
    let inventory = &desk.accepted.inventory;
    for client in &which.client {
        selection::client(inventory, client.as_str())?;
    }
    let book = Book::read(&desk.store, &Scope::Staff).await?;
    let mails = desk.store.mails(&Scope::Staff, None, None).await?;
    let (mut due, mut lying) = (Vec::new(), Vec::new());
    for client in inventory.clients.values() {
        let account = book.account(&client.id);
        let Some(renewal) = next_renewal(&terms(client, account.notices.clone()), desk.today) else { continue };
        let is_wanted = which.client.contains(&client.id);
        let paperwork = Paperwork {
            cooperative: &inventory.cooperative,
            client,
            account: &account,
            zone: &desk.zone,
            today: desk.today,
        };
        let in_outbox = notices::in_outbox(&mails, client, &renewal);
        let is_due = notices::is_due(&paperwork, &renewal);
        let is_chosen = is_wanted || (which.client.is_empty() && is_due);
        if !is_chosen {
            continue;
        }
        match notices::left_lying(&in_outbox, client).filter(|_| is_due) {
            Some(trouble) => lying.push(trouble),
            // On its way already; whoever names the client wants it sent now.
            None if !is_wanted && !in_outbox.is_empty() => {}
            None => due.push((client, account, renewal)),
        }
    }
    for trouble in &lying {
        session.output.warn(&trouble.to_string().replace("\n\n", "; "));
    }
    let is_partial = !lying.is_empty();
    if due.is_empty() && is_partial {
        return Ok(Exit::Partial);
    }
    if due.is_empty() {
        session.output.data("no notice is due\n")?;
        return Ok(Exit::Ok);
    }
    for (client, _, renewal) in &due {
        let to: Vec<&str> = notices::recipients(client).iter().map(|one| one.email.as_str()).collect();
        session.output.say(&format!(
            "{}: renewed after {}, may refuse until {}, to {}",
            client.id,
            renewal.term,
            renewal.deadline,
            to.join(", ")
        ));
    }
    session.confirm(&format!("Send {}?", counted(due.len(), "notice", "notices")))?;
    let by = session.who()?;
    for (client, account, renewal) in &due {
        let paperwork =
            Paperwork { cooperative: &inventory.cooperative, client, account, zone: &desk.zone, today: desk.today };
        notices::put_in(&desk.store, &paperwork, renewal, &by, desk.now).await?;
    }
    let delivered = session.deliver(&desk.store, &inventory.cooperative, limits::MAIL_BATCH_MAX).await?;
    let exit = crate::cli::commands::mail::tell_delivered(session, &delivered)?;
    Ok(if is_partial { Exit::Partial } else { exit })
}

async fn record(session: &Session, desk: &Desk, sent: Sent) -> Result<Exit, Failure> {
    let client = selection::client(&desk.accepted.inventory, sent.client.as_str())?;
    if sent.on > desk.today {
        return Err(Failure::usage(format!("{} is in the future", sent.on), "record a notice once it was sent"));
    }
    if sent.proof.trim().is_empty() {
        return Err(Failure::usage("nothing proves the sending", "give the number of the letter or of the message"));
    }
    let terms = terms(client, Vec::new());
    let renewal = next_renewal(&terms, sent.on).ok_or_else(|| {
        Failure::usage(
            format!("the contract of `{}` is not renewed after {}", client.id, sent.on),
            "it has no commitment, or it was ended",
        )
    })?;
    let notice = SentNotice {
        client: client.id.clone(),
        term: renewal.term,
        sent_on: sent.on,
        means: match sent.means {
            Means::Letter => "letter".to_owned(),
            Means::Email => "e-mail".to_owned(),
        },
        proof: sent.proof.trim().to_owned(),
        by: session.who()?,
        at_us: desk.now.as_microsecond(),
    };
    desk.store.record_notice(&notice).await?;
    let is_within = renewal.window.from <= sent.on && sent.on <= renewal.window.until;
    if session.output.is_json() {
        session.output.json(&json!({
            "version": JSON_VERSION,
            "client": client.id,
            "term": renewal.term.to_string(),
            "within_window": is_within,
        }))?;
        return Ok(Exit::Ok);
    }
    session.output.data(&format!("recorded: {} was told of the renewal after {}\n", client.id, renewal.term))?;
    if !is_within {
        session.output.warn(&format!(
            "a notice counts when it is sent from {} to {}: this one does not",
            renewal.window.from, renewal.window.until
        ));
    }
    Ok(Exit::Ok)
}
