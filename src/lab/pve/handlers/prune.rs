//! `/nodes/{node}/storage/{storage}/prunebackups`

use serde_json::{Value, json};

use super::common::{check_node, number, required};
use super::storage::find;
use crate::pve::backups::{self, Pruned, Which};
use crate::pve::call::{Call, Refusal};
use crate::pve::retention::Keep;
use crate::pve::tasks;
use crate::pve::work::{PruneBackups, Work};
use crate::world::{Site, Surroundings};

/// `GET …/prunebackups`: what would become of each backup.
pub fn preview(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    check_node(site, call)?;
    let id = required(call, "storage")?;
    let keep = keep(site, call, &id)?;
    let kind = call.text("type");
    let which = Which { vmid: number(call, "vmid")?, kind: kind.as_deref() };
    let marked = backups::prune(site, around, &id, &keep, which, true, &mut |_, _| {}).map_err(Refusal::died)?;
    Ok(marked.iter().map(shown).collect())
}

/// `DELETE …/prunebackups`
pub fn delete(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    check_node(site, call)?;
    let id = required(call, "storage")?;
    let vmid: Option<u32> = number(call, "vmid")?;
    let (access, path) = (&site.pve.access, format!("/storage/{id}"));
    match vmid {
        Some(vmid) => {
            access.require(&call.caller, &path, &["Datastore.AllocateSpace"])?;
            access.require(&call.caller, &format!("/vms/{vmid}"), &["VM.Backup"])?;
        }
        None => access.require(&call.caller, &path, &["Datastore.Allocate"])?,
    }
    let keep = keep(site, call, &id)?;
    let task_id = vmid.map_or_else(|| id.clone(), |vmid| format!("{vmid}@{id}"));
    let work = Work::Prune(PruneBackups { storage: id, keep, vmid, kind: call.text("type") });
    Ok(tasks::start(site, around, &call.caller.full_id(), "prunebackups", &task_id, work))
}

/// The retention that is asked for, or else the storage's.
fn keep(site: &Site, call: &Call, id: &str) -> Result<Keep, Refusal> {
    let storage = find(&site.pve, id)?;
    let text = call.text("prune-backups").or_else(|| storage.option("prune-backups").map(str::to_owned));
    text.map(|text| Keep::parse(&text))
        .ok_or_else(|| Refusal::died(format!("no prune-backups options configured for storage '{id}'")))
}

fn shown(one: &Pruned) -> Value {
    let mut entry = json!({ "volid": one.volid, "ctime": one.made_s, "type": one.kind, "mark": one.mark.name() });
    if let Some(vmid) = one.vmid {
        entry["vmid"] = json!(vmid);
    }
    entry
}
