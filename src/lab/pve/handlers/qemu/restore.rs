//! `POST /nodes/{node}/qemu` with `archive`: a VM from a backup.

use serde_json::Value;

use super::create::{add_addresses, options, reserve};
use super::drives;
use super::rights::{self, Subject, check_bridges};
use crate::pve::call::{Call, Refusal};
use crate::pve::handlers::common::{forbidden, number};
use crate::pve::handlers::volume_access;
use crate::pve::state::storage::{content_of, parse_volid};
use crate::pve::state::{StorageKind, drive};
use crate::pve::tasks;
use crate::pve::work::{Restore, Work, check_lock};
use crate::world::{Site, Surroundings};

/// Restores a backup: rights, conflicts and locks are checked here, everything else fails in the task `qmrestore`.
pub fn restore(
    site: &mut Site,
    around: Surroundings<'_>,
    call: &Call,
    vmid: u32,
    archive: String,
) -> Result<Value, Refusal> {
    let (pool, storage, start) = (call.text("pool"), call.text("storage"), call.flag("start"));
    let mut overrides = options(call);
    drives::check_ssh_keys(&overrides)?;
    let subject = Subject { vmid, pool: pool.as_deref() };
    check_place(site, call, subject, storage.as_deref())?;
    if let Some(key) = overrides.keys().find(|key| drive::is_drive(key)) {
        return Err(Refusal::param(key, "option conflicts with option 'archive'"));
    }
    if archive == "-" {
        return Err(Refusal::died("pipe requires cli environment"));
    }
    volume_access::check(site, call, Some(vmid), &archive)?;
    check_archive(site, &archive, call.flag("live-restore"))?;
    for (key, value) in &overrides {
        rights::check_option(site, call, subject, key, Some(value))?;
    }
    check_bridges(site, call, &overrides)?;
    add_addresses(&mut overrides, site, around, vmid, "restore");
    let refused = |text: String| Refusal::died(format!("unable to restore VM {vmid} - {text}"));
    match site.pve.vms.get_mut(&vmid) {
        Some(_) if !call.flag("force") => {
            return Err(refused(format!("VM {vmid} already exists on node '{}'", site.pve.node)));
        }
        Some(vm) => {
            check_lock(vm).map_err(refused)?;
            vm.config.insert("lock".to_owned(), "create".to_owned());
        }
        None => reserve(site, around, vmid, "create"),
    }
    let work = Restore::new(
        vmid,
        archive,
        crate::pve::work::restore::Options {
            storage,
            pool,
            unique: call.flag("unique"),
            start,
            live: call.flag("live-restore"),
            bwlimit_kib: number(call, "bwlimit")?,
            overrides,
            owner: call.caller.clone(),
        },
    );
    Ok(tasks::start(site, around, &call.caller.full_id(), "qmrestore", &vmid.to_string(), Work::Restore(work)))
}

/// Whether the caller may make, or overwrite, this VM there.
fn check_place(site: &Site, call: &Call, subject: Subject<'_>, storage: Option<&str>) -> Result<(), Refusal> {
    if let Some(pool) = subject.pool.filter(|pool| !site.pve.access.pools.contains_key(*pool)) {
        return Err(Refusal::Status(403, format!("Permission check failed (pool '{pool}' does not exist)")));
    }
    if let Some(storage) = storage {
        site.pve.access.require(&call.caller, &format!("/storage/{storage}"), &["Datastore.AllocateSpace"])?;
    }
    if call.flag("start") {
        subject.require(site, call, &["VM.PowerMgmt"])?;
    }
    let overwrites = call.flag("force") && site.pve.vms.contains_key(&subject.vmid);
    let may = subject.require(site, call, &["VM.Allocate"]).is_ok()
        || overwrites && site.pve.access.allowed(&call.caller, &format!("/vms/{}", subject.vmid), &["VM.Backup"]);
    if may { Ok(()) } else { Err(forbidden()) }
}

fn check_archive(site: &Site, archive: &str, live: bool) -> Result<(), Refusal> {
    let Some((storage, name)) = parse_volid(archive) else {
        return Err(Refusal::Status(501, "restoring an archive by its path is not simulated in the lab".to_owned()));
    };
    if content_of(name) != "backup" {
        return Err(Refusal::died(format!("unable to use volume {archive} - content type needs to be 'backup'")));
    }
    let on_server = site.pve.storages.get(storage).is_some_and(|storage| storage.kind == StorageKind::Pbs);
    if live && on_server {
        return Err(Refusal::Status(501, "live-restore is not simulated in the lab".to_owned()));
    }
    Ok(())
}
