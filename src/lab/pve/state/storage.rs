//! Storages and the volumes on them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha1::{Digest, Sha1};

use super::property;
use crate::os::Machine;
use crate::pve::host;
use crate::world::Moment;

/// The kinds of storage that the lab knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StorageKind {
    /// A folder on the node.
    Dir,
    /// An LVM thin pool.
    LvmThin,
    /// A Proxmox Backup Server.
    Pbs,
}

/// A storage: its definition and what is on it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Storage {
    /// Its kind.
    pub kind: StorageKind,
    /// The definition's options as text (`path`, `content`, `is_mountpoint`, `vgname`, ...).
    pub options: BTreeMap<String, String>,
    /// Size in bytes, for those that are not a file system of the node.
    pub capacity_bytes: u64,
    /// Bytes in use by what Proxmox does not know.
    pub other_used_bytes: u64,
    /// Fault: it cannot be activated.
    pub offline: bool,
    /// Fault: nothing more fits.
    pub full: bool,
    /// Volumes by name, without the storage's id.
    pub volumes: BTreeMap<String, Volume>,
}

/// A volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    /// `images`, `import`, `iso`, `vztmpl` or `backup`.
    pub content: String,
    /// `raw`, `qcow2`, `iso`, ...
    pub format: String,
    /// Size in bytes; of a disk, as the guest sees it.
    pub size_bytes: u64,
    /// Bytes that it takes on the storage.
    pub used_bytes: u64,
    /// The VM that it belongs to.
    pub owner: Option<u32>,
    /// When it was made.
    pub created: Moment,
    /// What stands on it (`debian-12`), for what can be booted.
    pub image: Option<String>,
    /// The base volume of a linked clone.
    pub parent: Option<String>,
    /// Notes.
    pub notes: Option<String>,
    /// Whether it must not be removed.
    pub protected: bool,
}

impl StorageKind {
    /// As it stands in a definition.
    pub fn name(self) -> &'static str {
        match self {
            StorageKind::Dir => "dir",
            StorageKind::LvmThin => "lvmthin",
            StorageKind::Pbs => "pbs",
        }
    }

    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<StorageKind> {
        [StorageKind::Dir, StorageKind::LvmThin, StorageKind::Pbs].into_iter().find(|kind| kind.name() == name)
    }

    /// What it may carry.
    pub fn possible_content(self) -> &'static [&'static str] {
        match self {
            StorageKind::Dir => &["images", "rootdir", "vztmpl", "iso", "backup", "snippets", "import", "none"],
            StorageKind::LvmThin => &["images", "rootdir"],
            StorageKind::Pbs => &["backup", "none"],
        }
    }

    /// What it carries when its definition does not say.
    pub fn default_content(self) -> &'static str {
        match self {
            StorageKind::Dir | StorageKind::LvmThin => "images,rootdir",
            StorageKind::Pbs => "backup",
        }
    }
}

/// The folders of a directory storage, by the content that is kept in them.
const FOLDERS: [(&str, &str); 6] = [
    ("backup", "dump"),
    ("iso", "template/iso"),
    ("vztmpl", "template/cache"),
    ("snippets", "snippets"),
    ("images", "images"),
    ("import", "import"),
];

impl Storage {
    /// An empty storage of a kind.
    pub fn new(kind: StorageKind, options: BTreeMap<String, String>, capacity_bytes: u64) -> Storage {
        Storage {
            kind,
            options,
            capacity_bytes,
            other_used_bytes: 0,
            offline: false,
            full: false,
            volumes: BTreeMap::new(),
        }
    }

    /// What activation of a directory makes when it is missing: the folder itself (`create-base-path`), and in it one for
    /// each content (`create-subdirs`); the older `mkdir` forbids both. Nothing while a mount is missing.
    pub fn make_folders(&self, node: &mut Machine) {
        let Some(path) = self.path().map(str::to_owned) else { return };
        if self.problem("", node).is_some_and(|problem| problem.contains("mount point")) {
            return;
        }
        let allowed = |key: &str| self.option(key).or(self.option("mkdir")).is_none_or(property::is_yes);
        if allowed("create-base-path") {
            node.files.make_folder(&path, 0o755, "root");
        }
        if !allowed("create-subdirs") || !node.files.exists(&path) {
            return;
        }
        for (_, folder) in FOLDERS.iter().filter(|(content, _)| self.carries(content)) {
            node.files.make_folder(&format!("{path}/{folder}"), 0o755, "root");
        }
    }

    /// One option.
    pub fn option(&self, key: &str) -> Option<&str> {
        self.options.get(key).map(String::as_str)
    }

    /// The kinds of content that it carries as the list of a definition; every kind of storage has some of its own when
    /// its definition names none.
    pub fn content_list(&self) -> &str {
        self.option("content").filter(|list| !list.is_empty()).unwrap_or(self.kind.default_content())
    }

    /// The kinds of content that it carries.
    pub fn content(&self) -> BTreeSet<String> {
        property::list(self.content_list()).into_iter().collect()
    }

    /// Whether it carries a kind of content.
    pub fn carries(&self, content: &str) -> bool {
        self.content().contains(content)
    }

    /// Whether it is in use on this node at all.
    pub fn enabled_on(&self, node: &str) -> bool {
        let disabled = self.option("disable").is_some_and(property::is_yes);
        let here = self.option("nodes").is_none_or(|nodes| property::list(nodes).iter().any(|one| one == node));
        !disabled && here
    }

    /// The folder of a `dir` storage.
    pub fn path(&self) -> Option<&str> {
        self.option("path")
    }

    /// Why it cannot be activated, in Proxmox's words; `None` when it can.
    pub fn problem(&self, id: &str, node: &Machine) -> Option<String> {
        match self.kind {
            StorageKind::Dir => self.folder_problem(id, node),
            StorageKind::LvmThin => self.offline.then(|| {
                let pool =
                    format!("{}/{}", self.option("vgname").unwrap_or("pve"), self.option("thinpool").unwrap_or("data"));
                format!("no such logical volume {pool}")
            }),
            StorageKind::Pbs => self.offline.then(|| {
                let server = self.option("server").unwrap_or_default();
                let port = self.option("port").unwrap_or("8007");
                format!("{id}: error fetching datastores - 500 Can't connect to {server}:{port} (Connection refused)")
            }),
        }
    }

    /// Total bytes, and those used by what Proxmox knows to be on it; [`super::Pve::space`] counts what shares its place.
    pub fn usage(&self, node: &Machine) -> (u64, u64) {
        let total = self.path().and_then(|path| host::file_system_bytes(node, path)).unwrap_or(self.capacity_bytes);
        let volumes: u64 = self.volumes.values().map(|volume| volume.used_bytes).sum();
        let used = if self.full { total } else { (self.other_used_bytes + volumes).min(total) };
        (total, used)
    }

    /// The format of new disks.
    pub fn default_format(&self) -> &'static str {
        if self.kind == StorageKind::Dir { "qcow2" } else { "raw" }
    }

    /// A free name for a disk of this VM.
    pub fn free_disk_name(&self, vmid: u32, format: &str) -> String {
        let mut number = 0_u32;
        loop {
            let taken = ["vm", "base"].iter().any(|kind| {
                let stem = format!("{kind}-{vmid}-disk-{number}");
                self.volumes.keys().any(|name| {
                    let last = name.rsplit('/').next().unwrap_or(name);
                    last == stem || last.strip_prefix(&stem).is_some_and(|rest| rest.starts_with('.'))
                })
            });
            if !taken {
                return self.volume_name(vmid, &format!("vm-{vmid}-disk-{number}"), format);
            }
            number += 1;
        }
    }

    /// A volume's name: on a `dir` storage in the VM's folder and with the format as its ending.
    pub fn volume_name(&self, vmid: u32, stem: &str, format: &str) -> String {
        if self.kind == StorageKind::Dir { format!("{vmid}/{stem}.{format}") } else { stem.to_owned() }
    }

    fn folder_problem(&self, id: &str, node: &Machine) -> Option<String> {
        let path = self.path().unwrap_or_default();
        // `is_mountpoint` is a boolean or the path of the mount itself.
        let mount = self.option("is_mountpoint").filter(|text| !matches!(*text, "0" | "no" | "off" | "false"));
        if let Some(mount) = mount {
            let mount = if mount.starts_with('/') { mount } else { path };
            if self.offline || !host::is_mount(node, mount) {
                return Some(format!(
                    "unable to activate storage '{id}' - directory is expected to be a mount point but is not mounted: '{mount}'"
                ));
            }
        }
        (self.offline || !node.files.exists(path))
            .then(|| format!("unable to activate storage '{id}' - directory '{path}' does not exist or is unreachable"))
    }
}

/// The digest of all definitions: they stand in one file, so that a change of any of them is a change for all.
pub fn digest(storages: &BTreeMap<String, Storage>) -> String {
    let mut text = String::new();
    for (id, storage) in storages {
        text.push_str(&format!("{}: {id}\n", storage.kind.name()));
        text.extend(storage.options.iter().map(|(key, value)| format!("\t{key} {value}\n")));
        text.push('\n');
    }
    hex::encode(Sha1::digest(text.as_bytes()))
}

/// A volume id taken apart: `local:import/debian.qcow2`.
pub fn parse_volid(volid: &str) -> Option<(&str, &str)> {
    volid.split_once(':').filter(|(storage, name)| {
        storage.starts_with(|c: char| c.is_ascii_alphabetic()) && storage.len() > 1 && !name.is_empty()
    })
}

/// The kind of content that a volume's name on this storage stands for.
pub fn content_of(name: &str) -> &'static str {
    match name.split_once('/') {
        Some(("iso", _)) => "iso",
        Some(("vztmpl", _)) => "vztmpl",
        Some(("snippets", _)) => "snippets",
        Some(("import", _)) => "import",
        Some(("backup", _)) => "backup",
        _ => "images",
    }
}
