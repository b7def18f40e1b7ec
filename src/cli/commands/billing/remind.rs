//! `accolades billing remind`: letters to clients who are late.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::turn::in_turn;
use super::{Desk, JSON_VERSION};
use crate::billing::remind::{Reminder, Reminding, due};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::files;
use crate::cli::selection;
use crate::cli::session::Session;
use crate::cli::table::table;
use crate::domain::ids::ClientId;
use crate::util::count::counted;

/// Whom to remind.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Only this client; give it again for another.
    #[arg(long, value_name = "CLIENT")]
    client: Vec<ClientId>,
    /// Only show who is late.
    #[arg(long)]
    draft: bool,
    /// Only print the letters: they go by post, and nobody gets a mail.
    #[arg(long)]
    letters: bool,
    /// Folder of the letters.
    #[arg(long, value_name = "DIR", env = "ACCOLADES_REMINDERS", hide_env_values = true, default_value = "reminders")]
    out: PathBuf,
}

/// Runs `billing remind`.
///
/// # Errors
/// When it is not confirmed, somebody else bills, or a letter cannot be written.
pub async fn run(session: &Session, arguments: &Arguments) -> Result<Exit, Failure> {
    let desk = Desk::open(session).await?;
    for client in &arguments.client {
        selection::client(&desk.accepted.inventory, client.as_str())?;
    }
    if arguments.draft {
        return remind(session, &desk, arguments).await;
    }
    in_turn(session, &desk, async || remind(session, &desk, arguments).await).await
}

async fn remind(session: &Session, desk: &Desk, arguments: &Arguments) -> Result<Exit, Failure> {
    let inventory = &desk.accepted.inventory;
    let only = (!arguments.client.is_empty()).then(|| arguments.client.iter().cloned().collect());
    let reminders = due(&desk.store, inventory, only.as_ref(), desk.today).await?;
    if arguments.draft || reminders.is_empty() {
        if session.output.is_json() {
            let rows: Vec<Value> = reminders.iter().map(|one| in_json(one, None)).collect();
            session.output.json(&json!({ "version": JSON_VERSION, "reminders": rows }))?;
        } else if reminders.is_empty() {
            session.output.say("nobody has to be reminded today");
        } else {
            session.output.data(&words(&reminders))?;
        }
        return Ok(Exit::Ok);
    }
    session.output.say(words(&reminders).trim_end());
    let letters = counted(reminders.len(), "letter", "letters");
    session.confirm(&format!("Write {letters}? Interest is shown in them, and charged nowhere."))?;
    let who = session.who()?;
    let reminding = Reminding {
        store: &desk.store,
        inventory,
        today: desk.today,
        by: &who,
        now: desk.now,
        by_post: arguments.letters,
    };
    let mut written = Vec::new();
    for reminder in &reminders {
        let letter = reminding.letter(reminder).await?;
        let path = arguments.out.join(reminding.file_name(reminder));
        files::write_private(&path, &letter)?;
        reminding.send(reminder, &letter).await?;
        written.push((reminder, path));
    }
    if session.output.is_json() {
        let rows: Vec<Value> =
            written.iter().map(|(one, path)| in_json(one, Some(path.display().to_string()))).collect();
        session.output.json(&json!({ "version": JSON_VERSION, "reminders": rows }))?;
        return Ok(Exit::Ok);
    }
    for (one, path) in written {
        session.output.data(&format!(
            "{}: {} open, level {}, to {}\n",
            path.display(),
            one.open(),
            one.level,
            one.to.join(", ")
        ))?;
    }
    Ok(Exit::Ok)
}

fn words(reminders: &[Reminder]) -> String {
    let mut rows = Vec::new();
    for reminder in reminders {
        for one in &reminder.late {
            rows.push(vec![
                reminder.client.to_string(),
                one.number.clone(),
                one.open.to_string(),
                one.due_on.to_string(),
                one.days.to_string(),
                one.interest.map_or_else(|| "unknown".to_owned(), |cents| cents.to_string()),
                match (one.is_new, one.level) {
                    (true, level) => format!("{level}, now"),
                    (false, 0) => "not yet".to_owned(),
                    (false, level) => format!("{level}, sent"),
                },
            ]);
        }
    }
    table(&["client", "invoice", "open", "due on", "days late", "interest", "level"], &rows)
}

fn in_json(reminder: &Reminder, file: Option<String>) -> Value {
    let late = reminder.late.iter().map(|one| {
        json!({
            "number": one.number,
            "due_on": one.due_on.to_string(),
            "open_cents": one.open,
            "days_late": one.days,
            "interest_cents": one.interest,
            "level": one.level,
            "new": one.is_new,
        })
    });
    json!({
        "client": reminder.client,
        "level": reminder.level,
        "open_cents": reminder.open(),
        "late": late.collect::<Vec<_>>(),
        "to": reminder.to,
        "file": file,
    })
}
