//! `accolades billing bank`: files of the bank, and what became of each movement on the account.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::turn::in_turn;
use super::{Desk, JSON_VERSION};
use crate::billing::bank::import::{Importing, import};
use crate::billing::bank::settle::{Told, carry_out, settle};
use crate::billing::bank::situation::Situation;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::selection;
use crate::cli::session::Session;
use crate::cli::table::table;
use crate::domain::ids::ClientId;
use crate::store::{BankMovement, How};
use crate::util::count::counted;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Bank {
    /// Take in a statement (camt.053), a notification (camt.054) or a status report (pain.002)
    Import(Import),
    /// Movements on the account; those that wait for a person first of all
    List(List),
    /// Say whose a movement is, or that it is no client's
    Match(Match),
}

/// A file.
#[derive(Debug, Args)]
pub struct Import {
    /// The file, as the bank made it.
    file: PathBuf,
}

/// Which movements.
#[derive(Debug, Args)]
pub struct List {
    /// All of them, not only those that wait.
    #[arg(long)]
    all: bool,
}

/// What a movement is.
#[derive(Debug, Args)]
pub struct Match {
    /// Number of the movement, as `accolades billing bank list` shows it.
    movement: i64,
    /// Whose it is.
    #[arg(required_unless_present = "not_a_client", conflicts_with = "not_a_client")]
    client: Option<ClientId>,
    /// The invoice that it pays; give it again for another [default: every open one, the oldest first].
    #[arg(long, value_name = "NUMBER", requires = "client")]
    r#for: Vec<String>,
    /// It is no client's: what it is.
    #[arg(long, value_name = "TEXT")]
    not_a_client: Option<String>,
}

/// Runs `billing bank`.
///
/// # Errors
/// When a file is refused, somebody else bills, or the store cannot be written.
pub async fn run(session: &Session, what: Bank) -> Result<Exit, Failure> {
    let desk = Desk::open(session).await?;
    if let Bank::List(list) = what {
        return listed(session, &desk, list.all).await;
    }
    in_turn(session, &desk, async || match what {
        Bank::Import(file) => imported(session, &desk, &file).await,
        Bank::Match(one) => matched(session, &desk, &one).await,
        Bank::List(list) => listed(session, &desk, list.all).await,
    })
    .await
}

async fn imported(session: &Session, desk: &Desk, import_: &Import) -> Result<Exit, Failure> {
    let account = desk.accepted.inventory.cooperative.billing.iban.as_deref().ok_or_else(|| {
        Failure::new(
            Exit::Configuration,
            "the co-operative has no account",
            "write `iban` into `[billing]` of `cooperative.toml`, then accept it",
        )
    })?;
    let bytes = std::fs::read(&import_.file).map_err(|error| Failure::file(&import_.file, &error))?;
    let name = import_.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let by = session.who()?;
    let importing = Importing { account, name: &name, by: &by, now: desk.now, today: desk.today };
    let done = import(&desk.store, &bytes, &importing).await?;
    let open = desk.store.bank_movements().await?.into_iter().filter(|one| one.decision.is_none()).count();
    if session.output.is_json() {
        session.output.json(&json!({
            "version": JSON_VERSION,
            "kind": done.kind,
            "message": done.message,
            "new": done.new,
            "all": done.all,
            "told": done.told.iter().map(told_in_json).collect::<Vec<_>>(),
            "waiting": open,
        }))?;
        return Ok(Exit::Ok);
    }
    let known = if done.new == 0 { ": everything was known" } else { "" };
    session.output.data(&format!("{} {}: {} of {} new{known}\n", done.kind, done.message, done.new, done.all))?;
    for one in &done.told {
        let client = one.client.as_ref().map(|client| format!("{client}: ")).unwrap_or_default();
        session.output.data(&format!("  {client}{}\n", one.words))?;
    }
    if open > 0 {
        let open = counted(open, "movement waits", "movements wait");
        session.output.warn(&format!("{open} for a person: `accolades billing bank list`"));
    }
    Ok(Exit::Ok)
}

fn told_in_json(one: &Told) -> Value {
    json!({ "movement": one.movement, "client": one.client, "words": one.words })
}

async fn listed(session: &Session, desk: &Desk, is_all: bool) -> Result<Exit, Failure> {
    let situation = Situation::read(&desk.store, "", desk.now).await?;
    let all = desk.store.bank_movements().await?;
    let rows: Vec<Row<'_>> = all
        .iter()
        .filter(|one| is_all || one.decision.is_none())
        .map(|one| Row {
            one,
            why: match &one.decision {
                Some(decision) => decision.words.clone(),
                None => {
                    situation.decide(&one.movement).err().unwrap_or_else(|| "decided at the next import".to_owned())
                }
            },
            likely: if one.decision.is_none() { likely(desk, &situation, one, &all) } else { None },
        })
        .collect();
    if session.output.is_json() {
        let movements: Vec<Value> = rows.iter().map(Row::in_json).collect();
        session.output.json(&json!({ "version": JSON_VERSION, "movements": movements }))?;
        return Ok(Exit::Ok);
    }
    if rows.is_empty() {
        session.output.say("no movement waits");
        return Ok(Exit::Ok);
    }
    let rows: Vec<Vec<String>> = rows.iter().map(Row::cells).collect();
    session.output.data(&table(&["movement", "day", "amount", "from or to", "words", "state"], &rows))?;
    Ok(Exit::Ok)
}

/// Whose it may be: by the account of a mandate, or by what was decided before.
fn likely(desk: &Desk, situation: &Situation, one: &BankMovement, all: &[BankMovement]) -> Option<ClientId> {
    let iban = &one.movement.counterparty_iban;
    let of_mandate = desk
        .accepted
        .inventory
        .clients
        .values()
        .find(|client| client.billing.mandate.as_ref().is_some_and(|mandate| mandate.iban == *iban));
    of_mandate.map(|client| client.id.clone()).or_else(|| situation.likely(&one.movement, all))
}

struct Row<'a> {
    one: &'a BankMovement,
    why: String,
    likely: Option<ClientId>,
}

impl Row<'_> {
    fn cells(&self) -> Vec<String> {
        let movement = &self.one.movement;
        let likely = self.likely.as_ref().map(|client| format!("; {client} perhaps")).unwrap_or_default();
        let state = match &self.one.decision {
            Some(decision) => format!("{}: {}", decision.how.word(), self.why),
            None => format!("waits: {}{likely}", self.why),
        };
        vec![
            self.one.position.to_string(),
            movement.booked_on.to_string(),
            movement.cents.to_string(),
            movement.counterparty.clone(),
            movement.words.clone(),
            state,
        ]
    }

    fn in_json(&self) -> Value {
        let movement = &self.one.movement;
        json!({
            "movement": self.one.position,
            "booked_on": movement.booked_on.to_string(),
            "cents": movement.cents,
            "end_to_end_id": movement.end_to_end_id,
            "words": movement.words,
            "counterparty": movement.counterparty,
            "counterparty_iban": movement.counterparty_iban,
            "code": movement.code,
            "state": self.one.decision.as_ref().map_or("waiting", |decision| decision.how.word()),
            "fee_cents": self.one.decision.as_ref().map(|decision| decision.fee),
            "client": self.one.decision.as_ref().and_then(|decision| decision.client.clone()),
            "likely_client": self.likely,
            "why": self.why,
        })
    }
}

async fn matched(session: &Session, desk: &Desk, one: &Match) -> Result<Exit, Failure> {
    let who = session.who()?;
    let all = desk.store.bank_movements().await?;
    let found = all.into_iter().find(|movement| movement.position == one.movement);
    let found = found.ok_or_else(|| {
        Failure::usage(
            format!("there is no movement {}", one.movement),
            "`accolades billing bank list --all` shows them",
        )
    })?;
    if let Some(decision) = &found.decision {
        return Err(Failure::new(
            Exit::Conflict,
            format!("movement {} was decided already: {}", one.movement, decision.words),
            "what was decided stays; correct it with `accolades billing payment`",
        ));
    }
    let mut situation = Situation::read(&desk.store, &who, desk.now).await?;
    let decision = match (&one.client, &one.not_a_client) {
        (Some(client), _) => {
            selection::client(&desk.accepted.inventory, client.as_str())?;
            situation.by_hand(&found.movement, client, &one.r#for)?
        }
        (None, words) => situation.set_aside(words.as_deref().unwrap_or(How::SetAside.word())),
    };
    carry_out(&desk.store, &mut situation, &found, &decision).await?;
    // What this changes may decide others.
    let told = settle(&desk.store, &who, desk.now).await?;
    if session.output.is_json() {
        session.output.json(&json!({
            "version": JSON_VERSION,
            "movement": found.position,
            "state": decision.decided.how.word(),
            "client": decision.decided.client,
            "words": decision.decided.words,
            "told": told.iter().map(told_in_json).collect::<Vec<_>>(),
        }))?;
    } else {
        session.output.data(&format!("movement {}: {}\n", found.position, decision.decided.words))?;
    }
    Ok(Exit::Ok)
}
