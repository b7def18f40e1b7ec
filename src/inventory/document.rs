//! Files into parsed documents: which kind each is, and what its syntax gets wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::DeTable;

use super::mistake::{Mistake, Place, did_you_mean};
use super::reader::{Findings, Reader};
use super::schema::Section;
use super::sections;
use super::side_by_side::side_by_side;

/// The one file of the co-operative.
pub const COOPERATIVE_FILE: &str = "cooperative.toml";

/// The folders, each with the section of its files.
pub static FOLDERS: &[(&str, &Section)] = &[
    ("sites", &sections::SITE),
    ("backup-servers", &sections::BACKUP_SERVER),
    ("instances", &sections::INSTANCE),
    ("clients", &sections::CLIENT),
];

/// A parsed file.
pub struct Document<'a> {
    /// The folder it lies in; `None` for `cooperative.toml`.
    pub folder: Option<&'static str>,
    /// Name of the file without `.toml`.
    pub stem: &'a str,
    /// Path relative to the inventory's folder.
    pub file: Arc<str>,
    section: &'static Section,
    root: Spanned<DeTable<'a>>,
    /// False when the syntax is broken: what is missing then means nothing.
    pub readable: bool,
}

impl<'a> Document<'a> {
    /// Reads the file against its section.
    pub fn reader(&'a self, findings: &'a Findings) -> Reader<'a> {
        Reader::open(self.section, self.root.get_ref(), &self.file, self.place(), findings)
    }

    /// The file as a whole.
    pub fn place(&self) -> Place {
        Place::new(&self.file, 0..0)
    }
}

/// Parses every file but those that could not be read. Files that belong nowhere, and a missing `cooperative.toml`, are
/// recorded.
pub fn parse<'a>(
    files: &'a BTreeMap<String, String>,
    unreadable: &BTreeSet<String>,
    findings: &Findings,
) -> Vec<Document<'a>> {
    if !files.contains_key(COOPERATIVE_FILE) {
        let mistake =
            Mistake::new(format!("`{COOPERATIVE_FILE}` is missing"), &Place::whole(COOPERATIVE_FILE), "missing");
        findings.add(mistake.help("an inventory has exactly one co-operative"));
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let parts = side_by_side(&files, |part| {
        let found = Findings::default();
        let documents: Vec<Document<'a>> =
            part.iter().filter_map(|(path, text)| document(path, text, &found)).collect();
        (documents, found.into_list())
    });
    let mut documents = Vec::with_capacity(files.len());
    for (part, found) in parts {
        documents.extend(part);
        findings.extend(found);
    }
    for document in &mut documents {
        document.readable &= !unreadable.contains(&*document.file);
    }
    documents
}

fn document<'a>(path: &'a str, text: &'a str, findings: &Findings) -> Option<Document<'a>> {
    let file: Arc<str> = path.into();
    let (folder, stem, section) = match path.split_once('/') {
        None if path == COOPERATIVE_FILE => (None, "cooperative", &sections::COOPERATIVE),
        Some((folder, name)) if !name.contains('/') => match FOLDERS.iter().find(|(known, _)| *known == folder) {
            Some((known, section)) => (Some(*known), name.strip_suffix(".toml")?, *section),
            None => return belongs_nowhere(&file, folder, findings),
        },
        _ => return belongs_nowhere(&file, path, findings),
    };
    let (root, errors) = DeTable::parse_recoverable(text);
    let mut readable = true;
    // The keys below a heading that is there twice are doubles too: the heading says it for all of them.
    let mut doubled_until = 0;
    for error in errors {
        let span = visible(text, error.span().unwrap_or(0..0));
        let doubled = error.message().starts_with("duplicate key");
        if doubled && span.start < doubled_until {
            continue;
        }
        if doubled && line_at(text, span.start).1.starts_with('[') {
            doubled_until = text[span.end..].find("\n[").map_or(text.len(), |next| span.end + next);
        }
        let mistake = syntax_mistake(&file, text, error.message(), span);
        readable &= mistake.harmless;
        findings.add(mistake.mistake);
    }
    Some(Document { folder, stem, file, section, root, readable })
}

fn belongs_nowhere<'a>(file: &Arc<str>, name: &str, findings: &Findings) -> Option<Document<'a>> {
    let known = FOLDERS.iter().map(|(folder, _)| *folder).chain([COOPERATIVE_FILE]);
    let mistake =
        Mistake::new(format!("`{file}` belongs nowhere in an inventory"), &Place::whole(file), "unknown file");
    findings.add(match did_you_mean(name, known) {
        Some(likely) => mistake.help(format!("did you mean `{likely}`?")),
        None => {
            mistake.help("known are `cooperative.toml` and files in `sites`, `backup-servers`, `instances`, `clients`")
        }
    });
    None
}

struct SyntaxMistake {
    mistake: Mistake,
    /// The rest of the file can still be read: a date that does not exist, a key written twice.
    harmless: bool,
}

fn syntax_mistake(file: &Arc<str>, text: &str, message: &str, span: Range<usize>) -> SyntaxMistake {
    let place = Place::new(file, span.clone());
    let written = &text[span.clone()];
    if let Some(date) = impossible_date(written) {
        let mistake = Mistake::new(format!("{date} does not exist"), &place, "not in the calendar");
        return SyntaxMistake {
            mistake: mistake.help("check day and month; days are written year-month-day"),
            harmless: true,
        };
    }
    if message.starts_with("duplicate key") {
        let mistake = Mistake::new(format!("`{written}` is there twice"), &place, "again");
        let mistake = match first_of(text, &span) {
            Some(first) => mistake.also(&Place::new(file, first), "first"),
            None => mistake,
        };
        return SyntaxMistake { mistake: mistake.help("keep one of the two"), harmless: true };
    }
    SyntaxMistake { mistake: Mistake::new(format!("this is not TOML: {message}"), &place, "here"), harmless: false }
}

/// A span inside the text, at whole characters; an empty one takes the character before it, so that a caret is drawn.
fn visible(text: &str, span: Range<usize>) -> Range<usize> {
    let end = text.ceil_char_boundary(span.end);
    let mut start = text.floor_char_boundary(span.start.min(end));
    if start == end && text[..start].chars().next_back().is_some_and(|before| before != '\n') {
        start = text.floor_char_boundary(start - 1);
    }
    start..end
}

/// `2026-02-30` as `30 February 2026`, when it has the form of a date.
fn impossible_date(written: &str) -> Option<String> {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let mut parts = written.splitn(3, '-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let digits = |part: &str, length: usize| part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(year, 4) || !digits(month, 2) || !digits(day, 2) {
        return None;
    }
    let day: u8 = day.parse().ok()?;
    let name = month.parse::<usize>().ok()?.checked_sub(1).and_then(|index| MONTHS.get(index));
    Some(match name {
        Some(month) => format!("{day} {month} {year}"),
        None => format!("month {month}"),
    })
}

/// Where the line of a byte begins, and the line without blanks around it.
fn line_at(text: &str, byte: usize) -> (usize, &str) {
    let start = text[..byte].rfind('\n').map_or(0, |newline| newline + 1);
    (start, text[start..].lines().next().unwrap_or_default().trim())
}

/// The line above that wrote the same key in the same table, or the same heading.
fn first_of(text: &str, again: &Range<usize>) -> Option<Range<usize>> {
    let (line_start, line) = line_at(text, again.start);
    let is_heading = line.starts_with('[');
    let key = &text[again.clone()];
    let mut end = line_start;
    while end > 0 {
        let start = text[..end - 1].rfind('\n').map_or(0, |newline| newline + 1);
        let above = text[start..end].trim();
        let same = if is_heading {
            above == line
        } else {
            above.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('='))
        };
        if same {
            let indent = text[start..end].len() - text[start..end].trim_start().len();
            let length = if is_heading { above.len() } else { key.len() };
            return Some(start + indent..start + indent + length);
        }
        if !is_heading && above.starts_with('[') {
            return None;
        }
        end = start;
    }
    None
}
