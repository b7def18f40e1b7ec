//! `accolades mail`: the outbox (R20).

use std::fmt::Write as _;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::table::table;
use crate::cli::when;
use crate::post::{Decision, Delivered, decide};
use crate::store::{MailEvent, MailRecord, MailState, Scope};
use crate::util::limits;

/// Version of what these commands print with `--json`.
const JSON_VERSION: u32 = 1;

/// What to do with mails.
#[derive(Debug, Subcommand)]
pub enum Mail {
    /// Mails with their states
    List(List),
    /// One mail: what became of it, step by step
    Show(Show),
    /// Send what waits
    Send(Send),
    /// Send a mail again that failed, was given up, or may have been sent
    Resend(Which),
    /// A mail that may have been sent did arrive
    Arrived(Which),
    /// Do not send a mail any more
    GiveUp(Which),
}

/// Which mails.
#[derive(Debug, Args)]
pub struct List {
    /// Only mails in this state.
    #[arg(long, value_enum)]
    state: Option<StateWord>,
    /// Only mails about this: the number of a document, the last day of a term.
    #[arg(long, value_name = "WHAT")]
    about: Option<String>,
}

/// A state, as it is typed.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum StateWord {
    /// It will be sent.
    Waiting,
    /// Somebody is sending it.
    Sending,
    /// The server took it.
    Sent,
    /// It was handed over and no answer came.
    MayHaveBeenSent,
    /// The server refuses it.
    Failed,
    /// A person decided that it is not sent.
    GivenUp,
}

/// One mail.
#[derive(Debug, Args)]
pub struct Show {
    /// Its number.
    number: i64,
    /// The message itself, as it is sent.
    #[arg(long)]
    message: bool,
}

/// How many.
#[derive(Debug, Args)]
pub struct Send {
    /// At most so many.
    #[arg(long, value_name = "COUNT", default_value_t = limits::MAIL_BATCH_MAX)]
    limit: usize,
}

/// One mail.
#[derive(Debug, Args)]
pub struct Which {
    /// Its number.
    number: i64,
}

/// Runs `mail`.
///
/// # Errors
/// When there is no such mail, what is asked does not fit its state, or the server cannot be reached.
pub async fn run(session: &Session, what: Mail) -> Result<Exit, Failure> {
    match what {
        Mail::List(arguments) => list(session, &arguments).await,
        Mail::Show(arguments) => show(session, &arguments).await,
        Mail::Send(arguments) => send(session, arguments.limit).await,
        Mail::Resend(which) => carry_out(session, which.number, Decision::Resend).await,
        Mail::Arrived(which) => carry_out(session, which.number, Decision::Arrived).await,
        Mail::GiveUp(which) => carry_out(session, which.number, Decision::GiveUp).await,
    }
}

impl StateWord {
    fn state(self) -> MailState {
        match self {
            StateWord::Waiting => MailState::Waiting,
            StateWord::Sending => MailState::Sending,
            StateWord::Sent => MailState::Sent,
            StateWord::MayHaveBeenSent => MailState::MayHaveBeenSent,
            StateWord::Failed => MailState::Failed,
            StateWord::GivenUp => MailState::GivenUp,
        }
    }
}

async fn list(session: &Session, arguments: &List) -> Result<Exit, Failure> {
    let store = session.store().await?;
    let state = arguments.state.map(StateWord::state);
    let mails = store.mails(&Scope::Staff, state, arguments.about.as_deref()).await?;
    if session.output.is_json() {
        let mails: Vec<Value> = mails.iter().map(in_json).collect();
        session.output.json(&json!({ "version": JSON_VERSION, "mails": mails }))?;
        return Ok(Exit::Ok);
    }
    if mails.is_empty() {
        session.output.say("no mail");
        return Ok(Exit::Ok);
    }
    let now_us = session.now().await?.as_microsecond();
    let row = |mail: &MailRecord| {
        vec![
            mail.position.to_string(),
            mail.state.word().to_owned(),
            when::ago(mail.changed_at_us, now_us),
            mail.kind.clone(),
            mail.recipient.clone(),
            mail.subject.clone(),
        ]
    };
    let rows: Vec<Vec<String>> = mails.iter().map(row).collect();
    session.output.data(&table(&["mail", "state", "since", "kind", "to", "subject"], &rows))?;
    Ok(Exit::Ok)
}

async fn show(session: &Session, arguments: &Show) -> Result<Exit, Failure> {
    let store = session.store().await?;
    let mail = find(&store, arguments.number).await?;
    if arguments.message {
        if mail.is_confidential {
            return Err(Failure::usage(
                format!("mail {} is confidential: whoever reads it could log in", mail.position),
                "it is shown to nobody but its recipient",
            ));
        }
        let message = store.mail_message(&Scope::Staff, mail.position).await?.unwrap_or_default();
        session.output.data(&message)?;
        return Ok(Exit::Ok);
    }
    let events = store.mail_events(&Scope::Staff, mail.position).await?;
    if session.output.is_json() {
        let events: Vec<Value> = events.iter().map(event_in_json).collect();
        session.output.json(&json!({ "version": JSON_VERSION, "mail": in_json(&mail), "events": events }))?;
        return Ok(Exit::Ok);
    }
    let now_us = session.now().await?.as_microsecond();
    let mut out = format!("mail {} to {}: {}\n{}\n\n", mail.position, mail.recipient, mail.state.word(), mail.subject);
    for event in &events {
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "{}  {}{}{}",
            when::ago(event.at_us, now_us),
            event.state.word(),
            if event.answer.is_empty() { "" } else { ": " },
            event.answer
        );
    }
    session.output.data(&out)?;
    Ok(Exit::Ok)
}

async fn send(session: &Session, limit: usize) -> Result<Exit, Failure> {
    let store = session.store().await?;
    let accepted = session.accepted(&store).await?;
    let delivered = session.deliver(&store, &accepted.inventory.cooperative, limit).await?;
    tell_delivered(session, &delivered)
}

/// Says what became of mails: exit "partial" when a person has to look at one.
///
/// # Errors
/// When standard output cannot be written.
pub fn tell_delivered(session: &Session, delivered: &Delivered) -> Result<Exit, Failure> {
    let Delivered { sent, later, failed, unknown } = delivered;
    if session.output.is_json() {
        session.output.json(&delivered_in_json(delivered))?;
    } else {
        let mut parts = vec![format!("{} sent", sent.len())];
        for (mails, words) in [(later, "tried again later"), (failed, "failed"), (unknown, "may have been sent")] {
            if !mails.is_empty() {
                parts.push(format!("{} {words}", mails.len()));
            }
        }
        session.output.data(&format!("mails: {}\n", parts.join(", ")))?;
    }
    Ok(warn_of_delivered(session, delivered))
}

/// What became of mails, for machines.
pub fn delivered_in_json(delivered: &Delivered) -> Value {
    let Delivered { sent, later, failed, unknown } = delivered;
    json!({
        "version": JSON_VERSION,
        "sent": sent,
        "later": later,
        "failed": failed,
        "may_have_been_sent": unknown,
    })
}

/// Names the mails that wait for a person: exit "partial" when there are any.
pub fn warn_of_delivered(session: &Session, delivered: &Delivered) -> Exit {
    let Delivered { failed, unknown, .. } = delivered;
    for mail in failed {
        session.output.warn(&format!("mail {mail} failed: `accolades mail show {mail}` says why"));
    }
    for mail in unknown {
        session.output.warn(&format!(
            "mail {mail} may have been sent: ask its recipient, then `accolades mail arrived {mail}` or `accolades mail resend {mail}`"
        ));
    }
    if failed.is_empty() && unknown.is_empty() { Exit::Ok } else { Exit::Partial }
}

async fn carry_out(session: &Session, number: i64, decision: Decision) -> Result<Exit, Failure> {
    let store = session.store().await?;
    let accepted = session.accepted(&store).await?;
    let vault = session.vault(&store).await?;
    let mail = find(&store, number).await?;
    let zone = when::zone(&accepted.inventory.cooperative);
    let now = session.now().await?;
    if !decide(&store, &vault, &mail, decision, &session.who()?, now, &zone).await? {
        return Err(Failure::usage(
            format!("mail {number} is {}: that does not go with it", mail.state.word()),
            "what was sent is sent; what is being sent is not interrupted; nothing was changed",
        ));
    }
    let state = decision.state().word();
    if session.output.is_json() {
        session.output.json(&json!({ "version": JSON_VERSION, "mail": number, "state": state }))?;
    } else {
        session.output.data(&format!("mail {number}: {state}\n"))?;
    }
    Ok(Exit::Ok)
}

async fn find(store: &crate::store::Store, number: i64) -> Result<MailRecord, Failure> {
    let mail = store.mail(&Scope::Staff, number).await?;
    mail.ok_or_else(|| {
        Failure::usage(format!("there is no mail {number}"), "`accolades mail list` shows their numbers")
    })
}

fn in_json(mail: &MailRecord) -> Value {
    json!({
        "number": mail.position,
        "key": mail.key,
        "kind": mail.kind,
        "about": mail.about,
        "scope": mail.scope.to_string(),
        "to": mail.recipient,
        "subject": mail.subject,
        "is_confidential": mail.is_confidential,
        "state": mail.state,
        "attempts": mail.attempts,
        "not_before_us": mail.not_before_us,
        "answer": mail.answer,
        "put_by": mail.by,
        "put_at_us": mail.put_at_us,
        "changed_at_us": mail.changed_at_us,
    })
}

fn event_in_json(event: &MailEvent) -> Value {
    json!({ "state": event.state, "answer": event.answer, "by": event.by, "at_us": event.at_us })
}
