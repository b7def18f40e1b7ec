//! What a template can see while it is set: the other templates, the fonts, its data. Nothing else.

use std::collections::HashMap;
use std::sync::LazyLock;

use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Duration};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World};

use super::templates::Templates;

/// The typesetter's own functions, built once.
static LIBRARY: LazyLock<LazyHash<Library>> = LazyLock::new(|| LazyHash::new(Library::default()));

/// The file that is set: it calls the template.
pub const MAIN: &str = "main.typ";

/// The data of the document.
pub const DATA: &str = "data.json";

/// One document's surroundings.
pub struct PrintWorld<'a> {
    templates: &'a Templates,
    main: Source,
    files: HashMap<FileId, Bytes>,
}

/// The id of a file at the root that templates see; `None` for a name that is no path.
pub fn file_id(name: &str) -> Option<FileId> {
    let path = VirtualPath::new(name).ok()?;
    Some(RootedPath::new(VirtualRoot::Project, path).intern())
}

impl<'a> PrintWorld<'a> {
    /// The surroundings of a document with its own files.
    pub fn new(templates: &'a Templates, main: Source, files: HashMap<FileId, Bytes>) -> PrintWorld<'a> {
        PrintWorld { templates, main, files }
    }
}

impl World for PrintWorld<'_> {
    fn library(&self) -> &LazyHash<Library> {
        &LIBRARY
    }

    fn book(&self) -> &LazyHash<FontBook> {
        self.templates.book()
    }

    fn main(&self) -> FileId {
        self.main.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.main.id() {
            return Ok(self.main.clone());
        }
        self.templates.source(id).ok_or_else(|| missing(id))
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        self.files.get(&id).cloned().or_else(|| self.templates.file(id)).ok_or_else(|| missing(id))
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.templates.fonts().get(index).cloned()
    }

    /// No document knows the day on which it is printed.
    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}

fn missing(id: FileId) -> FileError {
    FileError::NotFound(id.get().vpath().get_without_slash().into())
}
