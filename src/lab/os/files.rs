//! A file system: absolute paths, modes, owners, contents.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// All files and folders of a machine by absolute path (no trailing slash; `/` itself always exists).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Files(BTreeMap<String, Entry>);

/// A file or a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Permission bits, for example `0o600`.
    pub mode: u32,
    /// Owning account.
    pub owner: String,
    /// `None` for a folder.
    pub content: Option<String>,
}

/// What begins the content of a file that stands for a larger one: its size in bytes follows, then a newline.
pub const STANDS_FOR: &str = "lab-bytes ";

impl Entry {
    /// Its size in bytes, when it stands for a larger file than its content.
    pub fn large_bytes(&self) -> Option<u64> {
        self.content.as_deref()?.strip_prefix(STANDS_FOR)?.split('\n').next()?.parse().ok()
    }
}

impl Files {
    /// The text of a file; `None` when there is none (or it is a folder).
    pub fn read(&self, path: &str) -> Option<&str> {
        self.0.get(path)?.content.as_deref()
    }

    /// The entry at a path.
    pub fn entry(&self, path: &str) -> Option<&Entry> {
        self.0.get(path)
    }

    /// Whether something is there.
    pub fn exists(&self, path: &str) -> bool {
        path == "/" || self.0.contains_key(path)
    }

    /// Writes a file whole, making the folders above it; an existing one keeps its mode and owner.
    pub fn write(&mut self, path: &str, content: impl Into<String>) {
        let content = content.into();
        match self.0.get_mut(path) {
            Some(entry) => entry.content = Some(content),
            None => self.create(path, 0o644, "root", content),
        }
    }

    /// Writes a file whole with its mode and owner.
    pub fn create(&mut self, path: &str, mode: u32, owner: &str, content: impl Into<String>) {
        self.make_parents(path);
        self.0.insert(path.to_owned(), Entry { mode, owner: owner.to_owned(), content: Some(content.into()) });
    }

    /// Adds to the end of a file, making it when it is not there.
    pub fn append(&mut self, path: &str, more: &str) {
        let mut text = self.read(path).unwrap_or_default().to_owned();
        text.push_str(more);
        self.write(path, text);
    }

    /// Makes a folder and those above it; an existing one is left as it is.
    pub fn make_folder(&mut self, path: &str, mode: u32, owner: &str) {
        self.make_parents(path);
        if path != "/" {
            self.0.entry(path.to_owned()).or_insert_with(|| Entry { mode, owner: owner.to_owned(), content: None });
        }
    }

    /// Changes mode and owner of what is there; false when nothing is.
    pub fn protect(&mut self, path: &str, mode: u32, owner: &str) -> bool {
        self.0.get_mut(path).is_some_and(|entry| {
            entry.mode = mode;
            entry.owner = owner.to_owned();
            true
        })
    }

    /// Removes a file, or a folder with all that is in it; false when nothing was there.
    pub fn remove(&mut self, path: &str) -> bool {
        let inside = format!("{path}/");
        let before = self.0.len();
        self.0.retain(|one, _| one != path && !one.starts_with(&inside));
        self.0.len() < before
    }

    /// The names directly in a folder, sorted.
    pub fn list(&self, folder: &str) -> Vec<&str> {
        let inside = if folder == "/" { "/".to_owned() } else { format!("{folder}/") };
        self.0
            .keys()
            .filter_map(|path| path.strip_prefix(&inside))
            .filter(|rest| !rest.is_empty() && !rest.contains('/'))
            .collect()
    }

    /// Every path with its entry, sorted.
    pub fn all(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.0.iter().map(|(path, entry)| (path.as_str(), entry))
    }

    fn make_parents(&mut self, path: &str) {
        let mut end = 0;
        while let Some(next) = path[end + 1..].find('/') {
            end += 1 + next;
            let folder = &path[..end];
            if !self.0.contains_key(folder) {
                self.0.insert(folder.to_owned(), Entry { mode: 0o755, owner: "root".to_owned(), content: None });
            }
        }
    }
}
