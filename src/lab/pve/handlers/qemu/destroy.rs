//! `DELETE /nodes/{node}/qemu/{vmid}`

use serde_json::Value;

use crate::pve::call::{Call, Refusal};
use crate::pve::handlers::common::{existing_vmid, skip_lock, vm};
use crate::pve::tasks;
use crate::pve::work::{Destroy, Work, destroy};
use crate::world::{Site, Surroundings};

/// Destroys a VM with all that belongs to it.
pub fn destroy(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let skip_lock = skip_lock(call)?;
    let vmid = existing_vmid(site, call)?;
    destroy::check(vm(&site.pve, vmid)?, vmid).map_err(Refusal::died)?;
    let unreferenced = call.flag("destroy-unreferenced-disks");
    let work = Destroy { vmid, purge: call.flag("purge"), skip_lock, unreferenced };
    Ok(tasks::start(site, around, &call.caller.full_id(), "qmdestroy", &vmid.to_string(), Work::Destroy(work)))
}
