//! The architecture's invariants, held by reading the source (`docs/architecture.md`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Which room may use which: the table of `docs/architecture.md`.
const EDGES: &[(&str, &[&str])] = &[
    ("util", &[]),
    ("domain", &[]),
    ("dolibarr", &["domain", "store", "util"]),
    ("inventory", &["domain", "util"]),
    ("plan", &["domain", "inventory", "yunohost"]),
    ("print", &["util"]),
    ("proof", &["domain", "inventory", "print", "store"]),
    ("transport", &["ssh", "util"]),
    ("pve", &["domain", "ssh", "transport", "util"]),
    ("pbs", &["domain", "ssh", "transport", "util"]),
    ("ssh", &["domain", "util"]),
    ("yunohost", &["domain", "ssh", "util"]),
    ("store", &["domain", "inventory", "util"]),
    ("platform", &["domain", "util"]),
    ("billing", &["domain", "inventory", "platform", "post", "print", "store", "util"]),
    ("acceptance", &["inventory", "store"]),
    ("post", &["domain", "inventory", "store", "transport", "util"]),
    ("health", &["domain", "inventory", "plan", "store", "util"]),
    ("engine", &["domain", "health", "inventory", "pbs", "plan", "pve", "ssh", "store", "util", "yunohost"]),
    ("metrics", &["domain", "engine", "health", "store", "util"]),
    ("jobs", &["billing", "domain", "engine", "metrics", "plan", "post", "proof", "store", "util"]),
    (
        "portal",
        &[
            "acceptance",
            "billing",
            "domain",
            "health",
            "inventory",
            "jobs",
            "metrics",
            "plan",
            "post",
            "print",
            "proof",
            "store",
            "util",
        ],
    ),
    (
        "cli",
        &[
            "acceptance",
            "billing",
            "dolibarr",
            "domain",
            "engine",
            "health",
            "inventory",
            "jobs",
            "metrics",
            "pbs",
            "plan",
            "platform",
            "portal",
            "post",
            "print",
            "proof",
            "pve",
            "ssh",
            "store",
            "transport",
            "util",
            "yunohost",
            "lab",
            "demo",
        ],
    ),
    ("demo", &["cli", "domain", "inventory", "lab", "plan", "util"]),
];

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the source is readable") {
        let path = entry.expect("the source is readable").path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn source() -> Vec<(String, PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&root, &mut files);
    files
        .into_iter()
        .filter_map(|path| {
            let inside = path.strip_prefix(&root).expect("found below the root");
            let room = inside.components().next()?.as_os_str().to_str()?.trim_end_matches(".rs").to_owned();
            let text = std::fs::read_to_string(&path).expect("the source is readable");
            Some((room, path, text))
        })
        .filter(|(room, _, _)| room != "main" && room != "lib")
        .collect()
}

/// Code without comments: prose may name any room.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim_start().starts_with("//"))
}

#[test]
fn rooms_use_only_the_rooms_that_the_table_allows() {
    let allowed: BTreeMap<&str, &[&str]> = EDGES.iter().copied().collect();
    let mut wrong = Vec::new();
    for (room, path, text) in source() {
        if room == "lab" {
            continue; // a crate of its own: see `the_lab_knows_nothing_of_the_program_it_tests`
        }
        let Some(edges) = allowed.get(room.as_str()) else {
            panic!("`{room}` ({}) is not in the table of rooms", path.display());
        };
        for line in code(&text) {
            for used in line.split("crate::").skip(1) {
                let used: String = used.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
                let is_room = used == "lab" || allowed.contains_key(used.as_str());
                if is_room && used != room && !edges.contains(&used.as_str()) {
                    wrong.push(format!("{}: {}", path.display(), line.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "edges that the architecture does not allow:\n{}", wrong.join("\n"));
}

#[test]
fn the_lab_knows_nothing_of_the_program_it_tests() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lab/Cargo.toml");
    let manifest = std::fs::read_to_string(manifest).expect("the lab's manifest is readable");
    let manifest: toml::Table = manifest.parse().expect("a manifest is TOML");
    for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
        let named = manifest.get(section).and_then(toml::Value::as_table);
        for (name, of) in named.into_iter().flatten() {
            assert!(name != "accolades" && of.get("path").is_none(), "the lab depends on `{name}`");
        }
    }
}

#[test]
fn pure_rooms_do_no_io_and_read_no_clock() {
    let forbidden = ["std::fs", "std::net::Tcp", "tokio::", "reqwest", "SystemTime", "Timestamp::now", "Zoned::now"];
    for (room, path, text) in source() {
        if room != "domain" && room != "plan" {
            continue;
        }
        for line in code(&text) {
            let found = forbidden.iter().find(|word| line.contains(*word));
            assert!(found.is_none(), "{}: `{}` in a pure room", path.display(), line.trim());
        }
    }
}

#[test]
fn only_the_store_writes_sql() {
    for (room, path, text) in source() {
        if room != "store" {
            assert!(!code(&text).any(|line| line.contains("sqlx")), "{} uses sqlx", path.display());
        }
    }
}

#[test]
fn time_comes_from_the_injected_clock() {
    for (_, path, text) in source() {
        if path.ends_with("util/clock.rs") {
            continue;
        }
        for line in code(&text) {
            for word in ["SystemTime::now", "Timestamp::now", "Zoned::now", "thread::sleep"] {
                assert!(!line.contains(word), "{}: `{}`", path.display(), line.trim());
            }
        }
    }
}

#[test]
fn nothing_is_left_for_later_in_silence() {
    for (_, path, text) in source() {
        for word in ["todo!", "unimplemented!", "FIXME", "XXX:", "#[ignore"] {
            assert!(!text.contains(word), "{} has `{word}`", path.display());
        }
    }
}
