//! The inventory on disk: read whole, written file by file without ever leaving half a file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::check::{check, mistakes_beside};
use super::document::{COOPERATIVE_FILE, FOLDERS};
use super::mistake::{Mistake, Mistakes, Place, did_you_mean};
use super::model::Inventory;
use super::side_by_side::side_by_side;

/// An inventory that was read and checked.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The model.
    pub inventory: Inventory,
    /// The texts it was read from, by path relative to the folder.
    pub files: BTreeMap<String, String>,
    /// SHA-256 over the sorted paths and texts, in hexadecimal: the same for the same inventory, wherever it lies.
    pub content_hash: String,
}

/// Reads and checks the inventory in a folder.
///
/// # Errors
/// All mistakes: those of the folder (missing, unreadable, unknown files) and those of the files that can be read.
pub fn load(folder: &Path) -> Result<Loaded, Mistakes> {
    let Found { files, unreadable, mut mistakes, is_whole } = find(folder);
    if !mistakes.is_empty() {
        // Where files are missing that nobody could name, whatever refers to them would look wrong.
        if is_whole {
            mistakes.extend(mistakes_beside(&files, &unreadable));
        }
        return Err(Mistakes::new(mistakes, &files));
    }
    let inventory = check(&files)?;
    let content_hash = content_hash(&files);
    Ok(Loaded { inventory, files, content_hash })
}

/// SHA-256 over sorted paths and texts, each with its length in front so that no two inventories look alike.
pub fn content_hash(files: &BTreeMap<String, String>) -> String {
    let mut hash = Sha256::new();
    for part in files.iter().flat_map(|(path, text)| [path, text]) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hex::encode(hash.finalize())
}

/// The texts of an inventory's folder by relative path: `cooperative.toml` and the `.toml` files of the known folders.
/// Hidden files and files of other kinds (notes, editors' backups) are left alone.
///
/// # Errors
/// A mistake per file or folder that cannot be read or belongs nowhere.
pub fn read_files(folder: &Path) -> Result<BTreeMap<String, String>, Mistakes> {
    let Found { files, mistakes, .. } = find(folder);
    if mistakes.is_empty() { Ok(files) } else { Err(Mistakes::new(mistakes, &files)) }
}

/// What a folder holds.
struct Found {
    files: BTreeMap<String, String>,
    /// Files of the inventory whose text could not be read.
    unreadable: BTreeSet<String>,
    mistakes: Vec<Mistake>,
    /// Every file is known by its name at least.
    is_whole: bool,
}

fn find(folder: &Path) -> Found {
    let mut scan = Scan { is_whole: true, ..Scan::default() };
    scan.top(folder);
    let Scan { found, mut mistakes, is_whole } = scan;
    let (mut files, mut unreadable) = (BTreeMap::new(), BTreeSet::new());
    for part in side_by_side(&found, |part| part.iter().map(|(path, place)| read(path, place)).collect::<Vec<_>>()) {
        for one in part {
            match one {
                Ok((path, text)) => drop(files.insert(path, text)),
                Err(mistake) => {
                    unreadable.insert(mistake.place.file.to_string());
                    mistakes.push(*mistake);
                }
            }
        }
    }
    Found { files, unreadable, mistakes, is_whole }
}

#[derive(Default)]
struct Scan {
    /// Paths of the inventory's files: relative, and as they are opened.
    found: Vec<(String, PathBuf)>,
    mistakes: Vec<Mistake>,
    is_whole: bool,
}

impl Scan {
    fn top(&mut self, folder: &Path) {
        for (name, path) in self.entries(folder, "inventory") {
            let known = FOLDERS.iter().any(|(known, _)| *known == name);
            if path.is_dir() && known {
                for (file, path) in self.entries(&path, &name) {
                    if is_toml(&file) {
                        self.found.push((format!("{name}/{file}"), path));
                    }
                }
            } else if path.is_dir() {
                let mistake = Mistake::new(format!("folder `{name}` is unknown"), &Place::whole(&name), "unknown");
                let likely = did_you_mean(&name, FOLDERS.iter().map(|(known, _)| *known));
                self.is_whole &= likely.is_none_or(|likely| folder.join(likely).exists());
                self.mistakes.push(match likely {
                    Some(likely) => mistake.help(format!("did you mean `{likely}`?")),
                    None => mistake.help("known are `sites`, `backup-servers`, `instances`, `clients`"),
                });
            } else if is_toml(&name) {
                // Whether it belongs here is said by the check, beside all other mistakes.
                self.found.push((name, path));
            }
        }
    }

    /// Names and paths in a folder, hidden ones left out.
    fn entries(&mut self, folder: &Path, name: &str) -> Vec<(String, PathBuf)> {
        let listed = fs::read_dir(folder).and_then(|entries| entries.collect::<io::Result<Vec<_>>>());
        match listed {
            Ok(entries) => {
                let mut named = Vec::with_capacity(entries.len());
                for entry in entries {
                    match entry.file_name().into_string() {
                        Ok(file) if file.starts_with('.') => {}
                        Ok(file) => named.push((file, entry.path())),
                        Err(file) => self.unspeakable(&file.to_string_lossy()),
                    }
                }
                named
            }
            Err(error) => {
                self.is_whole = false;
                let problem = format!("folder `{}` cannot be read: {error}", folder.display());
                let mistake = Mistake::new(problem, &Place::whole(name), "unreadable");
                self.mistakes.push(mistake.help(format!("an inventory is a folder with a `{COOPERATIVE_FILE}`")));
                Vec::new()
            }
        }
    }

    /// A name that is not UTF-8. Left alone in silence, a client's file would not be there.
    fn unspeakable(&mut self, name: &str) {
        if is_toml(name) {
            self.is_whole = false;
            let mistake = Mistake::new("the name of the file is not UTF-8", &Place::whole(name), "unreadable");
            self.mistakes
                .push(mistake.help("rename it: the name of a file is an id, in lower-case letters and digits"));
        }
    }
}

/// The text of a file, with its relative path.
fn read(relative: &str, path: &Path) -> Result<(String, String), Box<Mistake>> {
    let text = fs::read_to_string(path).map_err(|error| {
        let mistake = Mistake::new(format!("cannot be read: {error}"), &Place::whole(relative), "unreadable");
        Box::new(if error.kind() == io::ErrorKind::InvalidData { mistake.help("save it as UTF-8") } else { mistake })
    })?;
    Ok((relative.to_owned(), text))
}

fn is_toml(name: &str) -> bool {
    name.ends_with(".toml")
}

/// Writes one file of an inventory: a temporary file beside it, synced, then renamed over it. A crash leaves the old text
/// or the new one.
///
/// # Errors
/// Whatever the file system says; the temporary file is removed.
pub fn write_file(folder: &Path, relative: &str, text: &str) -> io::Result<()> {
    let target = folder.join(relative);
    let parent = target.parent().unwrap_or(folder);
    fs::create_dir_all(parent)?;
    let name = target.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let temporary = parent.join(format!(".{name}.{}", std::process::id()));
    let written = write_synced(&temporary, text).and_then(|()| fs::rename(&temporary, &target));
    if written.is_err() {
        // The first error is the one to tell; a leftover is hidden and never read.
        let _ = fs::remove_file(&temporary);
    }
    written?;
    // The renaming itself lasts only once the folder is synced.
    File::open(parent)?.sync_all()
}

fn write_synced(path: &Path, text: &str) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
