//! A backup to a Proxmox Backup Server: chunks that it knows are not sent, and blocks that did not change since the
//! last one are not even read while the same QEMU runs.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Closed, Copy, EMPTY_BYTES_PER_SECOND, READ_BYTES_PER_SECOND, SHORTEST_US, report, time_us};
use crate::pbs::node_side::{self, Previous, Running, Upload};
use crate::pbs::state::names::time_text;
use crate::pbs::state::{Archive, GroupId};
use crate::pve::backups::capture::Captured;
use crate::pve::backups::config::device;
use crate::pve::backups::server::{Plugin, crypt_mode, secret_path};
use crate::pve::state::{Bitmap, Power};
use crate::world::{Moment, Site, Surroundings};

/// Bytes that the uplink of a site sends in a second.
const UPLINK_BYTES_PER_SECOND: u64 = 5_000_000;
/// What a running guest writes when nobody works: bytes at once, and per second.
const IDLE_BYTES: u64 = 16 * 1024 * 1024;
const IDLE_BYTES_PER_SECOND: u64 = 20 * 1024;
/// The size of a block in a bitmap, and of a chunk.
const BLOCK_BYTES: u64 = 4 * 1024 * 1024;

/// A guest's snapshot on a server.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ToServer {
    storage: String,
    vmid: u32,
    /// Its time, in seconds since 1970.
    time: i64,
    running: Option<Running>,
    /// What is sent when the copy ends.
    held: Vec<Held>,
    /// What QEMU remembers when all goes well.
    bitmap: Option<Bitmap>,
}

/// A file of the snapshot.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Held {
    name: String,
    content: String,
    /// Size of the disk; `None` for a small file.
    disk_bytes: Option<u64>,
}

impl ToServer {
    /// The snapshot of a guest at this time.
    pub fn new(storage: &str, vmid: u32, time: i64) -> ToServer {
        ToServer { storage: storage.to_owned(), vmid, time, running: None, held: Vec::new(), bitmap: None }
    }

    /// `vm/101/2026-08-01T02:00:00Z`.
    pub fn snapshot(&self) -> String {
        format!("vm/{}/{}", self.vmid, time_text(self.time))
    }

    fn plugin<'a>(&'a self, site: &'a Site) -> Result<Plugin<'a>, String> {
        let storage = site.pve.storages.get(&self.storage);
        let storage = storage.ok_or_else(|| format!("storage '{}' does not exist", self.storage))?;
        Ok(Plugin::of(site, &self.storage, &storage.options))
    }

    /// What the log says about encryption.
    ///
    /// # Errors
    /// A key is configured but not there.
    pub fn encryption(&self, site: &Site) -> Result<Vec<String>, String> {
        let plugin = self.plugin(site)?;
        let master = site.node.files.exists(&secret_path(&self.storage, "master.pem"));
        match (plugin.encryption_key()?, master) {
            (Some(_), true) => Ok(vec!["enabling encryption with master key feature".to_owned()]),
            (Some(_), false) if plugin.options.contains_key("master-pubkey") => {
                Err("master public key configured but no key file found".to_owned())
            }
            (Some(_), false) => Ok(vec!["enabling encryption".to_owned()]),
            (None, _) => Ok(Vec::new()),
        }
    }

    /// Tells the server that a backup begins, and works out what of the disks is read and sent.
    ///
    /// # Errors
    /// The server is not reached or refuses.
    pub fn open(
        &mut self,
        site: &mut Site,
        around: Surroundings<'_>,
        vmid: u32,
        captured: &Captured,
        bwlimit_kib: u64,
    ) -> Result<Copy, String> {
        let group = GroupId::vm(vmid);
        let plugin = self.plugin(site)?;
        let key = plugin.encryption_key()?;
        let failed = |text: String| {
            format!("VM {vmid} qmp command 'backup' failed - backup connect failed: command error: {text}")
        };
        if !plugin.online {
            return Err(failed("client error (Connect)".to_owned()));
        }
        let upload = Upload { group: &group, time: self.time, key: key.as_ref(), mode: crypt_mode(key.as_ref()) };
        let running = node_side::begin(around, &plugin.login(), &upload).map_err(|error| failed(error.in_client()))?;
        let target = format!(
            "{}{} {}",
            plugin.repository(),
            plugin.namespace_argument(),
            key.as_ref().map(|key| key.fingerprint()).unwrap_or_default()
        );
        let rate = plugin.rate_to_server(around).unwrap_or(u64::MAX).min(UPLINK_BYTES_PER_SECOND);
        let vm = site.pve.vms.get(&vmid).ok_or_else(|| format!("unable to find VM '{vmid}'"))?;
        let copy = plan(captured, vm.bitmap.as_ref(), &target, &running.previous, around.now, rate, bwlimit_kib);
        self.held = held(captured, master_key(site, &self.storage));
        self.bitmap = Some(Bitmap {
            target,
            taken: Moment(self.time.saturating_mul(1_000_000)),
            disks: captured.disks.iter().map(|disk| (disk.key.clone(), (disk.size_bytes, hash(&disk.data)))).collect(),
        });
        self.running = Some(running);
        Ok(copy)
    }

    /// Sends what was caught and completes the snapshot.
    ///
    /// # Errors
    /// The server is not reached any more, or refuses.
    pub fn close(&self, site: &mut Site, around: Surroundings<'_>, vmid: u32) -> Result<Closed, String> {
        let group = GroupId::vm(vmid);
        let plugin = self.plugin(site)?;
        let key = plugin.encryption_key()?;
        let upload = Upload { group: &group, time: self.time, key: key.as_ref(), mode: crypt_mode(key.as_ref()) };
        let running = self.running.as_ref().ok_or_else(|| "got no uuid for backup task".to_owned())?;
        if !plugin.online {
            return Err("backup write data failed: command error: protocol canceled".to_owned());
        }
        let archives: Vec<Archive> = self
            .held
            .iter()
            .map(|one| match one.disk_bytes {
                Some(bytes) => Archive::disk(&one.name, one.content.clone().into_bytes(), bytes),
                None => Archive::blob(&one.name, one.content.as_bytes()),
            })
            .collect();
        node_side::finish(around, &plugin.login(), running, &upload, &archives)
            .map_err(|error| format!("backup write data failed: command error: {}", error.in_client()))?;
        let volid = format!("{}:backup/{}", self.storage, self.snapshot());
        if let Some(vm) = site.pve.vms.get_mut(&vmid) {
            // What runs for the backup only takes its memory along.
            vm.bitmap = self.bitmap.clone().filter(|_| vm.power != Power::Prelaunch);
        }
        Ok(Closed { volid, size_line: None })
    }

    /// Gives the snapshot up; QEMU no longer knows what changed.
    pub fn give_up(&self, site: &mut Site, around: Surroundings<'_>, vmid: u32) {
        if let (Some(running), Ok(plugin)) = (&self.running, self.plugin(site)) {
            node_side::abort(around, &plugin.login(), running, "connection error");
        }
        if let Some(vm) = site.pve.vms.get_mut(&vmid) {
            vm.bitmap = None;
        }
    }
}

/// The files of a snapshot.
fn held(captured: &Captured, master: Option<String>) -> Vec<Held> {
    let small =
        |name: &str, content: &str| Held { name: name.to_owned(), content: content.to_owned(), disk_bytes: None };
    let disks = captured.disks.iter().map(|disk| Held {
        name: format!("{}.img.fidx", device(&disk.key)),
        content: disk.data.to_string(),
        disk_bytes: Some(disk.size_bytes),
    });
    let mut files: Vec<Held> = disks.collect();
    files.push(small("qemu-server.conf.blob", &captured.config));
    files.extend(captured.firewall.as_ref().map(|text| small("fw.conf.blob", text)));
    files.extend(master.map(|text| small("rsa-encrypted.key.blob", &text)));
    files
}

/// What stands for a copy of the key that only the owner of the master key can open. The lab seals nothing with RSA:
/// it only shows that there is such a copy, and for which key.
fn master_key(site: &Site, storage: &str) -> Option<String> {
    let public = site.node.files.read(&secret_path(storage, "master.pem"))?;
    site.node.files.exists(&secret_path(storage, "enc")).then(|| format!("sealed for {}", hash(public)))
}

/// What is read and sent, and the log's lines about it.
fn plan(
    captured: &Captured,
    bitmap: Option<&Bitmap>,
    target: &str,
    previous: &Previous,
    now: Moment,
    rate: u64,
    bwlimit_kib: u64,
) -> Copy {
    let seconds_since = |then_s: i64| u64::try_from(now.unix_seconds() - then_s).unwrap_or_default();
    let last_s = match previous {
        Previous::Used { time } => Some(*time),
        Previous::None | Previous::NotUsable { .. } => None,
    };
    let usable = bitmap.filter(|one| one.target == target && last_s == Some(one.taken.unix_seconds()));
    let mut copy = Copy::default();
    let (mut data_read, mut sent) = (0, 0);
    for disk in &captured.disks {
        let key = &disk.key;
        let (size, data) = (disk.size_bytes, disk.data_bytes.min(disk.size_bytes));
        let written = |seconds: u64| {
            let bytes = IDLE_BYTES + seconds.saturating_mul(IDLE_BYTES_PER_SECOND);
            (bytes.div_ceil(BLOCK_BYTES) * BLOCK_BYTES).min(size)
        };
        let known = usable.and_then(|one| one.disks.get(key)).filter(|(known_size, _)| *known_size == size);
        let (dirty, action) = match (known, bitmap) {
            (Some((_, content)), _) if *content == hash(&disk.data) => (0, "OK (drive clean)".to_owned()),
            (Some(_), Some(one)) => {
                let dirty = written(seconds_since(one.taken.unix_seconds()));
                (dirty, format!("OK ({} of {} dirty)", report::bytes(dirty, 1), report::bytes(size, 1)))
            }
            (_, Some(_)) => (size, "existing bitmap was invalid and has been cleared".to_owned()),
            (_, None) => (size, "created new".to_owned()),
        };
        copy.lines.push(format!("{key}: dirty-bitmap status: {action}"));
        copy.total_bytes += size;
        copy.target_bytes += dirty;
        data_read += dirty.min(data);
        // What the server has from the last backup is read again, but not sent.
        sent += last_s.map_or(data, |last_s| written(seconds_since(last_s)).min(data)).min(dirty);
    }
    if copy.target_bytes < copy.total_bytes {
        copy.lines.push(format!(
            "using fast incremental mode (dirty-bitmap), {} dirty of {} total",
            report::bytes(copy.target_bytes, 1),
            report::bytes(copy.total_bytes, 1)
        ));
    }
    copy.zero_bytes = copy.target_bytes - data_read;
    copy.written_bytes = sent;
    copy.reused_bytes = copy.total_bytes - sent;
    copy.archive_bytes = copy.total_bytes;
    let reading_us = time_us(data_read, READ_BYTES_PER_SECOND) + time_us(copy.zero_bytes, EMPTY_BYTES_PER_SECOND);
    let limited_us = if bwlimit_kib > 0 { time_us(copy.target_bytes, bwlimit_kib * 1024) } else { 0 };
    copy.duration_us = reading_us.max(time_us(sent, rate)).max(limited_us).max(SHORTEST_US);
    copy
}

fn hash(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}
