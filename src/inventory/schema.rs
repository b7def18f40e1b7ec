//! What a table of keys is made of. The tables themselves are in `sections`; the reader and `docs/inventory.md` use both.

/// A TOML table of the inventory: the file itself or one of the tables inside.
#[derive(Debug)]
pub struct Section {
    /// As written: `clients/ID.toml`, `[contract]`, `[[seats]]`.
    pub heading: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// Its keys, in the order of the reference.
    pub keys: &'static [Key],
}

impl Section {
    /// One of its keys.
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }
}

/// A key of a section.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What its value is.
    pub kind: Kind,
    /// Whether it may be absent.
    pub need: Need,
    /// The values of `by` for which the key exists; empty: for all.
    pub only: &'static [&'static str],
    /// What it means, with its unit and its limits.
    pub meaning: &'static str,
    /// An example, as written in TOML; empty for tables.
    pub example: &'static str,
}

/// Whether a key may be absent.
#[derive(Debug, Clone, Copy)]
pub enum Need {
    /// It must be there.
    Required,
    /// It may be absent.
    Optional,
    /// When absent it is this, written as TOML.
    Default(&'static str),
}

/// What a value is.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// A text in quotes.
    Text,
    /// A whole number between two bounds, both included.
    Whole(i64, i64),
    /// `true` or `false`.
    Truth,
    /// A day, without quotes.
    Day,
    /// A price in quotes.
    Price,
    /// One word of a list, in quotes.
    Word(&'static [&'static str]),
    /// A list of texts.
    Texts,
    /// A list of words of a list.
    Words(&'static [&'static str]),
    /// A table.
    Table(&'static Section),
    /// A list of tables.
    Tables(&'static Section),
    /// Tables by id.
    Named(&'static Section),
}

impl Kind {
    /// The kind in words, as mistakes and the reference name it.
    pub fn words(self) -> String {
        match self {
            Kind::Text => "a text in quotes".to_owned(),
            Kind::Whole(only, most) if only == most => format!("the number {only}"),
            Kind::Whole(least, most) => format!("a whole number from {least} to {most}"),
            Kind::Truth => "`true` or `false`".to_owned(),
            Kind::Day => "a day without quotes".to_owned(),
            Kind::Price => "a price in quotes".to_owned(),
            Kind::Word(words) => format!("one of {}", quoted(words)),
            Kind::Texts => "a list of texts in quotes".to_owned(),
            Kind::Words(words) => format!("a list of {}", quoted(words)),
            Kind::Table(section) => format!("a table {}", section.heading),
            Kind::Tables(section) => format!("a list of tables {}", section.heading),
            Kind::Named(section) => format!("tables {}", section.heading),
        }
    }

    /// The section inside, when the value is made of tables.
    pub fn section(self) -> Option<&'static Section> {
        match self {
            Kind::Table(section) | Kind::Tables(section) | Kind::Named(section) => Some(section),
            _ => None,
        }
    }
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`\"{word}\"`")).collect::<Vec<_>>().join(", ")
}

impl Key {
    /// A key that must be there.
    pub const fn new(name: &'static str, kind: Kind, meaning: &'static str, example: &'static str) -> Key {
        Key { name, kind, need: Need::Required, only: &[], meaning, example }
    }

    /// A table that must be there.
    pub const fn table(name: &'static str, kind: Kind, meaning: &'static str) -> Key {
        Key::new(name, kind, meaning, "")
    }

    /// The same key, allowed to be absent.
    #[must_use]
    pub const fn optional(self) -> Key {
        Key { need: Need::Optional, ..self }
    }

    /// The same key with a default, written as TOML.
    #[must_use]
    pub const fn default(self, literal: &'static str) -> Key {
        Key { need: Need::Default(literal), ..self }
    }

    /// The same key, known only for some values of `by`.
    #[must_use]
    pub const fn only(self, words: &'static [&'static str]) -> Key {
        Key { only: words, ..self }
    }
}
