//! What many methods check first, and how values are shown.

use serde_json::{Map, Number, Value, json};

use crate::pve::call::{Call, Refusal};
use crate::pve::state::{Pve, Vm};
use crate::pve::work;
use crate::world::Site;

/// Options of a VM that are whole numbers in answers.
const INTEGERS: [&str; 21] = [
    "acpi",
    "allow-ksm",
    "autostart",
    "balloon",
    "ciupgrade",
    "cores",
    "cpuunits",
    "freeze",
    "keephugepages",
    "kvm",
    "localtime",
    "migrate_speed",
    "numa",
    "onboot",
    "protection",
    "reboot",
    "shares",
    "sockets",
    "tablet",
    "tdf",
    "template",
];

/// Options of a VM that are numbers with decimals.
const DECIMALS: [&str; 2] = ["cpulimit", "migrate_downtime"];

/// Refuses a node that is not in this cluster, as the proxy does when it cannot find its address.
///
/// # Errors
/// 500.
pub fn check_node(site: &Site, call: &Call) -> Result<(), Refusal> {
    let node = call.text("node").unwrap_or_default();
    if node == site.pve.node || node == "localhost" {
        return Ok(());
    }
    Err(Refusal::died(format!(
        "hostname lookup '{node}' failed - failed to get address info for: {node}: Name or service not known"
    )))
}

/// The id of the VM that a call is about, which need not exist.
///
/// # Errors
/// 500 for another node, 400 for something that is not an id.
pub fn vmid(site: &Site, call: &Call) -> Result<u32, Refusal> {
    check_node(site, call)?;
    number(call, "vmid")?.ok_or_else(|| Refusal::param("vmid", "property is missing and it is not optional"))
}

/// The id of an existing VM.
///
/// # Errors
/// As [`vmid`], and 500 for a missing one: Proxmox knows no 404.
pub fn existing_vmid(site: &Site, call: &Call) -> Result<u32, Refusal> {
    let vmid = vmid(site, call)?;
    vm(&site.pve, vmid).map(|_| vmid)
}

/// A VM.
///
/// # Errors
/// 500 for a missing one.
pub fn vm(pve: &Pve, vmid: u32) -> Result<&Vm, Refusal> {
    pve.vms.get(&vmid).ok_or_else(|| Refusal::died(work::no_such_vm(&pve.node, vmid)))
}

/// A VM to be changed.
///
/// # Errors
/// 500 for a missing one.
pub fn vm_mut(pve: &mut Pve, vmid: u32) -> Result<&mut Vm, Refusal> {
    let node = &pve.node;
    pve.vms.get_mut(&vmid).ok_or_else(|| Refusal::died(work::no_such_vm(node, vmid)))
}

/// A whole number among the parameters.
///
/// # Errors
/// 400 when it is none.
pub fn number<N: std::str::FromStr>(call: &Call, name: &str) -> Result<Option<N>, Refusal> {
    let parse = |text: String| {
        text.parse().map_err(|_| Refusal::param(name, format!("type check ('integer') failed - got '{text}'")))
    };
    call.text(name).map(parse).transpose()
}

/// A parameter that the schema demands.
///
/// # Errors
/// 400 when it is missing.
pub fn required(call: &Call, name: &str) -> Result<String, Refusal> {
    call.text(name).ok_or_else(|| Refusal::param(name, "property is missing and it is not optional"))
}

/// Only root by ticket may pass over locks.
///
/// # Errors
/// 400 for anybody else.
pub fn skip_lock(call: &Call) -> Result<bool, Refusal> {
    let skip = call.flag("skiplock");
    if skip && !call.caller.is_root() {
        return Err(Refusal::param("skiplock", "Only root may use this option."));
    }
    Ok(skip)
}

/// Refuses a VM that is locked.
///
/// # Errors
/// 500 "VM is locked (…)".
pub fn check_lock(vm: &Vm) -> Result<(), Refusal> {
    vm.lock().map_or(Ok(()), |lock| Err(Refusal::died(format!("VM is locked ({lock})"))))
}

/// 403 with the words of a check that names no path.
pub fn forbidden() -> Refusal {
    Refusal::Status(403, "Permission check failed".to_owned())
}

/// One option of a VM in an answer: numbers are numbers, everything else is text.
pub fn option_value(key: &str, value: &str) -> Value {
    if INTEGERS.contains(&key) {
        return value.parse::<i64>().map_or_else(|_| json!(value), |number| json!(number));
    }
    if DECIMALS.contains(&key) {
        let number = value.parse::<f64>().ok().and_then(Number::from_f64);
        return number.map_or_else(|| json!(value), Value::Number);
    }
    json!(value)
}

/// A definition in an answer: options that consist of digits are numbers.
pub fn options_object<'a>(options: impl IntoIterator<Item = (&'a String, &'a String)>) -> Map<String, Value> {
    options.into_iter().map(|(key, value)| (key.clone(), plain_value(value))).collect()
}

fn plain_value(value: &str) -> Value {
    value.parse::<i64>().map_or_else(|_| json!(value), |number| json!(number))
}

/// The names below a path, as an index lists them.
pub fn index(key: &str, names: &[&str]) -> Value {
    names.iter().map(|name| json!({ key: name })).collect()
}
