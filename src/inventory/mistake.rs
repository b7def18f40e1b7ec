//! Mistakes in the inventory: what is wrong, where, what to do, and the other place where two disagree.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::domain::refusal::Refusal;

/// The version of a mistake's JSON form.
pub const MISTAKE_JSON_VERSION: u32 = 1;

/// A place in a file: bytes from the start to before the end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Path relative to the inventory's folder.
    pub file: Arc<str>,
    /// Bytes; empty when the whole file is meant.
    pub start: usize,
    /// First byte after it.
    pub end: usize,
}

impl Place {
    /// A place in a file.
    pub fn new(file: &Arc<str>, span: Range<usize>) -> Place {
        Place { file: Arc::clone(file), start: span.start, end: span.end }
    }

    /// A file as a whole.
    pub fn whole(file: &str) -> Place {
        Place { file: file.into(), start: 0, end: 0 }
    }
}

/// A value and where it was read.
#[derive(Debug, Clone)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub place: Place,
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// What is wrong: lower case, values in backticks.
    pub message: String,
    /// Where.
    pub place: Place,
    /// What stands at the caret.
    pub label: String,
    /// What to do.
    pub help: Option<String>,
    /// The other places of a conflict, with what stands at their carets.
    pub also: Vec<(Place, String)>,
}

impl Mistake {
    /// A mistake at a place.
    pub fn new(message: impl Into<String>, place: &Place, label: impl Into<String>) -> Mistake {
        Mistake { message: message.into(), place: place.clone(), label: label.into(), help: None, also: Vec::new() }
    }

    /// A value that a validator refuses.
    pub fn refused(refusal: Refusal, place: &Place) -> Mistake {
        Mistake { help: refusal.hint, ..Mistake::new(refusal.problem, place, "refused") }
    }

    /// The same mistake with advice.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Mistake {
        Mistake { help: Some(help.into()), ..self }
    }

    /// The same mistake with one more place.
    #[must_use]
    pub fn also(mut self, place: &Place, label: impl Into<String>) -> Mistake {
        self.also.push((place.clone(), label.into()));
        self
    }
}

/// All mistakes of an inventory, sorted by file and place, with the texts they point into.
#[derive(Debug, Clone, Default)]
pub struct Mistakes {
    list: Vec<Mistake>,
    texts: BTreeMap<Arc<str>, Arc<str>>,
}

impl Mistakes {
    /// Sorts mistakes and keeps the texts of the files that they name.
    pub fn new(mut list: Vec<Mistake>, files: &BTreeMap<String, String>) -> Mistakes {
        list.sort_by(|a, b| (&a.place, &a.message).cmp(&(&b.place, &b.message)));
        list.dedup();
        let places = list
            .iter()
            .flat_map(|mistake| std::iter::once(&mistake.place).chain(mistake.also.iter().map(|(place, _)| place)));
        let texts = places
            .filter_map(|place| Some((Arc::clone(&place.file), files.get(&*place.file)?.as_str().into())))
            .collect();
        Mistakes { list, texts }
    }

    /// The mistakes, in order.
    pub fn list(&self) -> &[Mistake] {
        &self.list
    }

    /// The text of a file that a mistake names.
    pub fn text(&self, file: &str) -> Option<&Arc<str>> {
        self.texts.get(file)
    }

    /// Every mistake as JSON, for `--json`: message, file, line and column (from 1), label, help, other places.
    pub fn to_json(&self) -> Value {
        let mistakes: Vec<Value> = self.list.iter().map(|mistake| self.mistake_to_json(mistake)).collect();
        json!({ "version": MISTAKE_JSON_VERSION, "mistakes": mistakes })
    }

    fn mistake_to_json(&self, mistake: &Mistake) -> Value {
        let also: Vec<Value> = mistake.also.iter().map(|(place, label)| self.place_to_json(place, label)).collect();
        json!({
            "message": mistake.message,
            "at": self.place_to_json(&mistake.place, &mistake.label),
            "help": mistake.help,
            "also": also,
        })
    }

    fn place_to_json(&self, place: &Place, label: &str) -> Value {
        let position = self.text(&place.file).map(|text| position(text, place.start));
        json!({
            "file": &*place.file,
            "line": position.map(|(line, _)| line),
            "column": position.map(|(_, column)| column),
            "start": place.start,
            "end": place.end,
            "label": label,
        })
    }
}

/// Line and column (characters), both from 1, of a byte in a text.
fn position(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

impl fmt::Display for Mistakes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.list.len() {
            1 => write!(out, "the inventory has 1 mistake"),
            count => write!(out, "the inventory has {count} mistakes"),
        }
    }
}

impl std::error::Error for Mistakes {}

/// The word of a list that a mistyped one most likely means.
pub fn did_you_mean<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Two thirds of alike letters: `nod` for `node`, not `name` for `node`.
    const LIKENESS_MIN: f64 = 0.66;
    known
        .into_iter()
        .map(|word| (strsim::normalized_damerau_levenshtein(typed, word), word))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .max_by(|(a, one), (b, other)| a.total_cmp(b).then_with(|| other.cmp(one)))
        .map(|(_, word)| word)
}
