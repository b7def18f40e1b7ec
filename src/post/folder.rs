//! Mails into a folder, one `.eml` file each, as mail programs open them.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::PostError;

/// Mails are about clients: files are their owner's alone.
const FILE_MODE: u32 = 0o600;

/// Longest readable part of a file's name.
const NAME_LENGTH_MAX: usize = 80;

/// A folder of mails.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// The folder at a path; it is made when the first mail goes into it.
    pub fn new(path: impl Into<PathBuf>) -> Folder {
        Folder { path: path.into() }
    }

    /// The file of a mail: readable, and never that of another key.
    pub fn file(&self, key: &str) -> PathBuf {
        let readable = |one: char| if one.is_ascii_alphanumeric() || "-_.@".contains(one) { one } else { '-' };
        let name: String = key.chars().map(readable).take(NAME_LENGTH_MAX).collect();
        let digest = hex::encode(Sha256::digest(key));
        self.path.join(format!("{}-{}.eml", name.trim_start_matches('.'), &digest[..8]))
    }

    /// Whether a mail is there, whole.
    pub fn has(&self, key: &str) -> bool {
        self.file(key).exists()
    }

    /// Writes a mail beside its place, synced, and links it there: it is there whole or not at all, and one that is there
    /// is never overwritten. Returns what is to be said of it.
    ///
    /// # Errors
    /// [`PostError::File`] when the folder cannot be written.
    pub fn write(&self, key: &str, message: &[u8]) -> Result<String, PostError> {
        let path = self.file(key);
        let failed = |source| PostError::File { path: path.clone(), source };
        std::fs::create_dir_all(&self.path).map_err(failed)?;
        let beside = path.with_extension(format!("{}.new", std::process::id()));
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(FILE_MODE).open(&beside).map_err(failed)?;
        file.write_all(message).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        // A link, because a rename would replace what is there.
        let linked = std::fs::hard_link(&beside, &path);
        std::fs::remove_file(&beside).map_err(failed)?;
        let said = match linked {
            Ok(()) => format!("written as {}", name_of(&path)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => format!("was there as {}", name_of(&path)),
            Err(error) => return Err(failed(error)),
        };
        File::open(&self.path).and_then(|folder| folder.sync_all()).map_err(failed)?;
        Ok(said)
    }
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
