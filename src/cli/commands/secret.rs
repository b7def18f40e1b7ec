//! `accolades secret`: what a person has to set. Values come over standard input, never as arguments: other programs of
//! the machine can read those.

use std::io::{BufRead, IsTerminal, Read};

use clap::Subcommand;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::cli::acceptance;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::table::table;
use crate::cli::when;
use crate::domain::ids::{BackupServerId, SiteId};
use crate::inventory::mistake::did_you_mean;
use crate::inventory::model::Inventory;

/// Version of what `secret list --json` prints.
const JSON_VERSION: u32 = 1;

/// The password of the mail relay.
const RELAY: &str = "relay";

/// The password of the co-operative's own mail server.
const MAIL: &str = crate::post::PASSWORD;

/// The token of the e-invoicing platform, or the secret of our account there.
const PLATFORM: &str = super::billing::PLATFORM_SECRET;

/// The key of the co-operative's own Dolibarr.
const DOLIBARR: &str = crate::dolibarr::KEY;

/// The shortest password of the relay that YunoHost takes (sheet YunoHost, section 4).
const RELAY_PASSWORD_LENGTH_MIN: usize = 8;

/// The tokens of a site, by the names that the engine looks for.
const TOKENS: [&str; 2] = ["everyday-token", "set-up-token"];

/// Secrets of a backup server: of ours the administrator's, of a partner's the token that the partner gave us.
const SERVER_SECRETS: [&str; 2] = ["admin", "partner-token"];

/// The longest value: no password and no token comes near.
const VALUE_BYTES_MAX: u64 = 64 * 1024;

/// What to do with secrets.
#[derive(Debug, Subcommand)]
pub enum Secret {
    /// Set a secret: its value is one line of standard input
    Set {
        /// `relay`, `mail`, `platform`, `dolibarr`, `site/SITE/everyday-token`, `site/SITE/set-up-token`, `backup-server/SERVER/admin` or
        /// `backup-server/SERVER/partner-token`.
        name: String,
    },
    /// List names and dates; values are not shown
    List,
    /// Encrypt every secret under a new key
    Rotate,
}

/// Runs `secret`.
///
/// # Errors
/// A name or value that is refused, or a failure of store and key.
pub async fn run(session: &Session, what: Secret) -> Result<Exit, Failure> {
    match what {
        Secret::Set { name } => set(session, &name).await?,
        Secret::List => list(session).await?,
        Secret::Rotate => {
            let store = session.store().await?;
            session.vault(&store).await?.rotate_key().await?;
            session
                .output
                .say("every secret is encrypted under a new key\nNext: put a copy of the key file with your backups");
        }
    }
    Ok(Exit::Ok)
}

async fn set(session: &Session, name: &str) -> Result<(), Failure> {
    check_name(name)?;
    let value = value_of_stdin(session, name)?;
    check_value(name, value.expose_secret())?;
    let store = session.store().await?;
    if let Some(latest) = store.latest_inventory().await? {
        demand_whose(name, &acceptance::read(&latest)?.inventory)?;
    }
    let vault = session.vault(&store).await?;
    vault.put_secret(name, &value, session.now().await?.as_microsecond()).await?;
    session.output.say(&format!("`{name}` is set"));
    Ok(())
}

/// A name that nothing would ever look for is a typing mistake.
fn check_name(name: &str) -> Result<(), Failure> {
    let of_site = name.strip_prefix("site/").and_then(|rest| rest.split_once('/'));
    let of_server = name.strip_prefix("backup-server/").and_then(|rest| rest.split_once('/'));
    let known = match (of_site, of_server) {
        (Some((site, token)), _) => SiteId::new(site).is_ok() && TOKENS.contains(&token),
        (_, Some((server, secret))) => BackupServerId::new(server).is_ok() && SERVER_SECRETS.contains(&secret),
        (None, None) => [RELAY, MAIL, PLATFORM, DOLIBARR].contains(&name),
    };
    if known {
        return Ok(());
    }
    let what = format!("no secret is called `{name}`");
    if ["instance/", "person/", "departed/"].iter().any(|made| name.starts_with(made)) {
        return Err(Failure::usage(what, "passwords of instances and people are made by the program itself"));
    }
    let likely = match (of_site, of_server) {
        (Some((site, token)), _) => did_you_mean(token, TOKENS).map(|token| format!("site/{site}/{token}")),
        (_, Some((server, secret))) => {
            did_you_mean(secret, SERVER_SECRETS).map(|secret| format!("backup-server/{server}/{secret}"))
        }
        (None, None) => did_you_mean(name, [RELAY, MAIL, PLATFORM, DOLIBARR]).map(str::to_owned),
    };
    let hint = match likely {
        Some(likely) => format!("did you mean `{likely}`?"),
        None => format!(
            "known are `{RELAY}`, `{MAIL}`, `{PLATFORM}`, `{DOLIBARR}`, `site/SITE/{}`, `site/SITE/{}`, `backup-server/SERVER/{}` and `backup-server/SERVER/{}`",
            TOKENS[0], TOKENS[1], SERVER_SECRETS[0], SERVER_SECRETS[1]
        ),
    };
    Err(Failure::usage(what, hint))
}

/// A token of a site that nobody knows would be set, and looked for under another name.
fn demand_whose(name: &str, inventory: &Inventory) -> Result<(), Failure> {
    let (what, typed, known): (_, _, Vec<&str>) = match name.splitn(3, '/').collect::<Vec<_>>()[..] {
        ["site", site, _] => ("site", site, inventory.sites.keys().map(SiteId::as_str).collect()),
        ["backup-server", server, _] => {
            ("backup server", server, inventory.backup_servers.keys().map(BackupServerId::as_str).collect())
        }
        _ => return Ok(()),
    };
    if known.contains(&typed) {
        return Ok(());
    }
    let hint = match did_you_mean(typed, known) {
        Some(likely) => format!("did you mean `{likely}`? nothing was set"),
        None => "a new one counts once it is accepted: `accolades inventory accept`; nothing was set".to_owned(),
    };
    Err(Failure::usage(format!("no {what} is called `{typed}`"), hint))
}

/// On a terminal the value is asked for and not shown.
fn value_of_stdin(session: &Session, name: &str) -> Result<SecretString, Failure> {
    let unreadable = |error: std::io::Error| Failure::usage(format!("no value came: {error}"), "nothing was set");
    let stdin = std::io::stdin();
    let value = if stdin.is_terminal() {
        session.output.ask(&format!("Value of `{name}` (not shown): "));
        SecretString::from(console::Term::stderr().read_secure_line().map_err(unreadable)?)
    } else {
        let mut value = String::new();
        let mut input = stdin.lock().take(VALUE_BYTES_MAX);
        input.read_line(&mut value).map_err(unreadable)?;
        if value.ends_with('\n') && input.bytes().next().is_some() {
            return Err(Failure::usage("more than one line came", "a secret is one line; nothing was set"));
        }
        SecretString::from(value.trim_end_matches(['\n', '\r']).to_owned())
    };
    if value.expose_secret().trim().is_empty() {
        return Err(Failure::usage("the value is empty", "give it as one line of standard input; nothing was set"));
    }
    Ok(value)
}

/// What YunoHost would refuse in the middle of an onboarding is refused here.
fn check_value(name: &str, value: &str) -> Result<(), Failure> {
    if name != RELAY {
        return Ok(());
    }
    if value.chars().count() < RELAY_PASSWORD_LENGTH_MIN {
        return Err(Failure::usage(
            format!("the relay's password has fewer than {RELAY_PASSWORD_LENGTH_MIN} characters"),
            "YunoHost does not take it: choose a longer one at the relay's provider",
        ));
    }
    if value.contains('#') {
        return Err(Failure::usage(
            "the relay's password contains `#`",
            "YunoHost does not take it: choose another one at the relay's provider",
        ));
    }
    Ok(())
}

async fn list(session: &Session) -> Result<(), Failure> {
    let store = session.store().await?;
    let names = session.vault(&store).await?.secret_names().await?;
    if session.output.is_json() {
        let secrets: Vec<Value> = names
            .iter()
            .map(|one| json!({ "name": one.name, "set_at_us": one.set_at_us, "handed_over_at_us": one.handed_over_at_us }))
            .collect();
        return session.output.json(&json!({ "version": JSON_VERSION, "secrets": secrets }));
    }
    if names.is_empty() {
        session.output.say("no secret is set");
        return Ok(());
    }
    let now_us = session.now().await?.as_microsecond();
    let rows: Vec<Vec<String>> = names
        .into_iter()
        .map(|one| {
            let handed_over = one.handed_over_at_us.map_or_else(|| "-".to_owned(), |at| when::ago(at, now_us));
            vec![one.name, when::ago(one.set_at_us, now_us), handed_over]
        })
        .collect();
    session.output.data(&table(&["NAME", "SET", "HANDED OVER"], &rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_are_looked_for_can_be_set() {
        for name in
            ["relay", "mail", "site/friche/set-up-token", "backup-server/grange/admin", "backup-server/x/partner-token"]
        {
            assert!(check_name(name).is_ok(), "{name}");
        }
        for name in [
            "relais",
            "site/x",
            "site//everyday-token",
            "site/x/other",
            "person/a/b",
            "instance/lilas/admin",
            "backup-server/x/monitor-token",
            "",
        ] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn the_relay_password_is_one_that_yunohost_takes() {
        assert!(check_value(RELAY, "eight888").is_ok());
        assert!(check_value(RELAY, "seven77").is_err());
        assert!(check_value(RELAY, "with#hash").is_err());
    }
}
