//! Storages on a Proxmox Backup Server: what activation finds there.

use std::collections::BTreeMap;

use crate::lab::pbs::node_side::{self, Login};
use crate::lab::pbs::state::PORT;
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
    let option = |name: &str| options.get(name).cloned().unwrap_or_default();
    let (server, user, datastore) = (option("server"), option("username"), option("datastore"));
    let port = options.get("port").map_or(Some(PORT), |port| port.parse().ok()).unwrap_or_default();
    let (fingerprint, password) = (options.get("fingerprint").cloned(), call.text("password").unwrap_or_default());
    let login = Login {
        address: &server,
        port,
        fingerprint: fingerprint.as_deref(),
        auth_id: &user,
        secret: &password,
        datastore: &datastore,
        namespace: "",
    };
    let stores = node_side::datastores(around, &login)
        .map_err(|failure| failed(format!("error fetching datastores - {}", failure.in_plugin())))?;
    if !stores.contains(&datastore) {
        return Err(failed(format!("Cannot find datastore '{datastore}', check permissions and existence!")));
    }
    let bytes = node_side::status(around, &login).map(|usage| usage.total).unwrap_or_default();
    if options.contains_key("encryption-key") {
        return Err(Refusal::Status(501, "encrypted backup storages are not simulated in the lab".to_owned()));
    }
    options.entry("content".to_owned()).or_insert_with(|| "backup".to_owned());
    Ok(Storage::new(StorageKind::Pbs, options, bytes))
}
