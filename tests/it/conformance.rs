//! What an onboarding asks of Proxmox and of YunoHost, against the real programs' own tables.

use std::collections::BTreeSet;
use std::io::Write as _;

use accolades::lab::net::transcript::Entry;
use serde_json::Value;

use crate::rehearsal::{Rehearsal, example_files, instance};
use crate::{api_schema, contracts, oracle};

/// The transcript of preparing the sites and onboarding one client.
async fn transcript() -> Vec<Entry> {
    let rehearsal = Rehearsal::new(3).await;
    rehearsal.prepare().await.unwrap_or_else(|error| panic!("{error}"));
    rehearsal.publish_dns();
    rehearsal.apply(&[instance("lilas")]).await;
    let state = rehearsal.served.lab.lock();
    state.transcript.entries().to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn conformance_requests_and_commands_are_known_to_the_real_programs() {
    let Some(folder) = contracts::folder() else { return };
    let entries = transcript().await;
    check_requests(&folder, &entries);
    let commands: Vec<String> = entries.iter().filter_map(yunohost_command).collect();
    let installed = commands.iter().filter(|line| line.contains("\"app\",\"install\"")).count();
    assert!(installed > 0, "the onboarding reached its apps: {commands:#?}");
    let Some(python) = oracle::python() else { return };
    let mut lines = tempfile::NamedTempFile::new().expect("a file");
    lines.write_all(commands.join("\n").as_bytes()).expect("written");
    let table = folder.join("yunohost/actionsmap.yml").display().to_string();
    let stdin = lines.reopen().expect("the same file");
    oracle::assert_content(&oracle::judge_lines(&python, "actionsmap.py", &[&table], stdin));
}

fn yunohost_command(entry: &Entry) -> Option<String> {
    match entry {
        Entry::Program { argv, .. } => serde_json::to_string(argv).ok(),
        _ => None,
    }
}

fn check_requests(folder: &std::path::Path, entries: &[Entry]) {
    let read = |name: &str| -> Vec<Value> {
        let text = std::fs::read(folder.join("proxmox").join(name)).expect("the schema of the API is readable");
        serde_json::from_slice(&text).expect("the schema of the API is JSON")
    };
    let (schema, of_servers) = (read("pve-api.json"), read("pbs-api.json"));
    let files = example_files();
    let is_server = |site: &str| files.contains_key(&format!("backup-servers/{site}.toml"));
    let mut methods = BTreeSet::new();
    let mut mistakes = BTreeSet::new();
    for entry in entries {
        let Entry::Request { site, method, path, parameters, status, .. } = entry else { continue };
        if is_server(site) {
            // What is sent to a backup server is compared with its schema by `pbs_table`, through the lab's own table.
            if !api_schema::is_known(&of_servers, method, path) {
                mistakes.insert(format!("{method} {path}: a backup server has no such method"));
            }
            continue;
        }
        match api_schema::check(&schema, method, path, parameters) {
            Ok(template) => drop(methods.insert(format!("{method} {template}"))),
            Err(found) => mistakes.extend(found),
        }
        if *status == 501 {
            mistakes.insert(format!("{method} {path}: the lab does not simulate it"));
        }
    }
    println!("{} methods of the API:", methods.len());
    methods.iter().for_each(|method| println!("  {method}"));
    assert!(mistakes.is_empty(), "{mistakes:#?}");
    for expected in ["POST /nodes/{node}/qemu", "GET /nodes/{node}/tasks/{upid}/status"] {
        assert!(methods.contains(expected), "the onboarding did not ask for {expected}");
    }
}
