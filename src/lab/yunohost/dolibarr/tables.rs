//! Tables of text values with defaults, a self-counting key and unique keys.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A row: column to value, `None` for NULL.
pub type Row = BTreeMap<String, Option<String>>;

/// One table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Columns in order with their default.
    pub columns: Vec<(String, Option<String>)>,
    /// The self-counting key, when there is one.
    pub counter: Option<String>,
    /// Sets of columns whose values together must not repeat.
    pub unique: Vec<Vec<String>>,
    /// The rows in the order they were added.
    pub rows: Vec<Row>,
    /// The next value of the counter.
    pub next: u64,
}

/// Columns with defaults, counter and unique keys of each table that is simulated.
type Shape = (
    &'static str,
    &'static [(&'static str, Option<&'static str>)],
    Option<&'static str>,
    &'static [&'static [&'static str]],
);

const SHAPES: &[Shape] = &[
    (
        "llx_const",
        &[
            ("rowid", None),
            ("name", None),
            ("entity", Some("1")),
            ("value", None),
            ("type", Some("string")),
            ("visible", Some("1")),
            ("note", None),
            ("tms", None),
        ],
        Some("rowid"),
        &[&["name", "entity"]],
    ),
    (
        "llx_user",
        &[
            ("rowid", None),
            ("entity", Some("1")),
            ("login", None),
            ("lastname", None),
            ("firstname", None),
            ("email", None),
            ("job", None),
            ("admin", Some("0")),
            ("employee", Some("1")),
            ("statut", Some("1")),
            ("api_key", None),
            ("pass_crypted", None),
            ("ldap_sid", None),
            ("datec", None),
            ("tms", None),
        ],
        Some("rowid"),
        &[&["login", "entity"], &["api_key"]],
    ),
    (
        "llx_user_rights",
        &[("rowid", None), ("entity", Some("1")), ("fk_user", None), ("fk_id", None)],
        Some("rowid"),
        &[&["entity", "fk_user", "fk_id"]],
    ),
    (
        "llx_rights_def",
        &[
            ("id", None),
            ("entity", Some("1")),
            ("libelle", None),
            ("module", None),
            ("module_position", Some("0")),
            ("perms", None),
            ("subperms", None),
            ("type", None),
            ("bydefault", Some("0")),
            ("enabled", Some("1")),
        ],
        None,
        &[&["id", "entity"]],
    ),
    (
        "llx_usergroup",
        &[("rowid", None), ("nom", None), ("entity", Some("1")), ("datec", None), ("note", None), ("tms", None)],
        Some("rowid"),
        &[&["nom", "entity"]],
    ),
    (
        "llx_usergroup_rights",
        &[("rowid", None), ("entity", Some("1")), ("fk_usergroup", None), ("fk_id", None)],
        Some("rowid"),
        &[&["entity", "fk_usergroup", "fk_id"]],
    ),
    (
        "llx_usergroup_user",
        &[("rowid", None), ("entity", Some("1")), ("fk_user", None), ("fk_usergroup", None)],
        Some("rowid"),
        &[&["entity", "fk_user", "fk_usergroup"]],
    ),
    (
        "llx_societe",
        &[
            ("rowid", None),
            ("nom", None),
            ("entity", Some("1")),
            ("client", Some("0")),
            ("fournisseur", Some("0")),
            ("code_client", None),
            ("email", None),
            ("siren", None),
            ("siret", None),
            ("tva_intra", None),
            ("status", Some("1")),
        ],
        Some("rowid"),
        &[&["code_client", "entity"]],
    ),
];

/// The tables without a row.
pub fn empty() -> BTreeMap<String, Table> {
    SHAPES
        .iter()
        .map(|(name, columns, counter, unique)| {
            let table = Table {
                columns: columns
                    .iter()
                    .map(|(name, default)| ((*name).to_owned(), default.map(str::to_owned)))
                    .collect(),
                counter: counter.map(str::to_owned),
                unique: unique.iter().map(|key| key.iter().map(|one| (*one).to_owned()).collect()).collect(),
                rows: Vec::new(),
                next: 1,
            };
            ((*name).to_owned(), table)
        })
        .collect()
}

impl Table {
    /// Whether the table has this column.
    pub fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|(name, _)| name == column)
    }

    /// A row with the given values, the defaults elsewhere and the next number of the counter.
    pub fn complete(&mut self, given: Row) -> Row {
        let mut row: Row = self.columns.iter().cloned().collect();
        row.extend(given);
        if let Some(counter) = &self.counter {
            let chosen = row.get(counter).and_then(Option::as_ref).and_then(|text| text.parse().ok());
            let number = chosen.unwrap_or(self.next);
            row.insert(counter.clone(), Some(number.to_string()));
            self.next = self.next.max(number + 1);
        }
        row
    }

    /// The first row, and the name of the key, that a new row would repeat. NULL never repeats.
    pub fn conflict(&self, row: &Row) -> Option<(usize, String)> {
        let counter = self.counter.iter().map(|name| vec![name.clone()]);
        for (key, number) in counter.chain(self.unique.iter().cloned()).zip(0..) {
            let values: Option<Vec<&String>> = key.iter().map(|name| row.get(name)?.as_ref()).collect();
            let Some(values) = values else { continue };
            let same = |other: &Row| {
                key.iter().zip(&values).all(|(name, value)| {
                    other.get(name).and_then(Option::as_ref).is_some_and(|text| text.eq_ignore_ascii_case(value))
                })
            };
            if let Some(at) = self.rows.iter().position(same) {
                let name = if number == 0 && self.counter.is_some() {
                    "PRIMARY".to_owned()
                } else {
                    format!("uk_{}", key.join("_"))
                };
                let shown = values.iter().map(|value| value.as_str()).collect::<Vec<_>>().join("-");
                return Some((at, format!("Duplicate entry '{shown}' for key '{name}'")));
            }
        }
        None
    }

    /// Adds a row of the given values.
    pub fn insert_pairs(&mut self, pairs: &[(&str, &str)]) {
        let given = pairs.iter().map(|(name, value)| ((*name).to_owned(), Some((*value).to_owned()))).collect();
        let row = self.complete(given);
        self.rows.push(row);
    }

    /// The first row with this value.
    pub fn find(&self, column: &str, value: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.get(column).is_some_and(|one| one.as_deref() == Some(value)))
    }

    /// Removes the rows with this value.
    pub fn remove_where(&mut self, column: &str, value: &str) {
        self.rows.retain(|row| row.get(column).is_none_or(|one| one.as_deref() != Some(value)));
    }
}
