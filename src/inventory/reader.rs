//! Walks a parsed TOML file section by section. A mistake is recorded and reading goes on: a value that could not be
//! read is `None`, and its file yields no model.

use std::cell::RefCell;
use std::ops::RangeInclusive;
use std::sync::{Arc, LazyLock};

use jiff::civil::Date;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::complaints;
use super::mistake::{Mistake, Place, Placed, did_you_mean};
use super::schema::{Key, Kind, Need, Section};
use super::sections;
use crate::domain::money::Cents;
use crate::domain::refusal::Refusal;

/// The mistakes found so far, in the order in which they were met.
#[derive(Debug, Default)]
pub struct Findings(RefCell<Vec<Mistake>>);

impl Findings {
    /// Records a mistake.
    pub fn add(&self, mistake: Mistake) {
        self.0.borrow_mut().push(mistake);
    }

    /// Records what was found in a part of the files.
    pub fn extend(&self, found: Vec<Mistake>) {
        self.0.borrow_mut().extend(found);
    }

    /// All of them.
    pub fn into_list(self) -> Vec<Mistake> {
        self.0.into_inner()
    }
}

/// One table being read against its section.
pub struct Reader<'a> {
    section: &'static Section,
    entries: &'a DeTable<'a>,
    file: &'a Arc<str>,
    place: Place,
    findings: &'a Findings,
}

impl<'a> Reader<'a> {
    /// Begins to read a table, and records every key that its section does not know.
    pub fn open(
        section: &'static Section,
        entries: &'a DeTable<'a>,
        file: &'a Arc<str>,
        place: Place,
        findings: &'a Findings,
    ) -> Reader<'a> {
        let reader = Reader { section, entries, file, place, findings };
        for key in entries.keys().filter(|key| section.key(key.get_ref()).is_none()) {
            reader.add(complaints::unknown_key(section, key.get_ref(), &Place::new(file, key.span())));
        }
        reader
    }

    /// The place of the table's heading.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Records a mistake.
    pub fn add(&self, mistake: Mistake) {
        self.findings.add(mistake);
    }

    /// Whether a key is written, be its value sound or not.
    pub fn has(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }

    /// The place of a key's value, or of the table where the key is absent.
    pub fn place_of(&self, name: &str) -> Place {
        self.entries.get(name).map_or_else(|| self.place.clone(), |value| Place::new(self.file, value.span()))
    }

    /// A text that a validator accepts.
    pub fn text<T>(&self, name: &str, parse: impl Fn(&str) -> Result<T, Refusal>) -> Option<Placed<T>> {
        self.read(name, |value, place| match value {
            DeValue::String(text) => self.accepted(parse(text), place),
            other => self.wrong_kind(name, other, place),
        })
    }

    /// A text that says something: not empty, one line, no blanks at its ends.
    pub fn words(&self, name: &str) -> Option<Placed<String>> {
        self.text(name, plain)
    }

    /// A price.
    pub fn price(&self, name: &str) -> Option<Placed<Cents>> {
        self.text(name, Cents::price)
    }

    /// A whole number within the bounds of its key.
    pub fn whole<T: TryFrom<i64>>(&self, name: &str) -> Option<Placed<T>> {
        let Kind::Whole(least, most) = self.key(name).kind else { unreachable!("`{name}` is a whole number") };
        self.read(name, |value, place| match value {
            DeValue::Integer(digits) => {
                let number = i64::from_str_radix(digits.as_str(), digits.radix()).ok();
                let within = number.filter(|number| (least..=most).contains(number));
                let converted = within.and_then(|number| T::try_from(number).ok());
                if converted.is_none() {
                    let bounds = if least == most { least.to_string() } else { format!("{least} to {most}") };
                    self.add(Mistake::new(format!("`{name}` is {digits}, it must be {bounds}"), place, bounds));
                }
                converted
            }
            other => self.wrong_kind(name, other, place),
        })
    }

    /// `true` or `false`.
    pub fn truth(&self, name: &str) -> Option<Placed<bool>> {
        self.read(name, |value, place| match value {
            DeValue::Boolean(truth) => Some(*truth),
            other => self.wrong_kind(name, other, place),
        })
    }

    /// A day.
    pub fn day(&self, name: &str) -> Option<Placed<Date>> {
        self.read(name, |value, place| match value {
            DeValue::Datetime(moment) => match (moment.date, moment.time) {
                (Some(date), None) => {
                    // The years of TOML and jiff differ only beyond 9999.
                    let year = i16::try_from(date.year).ok()?;
                    Date::new(year, i8::try_from(date.month).ok()?, i8::try_from(date.day).ok()?).ok()
                }
                // A date that does not exist was recorded when the file was parsed.
                (None, None) => None,
                _ => self.wrong_kind(name, value, place),
            },
            other => self.wrong_kind(name, other, place),
        })
    }

    /// One word of the key's list, as the type whose serialised names these are.
    pub fn word<T: for<'de> Deserialize<'de>>(&self, name: &str) -> Option<Placed<T>> {
        let Kind::Word(words) = self.key(name).kind else { unreachable!("`{name}` is a word") };
        self.read(name, |value, place| match value {
            DeValue::String(text) => self.one_of(words, text, place),
            other => self.wrong_kind(name, other, place),
        })
    }

    /// A list of words of the key's list, at least one, without doubles.
    pub fn word_list<T: for<'de> Deserialize<'de>>(&self, name: &str) -> Option<Placed<Vec<Placed<T>>>> {
        let Kind::Words(words) = self.key(name).kind else { unreachable!("`{name}` is a list of words") };
        let list = self.list(name, |text, place| self.one_of(words, text, place))?;
        if list.value.is_empty() {
            self.add(Mistake::new(format!("`{name}` is empty: at least 1 is needed"), &list.place, "empty"));
            return None;
        }
        Some(list)
    }

    /// A list of texts that a validator accepts, without doubles; its length within bounds.
    pub fn texts<T>(
        &self,
        name: &str,
        count: RangeInclusive<usize>,
        parse: impl Fn(&str) -> Result<T, Refusal>,
    ) -> Option<Vec<T>> {
        let list = self.list(name, |text, place| self.accepted(parse(text), place))?;
        if count.contains(&list.value.len()) {
            return Some(list.value.into_iter().map(|one| one.value).collect());
        }
        let problem = match (count.start(), list.value.len()) {
            (least, 0) => format!("`{name}` is empty: at least {least} is needed"),
            (_, length) => format!("`{name}` has {length} entries: at most {}", count.end()),
        };
        self.add(Mistake::new(problem, &list.place, "this list"));
        None
    }

    fn list<T>(&self, name: &str, parse: impl Fn(&str, &Place) -> Option<T>) -> Option<Placed<Vec<Placed<T>>>> {
        self.read(name, |value, place| {
            let DeValue::Array(items) = value else { return self.wrong_kind(name, value, place) };
            let mut texts: Vec<(&str, Place)> = Vec::with_capacity(items.len());
            let mut values = Vec::with_capacity(items.len());
            for item in items.iter() {
                // The items of a default have no place of their own.
                let at = if self.has(name) { Place::new(self.file, item.span()) } else { place.clone() };
                let DeValue::String(text) = item.get_ref() else {
                    self.wrong_kind::<()>(name, item.get_ref(), &at);
                    continue;
                };
                if let Some((_, first)) = texts.iter().find(|(other, _)| other == text) {
                    self.add(Mistake::new(format!("`{text}` is there twice"), &at, "again").also(first, "first"));
                    continue;
                }
                texts.push((text, at.clone()));
                values.push(parse(text, &at).map(|value| Placed { value, place: at }));
            }
            values.into_iter().collect()
        })
    }

    /// A table; records its absence when it is required.
    pub fn table(&self, name: &str) -> Option<Reader<'a>> {
        let key = self.key(name);
        let section = key.kind.section().expect("the key is a table");
        let Some((at, value)) = self.entries.get_key_value(name) else {
            if matches!(key.need, Need::Required) {
                self.missing(key);
            }
            return None;
        };
        let place = self.table_place(at.span(), value.span());
        match value.get_ref() {
            DeValue::Table(entries) => Some(Reader::open(section, entries, self.file, place, self.findings)),
            other => self.wrong_kind(name, other, &place),
        }
    }

    /// A table whose keys all have defaults: absent, it is read as an empty one.
    pub fn table_or_defaults(&self, name: &str) -> Option<Reader<'a>> {
        static EMPTY: LazyLock<DeTable<'static>> = LazyLock::new(DeTable::new);
        if self.has(name) {
            return self.table(name);
        }
        let section = self.key(name).kind.section().expect("the key is a table");
        Some(Reader::open(section, &EMPTY, self.file, self.place.clone(), self.findings))
    }

    /// A list of tables; records its absence or emptiness when it is required.
    pub fn tables(&self, name: &str) -> Vec<Reader<'a>> {
        let key = self.key(name);
        let section = key.kind.section().expect("the key is a list of tables");
        let required = matches!(key.need, Need::Required);
        let Some(value) = self.entries.get(name) else {
            if required {
                self.missing(key);
            }
            return Vec::new();
        };
        let place = Place::new(self.file, value.span());
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong_kind::<()>(name, value.get_ref(), &place);
            return Vec::new();
        };
        if required && items.is_empty() {
            self.add(Mistake::new(format!("`{name}` is empty"), &place, "at least one is needed"));
        }
        let open = |item: &'a Spanned<DeValue<'a>>| {
            let place = Place::new(self.file, item.span());
            match item.get_ref() {
                DeValue::Table(entries) => Some(Reader::open(section, entries, self.file, place, self.findings)),
                other => self.wrong_kind(name, other, &place),
            }
        };
        items.iter().filter_map(open).collect()
    }

    /// Tables by id, each with the id as it is written.
    pub fn named(&self, name: &str) -> Vec<(Placed<&'a str>, Reader<'a>)> {
        let key = self.key(name);
        let section = key.kind.section().expect("the key has tables by id");
        let Some(value) = self.entries.get(name) else { return Vec::new() };
        let place = Place::new(self.file, value.span());
        let DeValue::Table(tables) = value.get_ref() else {
            self.wrong_kind::<()>(name, value.get_ref(), &place);
            return Vec::new();
        };
        let open = |(id, item): (&'a Spanned<DeString<'a>>, &'a Spanned<DeValue<'a>>)| {
            let id = Placed { value: DeString::as_ref(id.get_ref()), place: Place::new(self.file, id.span()) };
            let place = self.table_place(id.place.start..id.place.end, item.span());
            match item.get_ref() {
                DeValue::Table(entries) => Some((id, Reader::open(section, entries, self.file, place, self.findings))),
                other => self.wrong_kind(name, other, &place),
            }
        };
        tables.iter().filter_map(open).collect()
    }

    /// The value of `by`; records every key that does not exist for it.
    pub fn variant(&self) -> Option<String> {
        let by = self.word::<String>("by")?;
        let misplaced =
            |key: &&Key| !key.only.is_empty() && !key.only.contains(&by.value.as_str()) && self.has(key.name);
        for key in self.section.keys.iter().filter(misplaced) {
            let problem = format!("`{}` has no meaning when `by` is `{}`", key.name, by.value);
            let mistake =
                Mistake::new(problem, &self.place_of(key.name), "has no effect").also(&by.place, "because of this");
            self.add(mistake.help(format!("it belongs to {}", Kind::Word(key.only).words())));
        }
        Some(by.value)
    }

    fn key(&self, name: &str) -> &'static Key {
        self.section.key(name).expect("the reader asks only for keys of its section")
    }

    fn read<T>(&self, name: &str, parse: impl FnOnce(&DeValue<'_>, &Place) -> Option<T>) -> Option<Placed<T>> {
        if let Some(found) = self.entries.get(name) {
            let place = Place::new(self.file, found.span());
            return parse(found.get_ref(), &place).map(|value| Placed { value, place });
        }
        let key = self.key(name);
        match key.need {
            Need::Optional => None,
            Need::Required => {
                self.missing(key);
                None
            }
            Need::Default(literal) => {
                let default = sections::default_value(literal);
                parse(default, &self.place).map(|value| Placed { value, place: self.place.clone() })
            }
        }
    }

    fn accepted<T>(&self, result: Result<T, Refusal>, place: &Place) -> Option<T> {
        result.map_err(|refusal| self.add(Mistake::refused(refusal, place))).ok()
    }

    fn one_of<T: for<'de> Deserialize<'de>>(&self, words: &[&str], text: &str, place: &Place) -> Option<T> {
        if words.contains(&text) {
            let word: serde::de::value::StrDeserializer<'_, serde::de::value::Error> = text.into_deserializer();
            return Some(T::deserialize(word).expect("the words of a key are the names of its type"));
        }
        let listed = words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
        let mistake = Mistake::new(format!("`{text}` is not one of {listed}"), place, "unknown word");
        self.add(match did_you_mean(text, words.iter().copied()) {
            Some(word) => mistake.help(format!("did you mean `{word}`?")),
            None => mistake,
        });
        None
    }

    fn missing(&self, key: &Key) {
        self.add(complaints::missing(self.section, key, &self.place));
    }

    /// Records the wrong kind; gives no value, whatever was hoped for.
    fn wrong_kind<T>(&self, name: &str, found: &DeValue<'_>, place: &Place) -> Option<T> {
        self.add(complaints::wrong_kind(self.key(name), found, place));
        None
    }

    /// A table made by dotted keys or by its sub-tables alone has no heading: its key stands for it.
    fn table_place(&self, key: std::ops::Range<usize>, value: std::ops::Range<usize>) -> Place {
        Place::new(self.file, if value.is_empty() { key } else { value })
    }
}

/// A text that says something: not empty, one line, no blanks at its ends.
///
/// # Errors
/// A [`Refusal`] that says which of these it is not.
pub fn plain(text: &str) -> Result<String, Refusal> {
    const LENGTH_MAX: usize = 200;
    if text.trim().is_empty() {
        return Err(Refusal::new("this text is empty"));
    }
    if text.trim() != text {
        return Err(
            Refusal::new(format!("`{text}` begins or ends with a blank")).hint(format!("write `{}`", text.trim()))
        );
    }
    if text.chars().any(char::is_control) {
        return Err(Refusal::new("this text has a line break or another control character"));
    }
    if text.chars().count() > LENGTH_MAX {
        return Err(Refusal::new(format!("this text is longer than {LENGTH_MAX} characters")));
    }
    Ok(text.to_owned())
}
