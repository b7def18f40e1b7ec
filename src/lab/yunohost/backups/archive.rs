//! An archive: what it holds, and its form as a file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{FOLDER, unknown};
use crate::os::Files;
use crate::os::files::Entry;
use crate::world::Moment;
use crate::yunohost::apps::Installed;
use crate::yunohost::job::{Failure, Job};
use crate::yunohost::view::{PermissionSpec, SystemPart};

/// What the file of an archive begins with; the rest is the archive as JSON.
const HEAD: &str = "simulated tar archive\n";

/// An archive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Archive {
    /// Its name.
    pub name: String,
    /// Where the file is.
    pub path: String,
    /// When it was made.
    pub created_at: Moment,
    /// What was written about it.
    pub description: String,
    /// Version of the YunoHost that made it.
    pub from_version: String,
    /// Instance ids in the order they were saved, in which they come back.
    pub order: Vec<String>,
    /// Apps by instance id.
    pub apps: BTreeMap<String, SavedApp>,
    /// Parts of the system by name.
    pub system: BTreeMap<String, SavedPart>,
}

/// An app in an archive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SavedApp {
    /// The app with its settings and what is inside.
    pub app: Installed,
    /// Its permissions.
    pub permissions: Vec<PermissionSpec>,
    /// Its files.
    pub files: Vec<(String, Entry)>,
    /// Whether the data folder is among them.
    pub with_data: bool,
    /// Size in bytes.
    pub size_bytes: u64,
}

/// A part of the system in an archive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SavedPart {
    /// Its files.
    pub files: Vec<(String, Entry)>,
    /// The state behind it.
    pub state: SystemPart,
    /// Size in bytes.
    pub size_bytes: u64,
}

impl Archive {
    /// The archive in the text of its file; `None` when it is damaged or something else.
    pub fn parse(text: &str) -> Option<Archive> {
        serde_json::from_str(text.strip_prefix(HEAD)?).ok()
    }

    /// Size in bytes.
    pub fn size_bytes(&self) -> u64 {
        let apps: u64 = self.apps.values().map(|app| app.size_bytes).sum();
        let system: u64 = self.system.values().map(|part| part.size_bytes).sum();
        10_240 + apps + system
    }

    /// Writes the archive and the note beside it.
    pub fn write(&self, files: &mut Files) {
        let content = serde_json::to_string(self).unwrap_or_default();
        files.create(&self.path, 0o600, "root", format!("{HEAD}{content}"));
        let inside = in_folder(&self.path);
        if inside != self.path {
            // Elsewhere the real program leaves a link in its own folder.
            files.create(&inside, 0o777, "root", format!("link to {}\n", self.path));
        }
        let note = serde_json::json!({
            "created_at": self.created_at.unix_seconds(),
            "description": self.description,
            "size": self.size_bytes(),
            "from_yunohost_version": self.from_version,
        });
        files.create(&format!("{FOLDER}/{}.info.json", self.name), 0o600, "root", note.to_string());
    }
}

fn in_folder(path: &str) -> String {
    format!("{FOLDER}/{}", path.rsplit('/').next().unwrap_or(path))
}

/// All archives of the folder by name, the oldest first; those that cannot be read are last.
pub fn names(files: &Files) -> Vec<String> {
    let of_file = |file: &str| file.strip_suffix(".tar").or_else(|| file.strip_suffix(".tar.gz")).map(str::to_owned);
    let mut names: Vec<String> = files.list(FOLDER).into_iter().filter_map(of_file).collect();
    names.dedup();
    let age = |name: &String| read(files, name).map_or((1, Moment::default()), |archive| (0, archive.created_at));
    names.sort_by_key(age);
    names
}

fn path_of(files: &Files, name: &str) -> Option<String> {
    [".tar", ".tar.gz"].iter().map(|end| format!("{FOLDER}/{name}{end}")).find(|path| files.exists(path))
}

fn read(files: &Files, name: &str) -> Option<Archive> {
    let text = files.read(&path_of(files, name)?)?;
    let text = match text.strip_prefix("link to ") {
        Some(target) => files.read(target.trim())?,
        None => text,
    };
    Archive::parse(text)
}

/// Reads an archive.
///
/// # Errors
/// When there is none of this name, or the file is no archive (a traceback).
pub fn open(job: &Job<'_>, name: &str) -> Result<Archive, Failure> {
    let name = name.trim_end_matches(".gz").trim_end_matches(".tar");
    path_of(job.files, name).ok_or_else(|| unknown(name))?;
    read(job.files, name).ok_or_else(|| Failure::Traceback(BROKEN.to_owned()))
}

/// What Python's `tarfile` says of a file that is no archive.
pub const BROKEN: &str = "tarfile.ReadError: file could not be opened successfully:\n- method gz: ReadError('not a gzip file')\n- method bz2: ReadError('not a bzip2 file')\n- method xz: ReadError('not an lzma file')\n- method tar: ReadError('truncated header')";

/// Files and folders from a folder on.
pub fn files_under(files: &Files, folder: &str) -> Vec<(String, Entry)> {
    let inside = format!("{folder}/");
    let wanted = |path: &str| path == folder || path.starts_with(&inside);
    files.all().filter(|(path, _)| wanted(path)).map(|(path, entry)| (path.to_owned(), entry.clone())).collect()
}

/// Puts files back.
pub fn put_back(files: &mut Files, saved: &[(String, Entry)]) {
    for (path, entry) in saved {
        match &entry.content {
            Some(content) => files.create(path, entry.mode, &entry.owner, content.clone()),
            None => files.make_folder(path, entry.mode, &entry.owner),
        }
    }
}

/// What files take in an archive: their content, and a block each.
pub fn size_of(files: &[(String, Entry)]) -> u64 {
    files.iter().map(|(_, entry)| 512 + entry.content.as_ref().map_or(0, |content| content.len() as u64)).sum()
}
