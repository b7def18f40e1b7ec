//! Options of virtual machines that are neither a list nor a property string.

use serde_json::{Map, Value};

use super::{Verdict, must, split_list};

pub(super) fn check(format: &str, value: &str) -> Verdict {
    match format {
        "pve-startup-order" => must(is_startup_order(value), || "unable to parse startup options".to_owned()),
        "pve-hotplug-features" => hotplug(value),
        "pve-qm-bootdisk" => must(is_drive(value), || format!("invalid boot disk '{value}'")),
        "pve-qm-bootdev" => must(is_boot_device(value), || format!("invalid boot device '{value}'")),
        "pve-cpuset" => must(is_cpu_set(value), || "unable to parse cpuset option".to_owned()),
        "pve-phys-bits" => {
            must(is_address_width(value), || "value must be an integer between 8 and 64 or 'host'".to_owned())
        }
        _ => None,
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|one| one.is_ascii_digit())
}

/// `order=2,up=30,down=60`; the word `order=` may be missing.
fn is_startup_order(value: &str) -> bool {
    !value.is_empty()
        && value != "0"
        && value.split(',').filter(|part| !part.trim().is_empty()).all(|part| {
            let number = ["order=", "up=", "down="].iter().find_map(|key| part.strip_prefix(key)).unwrap_or(part);
            is_number(number)
        })
}

/// `0`, `1` (the default ones), or a list of what can be plugged while running.
fn hotplug(value: &str) -> Verdict {
    if ["0", "1"].contains(&value) {
        return Some(Ok(()));
    }
    let known = ["network", "disk", "cpu", "memory", "usb", "cloudinit"];
    match split_list(value).find(|feature| !known.contains(feature)) {
        Some(feature) => Some(Err(format!("invalid hotplug feature '{feature}'"))),
        None => Some(Ok(())),
    }
}

/// Whether this is an index of a device of that kind, for example `scsi30`.
fn is_indexed(value: &str, kind: &str, count: u32) -> bool {
    value
        .strip_prefix(kind)
        .is_some_and(|index| index.parse::<u32>().is_ok_and(|number| number < count && number.to_string() == index))
}

fn is_drive(value: &str) -> bool {
    [("ide", 4), ("sata", 6), ("scsi", 31), ("virtio", 16)].iter().any(|(kind, count)| is_indexed(value, kind, *count))
}

fn is_boot_device(value: &str) -> bool {
    let others = [("net", 32), ("usb", 14), ("hostpci", 16)];
    is_drive(value) || others.iter().any(|(kind, count)| is_indexed(value, kind, *count))
}

/// `0,2-5`.
fn is_cpu_set(value: &str) -> bool {
    value.split(',').map(str::trim).all(|part| match part.split_once('-') {
        Some((first, last)) => is_number(first) && is_number(last),
        None => is_number(part),
    })
}

fn is_address_width(value: &str) -> bool {
    value == "host" || (is_number(value) && value.parse::<u8>().is_ok_and(|bits| (8..=64).contains(&bits)))
}

/// Processor models of QEMU that Proxmox knows, besides its own generations.
#[rustfmt::skip]
const CPU_MODELS: &[&str] = &[
    "486", "athlon", "Broadwell", "Broadwell-IBRS", "Broadwell-noTSX", "Broadwell-noTSX-IBRS", "Cascadelake-Server",
    "Cascadelake-Server-noTSX", "Cascadelake-Server-v2", "Cascadelake-Server-v4", "Cascadelake-Server-v5",
    "ClearwaterForest", "Conroe", "Cooperlake", "Cooperlake-v2", "core2duo", "coreduo", "EPYC", "EPYC-Genoa",
    "EPYC-Genoa-v2", "EPYC-IBPB", "EPYC-Milan", "EPYC-Milan-v2", "EPYC-Milan-v3", "EPYC-Rome", "EPYC-Rome-v2",
    "EPYC-Rome-v3", "EPYC-Rome-v4", "EPYC-Rome-v5", "EPYC-Turin", "EPYC-v3", "EPYC-v4", "EPYC-v5", "GraniteRapids",
    "GraniteRapids-v2", "GraniteRapids-v3", "Haswell", "Haswell-IBRS", "Haswell-noTSX", "Haswell-noTSX-IBRS", "host",
    "Icelake-Client", "Icelake-Client-noTSX", "Icelake-Server", "Icelake-Server-noTSX", "Icelake-Server-v3",
    "Icelake-Server-v4", "Icelake-Server-v5", "Icelake-Server-v6", "Icelake-Server-v7", "IvyBridge", "IvyBridge-IBRS",
    "KnightsMill", "kvm32", "kvm64", "max", "Nehalem", "Nehalem-IBRS", "Opteron_G1", "Opteron_G2", "Opteron_G3",
    "Opteron_G4", "Opteron_G5", "Penryn", "pentium", "pentium2", "pentium3", "phenom", "qemu32", "qemu64",
    "SandyBridge", "SandyBridge-IBRS", "SapphireRapids", "SapphireRapids-v2", "SapphireRapids-v3",
    "SapphireRapids-v4", "SierraForest", "SierraForest-v2", "SierraForest-v3", "Skylake-Client",
    "Skylake-Client-IBRS", "Skylake-Client-noTSX-IBRS", "Skylake-Client-v4", "Skylake-Server", "Skylake-Server-IBRS",
    "Skylake-Server-noTSX-IBRS", "Skylake-Server-v4", "Skylake-Server-v5", "Westmere", "Westmere-IBRS",
    "x86-64-v2", "x86-64-v2-AES", "x86-64-v3", "x86-64-v4",
];

/// The processor flags that a virtual machine may set itself.
#[rustfmt::skip]
const CPU_FLAGS: &[&str] = &[
    "nested-virt", "md-clear", "pcid", "spec-ctrl", "ssbd", "ibpb", "virt-ssbd", "amd-ssbd", "amd-no-ssb", "pdpe1gb",
    "hv-tlbflush", "hv-evmcs", "aes",
];

/// Own models carry this in front; the lab's nodes have none.
const CUSTOM_MODEL: &str = "custom-";

/// A processor model with its flags.
pub(super) fn cpu(parts: &Map<String, Value>) -> Result<(), String> {
    let part = |name: &str| parts.get(name).and_then(Value::as_str);
    let Some(model) = part("cputype").filter(|model| !model.is_empty()) else {
        return Err("CPU is missing cputype\n".to_owned());
    };
    if let Some(custom) = model.strip_prefix(CUSTOM_MODEL) {
        return Err(format!("Custom cputype '{custom}' not found\n"));
    }
    if !CPU_MODELS.contains(&model) {
        return Err(format!("Built-in cputype '{model}' is not defined (missing 'custom-' prefix?)\n"));
    }
    let allowed = |flag: &str| flag.strip_prefix(['+', '-']).is_some_and(|name| CPU_FLAGS.contains(&name));
    if part("flags").is_some_and(|flags| !flags.split(';').all(allowed)) {
        return Err(format!("VM-specific CPU flags must be a subset of: {}\n", CPU_FLAGS.join(", ")));
    }
    if part("reported-model").is_some() {
        return Err("Property 'reported-model' not allowed in VM-specific CPU config.\n".to_owned());
    }
    Ok(())
}
