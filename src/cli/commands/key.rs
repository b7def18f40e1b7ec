//! `accolades key`: the keys under which remote backups are encrypted. Without its key a backup is noise, so each key is
//! printed on paper, and can be taken back from there.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use clap::Subcommand;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::table::table;
use crate::cli::when;
use crate::domain::backup::key::BackupKey;
use crate::domain::backup::names;
use crate::domain::ids::InstanceId;
use crate::inventory::mistake::did_you_mean;
use crate::inventory::model::{Instance, Inventory};
use crate::print::{self, House, Identity, pdf};
use crate::store::secrets::Vault;

/// Version of what these commands print with `--json`.
const JSON_VERSION: u32 = 1;

/// The key stands in it: the file is its owner's alone.
const FILE_MODE: u32 = 0o600;

/// The longest text that can be a key.
const KEY_TEXT_BYTES_MAX: u64 = 64 * 1024;

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub enum Key {
    /// List keys by fingerprint, and whether their sheets were printed
    List,
    /// Write the recovery sheet of an instance's key, to be printed and locked away
    Sheet {
        /// The instance.
        instance: String,
        /// Folder for the sheet.
        #[arg(long, value_name = "DIR", default_value = ".")]
        out: PathBuf,
        /// Write Proxmox's own form instead, for `proxmox-backup-client --keyfile`.
        #[arg(long)]
        proxmox: bool,
    },
    /// Take a key back: the lines of a sheet or Proxmox's JSON, on standard input
    Import {
        /// The instance.
        instance: String,
        /// Replace another key that is saved for it.
        #[arg(long)]
        replace: bool,
    },
}

/// Runs `key`.
///
/// # Errors
/// An unknown instance, no key, a text that is no key, or a failure of store and files.
pub async fn run(session: &Session, what: Key) -> Result<Exit, Failure> {
    match what {
        Key::List => list(session).await?,
        Key::Sheet { instance, out, proxmox } => sheet(session, &instance, &out, proxmox).await?,
        Key::Import { instance, replace } => import(session, &instance, replace).await?,
    }
    Ok(Exit::Ok)
}

async fn saved(vault: &Vault, instance: &InstanceId) -> Result<Option<BackupKey>, Failure> {
    let name = names::key_secret(instance);
    let Some(text) = vault.get_secret(&name).await? else { return Ok(None) };
    let key = BackupKey::from_json(text.expose_secret());
    key.map(Some).map_err(|error| {
        Failure::new(Exit::Conflict, format!("the secret `{name}`: {error}"), "import the right one with `--replace`")
    })
}

async fn list(session: &Session) -> Result<(), Failure> {
    let store = session.store().await?;
    let inventory = session.accepted(&store).await?.inventory;
    let vault = session.vault(&store).await?;
    let handed: Vec<_> = vault.secret_names().await?;
    let now_us = session.now().await?.as_microsecond();
    let mut keys = Vec::new();
    for instance in inventory.instances.keys() {
        let Some(key) = saved(&vault, instance).await? else { continue };
        let name = names::key_secret(instance);
        let printed = handed.iter().find(|one| one.name == name).and_then(|one| one.handed_over_at_us);
        keys.push((instance.clone(), key, printed));
    }
    if session.output.is_json() {
        let keys: Vec<Value> = keys
            .iter()
            .map(|(instance, key, printed)| {
                json!({ "instance": instance, "fingerprint": key.fingerprint(), "created": key.created(), "printed_at_us": printed })
            })
            .collect();
        return session.output.json(&json!({ "version": JSON_VERSION, "keys": keys }));
    }
    if keys.is_empty() {
        session.output.say(
            "no key has been made yet: `accolades site prepare` makes one for each instance that is backed up remotely",
        );
        return Ok(());
    }
    let rows: Vec<Vec<String>> = keys
        .into_iter()
        .map(|(instance, key, printed)| {
            let short: String = key.fingerprint().chars().take(8 * 3 - 1).collect();
            let printed = printed.map_or_else(|| "never".to_owned(), |at| when::ago(at, now_us));
            vec![instance.to_string(), short, printed]
        })
        .collect();
    session.output.data(&table(&["INSTANCE", "FINGERPRINT", "SHEET PRINTED"], &rows))
}

async fn sheet(session: &Session, name: &str, out: &std::path::Path, proxmox: bool) -> Result<(), Failure> {
    let store = session.store().await?;
    let inventory = session.accepted(&store).await?.inventory;
    let instance = find(&inventory, name)?;
    let vault = session.vault(&store).await?;
    let key = saved(&vault, &instance.id).await?.ok_or_else(|| {
        Failure::new(
            Exit::Configuration,
            format!("`{}` has no backup key yet", instance.id),
            "`accolades site prepare` makes it with the first remote backup that is declared",
        )
    })?;
    let now = session.now().await?;
    let (file_name, bytes) = if proxmox {
        (format!("{}-backup-key.json", instance.id), key.to_json().expose_secret().as_bytes().to_vec())
    } else {
        let zone = when::zone(&inventory.cooperative);
        let printed_on = when::day(now, &zone);
        let data = sheet_data(&inventory, instance, &key, when::day(key.created(), &zone), printed_on);
        let short: String = key.fingerprint().chars().filter(|c| *c != ':').take(16).collect();
        let identity = Identity {
            id: format!("key-{}-{short}", instance.id),
            title: format!("Clé de secours de {}", instance.id),
            author: inventory.cooperative.identity.name.clone(),
            date: printed_on,
        };
        let printed = pdf("key-sheet", &data, &identity)
            .map_err(|error| Failure::new(Exit::Bug, format!("the sheet cannot be printed: {error}"), "report this"))?;
        (format!("{}-backup-key.pdf", instance.id), printed)
    };
    let path = out.join(file_name);
    let failed = |error: std::io::Error| Failure::file(&path, &error);
    // One that is there may be the only one that somebody kept: it is never overwritten.
    let mut file = OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(&path).map_err(failed)?;
    file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(failed)?;
    vault.hand_over(&names::key_secret(&instance.id), now.as_microsecond()).await?;
    if session.output.is_json() {
        let fingerprint = key.fingerprint();
        return session.output.json(&json!({ "version": JSON_VERSION, "file": path, "fingerprint": fingerprint }));
    }
    session.output.say(&format!(
        "wrote `{}` (fingerprint {})\nNext: print it, lock the paper away outside of the office, and delete the file",
        path.display(),
        key.fingerprint()
    ));
    Ok(())
}

fn sheet_data(
    inventory: &Inventory,
    instance: &Instance,
    key: &BackupKey,
    made_on: jiff::civil::Date,
    printed_on: jiff::civil::Date,
) -> Value {
    let cooperative = &inventory.cooperative;
    let address = &cooperative.identity.address;
    let mut lines = address.lines.clone();
    lines.push(format!("{} {}", address.postcode, address.city));
    let house = House {
        name: cooperative.identity.name.clone(),
        address: lines,
        contact: vec![cooperative.support_email.clone(), cooperative.support_phone.clone()],
        legal: cooperative.identity.name.clone(),
    };
    let site = instance.placement_on(printed_on).and_then(|placement| inventory.sites.get(&placement.site));
    let server = site.and_then(|site| inventory.server_of(site)).map(|server| {
        json!({
            "name": server.name,
            "host": format!("{}:{}", server.host, server.port),
            "datastore": server.datastore,
            "namespace": names::namespace(server.namespace.as_deref(), &instance.id),
        })
    });
    json!({
        "language": "fr",
        "house": house,
        "instance": instance.id,
        "made_on": made_on,
        "printed_on": printed_on,
        "fingerprint": key.fingerprint(),
        "lines": key.lines(),
        "code": print::square::rows(&key.lines().join("\n")),
        "server": server,
        "storage": names::remote_storage(&instance.id),
    })
}

async fn import(session: &Session, name: &str, replace: bool) -> Result<(), Failure> {
    let store = session.store().await?;
    let inventory = session.accepted(&store).await?.inventory;
    let instance = find(&inventory, name)?;
    let vault = session.vault(&store).await?;
    let mut text = String::new();
    std::io::stdin()
        .lock()
        .take(KEY_TEXT_BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(|error| Failure::usage(format!("no key came: {error}"), "nothing was set"))?;
    let text = SecretString::from(text);
    let now = session.now().await?;
    let key = BackupKey::read(text.expose_secret(), now)
        .map_err(|error| Failure::usage(error.to_string().replace("\n\n", ": "), "nothing was set"))?;
    let name = names::key_secret(&instance.id);
    match vault.get_secret(&name).await? {
        Some(have)
            if BackupKey::from_json(have.expose_secret()).is_ok_and(|have| have.fingerprint() == key.fingerprint()) =>
        {
            session.output.say(&format!("No changes. This key is saved already ({}).", key.fingerprint()));
            return Ok(());
        }
        Some(_) if !replace => {
            return Err(Failure::new(
                Exit::Conflict,
                format!("another key is saved for `{}`", instance.id),
                "write its sheet first: it opens the backups made under it; then give `--replace`",
            ));
        }
        _ => {}
    }
    vault.put_secret(&name, &key.to_json(), now.as_microsecond()).await?;
    session.output.say(&format!("the key of `{}` is saved, fingerprint {}", instance.id, key.fingerprint()));
    Ok(())
}

fn find<'a>(inventory: &'a Inventory, name: &str) -> Result<&'a Instance, Failure> {
    InstanceId::new(name).ok().and_then(|id| inventory.instances.get(&id)).ok_or_else(|| {
        let known = inventory.instances.keys().map(InstanceId::as_str);
        let hint = match did_you_mean(name, known.clone()) {
            Some(likely) => format!("did you mean `{likely}`?"),
            None => format!("known are {}", known.map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ")),
        };
        Failure::usage(format!("no instance is called `{name}`"), hint)
    })
}
