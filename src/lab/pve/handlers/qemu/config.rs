//! `/nodes/{node}/qemu/{vmid}/config` and `/pending`

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::drives;
use super::rights::{self, Subject};
use crate::pve::call::{Call, Refusal};
use crate::pve::cloudinit;
use crate::pve::handlers::common::{existing_vmid, number, option_value, skip_lock, vm};
use crate::pve::network;
use crate::pve::state::{drive, property};
use crate::pve::tasks;
use crate::pve::work::{Configure, SECOND_US, Work};
use crate::world::{Site, Surroundings};

/// What stands instead of a password.
const MASK: &str = "**********";

/// Parameters that are not options of the configuration.
const NOT_OPTIONS: [&str; 9] =
    ["node", "vmid", "delete", "revert", "force", "digest", "skiplock", "background_delay", "import-working-storage"];

/// Options without a number that exist besides those of cloud-init; numbered ones are recognised by their form.
const KNOWN: [&str; 56] = [
    "acpi",
    "affinity",
    "agent",
    "allow-ksm",
    "amd-sev",
    "arch",
    "args",
    "audio0",
    "autostart",
    "balloon",
    "bios",
    "boot",
    "bootdisk",
    "cores",
    "cpu",
    "cpulimit",
    "cpuunits",
    "description",
    "efidisk0",
    "freeze",
    "hookscript",
    "hotplug",
    "hugepages",
    "intel-tdx",
    "ivshmem",
    "keephugepages",
    "keyboard",
    "kvm",
    "localtime",
    "lock",
    "machine",
    "memory",
    "migrate_downtime",
    "migrate_speed",
    "name",
    "numa",
    "onboot",
    "ostype",
    "protection",
    "reboot",
    "rng0",
    "scsihw",
    "shares",
    "smbios1",
    "smp",
    "sockets",
    "spice_enhancements",
    "startdate",
    "startup",
    "tablet",
    "tags",
    "tdf",
    "template",
    "vcpus",
    "vga",
    "vmgenid",
];

/// `GET …/config`: what is pending is merged in unless `current` is asked for.
pub fn read(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let vmid = existing_vmid(site, call)?;
    let vm = vm(&site.pve, vmid)?;
    let (current, snapshot) = (call.flag("current"), call.text("snapshot"));
    let config = match snapshot {
        Some(_) if current => {
            let text = "cannot use 'snapshot' parameter with 'current'".to_owned();
            return Err(Refusal::Params(BTreeMap::from([
                ("snapshot".to_owned(), text.clone()),
                ("current".to_owned(), text),
            ])));
        }
        Some(name) => vm
            .snapshots
            .get(&name)
            .map(|snapshot| snapshot.config.clone())
            .ok_or_else(|| Refusal::died(format!("snapshot '{name}' does not exist")))?,
        None if current => vm.config.clone(),
        None => vm.merged(),
    };
    let mut answer = shown(&config);
    answer.insert("digest".to_owned(), json!(vm.digest()));
    Ok(Value::Object(answer))
}

/// `GET …/pending`
pub fn pending(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let vmid = existing_vmid(site, call)?;
    let vm = vm(&site.pve, vmid)?;
    let keys: BTreeSet<&String> = vm.config.keys().chain(vm.pending.keys()).collect();
    let entry = |key: &String| {
        let mut entry = json!({ "key": key });
        if let Some(value) = vm.config.get(key) {
            entry["value"] = masked(key, value);
        }
        match vm.pending.get(key) {
            Some(Some(value)) => entry["pending"] = masked(key, value),
            Some(None) => entry["delete"] = json!(1),
            None => {}
        }
        entry
    };
    Ok(keys.into_iter().map(entry).collect())
}

/// `PUT …/config`: at once.
pub fn update(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let change = change(site, call)?;
    change.check(site)?;
    change.apply(site, around, &mut Vec::new())?;
    Ok(Value::Null)
}

/// `POST …/config`: as a task; null when `background_delay` was long enough for it.
pub fn update_in_task(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let change = change(site, call)?;
    change.check(site)?;
    let (id, needed_us) = (change.vmid.to_string(), change.duration_us());
    let delay_us = number::<u64>(call, "background_delay")?.unwrap_or(0) * SECOND_US;
    let upid = tasks::start(site, around, &call.caller.full_id(), "qmconfig", &id, Work::Configure(change));
    tasks::wait_within(site, around, &upid, delay_us >= needed_us).map(|done| if done { Value::Null } else { upid })
}

/// A configuration as answers show it.
pub fn shown(config: &BTreeMap<String, String>) -> Map<String, Value> {
    config.iter().map(|(key, value)| (key.clone(), masked(key, value))).collect()
}

fn masked(key: &str, value: &str) -> Value {
    if key == "cipassword" { json!(MASK) } else { option_value(key, value) }
}

/// Reads and checks a change.
fn change(site: &Site, call: &Call) -> Result<Configure, Refusal> {
    let vmid = existing_vmid(site, call)?;
    let skip_lock = skip_lock(call)?;
    let set: BTreeMap<String, String> = call
        .params
        .keys()
        .filter(|key| !NOT_OPTIONS.contains(&key.as_str()))
        .filter_map(|key| {
            let name = if key == "cdrom" { "ide2" } else { key.as_str() };
            Some((name.to_owned(), call.text(key)?))
        })
        .collect();
    let listed = |name: &str| {
        let keys = property::list(&call.text(name).unwrap_or_default());
        keys.into_iter().map(|key| if key == "cdrom" { "ide2".to_owned() } else { key }).collect::<Vec<_>>()
    };
    let (delete, revert) = (listed("delete"), listed("revert"));
    drives::check_ssh_keys(&set)?;
    if set.is_empty() && delete.is_empty() && revert.is_empty() {
        return Err(Refusal::died("no options specified"));
    }
    check_lists(&set, &delete, &revert)?;
    drives::check_form(&set)?;
    let subject = Subject { vmid, pool: None };
    for key in &delete {
        let value = site.pve.vms.get(&vmid).and_then(|vm| vm.option(key));
        rights::check_option(site, call, subject, key, value)?;
    }
    for (key, value) in &set {
        rights::check_option(site, call, subject, key, Some(value))?;
    }
    drives::check_storages(site, call, vmid, &set, None)?;
    rights::check_bridges(site, call, &set)?;
    Ok(Configure { vmid, set, delete, revert, force: call.flag("force"), digest: call.text("digest"), skip_lock })
}

/// Refuses unknown options, and what is set, deleted and reverted at the same time.
fn check_lists(set: &BTreeMap<String, String>, delete: &[String], revert: &[String]) -> Result<(), Refusal> {
    for key in revert {
        if !is_known(key) {
            return Err(Refusal::param("revert", format!("unknown option '{key}'")));
        }
        if set.contains_key(key) {
            return Err(Refusal::param(
                "delete",
                format!("you can't use '-{key}' and -revert {key}' at the same time"),
            ));
        }
    }
    for key in delete {
        if set.contains_key(key) {
            return Err(Refusal::param(
                "delete",
                format!("you can't use '-{key}' and -delete {key}' at the same time"),
            ));
        }
        if revert.contains(key) {
            return Err(Refusal::param(
                "revert",
                format!("you can't use '-delete {key}' and -revert {key}' at the same time"),
            ));
        }
        if !is_known(key) {
            return Err(Refusal::param("delete", format!("unknown option '{key}'")));
        }
    }
    Ok(())
}

fn is_known(option: &str) -> bool {
    let numbered = ["serial", "usb", "hostpci", "numa", "parallel", "virtiofs"]
        .iter()
        .any(|stem| option.strip_prefix(stem).is_some_and(|number| number.parse::<u32>().is_ok()));
    KNOWN.contains(&option)
        || option == "vmstate"
        || option == "vmstatestorage"
        || option == "watchdog"
        || numbered
        || cloudinit::is_option(option)
        || network::is_card(option)
        || drive::is_drive(option)
        || drive::is_unused(option)
}
