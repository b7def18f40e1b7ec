//! Storages on a Proxmox Backup Server: what activation finds there.

use std::collections::BTreeMap;

use crate::lab::pve::call::{Call, Refusal};
use crate::lab::pve::state::{Storage, StorageKind};
use crate::lab::world::Surroundings;

/// Contacts the server as activation does.
///
/// # Errors
/// 500 in Proxmox's words: nobody there, wrong fingerprint, no such datastore.
pub fn connect(
    id: &str,
    mut options: BTreeMap<String, String>,
    call: &Call,
    around: Surroundings<'_>,
) -> Result<Storage, Refusal> {
    let failed = |text: String| Refusal::died(format!("create storage failed: {id}: {text}"));
    let server = options.get("server").cloned().unwrap_or_default();
    let port = options.get("port").cloned().unwrap_or_else(|| "8007".to_owned());
    let Some(there) = around.internet.backup_servers.get(&server) else {
        return Err(failed(format!(
            "error fetching datastores - 500 Can't connect to {server}:{port} (Connection refused)"
        )));
    };
    let given = options.get("fingerprint").map(|text| text.to_uppercase()).unwrap_or_default();
    if given != there.fingerprint.to_uppercase() {
        return Err(failed(format!(
            "error fetching datastores - fingerprint '{}' not verified, abort!",
            there.fingerprint.to_uppercase()
        )));
    }
    let user = options.get("username").cloned().unwrap_or_default();
    if there.users.get(&user) != call.text("password").as_ref() {
        return Err(failed("error fetching datastores - 401 Unauthorized".to_owned()));
    }
    let datastore = options.get("datastore").cloned().unwrap_or_default();
    let Some(bytes) = there.datastores.get(&datastore) else {
        return Err(failed(format!("Cannot find datastore '{datastore}', check permissions and existence!")));
    };
    if options.contains_key("encryption-key") {
        return Err(Refusal::Status(501, "encrypted backup storages are not simulated in the lab".to_owned()));
    }
    options.entry("content".to_owned()).or_insert_with(|| "backup".to_owned());
    Ok(Storage::new(StorageKind::Pbs, options, *bytes))
}
