//! Backups across files: where they lie, who fetches from whom, and names that would meet.

use std::collections::BTreeMap;

use super::{BackupServerDraft, Drafts};
use crate::domain::backup::names::{RESERVED_INSTANCES, pool};
use crate::domain::ids::BackupServerId;
use crate::inventory::mistake::Mistake;
use crate::inventory::reader::Findings;

/// Records what would make two backups meet, or one go nowhere.
pub fn find(drafts: &Drafts, findings: &Findings) {
    for instance in drafts.instances.values() {
        if RESERVED_INSTANCES.contains(&instance.id.as_str()) {
            let problem = format!("an instance cannot be called `{}`", instance.id);
            let mistake = Mistake::new(problem, &instance.place, format!("its pool would be `{}`", pool(&instance.id)));
            findings.add(mistake.help("every site has a pool of that name already: rename the file"));
        }
    }
    for site in drafts.sites.values() {
        if let (Some(schedule), None) = (&site.claims.remote_schedule, &site.claims.backup_server) {
            let problem = format!("site `{}` has no backup server", site.id);
            let mistake = Mistake::new(problem, &schedule.place, "runs nowhere");
            findings.add(mistake.help("name one with `backup_server`, or leave `remote_schedule` away"));
        }
    }
    demand_apart(drafts, findings);
    for server in drafts.backup_servers.values() {
        demand_pull_makes_sense(server, drafts, findings);
    }
}

/// No two servers' parts of a datastore are one inside the other: their instances' namespaces would meet.
fn demand_apart(drafts: &Drafts, findings: &Findings) {
    let mut by_store: BTreeMap<(&str, u16, &str), Vec<&BackupServerDraft>> = BTreeMap::new();
    for server in drafts.backup_servers.values() {
        let Some(place) = &server.claims.whereabouts else { continue };
        let store = (place.value.host.as_str(), place.value.port, place.value.datastore.as_str());
        let others = by_store.entry(store).or_default();
        let namespace = |server: &BackupServerDraft| {
            server.claims.whereabouts.as_ref().map(|one| one.value.namespace.clone()).unwrap_or_default()
        };
        let own = namespace(server);
        let inside = others.iter().find(|other| {
            let other = namespace(other);
            other.starts_with(&own) || own.starts_with(&other)
        });
        if let Some(other) = inside
            && let Some(other_place) = &other.claims.whereabouts
        {
            let problem = format!("`{}` and `{}` are the same part of one datastore", other.id, server.id);
            let mistake = Mistake::new(problem, &place.place, "again").also(&other_place.place, "first");
            findings.add(mistake.help("give each a `namespace` of its own, none inside the other"));
        }
        others.push(server);
    }
}

/// A copy is fetched from a server of ours that fetches from nobody, onto one to which no site writes.
fn demand_pull_makes_sense(server: &BackupServerDraft, drafts: &Drafts, findings: &Findings) {
    let Some(from) = &server.claims.pulls_from else { return };
    let problem = |text: String, label: &str, help: &str| {
        findings.add(Mistake::new(text, &from.place, label).help(help));
    };
    if from.value == server.id {
        problem(format!("`{}` fetches from itself", server.id), "itself", "name another server of yours");
        return;
    }
    if let Some(other) = drafts.backup_servers.get(&from.value) {
        if other.claims.ours == Some(false) {
            problem(
                format!("`{}` is not ours: it has no token that reads", other.id),
                "a partner's",
                "ask the partner to pull from yours instead, or fetch from a server of yours",
            );
        }
        if other.claims.pulls_from.is_some() {
            problem(
                format!("`{}` fetches from another server itself", other.id),
                "a copy of a copy",
                "fetch from the server to which the sites write",
            );
        }
    }
    let writes = |id: &BackupServerId| {
        drafts.sites.values().find(|site| site.claims.backup_server.as_ref().is_some_and(|one| one.value == *id))
    };
    if let Some(site) = writes(&server.id)
        && let Some(written) = &site.claims.backup_server
    {
        let text = format!("`{}` fetches copies, and site `{}` writes to it", server.id, site.id);
        let mistake = Mistake::new(text, &written.place, "written to").also(&from.place, "fetches");
        findings.add(mistake.help("keep the third place apart: its namespaces would meet those of the sites"));
    }
}
