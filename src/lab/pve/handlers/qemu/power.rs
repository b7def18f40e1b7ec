//! `POST /nodes/{node}/qemu/{vmid}/status/…`

use serde_json::Value;

use crate::pve::call::{Call, Refusal};
use crate::pve::handlers::common::{existing_vmid, number, skip_lock, vm};
use crate::pve::state::{Power as State, Vm};
use crate::pve::tasks;
use crate::pve::work::{Power, PowerAction, Work};
use crate::world::{Site, Surroundings};

/// `start`: a VM that runs already is the task's error, not the request's.
pub fn start(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    change(site, around, call, PowerAction::Start)
}

/// `stop`
pub fn stop(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let vmid = existing_vmid(site, call)?;
    if call.flag("overrule-shutdown") {
        abort_shutdowns(site, around, vmid)?;
    }
    change(site, around, call, PowerAction::Stop)
}

/// `shutdown`: one that is stopped already is fine.
pub fn shutdown(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let vmid = existing_vmid(site, call)?;
    if vm(&site.pve, vmid)?.power == State::Paused && !call.flag("forceStop") {
        return Err(Refusal::died("VM is paused - cannot shutdown"));
    }
    change(site, around, call, PowerAction::Shutdown)
}

/// `reboot`
pub fn reboot(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let vmid = existing_vmid(site, call)?;
    if vm(&site.pve, vmid)?.power == State::Paused {
        return Err(Refusal::died("VM is paused - cannot shutdown"));
    }
    running(vm(&site.pve, vmid)?, vmid)?;
    change(site, around, call, PowerAction::Reboot)
}

/// `reset`
pub fn reset(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let vmid = existing_vmid(site, call)?;
    running(vm(&site.pve, vmid)?, vmid)?;
    change(site, around, call, PowerAction::Reset)
}

/// `suspend`
pub fn suspend(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let vmid = existing_vmid(site, call)?;
    if call.flag("todisk") {
        return Err(Refusal::Status(501, "suspending to disk is not simulated in the lab".to_owned()));
    }
    running(vm(&site.pve, vmid)?, vmid)?;
    change(site, around, call, PowerAction::Suspend)
}

/// `resume`
pub fn resume(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let vmid = existing_vmid(site, call)?;
    running(vm(&site.pve, vmid)?, vmid)?;
    change(site, around, call, PowerAction::Resume)
}

fn change(site: &mut Site, around: Surroundings<'_>, call: &Call, action: PowerAction) -> Result<Value, Refusal> {
    let vmid = existing_vmid(site, call)?;
    let work = Power {
        vmid,
        action,
        timeout_s: number(call, "timeout")?,
        force_stop: call.flag("forceStop"),
        skip_lock: skip_lock(call)?,
    };
    Ok(tasks::start(site, around, &call.caller.full_id(), action.task_type(), &vmid.to_string(), Work::Power(work)))
}

fn running(vm: &Vm, vmid: u32) -> Result<(), Refusal> {
    if vm.running() { Ok(()) } else { Err(Refusal::died(format!("VM {vmid} not running"))) }
}

/// Kills the pending shutdown tasks of a VM.
fn abort_shutdowns(site: &mut Site, around: Surroundings<'_>, vmid: u32) -> Result<(), Refusal> {
    let id = vmid.to_string();
    let pending: Vec<String> = site
        .pve
        .tasks
        .iter()
        .filter(|task| task.running() && task.kind == "qmshutdown" && task.id == id)
        .map(|task| task.upid.clone())
        .collect();
    pending.iter().try_for_each(|upid| tasks::stop(site, around, upid))
}
