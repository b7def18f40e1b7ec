//! `/nodes`: the node itself.

use serde_json::{Value, json};

use super::common::check_node;
use crate::pve::call::{Call, Refusal};
use crate::pve::memory;
use crate::pve::state::Pve;
use crate::world::{Site, Surroundings};

/// Kernel of Proxmox VE 9.2.
const KERNEL: &str = "6.17.2-1-pve";

/// `GET /nodes`
pub fn list(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let pve = &site.pve;
    let mut node = json!({
        "node": pve.node,
        "id": format!("node/{}", pve.node),
        "type": "node",
        "status": "online",
        "level": "",
        "ssl_fingerprint": pve.fingerprint,
    });
    if pve.access.allowed(&call.caller, &format!("/nodes/{}", pve.node), &["Sys.Audit"]) {
        node["cpu"] = json!(load(pve));
        node["maxcpu"] = json!(pve.hardware.cpus);
        node["mem"] = json!(used_memory(pve));
        node["maxmem"] = json!(pve.hardware.memory_bytes);
        node["disk"] = json!(used_root(site));
        node["maxdisk"] = json!(pve.hardware.root_bytes);
        node["uptime"] = json!(uptime(pve, around));
    }
    Ok(json!([node]))
}

/// `GET /nodes/{node}`
pub fn index(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    check_node(site, call)?;
    Ok(super::common::index("name", &["certificates", "qemu", "status", "storage", "tasks", "version"]))
}

/// `GET /nodes/{node}/status`
pub fn status(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    check_node(site, call)?;
    let pve = &site.pve;
    let memory = pve.hardware.memory_bytes;
    let used = used_memory(pve);
    let root_used = used_root(site);
    let root = pve.hardware.root_bytes;
    Ok(json!({
        "uptime": uptime(pve, around),
        "cpu": load(pve),
        "wait": 0,
        "idle": 0,
        "loadavg": ["0.10", "0.12", "0.09"],
        "memory": { "total": memory, "used": used, "free": memory - used, "available": memory - used },
        "swap": { "total": 0, "used": 0, "free": 0 },
        "rootfs": { "total": root, "used": root_used, "free": root - root_used, "avail": root - root_used },
        "cpuinfo": {
            "model": "Intel(R) Core(TM) i5-8500 CPU @ 3.00GHz",
            "cpus": pve.hardware.cpus,
            "cores": pve.hardware.cpus,
            "sockets": 1,
            "mhz": "3000.000",
            "hvm": "1",
            "user_hz": 100,
            "flags": "fpu vme sse sse2 vmx aes avx2",
        },
        "pveversion": "pve-manager/9.2.11/14a22df3",
        "kversion": format!("Linux {KERNEL} #1 SMP PREEMPT_DYNAMIC PMX {KERNEL}"),
        "current-kernel": { "sysname": "Linux", "release": KERNEL, "version": "#1 SMP PREEMPT_DYNAMIC", "machine": "x86_64" },
        "boot-info": { "mode": "efi", "secureboot": 0 },
        "ksm": { "shared": 0 },
    }))
}

/// `GET /nodes/{node}/certificates/info`
pub fn certificates(site: &mut Site, _around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    check_node(site, call)?;
    let pve = &site.pve;
    let node = &pve.node;
    Ok(json!([{
        "filename": "pve-ssl.pem",
        "fingerprint": pve.fingerprint,
        "issuer": "/CN=Proxmox Virtual Environment/OU=lab/O=PVE Cluster Manager CA",
        "subject": format!("/OU=PVE Cluster Node/O=Proxmox Virtual Environment/CN={node}"),
        "san": ["127.0.0.1", "localhost", node],
        "pem": pve.certificate_pem,
        "public-key-type": "id-ecPublicKey",
        "public-key-bits": 256,
        "notbefore": pve.booted.unix_seconds() - 86_400,
        "notafter": pve.booted.unix_seconds() + 729 * 86_400,
    }]))
}

/// Seconds since the node was booted.
pub fn uptime(pve: &Pve, around: Surroundings<'_>) -> i64 {
    around.now.unix_seconds() - pve.booted.unix_seconds()
}

/// Memory of the node and of what runs on it, in bytes.
pub fn used_memory(pve: &Pve) -> u64 {
    memory::wanted_bytes(pve).min(pve.hardware.memory_bytes)
}

fn load(pve: &Pve) -> f64 {
    let running = u32::try_from(pve.vms.values().filter(|vm| vm.running()).count()).unwrap_or(u32::MAX);
    (0.01 + 0.02 * f64::from(running)).min(1.0)
}

fn used_root(site: &Site) -> u64 {
    site.pve.space(&site.node, "local").1.min(site.pve.hardware.root_bytes)
}
