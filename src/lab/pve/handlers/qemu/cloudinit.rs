//! `/nodes/{node}/qemu/{vmid}/cloudinit`

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::pve::boot;
use crate::pve::call::{Call, Refusal};
use crate::pve::cloudinit;
use crate::pve::handlers::common::{check_lock, existing_vmid, required, vm};
use crate::world::{Site, Surroundings};

/// `GET …/cloudinit`: the options that go into the drive, as it holds them, with what waits for it to be written anew.
pub fn read(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let vmid = existing_vmid(site, call)?;
    let vm = vm(&site.pve, vmid)?;
    let keys: BTreeSet<&String> =
        vm.config.keys().chain(vm.on_cloudinit_drive.keys()).filter(|key| cloudinit::is_option(key)).collect();
    let entry = |key: &String| {
        let shown = |value: &str| json!(if key == "cipassword" { "**********" } else { value });
        let now = vm.option(key);
        let written = vm.on_cloudinit_drive.get(key).map_or(now, |value| value.as_deref());
        let mut entry = json!({ "key": key });
        if let Some(written) = written {
            entry["value"] = shown(written);
        }
        match now {
            Some(now) if written != Some(now) => entry["pending"] = shown(now),
            None => entry["delete"] = json!(1),
            Some(_) => {}
        }
        entry
    };
    Ok(keys.into_iter().map(entry).collect())
}

/// `PUT …/cloudinit`: writes the drive anew (sheet Proxmox, section 5a).
pub fn regenerate(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let vmid = existing_vmid(site, call)?;
    let vm = vm(&site.pve, vmid)?;
    check_lock(vm)?;
    if vm.cloudinit_drive().is_some() {
        boot::write_cloudinit_drive(site, vmid, around).map_err(Refusal::died)?;
    }
    Ok(Value::Null)
}

/// `GET …/cloudinit/dump`
pub fn dump(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let vmid = existing_vmid(site, call)?;
    let data = cloudinit::generate(site, vmid).map_err(Refusal::died)?;
    Ok(json!(match required(call, "type")?.as_str() {
        "network" => data.network_text,
        "meta" => data.meta_text,
        _ => data.user_text,
    }))
}
