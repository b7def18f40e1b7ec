//! The folder that a demonstration makes, and may make anew: never one that it did not make.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// A file that says that the folder is a demonstration's.
const MARK: &str = ".accolades-demo";

/// Where everything of a demonstration is kept.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

/// A folder that is not ours.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Something else is in it.
    #[error("`{}` is not empty and no demonstration made it; it is left untouched\n\nname another folder with `--out`", .0.display())]
    NotOurs(PathBuf),
    /// The disk.
    #[error("`{}` cannot be written", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl Folder {
    /// Makes the folder, empty. What an earlier demonstration left in it goes.
    ///
    /// # Errors
    /// When it holds anything that no demonstration made.
    pub fn make(path: &Path) -> Result<Folder, FolderError> {
        let failed = |source| FolderError::Io { path: path.to_owned(), source };
        if path.exists() {
            let is_empty = std::fs::read_dir(path).map_err(failed)?.next().is_none();
            if !is_empty && !path.join(MARK).exists() {
                return Err(FolderError::NotOurs(path.to_owned()));
            }
            std::fs::remove_dir_all(path).map_err(failed)?;
        }
        std::fs::create_dir_all(path).map_err(failed)?;
        let folder = Folder(path.to_owned());
        folder.write(MARK, "made by `accolades demo`, which may replace this folder\n")?;
        Ok(folder)
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes a file that only its owner may read, making the folders above it.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn write(&self, name: &str, text: &str) -> Result<(), FolderError> {
        let path = self.path(name);
        let failed = |source| FolderError::Io { path: path.clone(), source };
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(failed)?;
        }
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&path).map_err(failed)?;
        io::Write::write_all(&mut file, text.as_bytes()).map_err(failed)
    }

    /// What an editor does: puts one text in the place of another.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn change(&self, name: &str, old: &str, new: &str) -> Result<(), FolderError> {
        let text = self.read(name)?;
        self.write(name, &text.replacen(old, new, 1))
    }

    /// What an editor does: adds lines at the end.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn append(&self, name: &str, lines: &str) -> Result<(), FolderError> {
        let text = self.read(name)?;
        self.write(name, &format!("{text}{lines}"))
    }

    fn read(&self, name: &str) -> Result<String, FolderError> {
        let path = self.path(name);
        std::fs::read_to_string(&path).map_err(|source| FolderError::Io { path, source })
    }

    /// The files of a folder inside, in the order of their names.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn read_all(&self, name: &str) -> Result<Vec<String>, FolderError> {
        let folder = self.path(name);
        let failed = |source| FolderError::Io { path: folder.clone(), source };
        let entries: io::Result<Vec<_>> = std::fs::read_dir(&folder).map_err(failed)?.collect();
        let mut paths: Vec<PathBuf> = entries.map_err(failed)?.into_iter().map(|entry| entry.path()).collect();
        paths.sort();
        paths.iter().map(std::fs::read_to_string).collect::<io::Result<_>>().map_err(failed)
    }

    /// Writes the files of an inventory.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn write_inventory(&self, files: &BTreeMap<String, String>) -> Result<(), FolderError> {
        files.iter().try_for_each(|(path, text)| self.write(&format!("inventory/{path}"), text))
    }
}
