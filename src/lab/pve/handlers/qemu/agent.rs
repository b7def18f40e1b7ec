//! `/nodes/{node}/qemu/{vmid}/agent/…`: questions to the guest agent.

use serde_json::{Value, json};

use crate::os::Machine;
use crate::pve::call::{Call, Refusal};
use crate::pve::handlers::common::{existing_vmid, index as names, vm_mut};
use crate::pve::network::{self, Card};
use crate::pve::state::{Power, Vm};
use crate::world::{Site, Surroundings};

/// `GET …/agent`
pub fn index(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    existing_vmid(site, call)?;
    Ok(names(
        "name",
        &[
            "exec",
            "exec-status",
            "file-read",
            "file-write",
            "get-fsinfo",
            "get-host-name",
            "get-osinfo",
            "network-get-interfaces",
            "ping",
        ],
    ))
}

/// `POST …/agent/ping`
pub fn ping(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    reach(site, call)?;
    Ok(json!({ "result": {} }))
}

/// `GET …/agent/get-host-name`
pub fn host_name(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let vm = reach(site, call)?;
    Ok(json!({ "result": { "host-name": guest(vm)?.hostname } }))
}

/// `GET …/agent/get-osinfo`
pub fn os_info(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let vm = reach(site, call)?;
    let version = guest(vm)?.debian;
    let (name, kernel) = if version >= 13 { ("trixie", "6.12.48") } else { ("bookworm", "6.1.158") };
    Ok(json!({ "result": {
        "id": "debian",
        "name": "Debian GNU/Linux",
        "pretty-name": format!("Debian GNU/Linux {version} ({name})"),
        "version": format!("{version} ({name})"),
        "version-id": version.to_string(),
        "kernel-release": format!("{kernel}-cloud-amd64"),
        "kernel-version": format!("#1 SMP PREEMPT_DYNAMIC Debian {kernel}-1"),
        "machine": "x86_64",
    } }))
}

/// `GET …/agent/get-fsinfo`
pub fn file_systems(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let vm = reach(site, call)?;
    let bytes = guest(vm)?.root_bytes;
    Ok(json!({ "result": [{
        "name": "sda1",
        "mountpoint": "/",
        "type": "ext4",
        "total-bytes": bytes,
        "used-bytes": bytes / 5,
        "disk": [{ "dev": "/dev/sda1", "bus-type": "scsi", "bus": 0, "target": 0, "unit": 0 }],
    }] }))
}

/// `GET …/agent/network-get-interfaces`
pub fn interfaces(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let vm = reach(site, call)?;
    let guest = guest(vm)?;
    let mac = vm.config.iter().find(|(key, _)| network::is_card(key)).map(|(_, value)| Card::parse(value).mac);
    let mut result = vec![interface("lo", "00:00:00:00:00:00", &["127.0.0.1/8".to_owned(), "::1/128".to_owned()])];
    if let Some(mac) = mac {
        result.push(interface("eth0", &mac.to_lowercase(), &guest.addresses));
    }
    Ok(json!({ "result": result }))
}

fn interface(name: &str, mac: &str, addresses: &[String]) -> Value {
    let addresses: Vec<Value> = addresses
        .iter()
        .filter_map(|address| {
            let (host, prefix) = address.split_once('/')?;
            let kind = if host.contains(':') { "ipv6" } else { "ipv4" };
            Some(json!({ "ip-address": host, "ip-address-type": kind, "prefix": prefix.parse::<u8>().ok()? }))
        })
        .collect();
    json!({
        "name": name,
        "hardware-address": mac,
        "ip-addresses": addresses,
        "statistics": {
            "rx-bytes": 0, "rx-packets": 0, "rx-errs": 0, "rx-dropped": 0,
            "tx-bytes": 0, "tx-packets": 0, "tx-errs": 0, "tx-dropped": 0,
        },
    })
}

/// The VM, when its agent answers.
///
/// # Errors
/// 500: not configured, not running, not answering (yet).
pub fn reach<'a>(site: &'a mut Site, call: &Call) -> Result<&'a mut Vm, Refusal> {
    let vmid = existing_vmid(site, call)?;
    let vm = vm_mut(&mut site.pve, vmid)?;
    if !vm.agent_configured() {
        return Err(Refusal::died("No QEMU guest agent configured"));
    }
    if !vm.running() {
        return Err(Refusal::died(format!("VM {vmid} is not running")));
    }
    let answers = vm.power == Power::Running && vm.up && !vm.agent_silent;
    if !answers || !vm.guest.as_ref().is_some_and(Machine::agent_running) {
        return Err(Refusal::died("QEMU guest agent is not running"));
    }
    Ok(vm)
}

fn guest(vm: &Vm) -> Result<&Machine, Refusal> {
    vm.guest.as_ref().ok_or_else(|| Refusal::died("QEMU guest agent is not running"))
}
