//! `accolades account`: who of the co-operative may enter the portal. Passwords and second factors are set by each person,
//! through a link that works once; they never stand on a command line.

use std::sync::Arc;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use crate::billing::archive::Archive;
use crate::cli::commands::serve::public_url;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::table::table;
use crate::cli::when;
use crate::domain::hosts;
use crate::domain::ids::PersonId;
use crate::portal::session::{contact_of, staff_subject};
use crate::portal::{Portal, Settings};
use crate::store::{NewAudit, Scope, StaffAccount, StaffRole, Store};

/// Version of what these commands print with `--json`, and of the details that they leave in the audit log.
const JSON_VERSION: u32 = 1;

/// Where the portal is when nobody says so.
const HERE: &str = "http://127.0.0.1:8080";

/// Entries of the audit log that are shown when nobody says how many.
const ENTRIES_SHOWN: u32 = 50;

/// What to do with accounts.
#[derive(Debug, Subcommand)]
pub enum Account {
    /// Make an account, and a link by which its owner sets password and second factor
    Add(Add),
    /// Every account
    List,
    /// Take password, second factor and sessions away, and make a new link
    Reset(Reset),
    /// Close an account: its sessions are over at once
    Disable(Name),
    /// Open a closed account again
    Enable(Name),
    /// Put a contact of clients out of the portal: every session of theirs is over
    PutOut(PutOut),
    /// What was done in the portal and to its accounts, the latest first
    Audit(Audit),
}

/// What an account may do.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Role {
    /// Looks after sites and clients.
    Technician,
    /// Bills.
    Bookkeeper,
    /// Both, and accounts.
    Admin,
}

impl From<Role> for StaffRole {
    fn from(role: Role) -> StaffRole {
        match role {
            Role::Technician => StaffRole::Technician,
            Role::Bookkeeper => StaffRole::Bookkeeper,
            Role::Admin => StaffRole::Admin,
        }
    }
}

/// Where the portal is.
#[derive(Debug, Clone, Args)]
pub struct Place {
    /// The portal's address, which the link begins with.
    #[arg(long, value_name = "URL", env = "ACCOLADES_PUBLIC_URL", hide_env_values = true, default_value = HERE)]
    public_url: String,
}

/// A new account.
#[derive(Debug, Args)]
pub struct Add {
    /// What is typed on entering: lower-case letters, digits and single dashes; it never changes.
    account: PersonId,
    /// First and last name.
    #[arg(long)]
    name: String,
    /// E-mail address.
    #[arg(long)]
    email: String,
    /// What they may do.
    #[arg(long, value_enum)]
    role: Role,
    #[command(flatten)]
    place: Place,
}

/// An account to begin anew.
#[derive(Debug, Args)]
pub struct Reset {
    /// The account.
    account: PersonId,
    #[command(flatten)]
    place: Place,
}

/// An account.
#[derive(Debug, Args)]
pub struct Name {
    /// The account.
    account: PersonId,
}

/// A contact whose telephone or mailbox is in other hands.
#[derive(Debug, Args)]
pub struct PutOut {
    /// The contact's e-mail address.
    email: String,
    /// Take their second factor away, too: they lost it, and enter by mail alone until they add another one.
    #[arg(long)]
    second_factor: bool,
}

/// How to read the audit log.
#[derive(Debug, Args)]
pub struct Audit {
    /// Compute every hash anew instead: exit code 4 when an entry was changed or taken out.
    #[arg(long)]
    verify: bool,
    /// How many entries.
    #[arg(long, value_name = "COUNT", default_value_t = ENTRIES_SHOWN)]
    limit: u32,
}

/// Runs `account`.
///
/// # Errors
/// What is refused, or a store that cannot be read or written.
pub async fn run(session: &Session, what: Account) -> Result<Exit, Failure> {
    let store = session.store().await?;
    match what {
        Account::Add(add) => self::add(session, &store, add).await,
        Account::List => list(session, &store).await,
        Account::Reset(reset) => {
            let (by, settings) = (session.who()?, settings(&reset.place)?);
            let account = find(&store, &reset.account).await?;
            audit(session, &store, &by, "account-reset", &account.name).await?;
            invite(session, store, &account, settings).await
        }
        Account::Disable(name) => close(session, &store, &name.account, true).await,
        Account::Enable(name) => close(session, &store, &name.account, false).await,
        Account::PutOut(contact) => put_out(session, &store, &contact).await,
        Account::Audit(how) => log(session, &store, &how).await,
    }
}

async fn find(store: &Store, name: &PersonId) -> Result<StaffAccount, Failure> {
    store
        .account(name.as_str())
        .await?
        .ok_or_else(|| Failure::usage(format!("there is no account `{name}`"), "`accolades account list` shows them"))
}

/// Records what `by` did. Who that is was asked before anything was done: nothing is done that cannot be recorded.
async fn audit(session: &Session, store: &Store, by: &str, action: &'static str, account: &str) -> Result<(), Failure> {
    let entry = NewAudit {
        at_us: session.now().await?.as_microsecond(),
        actor: format!("command line: {by}"),
        action,
        scope: Scope::Staff,
        detail: json!({ "version": JSON_VERSION, "account": account }),
    };
    store.audit(&entry).await?;
    Ok(())
}

async fn add(session: &Session, store: &Store, add: Add) -> Result<Exit, Failure> {
    let (name, email) = (add.name.trim(), add.email.trim());
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err(Failure::usage("the name is empty", "`--name` is first and last name, as colleagues read it"));
    }
    hosts::email(email)?;
    let (by, settings) = (session.who()?, settings(&add.place)?);
    let at_us = session.now().await?.as_microsecond();
    store.add_account(add.account.as_str(), name, email, add.role.into(), at_us).await?;
    audit(session, store, &by, "account-added", add.account.as_str()).await?;
    let account = find(store, &add.account).await?;
    invite(session, store.clone(), &account, settings).await
}

/// How the portal is reached, for links.
fn settings(place: &Place) -> Result<Settings, Failure> {
    // The archive is not looked at: a link is made, no document.
    Ok(Settings { public_url: public_url(&place.public_url)?, archive: Archive::in_folder(".") })
}

async fn portal(session: &Session, store: Store, settings: Settings) -> Result<Arc<Portal>, Failure> {
    let vault = session.vault(&store).await?;
    Ok(Portal::new(store, vault, session.clock.clone(), session.randomness.clone(), settings))
}

/// Makes the link and shows it, this once.
async fn invite(session: &Session, store: Store, account: &StaffAccount, settings: Settings) -> Result<Exit, Failure> {
    let portal = portal(session, store, settings).await?;
    let link = portal.invite(&account.name, session.now().await?).await?;
    if session.output.is_json() {
        let account = &account.name;
        session.output.json(&json!({ "version": JSON_VERSION, "account": account, "link": link }))?;
        return Ok(Exit::Ok);
    }
    session.output.data(&format!("{link}\n"))?;
    session.output.say(&format!(
        "hand this link to {} <{}>: it works once, within three days, and is not shown again",
        account.full_name, account.email
    ));
    Ok(Exit::Ok)
}

async fn list(session: &Session, store: &Store) -> Result<Exit, Failure> {
    let now_us = session.now().await?.as_microsecond();
    let mut rows = Vec::new();
    let mut objects = Vec::new();
    for account in store.accounts().await? {
        let subject = staff_subject(&account.name);
        let sessions = store.sessions(&subject, now_us).await?.len();
        let has_factor = store.factor(&subject).await?.is_some();
        let state = match (account.disabled_at_us, &account.password) {
            (Some(_), _) => "closed",
            (None, None) => "invited",
            (None, Some(_)) => "open",
        };
        objects.push(json!({
            "account": account.name, "name": account.full_name, "email": account.email, "role": account.role,
            "state": state, "second_factor": has_factor, "sessions": sessions,
        }));
        let role = account.role.word().to_owned();
        rows.push(vec![account.name, account.full_name, account.email, role, state.to_owned(), sessions.to_string()]);
    }
    if session.output.is_json() {
        session.output.json(&json!({ "version": JSON_VERSION, "accounts": objects }))?;
        return Ok(Exit::Ok);
    }
    session.output.data(&table(&["account", "name", "e-mail", "role", "state", "sessions"], &rows))?;
    Ok(Exit::Ok)
}

async fn close(session: &Session, store: &Store, name: &PersonId, is_closed: bool) -> Result<Exit, Failure> {
    let by = session.who()?;
    let account = find(store, name).await?;
    let at_us = session.now().await?.as_microsecond();
    store.close_account(&account.name, is_closed, at_us).await?;
    if is_closed {
        store.end_sessions(&staff_subject(&account.name), at_us).await?;
    }
    audit(session, store, &by, if is_closed { "account-closed" } else { "account-opened" }, &account.name).await?;
    session.output.say(&format!("`{name}` is {}", if is_closed { "closed" } else { "open" }));
    Ok(Exit::Ok)
}

async fn put_out(session: &Session, store: &Store, contact: &PutOut) -> Result<Exit, Failure> {
    let (by, email) = (session.who()?, contact.email.trim().to_lowercase());
    let accepted = session.accepted(store).await?;
    if contact_of(&accepted.inventory, &email).is_empty() {
        return Err(Failure::usage(
            format!("`{email}` is nobody's contact"),
            "write the address as it stands in `[[contacts]]` of a client's file; whoever is no contact any more is out",
        ));
    }
    let here = Place { public_url: HERE.to_owned() };
    let portal = portal(session, store.clone(), settings(&here)?).await?;
    let ended = portal.put_out(&email, contact.second_factor, session.now().await?).await?;
    audit(session, store, &by, "sessions-closed", &email).await?;
    if contact.second_factor {
        audit(session, store, &by, "factor-removed", &email).await?;
    }
    session.output.say(&format!("`{email}` is out; sessions ended: {ended}"));
    Ok(Exit::Ok)
}

async fn log(session: &Session, store: &Store, how: &Audit) -> Result<Exit, Failure> {
    if how.verify {
        let chain = store.check_audit().await?;
        if session.output.is_json() {
            session.output.json(&json!({
                "version": JSON_VERSION, "entries": chain.entries, "last": chain.last, "broken_at": chain.broken_at,
            }))?;
        } else {
            let entries = chain.entries;
            session.output.data(&format!("{entries} entries fit together; the last hash is {}\n", chain.last))?;
        }
        return match chain.broken_at {
            None => Ok(Exit::Ok),
            Some(at) => Err(Failure::new(
                Exit::Conflict,
                format!("entry {at} of the audit log was changed, or is missing"),
                "compare with a backup of the store: who owns the database can change it, and this shows that somebody did",
            )),
        };
    }
    let entries = store.audit_entries(&Scope::Staff, i64::MAX, how.limit).await?;
    if session.output.is_json() {
        let entries = entries.iter().map(|one| {
            json!({
                "position": one.position, "at_us": one.at_us, "actor": one.actor, "action": one.action,
                "scope": one.scope.to_string(), "detail": one.detail, "hash": one.hash,
            })
        });
        let entries: Vec<_> = entries.collect();
        session.output.json(&json!({ "version": JSON_VERSION, "entries": entries }))?;
        return Ok(Exit::Ok);
    }
    let zone = match session.accepted(store).await {
        Ok(accepted) => when::zone(&accepted.inventory.cooperative),
        Err(_) => jiff::tz::TimeZone::UTC,
    };
    let rows = entries.iter().map(|one| {
        let scope = one.scope.to_string();
        vec![one.position.to_string(), when::minute(one.at_us, &zone), one.actor.clone(), one.action.clone(), scope]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    session.output.data(&table(&["entry", "when", "who", "what", "whose data"], &rows))?;
    Ok(Exit::Ok)
}
