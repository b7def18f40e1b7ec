//! The templates: those built in, and a folder that replaces some of them.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, OnceLock};

use serde_json::Value;
use sha2::{Digest, Sha256};
use typst::foundations::Bytes;
use typst::syntax::{FileId, Source};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;

use super::world::{DATA, MAIN, PrintWorld, file_id};
use super::{Attachment, PrintError, Relationship, characters, fonts};
use crate::util::limits::{PRINT_TEMPLATE_BYTES_MAX, PRINT_TEMPLATE_FILES_MAX};

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../templates/", $name)))),*]
    };
}

/// Every template of `templates/`, by the name under which others import it.
const BUILT_IN: [(&str, &str); 12] = built_in![
    "account-statement.typ",
    "contract.typ",
    "drill-certificate.typ",
    "house.typ",
    "invoice.typ",
    "key-sheet.typ",
    "letter.typ",
    "look.toml",
    "mandate.typ",
    "reminder.typ",
    "renewal.typ",
    "support-statement.typ",
];

/// What [`Templates::choose`] chose.
static CHOSEN: OnceLock<Templates> = OnceLock::new();

/// A set of templates with their fonts.
pub struct Templates {
    sources: HashMap<FileId, Source>,
    files: HashMap<FileId, Bytes>,
    names: Vec<String>,
    fonts: Vec<Font>,
    book: LazyHash<FontBook>,
    version: String,
}

impl Templates {
    /// The templates that come along.
    pub fn built_in() -> &'static Templates {
        static TEMPLATES: LazyLock<Templates> = LazyLock::new(|| Templates::assemble(BTreeMap::new()));
        &TEMPLATES
    }

    /// Chooses the templates of this process, once, before anything is printed: those of a folder in place of the
    /// built-in ones.
    ///
    /// # Errors
    /// As [`Templates::with_folder`].
    pub fn choose(folder: &Path) -> Result<(), PrintError> {
        let chosen = Templates::with_folder(folder)?;
        // A second choice in one process would change what is printed half-way: the first one stays.
        CHOSEN.get_or_init(|| chosen);
        Ok(())
    }

    /// The templates of this process: the chosen ones, otherwise those that come along.
    pub fn at_hand() -> &'static Templates {
        CHOSEN.get().unwrap_or_else(|| Templates::built_in())
    }

    /// The built-in templates with those of a folder in their place. `.typ` files replace by name, fonts (`.ttf`,
    /// `.otf`) are added, anything else (a logo) can be used by a template.
    ///
    /// # Errors
    /// [`PrintError::Folder`] when it cannot be read, [`PrintError::File`] for a file that cannot be used.
    pub fn with_folder(folder: &Path) -> Result<Templates, PrintError> {
        let mut own = BTreeMap::new();
        read_folder(folder, folder, &mut own)?;
        for (name, bytes) in &own {
            let refused = |problem: &str| PrintError::File { path: folder.join(name), problem: problem.to_owned() };
            if name.ends_with(".typ") && std::str::from_utf8(bytes).is_err() {
                return Err(refused("it is not UTF-8 text"));
            }
            if is_font(name) && Font::new(Bytes::new(bytes.clone()), 0).is_none() {
                return Err(refused("it is not a font that can be read"));
            }
        }
        Ok(Templates::assemble(own))
    }

    fn assemble(own: BTreeMap<String, Vec<u8>>) -> Templates {
        let mut all: BTreeMap<String, Vec<u8>> =
            BUILT_IN.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect();
        all.extend(own);
        let mut fonts = fonts::FONTS.clone();
        let (mut sources, mut files, mut names) = (HashMap::new(), HashMap::new(), Vec::new());
        let mut version = Sha256::new();
        // Other versions of the typesetter may break lines elsewhere.
        version.update(typst::utils::version().raw());
        for (name, bytes) in all {
            version.update(name.as_bytes());
            version.update(Sha256::digest(&bytes));
            let Some(id) = file_id(&name) else { continue };
            let text = name.strip_suffix(".typ").zip(std::str::from_utf8(&bytes).ok());
            if let Some((name, text)) = text {
                sources.insert(id, Source::new(id, text.to_owned()));
                names.push(name.to_owned());
            } else if is_font(&name) {
                fonts.extend(Font::iter(Bytes::new(bytes)));
            } else {
                files.insert(id, Bytes::new(bytes));
            }
        }
        let book = LazyHash::new(FontBook::from_fonts(&fonts));
        Templates { sources, files, names, fonts, book, version: hex::encode(version.finalize()) }
    }

    /// What a document was printed with: a SHA-256 over templates, fonts of the folder and the typesetter's version.
    /// The same version and the same data give the same bytes.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Everything that a document can see.
    pub(super) fn world<'a>(
        &'a self,
        template: &str,
        data: &Value,
        attachments: &[Attachment],
    ) -> Result<PrintWorld<'a>, PrintError> {
        let known =
            || self.names.iter().map(String::as_str).filter(|name| *name != "house").collect::<Vec<_>>().join(", ");
        let file = format!("{template}.typ");
        let no_template = || PrintError::NoTemplate { name: template.to_owned(), known: known() };
        if !self.names.iter().any(|name| name == template) {
            return Err(no_template());
        }
        let mut files = HashMap::new();
        let data = characters::printable(data, &self.fonts);
        files.insert(file_id(DATA).ok_or_else(no_template)?, Bytes::from_string(data.to_string()));
        let mut main = format!("#import \"/{file}\": document\n#document(json(\"/{DATA}\"))\n");
        for (index, attachment) in attachments.iter().enumerate() {
            let path = format!("attached-{index}");
            files.insert(file_id(&path).ok_or_else(no_template)?, Bytes::new(attachment.bytes.clone()));
            let relationship = match attachment.relationship {
                Relationship::Alternative => "alternative",
                Relationship::Data => "data",
                Relationship::Supplement => "supplement",
            };
            // JSON's quoting is what typst's strings understand, for the printable names that we give.
            let text = |text: &str| Value::from(characters::plain(text)).to_string();
            let _ = writeln!(
                main,
                "#pdf.attach({}, read(\"/{path}\", encoding: none), relationship: \"{relationship}\", mime-type: {}, description: {})",
                text(&attachment.name),
                text(&attachment.mime),
                text(&attachment.description),
            );
        }
        let id = file_id(MAIN).ok_or_else(no_template)?;
        Ok(PrintWorld::new(self, Source::new(id, main), files))
    }

    pub(super) fn source(&self, id: FileId) -> Option<Source> {
        self.sources.get(&id).cloned()
    }

    pub(super) fn file(&self, id: FileId) -> Option<Bytes> {
        let source = || self.sources.get(&id).map(|source| Bytes::from_string(source.text().to_owned()));
        self.files.get(&id).cloned().or_else(source)
    }

    pub(super) fn fonts(&self) -> &[Font] {
        &self.fonts
    }

    pub(super) fn book(&self) -> &LazyHash<FontBook> {
        &self.book
    }
}

fn is_font(name: &str) -> bool {
    name.ends_with(".ttf") || name.ends_with(".otf")
}

/// Reads a folder with its folders, bounded; names are relative with `/`.
fn read_folder(root: &Path, folder: &Path, found: &mut BTreeMap<String, Vec<u8>>) -> Result<(), PrintError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |source| PrintError::Folder { path, source }
    };
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable(folder))? {
        paths.push(entry.map_err(unreadable(folder))?.path());
    }
    paths.sort();
    for path in paths {
        let refused = |problem: String| PrintError::File { path: path.clone(), problem };
        if std::fs::symlink_metadata(&path).map_err(unreadable(&path))?.is_dir() {
            read_folder(root, &path, found)?;
            continue;
        }
        let size = std::fs::metadata(&path).map_err(unreadable(&path))?.len();
        if size > PRINT_TEMPLATE_BYTES_MAX {
            return Err(refused(format!("it has {size} bytes, more than {PRINT_TEMPLATE_BYTES_MAX}")));
        }
        if found.len() >= PRINT_TEMPLATE_FILES_MAX {
            return Err(refused(format!("there are more than {PRINT_TEMPLATE_FILES_MAX} files")));
        }
        let name = path.strip_prefix(root).ok().and_then(Path::to_str).map(|name| name.replace('\\', "/"));
        let name = name.ok_or_else(|| refused(String::from("its name is not UTF-8")))?;
        found.insert(name, std::fs::read(&path).map_err(unreadable(&path))?);
    }
    Ok(())
}
