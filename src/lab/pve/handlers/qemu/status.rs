//! Listing VMs and their present state.

use serde_json::{Value, json};

use crate::pve::call::{Call, Refusal};
use crate::pve::handlers::common::{check_node, existing_vmid, index as names, vm};
use crate::pve::state::{Power, Vm, bytes};
use crate::world::{Site, Surroundings};

/// `GET /nodes/{node}/qemu`
pub fn list(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    check_node(site, call)?;
    let visible = |vmid: u32| site.pve.access.allowed(&call.caller, &format!("/vms/{vmid}"), &["VM.Audit"]);
    Ok(site.pve.vms.iter().filter(|(vmid, _)| visible(**vmid)).map(|(vmid, vm)| summary(*vmid, vm, around)).collect())
}

/// `GET /nodes/{node}/qemu/{vmid}`
pub fn index(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    check_node(site, call)?;
    Ok(names(
        "subdir",
        &["config", "pending", "status", "clone", "template", "resize", "cloudinit", "agent", "snapshot", "firewall"],
    ))
}

/// `GET /nodes/{node}/qemu/{vmid}/status`
pub fn status_index(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    existing_vmid(site, call)?;
    Ok(names("subdir", &["current", "start", "stop", "reset", "shutdown", "suspend", "reboot"]))
}

/// `GET /nodes/{node}/qemu/{vmid}/status/current`
pub fn current(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let vmid = existing_vmid(site, call)?;
    let vm = vm(&site.pve, vmid)?;
    let mut answer = summary(vmid, vm, around);
    answer["ha"] = json!({ "managed": 0 });
    if vm.agent_configured() {
        answer["agent"] = json!(1);
    }
    if vm.running() {
        answer["running-machine"] = json!("pc-i440fx-10.1+pve0");
        answer["running-qemu"] = json!("10.1.2");
    }
    Ok(answer)
}

/// What every listing shows of a VM.
fn summary(vmid: u32, vm: &Vm, around: Surroundings<'_>) -> Value {
    let memory = u64::from(vm.memory_mib()) * bytes::MIB;
    let running = vm.running();
    let mut entry = json!({
        "vmid": vmid,
        "name": vm.name(vmid),
        "status": if running { "running" } else { "stopped" },
        "qmpstatus": match vm.power {
            Power::Stopped => "stopped",
            Power::Running => "running",
            Power::Paused => "paused",
            Power::Prelaunch => "prelaunch",
        },
        "cpus": vm.cpus(),
        "cpu": if running { 0.02 } else { 0.0 },
        "maxmem": memory,
        "mem": if running { memory / 2 } else { 0 },
        "maxdisk": vm.boot_disk().and_then(|(_, drive)| drive.size()).unwrap_or_default(),
        "disk": 0,
        "diskread": 0,
        "diskwrite": 0,
        "netin": 0,
        "netout": 0,
        "uptime": vm.started.map_or(0, |started| around.now.unix_seconds() - started.unix_seconds()),
    });
    if running {
        entry["pid"] = json!(1_000_000 + vmid);
    }
    if vm.template() {
        entry["template"] = json!(1);
    }
    if vm.config.keys().any(|key| key.starts_with("serial")) {
        entry["serial"] = json!(1);
    }
    for key in ["lock", "tags"] {
        if let Some(value) = vm.option(key) {
            entry[key] = json!(value);
        }
    }
    entry
}
