//! New worlds and new sites.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use super::{Internet, Moment, Site, World};
use crate::os::boot;
use crate::os::{Disk, Machine};
use crate::pve::access::Access;
use crate::pve::state::{Hardware, Lan, Pve, Storage, StorageKind, bytes};

/// 2026-09-01T06:00:00Z, when every lab begins.
const BEGINNING: Moment = Moment(1_788_242_400_000_000);

/// What a new site looks like.
#[derive(Debug, Clone)]
pub struct SiteSpec {
    /// Its id.
    pub id: String,
    /// Node name.
    pub node: String,
    /// Root's authorized keys on the node.
    pub root_keys: Vec<String>,
    /// Root's password on the node, for SSH and tickets.
    pub root_password: String,
    /// CPU threads.
    pub cpus: u32,
    /// Memory in bytes.
    pub memory_bytes: u64,
    /// Size of the SSD in bytes; the root file system takes a quarter, the thin pool the rest.
    pub ssd_bytes: u64,
    /// More disks of the node, for example the backup HDD.
    pub disks: Vec<Disk>,
    /// The bridge that guests are plugged into.
    pub bridge: String,
    /// The network behind the bridge.
    pub subnet: ipnet::Ipv4Net,
    /// The router's address in it.
    pub gateway: Ipv4Addr,
    /// The node's own address in it.
    pub address: Ipv4Addr,
}

impl SiteSpec {
    /// A refurbished box as the co-operative uses it: 8 threads, 32 GiB, 500 GB SSD, one blank 2 TB HDD.
    pub fn box_with_disk(id: &str, node: &str, serial: &str, subnet: ipnet::Ipv4Net) -> SiteSpec {
        SiteSpec {
            id: id.to_owned(),
            node: node.to_owned(),
            root_keys: Vec::new(),
            root_password: String::new(),
            cpus: 8,
            memory_bytes: 32 * bytes::GIB,
            ssd_bytes: 500_000_000_000,
            disks: vec![Disk::blank("/dev/sdb", serial, "ST2000LM015", 2_000_398_934_016, true)],
            bridge: "vmbr0".to_owned(),
            subnet,
            gateway: Ipv4Addr::from(u32::from(subnet.network()) + 1),
            address: Ipv4Addr::from(u32::from(subnet.network()) + 2),
        }
    }
}

impl World {
    /// An empty world at the lab's beginning.
    pub fn new(seed: u64) -> World {
        let internet = Internet { catalog_reachable: true, validators_reachable: true, ..Internet::default() };
        World { seed, now: BEGINNING, internet, backup_servers: RefCell::default(), sites: BTreeMap::new() }
    }

    /// Adds a site with a freshly installed Proxmox VE node: storages `local` and `local-lvm`, no VM, no user but root.
    pub fn add_site(&mut self, spec: SiteSpec) -> &mut Site {
        let root_bytes = spec.ssd_bytes / 4;
        let site = Site {
            id: spec.id.clone(),
            online: true,
            off: false,
            node: node_machine(&spec, root_bytes, self.now, self.seed),
            pve: Pve {
                node: spec.node.clone(),
                access: Access::with_root(&spec.root_password),
                booted: self.now,
                hardware: Hardware {
                    cpus: spec.cpus,
                    memory_bytes: spec.memory_bytes,
                    root_bytes,
                    bridges: BTreeMap::from([(
                        spec.bridge.clone(),
                        Lan { subnet: Some(spec.subnet), gateway: Some(spec.gateway) },
                    )]),
                },
                storages: fresh_storages(root_bytes, spec.ssd_bytes - root_bytes),
                ..Pve::default()
            },
        };
        self.sites.entry(spec.id).or_insert(site)
    }
}

fn node_machine(spec: &SiteSpec, root_bytes: u64, now: Moment, seed: u64) -> Machine {
    let disks = std::iter::once(Disk::blank("/dev/sda", "SSD0", "lab SSD", spec.ssd_bytes, false))
        .chain(spec.disks.iter().cloned())
        .collect();
    let address = format!("{}/{}", spec.address, spec.subnet.prefix_len());
    let mut machine = boot::proxmox_node(&spec.node, &[address], disks, seed);
    machine.root_bytes = root_bytes;
    machine.memory_mib = u32::try_from(spec.memory_bytes / bytes::MIB).unwrap_or(u32::MAX);
    machine.booted_at = now;
    if !spec.root_password.is_empty() {
        machine.accounts.set_password("root", Some(&spec.root_password));
    }
    for folder in ["template/iso", "template/cache", "snippets", "import", "dump", "images"] {
        machine.files.make_folder(&format!("/var/lib/vz/{folder}"), 0o755, "root");
    }
    if !spec.root_keys.is_empty() {
        machine.files.make_folder("/root/.ssh", 0o700, "root");
        machine.files.create("/root/.ssh/authorized_keys", 0o600, "root", spec.root_keys.join("\n") + "\n");
    }
    machine
}

/// What the installer of Proxmox VE 9 defines, with snippets and import switched on for the folder.
fn fresh_storages(root_bytes: u64, pool_bytes: u64) -> BTreeMap<String, Storage> {
    let options = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect::<BTreeMap<_, _>>()
    };
    let mut local = Storage::new(
        StorageKind::Dir,
        options(&[("path", "/var/lib/vz"), ("content", "iso,vztmpl,backup,import,snippets")]),
        root_bytes,
    );
    local.other_used_bytes = 4 * bytes::GIB;
    let thin = Storage::new(
        StorageKind::LvmThin,
        options(&[("vgname", "pve"), ("thinpool", "data"), ("content", "images,rootdir")]),
        pool_bytes,
    );
    BTreeMap::from([("local".to_owned(), local), ("local-lvm".to_owned(), thin)])
}
