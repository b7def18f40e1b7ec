//! `docs/inventory.md`, printed from the same tables that the reader uses.

use std::fmt::Write as _;

use super::schema::{Key, Kind, Need, Section};
use super::sections::FILES;

const HEAD: &str = "\
# The inventory

Generated from the program's own tables of keys: `UPDATE_DOCS=1 cargo nextest run -E 'test(inventory_reference)'`
writes this file again.

The inventory is a folder of TOML files: `cooperative.toml`, and one file per site, backup server, instance and client in
the folders `sites`, `backup-servers`, `instances` and `clients`. The name of a file without `.toml` is the id of what it
describes: lower-case letters, digits and single dashes, a letter first, at most 32 characters. The folder `inventory/`
of this repository is an example with comments.

`accolades check` reads everything and reports all mistakes at once. Keys that are not listed here are refused.
Days are written without quotes (`2026-12-01`), prices in quotes with two digits and without VAT (`\"39.00\"`).
Lists of dated entries (placements, prices) begin with the oldest; nothing of the past is removed.
";

/// The reference as Markdown.
pub fn reference() -> String {
    let mut out = HEAD.to_owned();
    for file in FILES {
        section(file, 2, &mut out);
    }
    out
}

fn section(section: &Section, level: usize, out: &mut String) {
    let _ = write!(
        out,
        "\n{} `{}`\n\n{}\n\n| key | value | when absent | meaning | example |\n| --- | --- | --- | --- | --- |\n",
        "#".repeat(level),
        section.heading,
        section.about
    );
    for key in section.keys {
        row(key, out);
    }
    // Tables inside a file follow as sections of the same rank, in the order of their keys.
    for inner in section.keys.iter().filter_map(|key| key.kind.section()) {
        self::section(inner, 3, out);
    }
}

fn row(key: &Key, out: &mut String) {
    let absent = match key.need {
        Need::Required => "refused".to_owned(),
        Need::Optional => "none".to_owned(),
        Need::Default(literal) => format!("`{literal}`"),
    };
    let only = match key.only {
        [] => String::new(),
        words => format!(
            " (only with `by` {})",
            words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" or ")
        ),
    };
    let example = match key.kind {
        Kind::Table(inner) | Kind::Tables(inner) | Kind::Named(inner) => format!("see `{}`", inner.heading),
        _ => format!("`{} = {}`", key.name, key.example),
    };
    let _ = writeln!(out, "| `{}` | {} | {absent} | {}{only} | {example} |", key.name, kind(key.kind), key.meaning);
}

fn kind(kind: Kind) -> String {
    match kind {
        Kind::Table(_) => "a table".to_owned(),
        Kind::Tables(_) => "a list of tables".to_owned(),
        Kind::Named(_) => "tables by id".to_owned(),
        other => other.words(),
    }
}
