//! `POST /nodes/{node}/qemu/{vmid}/template`

use serde_json::Value;

use crate::pve::call::{Call, Refusal};
use crate::pve::handlers::common::{check_lock, existing_vmid, vm};
use crate::pve::tasks;
use crate::pve::work::{Template, Work, template};
use crate::world::{Site, Surroundings};

/// Makes a template of a VM.
pub fn create(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let vmid = existing_vmid(site, call)?;
    if call.params.contains_key("disk") {
        return Err(Refusal::Status(501, "converting a single disk is not simulated in the lab".to_owned()));
    }
    let vm = vm(&site.pve, vmid)?;
    check_lock(vm)?;
    template::check(vm).map_err(Refusal::died)?;
    let work = Work::Template(Template { vmid });
    Ok(tasks::start(site, around, &call.caller.full_id(), "qmtemplate", &vmid.to_string(), work))
}
