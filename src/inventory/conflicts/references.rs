//! Ids that name other files, days that must fit, and VM ids.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;

use super::{ClientDraft, Drafts, InstanceDraft, Owner};
use crate::domain::ids::VmId;
use crate::inventory::mistake::{Mistake, Placed, did_you_mean};
use crate::inventory::reader::Findings;

/// Records unknown ids, days that do not fit, and VM ids that are not ours or not unique.
pub fn find(drafts: &Drafts, findings: &Findings) {
    for site in drafts.sites.values() {
        if let Some(server) = &site.claims.backup_server {
            demand_known("backup server", "backup-servers", server, &drafts.backup_servers, findings);
        }
    }
    for server in drafts.backup_servers.values() {
        if let Some(from) = &server.claims.pulls_from {
            demand_known("backup server", "backup-servers", from, &drafts.backup_servers, findings);
        }
    }
    for instance in drafts.instances.values() {
        for site in instance.claims.placements.iter().filter_map(|placement| placement.site.as_ref()) {
            demand_known("site", "sites", site, &drafts.sites, findings);
        }
    }
    for client in drafts.clients.values() {
        for instance in client.claims.instances() {
            demand_known("instance", "instances", instance, &drafts.instances, findings);
        }
        demand_days_fit(client, drafts, findings);
    }
    demand_sound_vmids(drafts, findings);
}

fn demand_known<Id: Display + Ord, Draft>(
    kind: &str,
    folder: &str,
    reference: &Placed<Id>,
    known: &BTreeMap<Id, Draft>,
    findings: &Findings,
) {
    if known.contains_key(&reference.value) {
        return;
    }
    let typed = reference.value.to_string();
    let known: Vec<String> = known.keys().map(ToString::to_string).collect();
    let mistake = Mistake::new(format!("{kind} `{typed}` is unknown"), &reference.place, "no such file");
    findings.add(match did_you_mean(&typed, known.iter().map(String::as_str)) {
        Some(likely) => mistake.help(format!("did you mean `{likely}`?")),
        None => mistake.help(format!("it would be the file `{folder}/{typed}.toml`")),
    });
}

/// A client needs an instance from its first seat on, an instance a site from its first client on.
fn demand_days_fit(client: &ClientDraft, drafts: &Drafts, findings: &Findings) {
    let Some(first) = client.claims.placements.first() else { return };
    let (Some(from), Some(instance_id)) = (&first.from, &first.instance) else { return };
    if let Some(seat) = client.claims.first_seat.filter(|seat| *seat < from.value) {
        let problem = format!("the first seat begins on {seat}, but the client has no instance before {}", from.value);
        findings.add(Mistake::new(problem, &from.place, "too late for the first seat"));
    }
    let instance: Option<&InstanceDraft> = drafts.instances.get(&instance_id.value);
    let first = instance.and_then(|instance| instance.claims.placements.first()?.from.as_ref());
    if let Some(first) = first.filter(|first| from.value < first.value) {
        let problem =
            format!("the client lives on `{}` from {}, before it stands anywhere", instance_id.value, from.value);
        findings.add(Mistake::new(problem, &from.place, "too early").also(&first.place, "its first place"));
    }
}

/// VM ids lie in the reserved range and are used once, templates included.
fn demand_sound_vmids(drafts: &Drafts, findings: &Findings) {
    let templates = drafts.sites.values().filter_map(|site| {
        let template = site.claims.template.as_ref()?;
        Some((template.value, Owner { id: site.id.as_str(), place: &template.place }))
    });
    let templates: HashMap<VmId, Owner<'_>> = templates.collect();
    let mut first: HashMap<VmId, Owner<'_>> = HashMap::with_capacity(drafts.instances.len());
    for instance in drafts.instances.values() {
        let Some(vmid) = &instance.claims.vmid else { continue };
        let here = Owner { id: instance.id.as_str(), place: &vmid.place };
        if let Some(other) = first.get(&vmid.value) {
            let problem = format!("vmid {} belongs to `{}` and to `{}`", vmid.value, other.id, here.id);
            let mistake = Mistake::new(problem, here.place, "used again").also(other.place, "used here");
            findings.add(mistake.help("a VM id is unique across the co-operative and never used again"));
        } else {
            first.insert(vmid.value, here);
        }
        if let Some(template) = templates.get(&vmid.value) {
            let problem = format!("vmid {} of `{}` is the template of site `{}`", vmid.value, here.id, template.id);
            findings.add(Mistake::new(problem, here.place, "used again").also(template.place, "the template"));
        }
        if let Some(range) = &drafts.cooperative.vm_ids
            && !(range.value.first..=range.value.last).contains(&vmid.value)
        {
            let problem = format!("vmid {} lies outside the reserved range", vmid.value);
            let label = format!("{} to {}", range.value.first, range.value.last);
            findings.add(Mistake::new(problem, here.place, "outside").also(&range.place, label));
        }
    }
}
