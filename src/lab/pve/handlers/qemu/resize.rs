//! `PUT /nodes/{node}/qemu/{vmid}/resize`

use serde_json::Value;

use crate::pve::call::{Call, Refusal};
use crate::pve::handlers::common::{existing_vmid, required, skip_lock};
use crate::pve::tasks;
use crate::pve::work::{Resize, Work};
use crate::world::{Site, Surroundings};

/// Grows a disk: a task although the verb is PUT (sheet Proxmox, section 5d).
pub fn resize(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let vmid = existing_vmid(site, call)?;
    let work = Resize {
        vmid,
        disk: required(call, "disk")?,
        size: required(call, "size")?,
        digest: call.text("digest"),
        skip_lock: skip_lock(call)?,
        user: call.caller.user.clone(),
        token: call.caller.token.clone(),
    };
    Ok(tasks::start(site, around, &call.caller.full_id(), "resize", &vmid.to_string(), Work::Resize(work)))
}
