//! An instance whose machine was replaced by a restored one: it has another VM id.

use std::collections::BTreeMap;

use super::{Edit, EditError, Setting, settings_change};
use crate::domain::ids::{InstanceId, VmId};

/// Writes the VM id of the restored machine.
///
/// # Errors
/// [`EditError`]; the inventory's mistakes when the result would not pass the check.
pub fn restored(files: &BTreeMap<String, String>, instance: &InstanceId, vmid: VmId) -> Result<Edit, EditError> {
    let file = format!("instances/{instance}.toml");
    settings_change(files, &[Setting { file: &file, key: "vmid", value: i64::from(vmid.0).into() }])
}
