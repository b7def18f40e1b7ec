//! `accolades welcome`: a client's welcome sheet. Each password is given once: whoever needs it again sets a new one.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use askama::Template;
use clap::Args;
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::welcome::{Card, Password, Sheet, people};
use crate::cli::{selection, when};
use crate::inventory::model::{Client, Language, Person};
use crate::plan::desired::Subject;
use crate::store::secrets::{HandOver, Vault};

/// Version of what `welcome --json` prints.
const JSON_VERSION: u32 = 1;

/// Passwords stand in it: the file is its owner's alone.
const FILE_MODE: u32 = 0o600;

/// Whose sheet.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The client.
    client: String,
    /// Folder for the sheet.
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// Leave the passwords out and do not count them as handed over.
    #[arg(long)]
    passwords_later: bool,
}

/// Writes the sheet.
///
/// # Errors
/// When the client is unknown, a sheet is there already, or the store fails. Passwords count as handed over only once
/// the file for them is open.
pub async fn run(session: &Session, arguments: Arguments) -> Result<Exit, Failure> {
    let store = session.store().await?;
    let accepted = session.accepted(&store).await?;
    session.mention_edit(&store).await?;
    let inventory = accepted.inventory.as_ref();
    let client = selection::client(inventory, &arguments.client)?;
    let zone = when::zone(&inventory.cooperative);
    let now = session.now().await?;
    let day = when::day(now, &zone);
    let instance = client.instance_on(day).and_then(|id| inventory.instances.get(id));
    let subject = instance.and_then(|instance| Subject::on(inventory, instance, day)).ok_or_else(|| {
        Failure::usage(format!("client `{}` lives on no instance on {day}", client.id), "its placement begins later")
    })?;
    if client.language != Language::Fr {
        session.output.warn("the sheet is in French, the client's documents are to be in another language");
    }
    let people = people(client, day);
    let vault = session.vault(&store).await?;
    if !arguments.passwords_later {
        must_have_accounts(&vault, client, &people).await?;
        session.confirm(&format!("Hand over the passwords of {} people? Each is given once.", people.len()))?;
    }
    let (path, mut file) = open(&arguments.out, client)?;
    let mut cards = Vec::with_capacity(people.len());
    for &person in &people {
        let password = match arguments.passwords_later {
            true => Password::Later,
            false => hand_over(&vault, client, person, now, &zone).await?,
        };
        if matches!(password, Password::NoAccount) {
            session
                .output
                .warn(&format!("`{}` has no account yet: `accolades apply {}` makes it", person.id, client.id));
        }
        cards.push(Card::new(client, person, password));
    }
    let accounts: Vec<Value> = people
        .iter()
        .zip(&cards)
        .map(|(person, card)| json!({ "person": person.id, "password": word(&card.password) }))
        .collect();
    let sheet = Sheet::new(&subject, client, cards).render().expect("the template writes into memory");
    file.write_all(sheet.as_bytes()).and_then(|()| file.sync_all()).map_err(|error| Failure::file(&path, &error))?;
    if session.output.is_json() {
        session.output.json(&json!({ "version": JSON_VERSION, "file": path, "accounts": accounts }))?;
    } else {
        session.output.say(&format!(
            "wrote `{}`\nNext: print it from a browser, hand it over in person, and delete the file",
            path.display()
        ));
    }
    Ok(Exit::Ok)
}

/// Before anybody has an account there is nothing to hand over.
async fn must_have_accounts(vault: &Vault, client: &Client, people: &[&Person]) -> Result<(), Failure> {
    let names = vault.secret_names().await?;
    if people.iter().any(|person| names.iter().any(|one| one.name == secret_name(client, person))) {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Configuration,
        format!("nobody at `{}` has an account yet", client.id),
        format!("make them with `accolades apply {}`, or print the sheet with `--passwords-later`", client.id),
    ))
}

/// Where the engine keeps the password that it made for a person.
fn secret_name(client: &Client, person: &Person) -> String {
    format!("person/{}/{}", client.id, person.id)
}

/// A new file. One that is there may hold passwords that are nowhere else.
fn open(folder: &Path, client: &Client) -> Result<(PathBuf, File), Failure> {
    let path = folder.join(format!("bienvenue-{}.html", client.id));
    if path.exists() {
        return Err(Failure::usage(
            format!("`{}` is there already", path.display()),
            "it may hold passwords that are given once: print it or move it away; nothing was handed over",
        ));
    }
    let made = std::fs::create_dir_all(folder)
        .and_then(|()| OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(&path));
    let file = made.map_err(|error| Failure::file(&path, &error))?;
    Ok((path, file))
}

async fn hand_over(
    vault: &Vault,
    client: &Client,
    person: &Person,
    now: Timestamp,
    zone: &jiff::tz::TimeZone,
) -> Result<Password, Failure> {
    let name = secret_name(client, person);
    Ok(match vault.hand_over(&name, now.as_microsecond()).await? {
        HandOver::Now(password) => Password::Now(password.expose_secret().to_owned()),
        HandOver::Already { at_us } => {
            Password::given_on(when::day(Timestamp::from_microsecond(at_us).unwrap_or_default(), zone))
        }
        HandOver::Unknown => Password::NoAccount,
    })
}

fn word(password: &Password) -> &'static str {
    match password {
        Password::Now(_) => "handed-over",
        Password::Earlier(_) => "handed-over-earlier",
        Password::Later => "later",
        Password::NoAccount => "no-account",
    }
}
