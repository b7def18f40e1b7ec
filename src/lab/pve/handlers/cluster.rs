//! `/cluster`: free ids, resources, options.

use serde_json::{Value, json};

use super::common::{number, options_object};
use super::nodes;
use crate::pve::call::{Call, Refusal};
use crate::pve::state::property::{self, Properties};
use crate::pve::state::{Vm, bytes};
use crate::world::{Moment, Site, Surroundings};

/// How long a change takes to reach `cluster/resources`: statistics are broadcast about every ten seconds.
const BROADCAST_US: i64 = 10_000_000;

/// Datacenter options whose value is shown taken apart.
const PROPERTY_OPTIONS: [&str; 4] = ["next-id", "tag-style", "notify", "crs"];

/// `GET /cluster/nextid`: it reserves nothing.
pub fn next_id(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    if let Some(vmid) = number::<u32>(call, "vmid")? {
        if site.pve.vms.contains_key(&vmid) {
            return Err(Refusal::param("vmid", format!("VM {vmid} already exists")));
        }
        return Ok(json!(vmid.to_string()));
    }
    let range = site.pve.datacenter.next_id_range();
    let (lower, upper) = (range.start, range.end);
    range.into_iter().find(|vmid| !site.pve.vms.contains_key(vmid)).map(|vmid| json!(vmid.to_string())).ok_or_else(
        || Refusal::died(format!("unable to get any free VMID in range [{lower}, {}]", upper.saturating_sub(1))),
    )
}

/// `GET /cluster/resources`: from statistics that lag behind (sheet Proxmox, section 3).
pub fn resources(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let wanted = call.text("type");
    let shows = |kind: &str| wanted.as_deref().is_none_or(|wanted| wanted == kind);
    let mut answer = Vec::new();
    if shows("vm") {
        for (vmid, vm) in &site.pve.vms {
            if site.pve.access.allowed(&call.caller, &format!("/vms/{vmid}"), &["VM.Audit"]) {
                answer.push(vm_resource(site, *vmid, vm, around.now));
            }
        }
    }
    if wanted.is_none() {
        for pool in site.pve.access.pools.keys() {
            if site.pve.access.allowed(&call.caller, &format!("/pool/{pool}"), &["Pool.Audit"]) {
                answer.push(json!({ "id": format!("/pool/{pool}"), "type": "pool", "pool": pool }));
            }
        }
    }
    if shows("node") {
        answer.push(node_resource(site, around));
    }
    if shows("storage") {
        answer.extend(storage_resources(site, call));
    }
    if shows("sdn") && site.pve.access.allowed_any(&call.caller, "/sdn/zones/localnetwork", &["SDN.Audit", "SDN.Use"]) {
        let node = &site.pve.node;
        answer.push(json!({
            "id": format!("sdn/{node}/localnetwork"), "type": "sdn", "sdn": "localnetwork", "node": node, "status": "ok",
        }));
    }
    Ok(Value::Array(answer))
}

/// `GET /cluster/options`
pub fn options(site: &mut Site, _around: Surroundings<'_>, _call: &Call) -> Result<Value, Refusal> {
    let options = &site.pve.datacenter.0;
    let mut answer = options_object(options);
    for key in PROPERTY_OPTIONS {
        if let Some(text) = options.get(key) {
            answer.insert(key.to_owned(), Value::Object(options_object(&Properties::parse(text, "").rest)));
        }
    }
    answer.entry("mac_prefix").or_insert_with(|| json!(site.pve.datacenter.mac_prefix()));
    Ok(Value::Object(answer))
}

/// `PUT /cluster/options`
pub fn set_options(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let options = &mut site.pve.datacenter.0;
    for key in property::list(&call.text("delete").unwrap_or_default()) {
        options.remove(&key);
    }
    for key in call.params.keys().filter(|key| *key != "delete") {
        if let Some(value) = call.text(key) {
            options.insert(key.clone(), value);
        }
    }
    Ok(Value::Null)
}

fn vm_resource(site: &Site, vmid: u32, vm: &Vm, now: Moment) -> Value {
    let pve = &site.pve;
    let mut entry = json!({
        "id": format!("qemu/{vmid}"),
        "type": "qemu",
        "vmid": vmid,
        "node": pve.node,
        "template": u8::from(vm.template()),
        "status": "unknown",
    });
    if let Some(pool) = pve.access.pool_of(vmid) {
        entry["pool"] = json!(pool);
    }
    let broadcast = |since: Moment| now.0 - since.0 >= BROADCAST_US;
    if !broadcast(vm.created) {
        return entry;
    }
    // The state before a change is shown until the next broadcast.
    let running = if broadcast(vm.changed) { vm.running() } else { !vm.running() };
    let memory = u64::from(vm.memory_mib()) * bytes::MIB;
    let disk = vm.boot_disk().and_then(|(_, drive)| drive.size()).unwrap_or_default();
    entry["name"] = json!(vm.name(vmid));
    entry["status"] = json!(if running { "running" } else { "stopped" });
    entry["maxcpu"] = json!(vm.cpus());
    entry["maxmem"] = json!(memory);
    entry["maxdisk"] = json!(disk);
    entry["uptime"] =
        json!(vm.started.filter(|_| running).map_or(0, |started| now.unix_seconds() - started.unix_seconds()));
    entry["cpu"] = json!(if running { 0.02 } else { 0.0 });
    entry["mem"] = json!(if running { memory / 2 } else { 0 });
    for key in ["disk", "diskread", "diskwrite", "netin", "netout"] {
        entry[key] = json!(0);
    }
    for key in ["lock", "tags"] {
        if let Some(value) = vm.option(key) {
            entry[key] = json!(value);
        }
    }
    entry
}

fn node_resource(site: &Site, around: Surroundings<'_>) -> Value {
    let pve = &site.pve;
    json!({
        "id": format!("node/{}", pve.node),
        "type": "node",
        "node": pve.node,
        "status": "online",
        "level": "",
        "cgroup-mode": 2,
        "maxcpu": pve.hardware.cpus,
        "cpu": 0.02,
        "maxmem": pve.hardware.memory_bytes,
        "mem": nodes::used_memory(pve),
        "maxdisk": pve.hardware.root_bytes,
        "disk": 0,
        "uptime": nodes::uptime(pve, around),
    })
}

fn storage_resources(site: &Site, call: &Call) -> Vec<Value> {
    let pve = &site.pve;
    let visible = |id: &str| {
        pve.access.allowed_any(&call.caller, &format!("/storage/{id}"), &["Datastore.Audit", "Datastore.AllocateSpace"])
    };
    pve.storages
        .iter()
        .filter(|(id, storage)| visible(id) && storage.enabled_on(&pve.node))
        .map(|(id, storage)| {
            let (total, used) = pve.space(&site.node, id);
            json!({
                "id": format!("storage/{}/{id}", pve.node),
                "type": "storage",
                "storage": id,
                "node": pve.node,
                "plugintype": storage.kind.name(),
                "content": storage.content_list(),
                "shared": u8::from(storage.kind == crate::pve::state::StorageKind::Pbs),
                // Old statistics are enough for this word: it does not say that one can write now.
                "status": "available",
                "maxdisk": total,
                "disk": used,
            })
        })
        .collect()
}
