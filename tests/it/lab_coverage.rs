//! `docs/lab-coverage.md` lists what the lab simulates.

use std::collections::BTreeSet;

use accolades::lab::pbs::table;
use accolades::lab::pve::handlers;

/// What `{vm}` stands for in the list.
const VM: &str = "/nodes/{node}/qemu/{vmid}";

/// The methods that the tables between two headings name, as `GET /version`.
fn listed(from: &str, to: &str) -> BTreeSet<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/lab-coverage.md");
    let text = std::fs::read_to_string(path).expect("the list is there");
    let (_, section) = text.split_once(from).expect("the section begins");
    let (section, _) = section.split_once(to).expect("the section ends");
    let mut methods = BTreeSet::new();
    for line in section.lines() {
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
    let listed = listed("# Proxmox VE's API\n", "## Known by their parameters");
    let missing: Vec<String> = handlers::simulated()
        .map(|(verb, path)| format!("{verb} {path}"))
        .filter(|one| !listed.contains(one))
        .collect();
    assert!(missing.is_empty(), "not in docs/lab-coverage.md: {missing:#?}");
}

#[test]
fn lab_coverage_lists_exactly_the_methods_of_backup_servers_that_are_simulated() {
    let listed = listed("# Proxmox Backup Server's API\n", "# Programs of nodes and guests\n");
    let simulated: BTreeSet<String> =
        table::methods().map(|method| format!("{} {}", method.verb.name(), method.path)).collect();
    let missing: Vec<&String> = simulated.difference(&listed).collect();
    assert!(missing.is_empty(), "not in docs/lab-coverage.md: {missing:#?}");
    let unknown: Vec<&String> = listed.difference(&simulated).filter(|one| one.contains(" /")).collect();
    assert!(unknown.is_empty(), "in docs/lab-coverage.md only: {unknown:#?}");
}
