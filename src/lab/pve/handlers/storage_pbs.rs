//! Storages on a Proxmox Backup Server: what their definition keeps beside itself.
//!
//! Secrets become files of the node that only root reads; an encryption key is told once, in the answer to the request
//! that made it (sheet Proxmox, section 9d).

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::os::Machine;
use crate::pbs::state::EncryptionKey;
use crate::pve::backups::server::{Plugin, SECRETS, secret_path};
use crate::pve::call::{Call, Refusal};
use crate::pve::general::zone_of;
use crate::pve::state::{Storage, StorageKind};
use crate::world::keyed::Key;
use crate::world::{Site, Surroundings};

/// The options whose value never stands in a definition.
pub const SECRET_OPTIONS: [&str; 3] = ["password", "encryption-key", "master-pubkey"];

/// The files that hold them.
const FILES: [&str; 3] = ["pw", "enc", "master.pem"];

/// Defines a storage: its secrets are written, then the server is asked. When it does not answer as it should, the
/// secrets are gone again.
///
/// # Errors
/// 500 in Proxmox's words: a key that is none, nobody there, wrong fingerprint or login, no such datastore.
pub fn create(
    site: &mut Site,
    around: Surroundings<'_>,
    call: &Call,
    id: &str,
    mut options: BTreeMap<String, String>,
) -> Result<(Storage, Value), Refusal> {
    let failed = |text: String| Refusal::died(format!("create storage failed: {text}"));
    let returned = add_secrets(site, around, call, id, &mut options).map_err(failed)?;
    let storage = Storage::new(StorageKind::Pbs, options, 0);
    if storage.enabled_on(&site.pve.node)
        && let Err(error) = Plugin::of(site, id, &storage.options).activate(around)
    {
        forget(&mut site.node, id);
        return Err(failed(error));
    }
    Ok((storage, returned))
}

/// Writes the secrets of a new storage; what an earlier one of this id left is removed. The answer is what the request
/// is told of them, once.
///
/// # Errors
/// A key that is none.
pub fn add_secrets(
    site: &mut Site,
    around: Surroundings<'_>,
    call: &Call,
    id: &str,
    options: &mut BTreeMap<String, String>,
) -> Result<Value, String> {
    Secrets::read(call).add(site, around, id, options)
}

/// Changes the secrets of a storage that is there; the server is not asked.
///
/// # Errors
/// 500: a key that is none.
pub fn update(
    site: &mut Site,
    around: Surroundings<'_>,
    call: &Call,
    id: &str,
    deleted: &[String],
    options: &mut BTreeMap<String, String>,
) -> Result<Value, Refusal> {
    let secrets = Secrets::read(call);
    for (option, file) in SECRET_OPTIONS.into_iter().zip(FILES) {
        if deleted.iter().any(|one| one == option) {
            site.node.files.remove(&secret_path(id, file));
            options.remove(option);
        }
    }
    secrets.change(site, around, id, options).map_err(|error| Refusal::died(format!("update storage failed: {error}")))
}

/// Removes what the node keeps for a storage.
pub fn forget(node: &mut Machine, id: &str) {
    for file in FILES {
        node.files.remove(&secret_path(id, file));
    }
}

/// What a request says of secrets.
struct Secrets {
    password: Option<String>,
    key: Option<String>,
    master: Option<String>,
}

impl Secrets {
    fn read(call: &Call) -> Secrets {
        let [password, key, master] = SECRET_OPTIONS.map(|option| call.text(option));
        Secrets { password, key, master }
    }

    /// For a new storage: what an earlier one of this id left is removed.
    fn add(
        &self,
        site: &mut Site,
        around: Surroundings<'_>,
        id: &str,
        options: &mut BTreeMap<String, String>,
    ) -> Result<Value, String> {
        if self.password.is_none() {
            site.node.files.remove(&secret_path(id, "pw"));
        }
        if self.key.is_none() {
            site.node.files.remove(&secret_path(id, "enc"));
        }
        if self.master.is_none() {
            site.node.files.remove(&secret_path(id, "master.pem"));
        } else if self.key.is_none() {
            return Err("'master-pubkey' can only be used together with 'encryption-key'".to_owned());
        }
        self.change(site, around, id, options)
    }

    fn change(
        &self,
        site: &mut Site,
        around: Surroundings<'_>,
        id: &str,
        options: &mut BTreeMap<String, String>,
    ) -> Result<Value, String> {
        let mut returned = Map::new();
        if let Some(password) = &self.password {
            keep(&mut site.node, id, "pw", password);
        }
        if let Some(given) = &self.key {
            let (file, fingerprint) = if given == "autogen" { generated(site, around, id) } else { checked(given)? };
            if given == "autogen" {
                keep_old_key(&mut site.node, id);
            }
            keep(&mut site.node, id, "enc", &file);
            options.insert("encryption-key".to_owned(), fingerprint);
            returned.insert("encryption-key".to_owned(), json!(file));
        }
        if let Some(master) = &self.master {
            let decoded = STANDARD.decode(master.trim()).unwrap_or_default();
            keep(&mut site.node, id, "master.pem", &String::from_utf8_lossy(&decoded));
            options.insert("master-pubkey".to_owned(), "1".to_owned());
        }
        Ok(Value::Object(returned))
    }
}

fn keep(node: &mut Machine, id: &str, what: &str, text: &str) {
    node.files.make_folder("/etc/pve/priv", 0o700, "root");
    node.files.make_folder(SECRETS, 0o700, "root");
    node.files.create(&secret_path(id, what), 0o600, "root", format!("{text}\n"));
}

/// A key that is replaced by a generated one is kept beside it.
fn keep_old_key(node: &mut Machine, id: &str) {
    let path = secret_path(id, "enc");
    if let Some(old) = node.files.read(&path).map(str::to_owned) {
        node.files.create(&format!("{path}.old"), 0o600, "root", old);
    }
}

fn generated(site: &Site, around: Surroundings<'_>, id: &str) -> (String, String) {
    let moment = around.now.0.to_string();
    let key = EncryptionKey::new(Key::new(around.seed, &[&site.id, "storage", id, "key", &moment]).bytes());
    let made = Timestamp::from_second(around.now.unix_seconds()).map(|made| made.to_zoned(zone_of(site)));
    let made = made.map(|made| made.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()).unwrap_or_default();
    (key.file(&made), key.fingerprint())
}

/// A key file that was given; the answer is the file and what the definition shows of it.
fn checked(given: &str) -> Result<(String, String), String> {
    let file: Option<Value> = serde_json::from_str(given).ok();
    let file = file.filter(|file| file.get("data").is_some());
    let file = file.ok_or("Value does not seems like a valid, JSON formatted encryption key!")?;
    let fingerprint = file["fingerprint"].as_str().filter(|text| !text.is_empty()).unwrap_or("1");
    Ok((given.to_owned(), fingerprint.to_owned()))
}
