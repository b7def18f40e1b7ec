//! `/nodes/{node}/qemu/{vmid}/cloudinit`

use serde_json::{Value, json};

use crate::pve::call::{Call, Refusal};
use crate::pve::cloudinit;
use crate::pve::handlers::common::{check_lock, existing_vmid, required, vm};
use crate::world::{Site, Surroundings};

/// `GET …/cloudinit`: the options that go into the drive, with what waits for the next start.
pub fn read(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let vmid = existing_vmid(site, call)?;
    let vm = vm(&site.pve, vmid)?;
    let mut entries = Vec::new();
    for (key, value) in vm.merged().iter().filter(|(key, _)| cloudinit::is_option(key)) {
        let hide = |value: &str| if key == "cipassword" { "**********".to_owned() } else { value.to_owned() };
        let mut entry = json!({ "key": key });
        if let Some(current) = vm.option(key) {
            entry["value"] = json!(hide(current));
        }
        if vm.pending.contains_key(key) {
            entry["pending"] = json!(hide(value));
        }
        entries.push(entry);
    }
    let deleted = vm.pending.iter().filter(|(key, value)| value.is_none() && cloudinit::is_option(key));
    entries.extend(deleted.map(|(key, _)| json!({ "key": key, "delete": 1 })));
    Ok(Value::Array(entries))
}

/// `PUT …/cloudinit`: writes the drive again. The lab generates it whenever it is read, so only what can fail matters.
pub fn regenerate(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let vmid = existing_vmid(site, call)?;
    let vm = vm(&site.pve, vmid)?;
    check_lock(vm)?;
    if vm.cloudinit_drive().is_some() {
        cloudinit::generate(site, vmid).map_err(Refusal::died)?;
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
