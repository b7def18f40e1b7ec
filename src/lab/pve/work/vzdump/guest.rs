//! One guest's turn in a backup: locked, caught as it is, copied, and what follows while it is still locked.

use serde::{Deserialize, Serialize};

use super::place::{Copy, Place};
use super::report;
use super::{Mode, Options};
use crate::pve::backups::capture;
use crate::pve::backups::{self, Level};
use crate::pve::call::Caller;
use crate::pve::general::zone_of;
use crate::pve::retention::Keep;
use crate::pve::state::{Power, Volume, bytes, property};
use crate::pve::work::{SECOND_US, disks, power, vm_mut};
use crate::pve::{access::Access, boot};
use crate::world::keyed::Key;
use crate::world::{Moment, Site, Surroundings};

/// How long a guest that is up takes to shut down.
const SHUTDOWN_US: u64 = 8 * SECOND_US;
/// The log tells how far a copy is at most so often.
const PROGRESS_LINES_MAX: u64 = 10;
/// And not more often than this.
const PROGRESS_US: u64 = 3 * SECOND_US;
/// How many protected backups of a guest there may be where nothing else is said and the caller may not allocate.
const PROTECTED_MAX: i64 = 5;

/// A guest whose turn it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Guest {
    vmid: u32,
    began: Moment,
    mode: Mode,
    /// Whether it ran, and was not halted, when its turn came.
    was_running: bool,
    was_paused: bool,
    /// Whether its lock is ours.
    locked: bool,
    /// When it was shut down for the backup.
    stopped: Option<Moment>,
    /// Whether QEMU was started for the backup only.
    prelaunched: bool,
    fleecing: Vec<String>,
    place: Option<Place>,
    stage: Stage,
    /// Its own log with the moment of each line.
    lines: Vec<(Moment, String)>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
enum Stage {
    Preparing,
    Stopping,
    Copying { copy: Copy, began: Moment, step_us: u64, steps: u64, done: u64 },
}

/// How far it is.
pub enum Progress {
    /// Goes on at that moment.
    Later(Box<Guest>, Moment),
    /// Its backup is there, and everything after it went well.
    Done,
    /// It failed.
    Failed,
}

/// The task's log, of which the guest's own is a part.
type Log = Vec<String>;

impl Guest {
    /// Begins; `None` when it failed at once, which the log then tells.
    pub fn begin(
        site: &mut Site,
        around: Surroundings<'_>,
        options: &Options,
        owner: &Caller,
        vmid: u32,
        log: &mut Log,
    ) -> Option<(Box<Guest>, Moment)> {
        let mut guest = Box::new(Guest {
            vmid,
            began: around.now,
            mode: options.mode,
            was_running: false,
            was_paused: false,
            locked: false,
            stopped: None,
            prelaunched: false,
            fleecing: Vec::new(),
            place: None,
            stage: Stage::Preparing,
            lines: Vec::new(),
        });
        match guest.prepare(site, around, options, owner, log) {
            Ok(due) => Some((guest, due)),
            Err(error) => {
                guest.fail(site, around, &error, log);
                None
            }
        }
    }

    /// Goes on.
    pub fn step(
        mut self: Box<Self>,
        site: &mut Site,
        around: Surroundings<'_>,
        options: &Options,
        owner: &Caller,
        log: &mut Log,
    ) -> Progress {
        let result = match &mut self.stage {
            Stage::Preparing | Stage::Stopping => self.stop_and_copy(site, around, options, log).map(Some),
            Stage::Copying { done, steps, .. } => {
                *done += 1;
                let is_last = *done >= *steps;
                self.tell_progress(around, log);
                if is_last {
                    self.finish(site, around, options, owner, log).map(|()| None)
                } else {
                    Ok(self.next_due(around))
                }
            }
        };
        match result {
            Ok(Some(due)) => Progress::Later(self, due),
            Ok(None) => Progress::Done,
            Err(error) => {
                self.fail(site, around, &error, log);
                Progress::Failed
            }
        }
    }

    /// Cleans up after a failure and tells of it.
    pub fn fail(mut self: Box<Self>, site: &mut Site, around: Surroundings<'_>, error: &str, log: &mut Log) {
        if matches!(self.stage, Stage::Copying { .. }) {
            self.say(around, log, "ERROR", error);
            self.say(around, log, "INFO", "aborting backup job");
        }
        if let Some(place) = self.place.take() {
            place.give_up(site, around, self.vmid);
        }
        self.release(site, around, log);
        if self.stopped.is_some() && site.pve.vms.get(&self.vmid).is_some_and(|vm| !vm.running()) {
            self.say(around, log, "INFO", "restarting vm");
            self.start_again(site, around, log);
        }
        self.say(around, log, "ERROR", &format!("Backup of VM {} failed - {error}", self.vmid));
        let at = report::local_time(around.now.unix_seconds(), &zone_of(site));
        self.say(around, log, "INFO", &format!("Failed at {at}"));
    }

    fn say(&mut self, around: Surroundings<'_>, log: &mut Log, level: &str, text: &str) {
        for line in text.lines() {
            let line = format!("{level}: {line}");
            self.lines.push((around.now, line.clone()));
            log.push(line);
        }
    }

    fn prepare(
        &mut self,
        site: &mut Site,
        around: Surroundings<'_>,
        options: &Options,
        owner: &Caller,
        log: &mut Log,
    ) -> Result<Moment, String> {
        let vmid = self.vmid;
        let vm = site.pve.vms.get(&vmid).ok_or_else(|| format!("unable to find VM '{vmid}'"))?;
        (self.was_running, self.was_paused) = (vm.running(), vm.power == Power::Paused);
        check_limits(site, around, options, owner, vmid)?;
        let zone = zone_of(site);
        self.say(around, log, "INFO", &format!("Starting Backup of VM {vmid} (qemu)"));
        let at = report::local_time(around.now.unix_seconds(), &zone);
        self.say(around, log, "INFO", &format!("Backup started at {at}"));
        let status = if self.was_running { "running" } else { "stopped" };
        self.say(around, log, "INFO", &format!("status = {status}"));
        let vm = vm_mut(site, vmid)?;
        super::super::check_lock(vm)?;
        vm.config.insert("lock".to_owned(), "backup".to_owned());
        self.locked = true;
        if !self.was_running {
            self.mode = Mode::Stop;
        }
        self.tell_disks(site, around, log)?;
        self.say(around, log, "INFO", &format!("backup mode: {}", self.mode.name()));
        if options.bwlimit_kib > 0 {
            self.say(around, log, "INFO", &format!("bandwidth limit: {} KiB/s", options.bwlimit_kib));
        }
        self.say(around, log, "INFO", &format!("ionice priority: {}", options.ionice));
        match self.mode {
            Mode::Stop if self.was_running => {
                self.say(around, log, "INFO", "stopping virtual guest");
                self.stage = Stage::Stopping;
                let complies = site.pve.vms.get(&vmid).is_some_and(power::complies);
                let wait_us = if complies { SHUTDOWN_US } else { options.stopwait_minutes * 60 * SECOND_US };
                Ok(around.now.plus_us(wait_us))
            }
            Mode::Suspend => {
                self.say(around, log, "INFO", "suspending guest");
                self.stopped = Some(around.now);
                self.copy(site, around, options, log)
            }
            Mode::Snapshot | Mode::Stop => self.copy(site, around, options, log),
        }
    }

    fn tell_disks(&mut self, site: &Site, around: Surroundings<'_>, log: &mut Log) -> Result<(), String> {
        let Some(vm) = site.pve.vms.get(&self.vmid) else { return Ok(()) };
        if let Some(name) = vm.option("name") {
            self.say(around, log, "INFO", &format!("VM Name: {name}"));
        }
        for (key, drive, included, reason) in capture::selection(vm) {
            let volid = drive.file();
            if !included {
                self.say(around, log, "INFO", &format!("exclude disk '{key}' '{volid}' ({reason})"));
                continue;
            }
            let size = drive.size().map(|size| format!(" {}", bytes::format_size(size))).unwrap_or_default();
            self.say(around, log, "INFO", &format!("include disk '{key}' '{volid}'{size}"));
            let (storage, _) = volid.split_once(':').unwrap_or_default();
            disks::activated(&site.pve, &site.node, storage)?;
            if disks::volume(&site.pve, volid).is_none() {
                return Err(format!("cannot determine size of volume '{volid}' - no such volume"));
            }
        }
        Ok(())
    }

    /// The guest has had its time to shut down.
    fn stop_and_copy(
        &mut self,
        site: &mut Site,
        around: Surroundings<'_>,
        options: &Options,
        log: &mut Log,
    ) -> Result<Moment, String> {
        let (vmid, wait_s) = (self.vmid, options.stopwait_minutes * 60);
        let vm = vm_mut(site, vmid)?;
        if vm.running() && !power::complies(vm) {
            return Err(format!(
                "command 'qm shutdown {vmid} --skiplock --keepActive --timeout {wait_s}' failed: exit code 255"
            ));
        }
        self.stopped = Some(self.began);
        boot::cut_power(site, vmid, around);
        self.copy(site, around, options, log)
    }

    /// Catches the guest and begins to copy.
    fn copy(
        &mut self,
        site: &mut Site,
        around: Surroundings<'_>,
        options: &Options,
        log: &mut Log,
    ) -> Result<Moment, String> {
        let vmid = self.vmid;
        self.tell_left_out(site, around, log);
        let mut place = Place::choose(site, options, vmid, self.began)?;
        self.say(around, log, "INFO", &place.announcement());
        for line in place.encryption(site)? {
            self.say(around, log, "INFO", &line);
        }
        let vm = site.pve.vms.get(&vmid).ok_or_else(|| format!("unable to find VM '{vmid}'"))?;
        let is_up = vm.running();
        if !capture::selection(vm).iter().any(|(_, _, included, _)| *included) {
            self.say(around, log, "INFO", "backup contains no disks");
            self.say(around, log, "INFO", "starting diskless backup");
        } else if !is_up {
            self.say(around, log, "INFO", "starting kvm to execute backup task");
            power::check_start(site, vmid, log)?;
            let vm = vm_mut(site, vmid)?;
            (vm.power, vm.started) = (Power::Prelaunch, Some(around.now));
            self.prelaunched = true;
        }
        self.attach_fleecing(site, around, options, log)?;
        self.freeze(site, around, log);
        let vm = site.pve.vms.get(&vmid).ok_or_else(|| format!("unable to find VM '{vmid}'"))?;
        let captured = capture::capture(&site.pve, vm, around)?;
        let opened = place.open(site, around, vmid, &captured, options.bwlimit_kib);
        self.place = Some(place);
        let copy = opened?;
        let moment = around.now.0.to_string();
        let uuid = Key::new(around.seed, &[&site.id, "vm", &vmid.to_string(), "backup", &moment]).uuid();
        self.say(around, log, "INFO", &format!("started backup task '{uuid}'"));
        self.resume(site, around, log);
        for line in &copy.lines {
            self.say(around, log, "INFO", line);
        }
        let steps = (copy.duration_us / PROGRESS_US).clamp(1, PROGRESS_LINES_MAX);
        let step_us = (copy.duration_us / steps).max(1);
        self.stage = Stage::Copying { copy, began: around.now, step_us, steps, done: 0 };
        Ok(around.now.plus_us(step_us))
    }

    /// What a backup never holds.
    fn tell_left_out(&mut self, site: &Site, around: Surroundings<'_>, log: &mut Log) {
        let Some(vm) = site.pve.vms.get(&self.vmid) else { return };
        for (key, value) in &vm.config {
            if crate::pve::state::drive::is_unused(key) {
                self.say(around, log, "INFO", &format!("skip unused drive '{value}' (not included into backup)"));
            }
        }
        if !vm.snapshots.is_empty() {
            self.say(around, log, "INFO", "snapshots found (not included into backup)");
        }
        if !vm.pending.is_empty() {
            self.say(around, log, "INFO", "pending configuration changes found (not included into backup)");
        }
    }

    fn attach_fleecing(
        &mut self,
        site: &mut Site,
        around: Surroundings<'_>,
        options: &Options,
        log: &mut Log,
    ) -> Result<(), String> {
        let Some(storage) = &options.fleecing else { return Ok(()) };
        let vm = site.pve.vms.get(&self.vmid).cloned().unwrap_or_default();
        let disks_in: Vec<_> = capture::selection(&vm).into_iter().filter(|(_, _, included, _)| *included).collect();
        for (number, (key, drive, _, _)) in disks_in.iter().enumerate() {
            let place = disks::activated(&site.pve, &site.node, storage)?;
            let format = place.default_format();
            let name = place.volume_name(self.vmid, &format!("vm-{}-fleece-{number}", self.vmid), format);
            let image = Volume {
                content: "images".to_owned(),
                format: format.to_owned(),
                size_bytes: drive.size().unwrap_or_default(),
                used_bytes: 0,
                owner: Some(self.vmid),
                created: around.now,
                image: None,
                parent: None,
                notes: None,
                protected: false,
            };
            let volid = disks::allocate(&mut site.pve, &site.node, storage, &name, image)?;
            self.fleecing.push(volid.clone());
            self.say(around, log, "INFO", &format!("drive-{key}: attaching fleecing image {volid} to QEMU"));
        }
        Ok(())
    }

    /// Asks the guest for a moment of quiet; the backup goes on without (sheet Proxmox, section 9a).
    fn freeze(&mut self, site: &Site, around: Surroundings<'_>, log: &mut Log) {
        let Some(vm) = site.pve.vms.get(&self.vmid) else { return };
        if !vm.agent_configured() || self.mode == Mode::Stop || !self.was_running || self.was_paused {
            return;
        }
        let answers = vm.up && !vm.agent_silent && vm.guest.as_ref().is_some_and(|guest| guest.agent_running());
        if !answers {
            let text = "skipping guest filesystem freeze - agent configured but not running?";
            return self.say(around, log, "INFO", text);
        }
        let agent = vm.option("agent").unwrap_or_default();
        let agent = property::Properties::parse(agent, "enabled");
        let wanted = agent.flag("guest-fsfreeze").or_else(|| agent.flag("freeze-fs-on-backup")).unwrap_or(true);
        if !wanted {
            return self.say(around, log, "INFO", "skipping guest filesystem freeze - disabled in VM options");
        }
        let problem = vm.freeze_problem.clone();
        self.say(around, log, "INFO", "issuing guest-agent 'fs-freeze' command");
        if let Some(problem) = problem {
            let text = format!("VM {} qmp command 'guest-fsfreeze-freeze' failed - {problem}", self.vmid);
            self.say(around, log, "ERROR", &text);
        }
        self.say(around, log, "INFO", "issuing guest-agent 'fs-thaw' command");
    }

    /// The guest goes on as soon as the copy has its starting point.
    fn resume(&mut self, site: &mut Site, around: Surroundings<'_>, log: &mut Log) {
        if !self.was_running || self.was_paused {
            return;
        }
        let Some(since) = self.stopped else {
            return self.say(around, log, "INFO", "resuming VM again");
        };
        let seconds = around.now.unix_seconds() - since.unix_seconds();
        self.say(around, log, "INFO", &format!("resuming VM again after {seconds} seconds"));
        if self.prelaunched {
            self.prelaunched = false;
            self.switch_on(site, around);
        }
        self.stopped = None;
    }

    fn switch_on(&self, site: &mut Site, around: Surroundings<'_>) {
        if let Some(vm) = site.pve.vms.get_mut(&self.vmid) {
            vm.power = Power::Running;
            vm.started.get_or_insert(around.now);
            vm.changed = around.now;
        }
        boot::power_on(site, self.vmid, around);
    }

    fn start_again(&mut self, site: &mut Site, around: Surroundings<'_>, log: &mut Log) {
        let seconds = self.stopped.map_or(0, |since| around.now.unix_seconds() - since.unix_seconds());
        match power::check_start(site, self.vmid, log) {
            Ok(()) => {
                self.switch_on(site, around);
                let seconds = if seconds < 1 { "<1".to_owned() } else { seconds.to_string() };
                self.say(around, log, "INFO", &format!("guest is online again after {seconds} seconds"));
            }
            Err(error) => log.push(error),
        }
    }

    fn next_due(&self, around: Surroundings<'_>) -> Option<Moment> {
        match &self.stage {
            Stage::Copying { step_us, .. } => Some(around.now.plus_us(*step_us)),
            Stage::Preparing | Stage::Stopping => None,
        }
    }

    fn tell_progress(&mut self, around: Surroundings<'_>, log: &mut Log) {
        let Stage::Copying { copy, began, done, steps, .. } = &self.stage else { return };
        let seconds = u64::try_from(around.now.unix_seconds() - began.unix_seconds()).unwrap_or_default();
        let read = u64::try_from(u128::from(copy.target_bytes) * u128::from(*done) / u128::from(*steps));
        let read = read.unwrap_or(copy.target_bytes);
        let written = copy.written_bytes * done / steps;
        let line = format!(
            "{:3}% ({} of {}) in {}, read: {}, write: {}",
            done * 100 / steps,
            report::bytes(read, 1),
            report::bytes(copy.target_bytes, 1),
            report::duration(seconds),
            report::speed(read, seconds),
            report::speed(written, seconds),
        );
        self.say(around, log, "INFO", &line);
    }

    fn finish(
        &mut self,
        site: &mut Site,
        around: Surroundings<'_>,
        options: &Options,
        owner: &Caller,
        log: &mut Log,
    ) -> Result<(), String> {
        let vmid = self.vmid;
        let Stage::Copying { copy, began, .. } = self.stage.clone() else { return Ok(()) };
        if self.was_running && site.pve.vms.get(&vmid).is_none_or(|vm| !vm.running()) {
            return Err(format!("VM {vmid} not running"));
        }
        let Some(place) = self.place.clone() else { return Ok(()) };
        let seconds = u64::try_from(around.now.unix_seconds() - began.unix_seconds()).unwrap_or_default();
        let closed = place.close(site, around, vmid, &copy);
        let closed = closed.map_err(|broken| {
            for line in &broken.lines {
                self.say(around, log, "INFO", line);
            }
            broken.error
        })?;
        self.stage = Stage::Preparing;
        self.place = None;
        for line in copy.summary(seconds) {
            self.say(around, log, "INFO", &line);
        }
        self.end_prelaunch(site, around, log);
        if let Some(line) = closed.size_line {
            self.say(around, log, "INFO", &line);
        }
        self.tell_notes(site, around, options, &closed.volid, log);
        if options.protected {
            self.say(around, log, "INFO", "marking backup as protected");
            backups::set_protected(site, around, owner, &closed.volid, true)
                .map_err(|error| format!("unable to set protected flag - {error}"))?;
        }
        self.prune(site, around, options, log)?;
        self.release(site, around, log);
        let took_s = around.now.unix_seconds() - self.began.unix_seconds();
        self.say(around, log, "INFO", &format!("Finished Backup of VM {vmid} ({})", report::clock(took_s)));
        let zone = zone_of(site);
        let at = report::local_time(around.now.unix_seconds(), &zone);
        self.say(around, log, "INFO", &format!("Backup finished at {at}"));
        let lines =
            self.lines.iter().map(|(at, line)| format!("{} {line}\n", report::local_time(at.unix_seconds(), &zone)));
        place.keep_log(site, lines.collect());
        Ok(())
    }

    fn tell_notes(&mut self, site: &mut Site, around: Surroundings<'_>, options: &Options, volid: &str, log: &mut Log) {
        let Some(template) = options.notes_template.as_ref().filter(|template| !template.is_empty()) else { return };
        self.say(around, log, "INFO", "adding notes to backup");
        let name = site.pve.vms.get(&self.vmid).map(|vm| vm.name(self.vmid)).unwrap_or_default();
        let written = notes(template, &name, &site.pve.node, self.vmid)
            .and_then(|text| backups::set_notes(site, around, volid, &text));
        if let Err(error) = written {
            self.say(around, log, "WARN", &format!("unable to add notes - {error}"));
        }
    }

    /// Older backups go while this guest's turn still lasts: when that fails, so does the guest.
    fn prune(
        &mut self,
        site: &mut Site,
        around: Surroundings<'_>,
        options: &Options,
        log: &mut Log,
    ) -> Result<(), String> {
        let keep = effective_keep(site, options);
        if !options.remove || keep.all {
            return Ok(());
        }
        self.say(around, log, "INFO", &format!("prune older backups with retention: {}", keep.print()));
        let mut lines = Vec::new();
        let which = backups::Which { vmid: Some(self.vmid), kind: Some("qemu") };
        let pruned = backups::prune(site, around, &options.storage, &keep, which, false, &mut |level, line| {
            lines.push((level, line));
        });
        for (level, line) in lines {
            let level = if level == Level::Error { "ERROR" } else { "INFO" };
            self.say(around, log, level, &line);
        }
        let gone = pruned?.iter().filter(|one| one.mark == crate::pve::retention::Mark::Remove).count();
        let extra = if gone > 0 { " not covered by keep-retention policy" } else { "" };
        self.say(around, log, "INFO", &format!("pruned {gone} backup(s){extra}"));
        Ok(())
    }

    fn end_prelaunch(&mut self, site: &mut Site, around: Surroundings<'_>, log: &mut Log) {
        if !std::mem::take(&mut self.prelaunched) {
            return;
        }
        let Some(vm) = site.pve.vms.get_mut(&self.vmid) else { return };
        match vm.power {
            Power::Prelaunch => {
                vm.power_off(around.now);
                self.say(around, log, "INFO", "stopping kvm after backup task");
            }
            Power::Running | Power::Paused => {
                let text = "kvm status changed after backup ('running') - keep VM running";
                self.say(around, log, "INFO", text);
            }
            Power::Stopped => {}
        }
    }

    /// Unlocks the guest and takes away what was attached to it.
    fn release(&mut self, site: &mut Site, around: Surroundings<'_>, log: &mut Log) {
        self.end_prelaunch(site, around, log);
        for volid in std::mem::take(&mut self.fleecing) {
            disks::free(&mut site.pve, &volid);
        }
        if std::mem::take(&mut self.locked)
            && let Some(vm) = site.pve.vms.get_mut(&self.vmid)
            && vm.lock() == Some("backup")
        {
            vm.config.remove("lock");
        }
    }
}

/// The retention that holds: of the request, or of the storage, or none.
pub fn effective_keep(site: &Site, options: &Options) -> Keep {
    let of_storage = || {
        let storage = site.pve.storages.get(&options.storage)?;
        storage.option("prune-backups").map(Keep::parse)
    };
    options.keep.clone().or_else(of_storage).unwrap_or_else(Keep::everything)
}

/// How many protected backups of a guest a storage takes; `None` when there is no limit.
pub fn protected_limit(access: &Access, owner: &Caller, option: Option<&str>, storage: &str) -> Option<i64> {
    let limit = match option.and_then(|text| text.parse().ok()) {
        Some(limit) => limit,
        None if access.allowed(owner, &format!("/storage/{storage}"), &["Datastore.Allocate"]) => -1,
        None => PROTECTED_MAX,
    };
    (limit >= 0).then_some(limit)
}

/// Refuses what would be too many, before anything is done.
fn check_limits(
    site: &Site,
    around: Surroundings<'_>,
    options: &Options,
    owner: &Caller,
    vmid: u32,
) -> Result<(), String> {
    let keep = effective_keep(site, options);
    let limit = keep.limit().filter(|_| !options.remove);
    if limit.is_none() && !options.protected {
        return Ok(());
    }
    let there = backups::list(site, around, &options.storage, Some(vmid))?;
    let (protected, others): (Vec<_>, Vec<_>) =
        there.iter().filter(|one| one.subtype.is_none_or(|kind| kind == "qemu")).partition(|one| one.protected);
    if options.protected {
        let option =
            site.pve.storages.get(&options.storage).and_then(|storage| storage.option("max-protected-backups"));
        let max = protected_limit(&site.pve.access, owner, option, &options.storage);
        if let Some(max) = max.filter(|max| i64::try_from(protected.len()).unwrap_or(i64::MAX) >= *max) {
            return Err(format!(
                "The number of protected backups per guest is limited to {max} on storage '{}'",
                options.storage
            ));
        }
        return Ok(());
    }
    match limit {
        Some(limit) if others.len() >= usize::try_from(limit).unwrap_or(usize::MAX) => Err(format!(
            "There is a max backup limit of {limit} enforced by the target storage or the vzdump parameters. Either \
             increase the limit or delete old backups."
        )),
        _ => Ok(()),
    }
}

/// Fills in a template of notes.
///
/// # Errors
/// It has an escape or a variable that Proxmox does not know.
fn notes(template: &str, guest: &str, node: &str, vmid: u32) -> Result<String, String> {
    let mut text = String::new();
    let mut characters = template.chars();
    while let Some(one) = characters.next() {
        match one {
            '\\' => match characters.next() {
                Some('n') => text.push('\n'),
                Some('\\') | None => text.push('\\'),
                Some(other) => return Err(format!("unexpected escape character '{other}'")),
            },
            _ => text.push(one),
        }
    }
    let vmid = vmid.to_string();
    for (name, value) in [("cluster", "standalone node"), ("guestname", guest), ("node", node), ("vmid", vmid.as_str())]
    {
        text = text.replace(&format!("{{{{{name}}}}}"), value);
    }
    let unknown = text.split_once("{{").and_then(|(_, rest)| rest.split_once("}}")).map(|(name, _)| name.to_owned());
    match unknown.filter(|name| !name.is_empty() && !name.contains(char::is_whitespace)) {
        Some(name) => Err(format!("unexpected variable name '{name}'")),
        None => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lab_backup_notes_are_filled_in_and_unknown_variables_refused() {
        let fill = |template: &str| notes(template, "lilas", "pve1", 101);
        assert_eq!(fill("{{guestname}}, {{node}}\\n{{vmid}}").as_deref(), Ok("lilas, pve1\n101"));
        assert_eq!(fill("{{cluster}}").as_deref(), Ok("standalone node"));
        assert_eq!(fill("{{bogus}}"), Err("unexpected variable name 'bogus'".to_owned()));
        assert_eq!(fill("a\\tb"), Err("unexpected escape character 't'".to_owned()));
    }
}
