//! A drop folder: `out/` has each file with its metadata beside it, `in/` takes statuses, `done/` keeps those that were
//! taken in. A person, a shared folder or any program carries files between it and a platform.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::cdar::{self, Status};
use super::{Acknowledged, Deposit, Filed, Inbox, Incoming, Platform, PlatformError};

/// Documents are about clients: files are their owner's alone.
const FILE_MODE: u32 = 0o600;

/// Files that are looked at in one go.
const FILES_MAX: usize = 10_000;

/// A drop folder.
#[derive(Debug, Clone)]
pub struct DropFolder {
    root: PathBuf,
}

impl DropFolder {
    /// The folder at a path; its parts are made when they are needed.
    pub fn new(root: impl Into<PathBuf>) -> DropFolder {
        DropFolder { root: root.into() }
    }

    fn metadata(&self, tracking: &str) -> PathBuf {
        self.root.join("out").join(format!("{tracking}.json"))
    }

    /// Written beside, synced, renamed: there whole or not at all. The same name always has the same content.
    fn write(path: &Path, bytes: &[u8]) -> Result<(), PlatformError> {
        let failed = |source| PlatformError::File { path: path.to_owned(), source };
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(failed)?;
        let beside = folder.join(format!(".{}.new", path.file_name().unwrap_or_default().to_string_lossy()));
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(FILE_MODE).open(&beside).map_err(failed)?;
        file.write_all(bytes).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        std::fs::rename(&beside, path).map_err(failed)?;
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
    }

    fn files_in(&self, part: &str) -> Result<Vec<PathBuf>, PlatformError> {
        let folder = self.root.join(part);
        let failed = |source| PlatformError::File { path: folder.clone(), source };
        if !folder.exists() {
            return Ok(Vec::new());
        }
        let mut files = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(failed)?.take(FILES_MAX) {
            let path = entry.map_err(failed)?.path();
            let is_hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
            if !is_hidden && path.is_file() {
                files.push(path);
            }
        }
        files.sort();
        Ok(files)
    }
}

impl Platform for DropFolder {
    async fn find(&self, tracking: &str) -> Result<Option<Filed>, PlatformError> {
        Ok(self.metadata(tracking).exists().then(|| filed(tracking)))
    }

    /// The file first, its metadata last: who carries it on looks for the metadata.
    async fn file(&self, deposit: &Deposit<'_>) -> Result<Filed, PlatformError> {
        DropFolder::write(&self.root.join("out").join(deposit.name), deposit.bytes)?;
        let metadata = serde_json::json!({
            "version": 1,
            "trackingId": deposit.tracking,
            "name": deposit.name,
            "flowSyntax": deposit.syntax,
            "processingRule": deposit.rule,
            "sha256": deposit.sha256,
            "about": deposit.about,
        });
        DropFolder::write(&self.metadata(deposit.tracking), format!("{metadata:#}\n").as_bytes())?;
        Ok(filed(deposit.tracking))
    }

    async fn incoming(&self, _since: Option<Timestamp>) -> Result<Inbox, PlatformError> {
        let mut inbox = Inbox::default();
        for path in self.files_in("in")? {
            let failed = |source| PlatformError::File { path: path.clone(), source };
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let size = std::fs::metadata(&path).map_err(failed)?.len();
            if size > cdar::FILE_BYTES_MAX as u64 {
                inbox.unreadable.push((name, "it is too large for a status".to_owned()));
                continue;
            }
            let bytes = std::fs::read(&path).map_err(failed)?;
            let read = match path.extension().and_then(OsStr::to_str) {
                Some("json") => {
                    serde_json::from_slice::<Status>(&bytes).map(|one| vec![one]).map_err(|error| error.to_string())
                }
                _ => cdar::read(&bytes),
            };
            match read {
                Err(why) => inbox.unreadable.push((name, why)),
                // The content names it: the same file under another name is the same status.
                Ok(statuses) => {
                    let digest = hex::encode(Sha256::digest(&bytes));
                    inbox.statuses.extend(statuses.into_iter().enumerate().map(|(place, status)| Incoming {
                        reference: format!("file {digest} {place}"),
                        seen_at: status.at,
                        status,
                    }));
                }
            }
        }
        Ok(inbox)
    }

    async fn taken_in(&self, reference: &str) -> Result<(), PlatformError> {
        let Some(digest) = reference.strip_prefix("file ").and_then(|rest| rest.split(' ').next()) else {
            return Ok(());
        };
        for path in self.files_in("in")? {
            let failed = |source| PlatformError::File { path: path.clone(), source };
            let bytes = std::fs::read(&path).map_err(failed)?;
            if hex::encode(Sha256::digest(&bytes)) == digest {
                let done = self.root.join("done");
                std::fs::create_dir_all(&done).map_err(failed)?;
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                std::fs::rename(&path, done.join(format!("{}-{name}", &digest[..8]))).map_err(failed)?;
            }
        }
        Ok(())
    }
}

/// A folder looks at nothing: what is in it has been handed over.
fn filed(tracking: &str) -> Filed {
    Filed { flow: tracking.to_owned(), acknowledged: Acknowledged::Ok }
}
