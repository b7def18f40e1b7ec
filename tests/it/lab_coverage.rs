//! `docs/lab-coverage.md` lists what the lab simulates.

use std::collections::BTreeSet;

use accolades::lab::pve::handlers;

/// What `{vm}` stands for in the list.
const VM: &str = "/nodes/{node}/qemu/{vmid}";

/// The methods that the list's tables name, as `GET /version`.
fn listed() -> BTreeSet<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/lab-coverage.md");
    let text = std::fs::read_to_string(path).expect("the list is there");
    let simulated = text.split("## Known by their parameters").next().unwrap_or_default();
    let mut methods = BTreeSet::new();
    for line in simulated.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, verbs, paths, ..] = cells.as_slice() else { continue };
        for path in expand(paths) {
            methods.extend(verbs.split(' ').map(|verb| format!("{verb} {path}")));
        }
    }
    methods
}

/// The paths of a cell: in full, below `{vm}`, below the one before (`.../status`), or beside it (`stop`).
fn expand(cell: &str) -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    for word in cell.split('`').skip(1).step_by(2) {
        let before = paths.last().map(String::as_str).unwrap_or_default();
        let path = if let Some(rest) = word.strip_prefix("{vm}") {
            format!("{VM}{rest}")
        } else if let Some(rest) = word.strip_prefix("...") {
            format!("{before}{rest}")
        } else if word.starts_with('/') {
            word.to_owned()
        } else {
            let folder = before.rsplit_once('/').map_or("", |(folder, _)| folder);
            format!("{folder}/{word}")
        };
        paths.push(path);
    }
    paths
}

#[test]
fn lab_coverage_lists_every_method_that_is_simulated() {
    let listed = listed();
    let missing: Vec<String> = handlers::simulated()
        .map(|(verb, path)| format!("{verb} {path}"))
        .filter(|one| !listed.contains(one))
        .collect();
    assert!(missing.is_empty(), "not in docs/lab-coverage.md: {missing:#?}");
}
