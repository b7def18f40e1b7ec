//! Where a backup goes: a folder of the node, or a Proxmox Backup Server.

mod to_server;

use serde::{Deserialize, Serialize};

use super::{Options, report};
use crate::pve::backups::capture::Captured;
use crate::pve::backups::{self, folder};
use crate::pve::general::zone_of;
use crate::pve::state::StorageKind;
use crate::pve::work::SECOND_US;
use crate::world::{Moment, Site, Surroundings};
use to_server::ToServer;

/// Bytes of a disk that hold something and are read in a second.
const READ_BYTES_PER_SECOND: u64 = 400_000_000;
/// Bytes of a disk that hold nothing and are read in a second.
const EMPTY_BYTES_PER_SECOND: u64 = 1_500_000_000;
/// Bytes that a backup disk takes in a second.
const WRITE_BYTES_PER_SECOND: u64 = 100_000_000;
/// A copy takes at least so long.
const SHORTEST_US: u64 = 2 * SECOND_US;

/// Where a guest's backup goes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Place {
    /// An archive in a folder.
    Folder {
        /// The storage.
        storage: String,
        /// The folder with the archives.
        folder: String,
        /// The name without its ending.
        base: String,
        /// The ending.
        ending: String,
    },
    /// A snapshot on a backup server.
    Server(ToServer),
}

/// What is copied, and how long that takes.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Copy {
    /// Size of all disks.
    pub total_bytes: u64,
    /// What is read of them.
    pub target_bytes: u64,
    /// What is read and holds nothing.
    pub zero_bytes: u64,
    /// What the server had already.
    pub reused_bytes: u64,
    /// What is written at the other end.
    pub written_bytes: u64,
    /// Size of the archive.
    pub archive_bytes: u64,
    /// How long it takes.
    pub duration_us: u64,
    /// What the log says before the copy begins.
    pub lines: Vec<String>,
}

/// A backup that is complete.
#[derive(Debug, Clone)]
pub struct Closed {
    /// Its id.
    pub volid: String,
    /// What the log says about its size.
    pub size_line: Option<String>,
}

/// A backup that could not be completed.
#[derive(Debug, Clone)]
pub struct Broken {
    /// What other programs said about it.
    pub lines: Vec<String>,
    /// The error.
    pub error: String,
}

impl From<String> for Broken {
    fn from(error: String) -> Broken {
        Broken { lines: Vec::new(), error }
    }
}

/// Activates the storage and reads what a backup needs to know of it.
///
/// # Errors
/// All that forbids it, in Proxmox's words.
pub fn check(site: &Site, around: Surroundings<'_>, options: &Options) -> Result<(), String> {
    let id = &options.storage;
    let mut errors = Vec::new();
    if let Err(error) = backups::activate(site, around, id) {
        errors.push(format!("could not activate storage '{id}': {error}"));
    }
    let about = |error: String| format!("could not get storage information for '{id}': {error}");
    match site.pve.storages.get(id) {
        None => errors.push(about(format!("storage '{id}' does not exist"))),
        Some(storage) if !storage.carries("backup") => {
            errors.push(about(format!("can't use storage '{id}' for backups - wrong content type")));
        }
        Some(_) => {}
    }
    if errors.is_empty() { Ok(()) } else { Err(errors.join("\n")) }
}

impl Place {
    /// The place for a guest's backup that began at this moment.
    ///
    /// # Errors
    /// The storage is gone.
    pub fn choose(site: &Site, options: &Options, vmid: u32, began: Moment) -> Result<Place, String> {
        let id = &options.storage;
        let storage = site.pve.storages.get(id).ok_or_else(|| format!("storage '{id}' does not exist"))?;
        match storage.kind {
            StorageKind::Dir => Ok(Place::Folder {
                storage: id.clone(),
                folder: folder::dump_folder(storage),
                base: folder::base_name(vmid, began.unix_seconds(), &zone_of(site)),
                ending: folder::ending(&options.compress).to_owned(),
            }),
            StorageKind::Pbs => Ok(Place::Server(ToServer::new(id, vmid, began.unix_seconds()))),
            StorageKind::LvmThin => Err(format!("can't use storage '{id}' for backups - wrong content type")),
        }
    }

    /// What the log says first.
    pub fn announcement(&self) -> String {
        match self {
            Place::Folder { folder, base, ending, .. } => {
                format!("creating vzdump archive '{folder}/{base}.{ending}'")
            }
            Place::Server(server) => {
                format!("creating Proxmox Backup Server archive '{}'", server.snapshot())
            }
        }
    }

    /// What the log says about encryption.
    ///
    /// # Errors
    /// A key is configured but not there.
    pub fn encryption(&self, site: &Site) -> Result<Vec<String>, String> {
        match self {
            Place::Folder { .. } => Ok(Vec::new()),
            Place::Server(server) => server.encryption(site),
        }
    }

    /// Begins the backup with what was caught of the guest.
    ///
    /// # Errors
    /// The place does not take it.
    pub fn open(
        &mut self,
        site: &mut Site,
        around: Surroundings<'_>,
        vmid: u32,
        captured: &Captured,
        bwlimit_kib: u64,
    ) -> Result<Copy, String> {
        let dat = self.unfinished();
        match self {
            Place::Folder { storage, folder: dump, ending, .. } => {
                if let Some(storage) = site.pve.storages.get(storage) {
                    storage.make_folders(&mut site.node);
                }
                if !site.node.files.exists(dump) {
                    return Err(format!("unable to create temporary directory '{dat}.tmp'"));
                }
                let made_s = around.now.unix_seconds();
                folder::write(&mut site.node, &mut site.pve.contents, &dat, captured, made_s);
                Ok(copy_to_folder(captured, ending, bwlimit_kib))
            }
            Place::Server(server) => server.open(site, around, vmid, captured, bwlimit_kib),
        }
    }

    /// Completes the backup.
    ///
    /// # Errors
    /// The place is full or gone.
    pub fn close(&self, site: &mut Site, around: Surroundings<'_>, vmid: u32, copy: &Copy) -> Result<Closed, Broken> {
        match self {
            Place::Folder { storage, folder: dump, base, ending } => {
                if copy.archive_bytes > site.pve.free_bytes(&site.node, storage) {
                    let line = "zstd: error 70 : Write error : cannot write block : No space left on device";
                    return Err(Broken {
                        lines: vec![line.to_owned()],
                        error: "vma_queue_write: write error - Broken pipe".to_owned(),
                    });
                }
                let file = format!("{base}.{ending}");
                folder::finish(&mut site.node, &self.unfinished(), &format!("{dump}/{file}"), copy.archive_bytes)
                    .map_err(|_| "vma_queue_write: write error - Input/output error".to_owned())?;
                Ok(Closed {
                    volid: format!("{storage}:backup/{file}"),
                    size_line: Some(format!("archive file size: {}", report::file_size(copy.archive_bytes))),
                })
            }
            Place::Server(server) => Ok(server.close(site, around, vmid)?),
        }
    }

    /// Takes away what an unfinished backup leaves.
    pub fn give_up(&self, site: &mut Site, around: Surroundings<'_>, vmid: u32) {
        match self {
            Place::Folder { .. } => {
                site.node.files.remove(&self.unfinished());
                folder::collect(&mut site.pve, &site.node);
            }
            Place::Server(server) => server.give_up(site, around, vmid),
        }
    }

    /// Keeps the guest's log with its backup.
    pub fn keep_log(&self, site: &mut Site, text: String) {
        match self {
            Place::Folder { folder: dump, base, .. } => {
                site.node.files.create(&format!("{dump}/{base}.log"), 0o644, "root", text);
            }
            // The log of a backup on a server is not kept there in the lab.
            Place::Server(_) => {}
        }
    }

    /// The name of an archive under construction.
    fn unfinished(&self) -> String {
        match self {
            Place::Folder { folder, base, ending, .. } => {
                let stem = ending.rsplit_once('.').map_or("", |(stem, _)| stem);
                let dot = if stem.is_empty() { "" } else { "." };
                format!("{folder}/{base}{dot}{stem}.dat")
            }
            Place::Server(_) => String::new(),
        }
    }
}

impl Copy {
    /// What the log says when the copy is through.
    pub fn summary(&self, seconds: u64) -> Vec<String> {
        let mut lines = Vec::new();
        let share = |part: u64, whole: u64| part.saturating_mul(100) / whole.max(1);
        if self.zero_bytes > 0 {
            let zero = report::bytes(self.zero_bytes, 2);
            let percent = share(self.zero_bytes, self.target_bytes);
            lines.push(format!("backup is sparse: {zero} ({percent}%) total zero data"));
        }
        if self.reused_bytes > 0 {
            let reused = report::bytes(self.reused_bytes, 2);
            let percent = share(self.reused_bytes, self.total_bytes);
            lines.push(format!("backup was done incrementally, reused {reused} ({percent}%)"));
        }
        if self.target_bytes > 0 {
            let read = report::bytes(self.target_bytes, 2);
            lines.push(if seconds > 0 {
                format!("transferred {read} in {seconds} seconds ({})", report::speed(self.target_bytes, seconds))
            } else {
                format!("transferred {read} in <1 seconds")
            });
        }
        lines
    }
}

/// A local backup reads every disk whole, each time.
fn copy_to_folder(captured: &Captured, ending: &str, bwlimit_kib: u64) -> Copy {
    let total_bytes: u64 = captured.disks.iter().map(|disk| disk.size_bytes).sum();
    let data_bytes: u64 = captured.disks.iter().map(|disk| disk.data_bytes).sum();
    // What is left of a Debian with its applications, in hundredths.
    let left = match ending {
        "vma.zst" => 45,
        "vma.gz" => 44,
        "vma.lzo" => 58,
        _ => 100,
    };
    let archive_bytes = data_bytes / 100 * left + 65_536;
    let reading_us =
        time_us(data_bytes, READ_BYTES_PER_SECOND) + time_us(total_bytes - data_bytes, EMPTY_BYTES_PER_SECOND);
    let writing_us = time_us(archive_bytes, WRITE_BYTES_PER_SECOND);
    let limited_us = if bwlimit_kib > 0 { time_us(total_bytes, bwlimit_kib * 1024) } else { 0 };
    Copy {
        total_bytes,
        target_bytes: total_bytes,
        zero_bytes: total_bytes - data_bytes,
        written_bytes: data_bytes,
        archive_bytes,
        duration_us: reading_us.max(writing_us).max(limited_us).max(SHORTEST_US),
        ..Copy::default()
    }
}

/// How long so many bytes take.
pub(super) fn time_us(bytes: u64, bytes_per_second: u64) -> u64 {
    let us = u128::from(bytes) * u128::from(SECOND_US) / u128::from(bytes_per_second.max(1));
    u64::try_from(us).unwrap_or(u64::MAX)
}
