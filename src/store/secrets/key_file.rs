//! The file with the key: 64 hexadecimal digits, readable by its owner alone.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use secrecy::ExposeSecret;

use super::VaultError;
use super::cipher::Key;

const KEY_FILE_MODE: u32 = 0o600;
const OTHERS: u32 = 0o077;

/// Reads a key, `None` when there is no file.
pub(super) fn read(path: &Path) -> Result<Option<Key>, VaultError> {
    let failed = |source| VaultError::File { path: path.to_owned(), source };
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mode = metadata.permissions().mode() & 0o777;
    if mode & OTHERS != 0 {
        return Err(VaultError::KeyReadableByOthers { path: path.to_owned(), mode });
    }
    let text = fs::read_to_string(path).map_err(failed)?;
    Key::from_hex(text.trim_end()).map(Some).ok_or_else(|| VaultError::NotAKey { path: path.to_owned() })
}

/// Writes a key beside its future place, under a name of its own. It is on the disk when this returns.
pub(super) fn write_aside(path: &Path, key: &Key) -> Result<PathBuf, VaultError> {
    let aside = aside(path, &key.id());
    write(&aside, key).map_err(|source| VaultError::File { path: aside.clone(), source })?;
    Ok(aside)
}

/// Where a key of this id waits until the store is encrypted under it.
pub(super) fn aside(path: &Path, key_id: &str) -> PathBuf {
    let mut aside = path.to_owned();
    aside.as_mut_os_string().push(format!(".next-{key_id}"));
    aside
}

/// Puts a key that was written aside in its place, over the old one. Another program may have done so already.
pub(super) fn put_in_place(aside: &Path, path: &Path) -> Result<(), VaultError> {
    match fs::rename(aside, path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        renamed => renamed,
    }
    .and_then(|()| sync_folder(path))
    .map_err(|source| VaultError::File { path: path.to_owned(), source })
}

/// Removes a key that was written aside and is not wanted.
pub(super) fn discard(aside: &Path) -> Result<(), VaultError> {
    fs::remove_file(aside).map_err(|source| VaultError::File { path: aside.to_owned(), source })
}

fn write(path: &Path, key: &Key) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(KEY_FILE_MODE).open(path)?;
    writeln!(file, "{}", key.to_hex().expose_secret())?;
    file.sync_all()?;
    sync_folder(path)
}

/// A name is only as durable as its folder.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}
