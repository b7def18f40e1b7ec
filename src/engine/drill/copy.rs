//! The machine of a drill: made, read back, without network, started.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use super::choose::Chosen;
use super::{Course, Setback, minutes, scope_of};
use crate::domain::backup::drill::{Check, CheckKind, Origin};
use crate::domain::ids::{InstanceId, VmId};
use crate::engine::lease::InstanceLease;
use crate::engine::{EngineError, Event};
use crate::plan::decide::DRILL_POOL;
use crate::pve::{RestoreVm, SavedConfig, TaskVerdict, Upid, WaitError, is_disk, wait_task};
use crate::store::{NewRestore, Purpose, Restore, RestoreState, Scope};
use crate::util::limits;
use crate::util::remote::{Retry, Sent};

/// The tag of every machine that a restore of ours made.
pub(in crate::engine) const DRILL_TAG: &str = "accolades-drill";

/// Version of what is kept of a restored machine.
pub(in crate::engine) const DETAIL_VERSION: u32 = 1;

/// The first line of such a machine's description: with the store's own record, the proof that it is ours.
pub(in crate::engine) fn mark(purpose: Purpose, id: &str, instance: &InstanceId) -> String {
    match purpose {
        Purpose::Drill => format!("accolades drill {id} of {instance}"),
        Purpose::Restore => format!("accolades restore {id} of {instance}"),
    }
}

/// The name of such a machine.
pub(in crate::engine) fn name(purpose: Purpose, instance: &InstanceId) -> String {
    match purpose {
        Purpose::Drill => format!("drill-{instance}"),
        Purpose::Restore => format!("restore-{instance}"),
    }
}

/// What replaces the saved options, so that a restored machine touches nothing: no link on any card, no start at boot, not
/// protected, less memory, and marked as ours from its first moment. The saved configuration has the client's own values for
/// all of these (sheet Proxmox, section 10).
pub(in crate::engine) fn overrides(
    purpose: Purpose,
    id: &str,
    instance: &InstanceId,
    saved: &SavedConfig,
    bridge: &str,
    memory_mib: u32,
) -> BTreeMap<String, String> {
    let text = |value: &str| value.to_owned();
    let what = match purpose {
        Purpose::Drill => "restore test of accolades: it is destroyed by itself, do not use it",
        Purpose::Restore => "restored by accolades: see `accolades restore list`",
    };
    let mut options = BTreeMap::from([
        (text("name"), name(purpose, instance)),
        (text("description"), format!("{}\n{what}", mark(purpose, id, instance))),
        (text("tags"), text(DRILL_TAG)),
        (text("memory"), memory_mib.to_string()),
        (text("onboot"), text("0")),
        (text("protection"), text("0")),
    ]);
    if saved.options.contains_key("balloon") {
        // A balloon greater than the memory would keep it from starting.
        options.insert(text("balloon"), text("0"));
    }
    // Without a hardware address of its own each card gets a new one: the client's must not be seen twice.
    options.extend(saved.cards().map(|card| (card.to_owned(), format!("virtio,bridge={bridge},link_down=1"))));
    options
}

/// How the node answered a request to restore.
enum Made {
    Done,
    /// The id belongs to somebody else: another one is tried.
    Taken,
}

impl Course<'_> {
    /// Restores into a machine of its own and gives its id. The machine is written down before the node is asked; `made` is
    /// its id from that moment.
    pub(super) async fn restore(
        &self,
        chosen: &Chosen,
        saved: &SavedConfig,
        memory_mib: u32,
        lease: &mut InstanceLease,
        made: &mut Option<VmId>,
    ) -> Result<VmId, Setback> {
        self.restore_for(Purpose::Drill, chosen, saved, memory_mib, lease, made).await
    }

    pub(in crate::engine) async fn restore_for(
        &self,
        purpose: Purpose,
        chosen: &Chosen,
        saved: &SavedConfig,
        memory_mib: u32,
        lease: &mut InstanceLease,
        made: &mut Option<VmId>,
    ) -> Result<VmId, Setback> {
        let instance = &self.subject.instance.id;
        for (number, vmid) in self.ids_to_try().await?.into_iter().enumerate() {
            if !self.patiently(|| self.link.pve.is_id_free(vmid)).await? {
                continue;
            }
            let now_us = self.engine.now_us().await?;
            if self.engine.store.reserve_vm_id(vmid, instance, now_us).await.is_err() {
                // Somebody reserved it since it was looked up.
                continue;
            }
            let id = if number == 0 { self.id.clone() } else { format!("{}-{number}", self.id) };
            let new = NewRestore {
                id: id.clone(),
                purpose,
                scope: scope_of(&self.subject),
                instance: instance.clone(),
                site: self.site.id.clone(),
                vmid,
                detail: json!({
                    "version": DETAIL_VERSION,
                    "volume": chosen.volume,
                    "backup_at_us": chosen.at_us,
                    "from": self.from,
                    "memory_mib": memory_mib,
                }),
                at_us: now_us,
            };
            self.engine.store.begin_restore(&new).await?;
            *made = Some(vmid);
            let order = RestoreVm {
                archive: chosen.volume.clone(),
                vmid,
                storage: self.site.node.vm_storage.clone(),
                pool: DRILL_POOL.to_owned(),
                bwlimit_kib: self.bwlimit_kib(),
                options: overrides(purpose, &id, instance, saved, &self.site.node.bridge, memory_mib),
            };
            match self.make(&new, &order, lease).await? {
                Made::Done => return Ok(vmid),
                Made::Taken => {
                    *made = None;
                    let (from, to) = (RestoreState::Begun, RestoreState::Gone);
                    let now_us = self.engine.now_us().await?;
                    self.engine.store.move_restore(&id, from, to, &new.detail, now_us).await?;
                }
            }
        }
        Err(Setback::NotTested("every VM id that was tried is taken on the node".to_owned()))
    }

    /// The bound of what is read over the site's line; a disk in the same box is read as fast as it can be.
    fn bwlimit_kib(&self) -> Option<u64> {
        let bound = self.site.backup.restore_kib_per_second.filter(|_| self.from == Origin::Remote);
        bound.map(u64::from)
    }

    async fn make(&self, new: &NewRestore, order: &RestoreVm, lease: &mut InstanceLease) -> Result<Made, Setback> {
        let (subject, key) = (self.journal_subject(), machine_key(&new.id));
        let log = self.log(&subject, &key);
        let mut last = String::new();
        let mut may_be_ours = false;
        for _ in 0..limits::SUBMIT_ATTEMPTS_MAX {
            log.started().await?;
            let upid = match self.link.pve.restore_vm(order).await {
                Ok(upid) => Some(upid),
                Err(error) if error.already_exists() && !may_be_ours => {
                    log.skipped().await?;
                    return Ok(Made::Taken);
                }
                // What is there may be what an earlier request of ours began.
                Err(error) if error.already_exists() => {
                    last = error.to_string();
                    let row = self.row(&new.id).await?;
                    self.engine.task_of(self.link, &row).await?
                }
                // The answer is lost: whether the node works on it is looked at before it is asked again.
                Err(error) if error.sent() == Sent::Maybe => {
                    last = error.to_string();
                    may_be_ours = true;
                    self.engine.clock.sleep(limits::POLL_INTERVAL_MAX).await?;
                    let row = self.row(&new.id).await?;
                    self.engine.task_of(self.link, &row).await?
                }
                Err(error) if error.retry() != Retry::Never => {
                    last = error.to_string();
                    None
                }
                Err(error) => return Err(Setback::from(error)),
            };
            if let Some(upid) = upid {
                log.submitted(upid.as_str()).await?;
                self.engine.store.set_restore_task(&new.id, upid.as_str()).await?;
                match self.follow(&upid, lease).await? {
                    TaskVerdict::Ok | TaskVerdict::Warnings(_) => return Ok(Made::Done),
                    TaskVerdict::Unknown(text) => {
                        return Err(Setback::NotTested(format!("the restore was cut off on the node: {text}")));
                    }
                    TaskVerdict::Failed(text) if is_about_the_node(&text) => {
                        return Err(Setback::NotTested(format!("the node could not restore: {text}")));
                    }
                    TaskVerdict::Failed(text) if !is_passing(&text) => {
                        return Err(Setback::Failed(format!("it cannot be restored: {text}")));
                    }
                    TaskVerdict::Failed(text) => last = text,
                }
                // The stub of the failed task keeps the id.
                let row = self.row(&new.id).await?;
                self.engine.clear_stub(self.site, self.link, &row, self.run_id).await?;
            }
            self.engine.clock.sleep(limits::BUSY_WAIT).await?;
        }
        Err(Setback::NotTested(format!("the node did not restore: {last}")))
    }

    pub(in crate::engine) async fn row(&self, id: &str) -> Result<Restore, EngineError> {
        let rows = self.engine.store.restores(&Scope::Staff, &self.subject.instance.id).await?;
        rows.into_iter()
            .find(|row| row.new.id == id)
            .ok_or_else(|| EngineError::Unexpected(format!("the restored machine `{id}` is not on record")))
    }

    /// Follows a restore to its end, keeping the lease: a remote one takes hours over a slow line.
    async fn follow(&self, upid: &Upid, lease: &mut InstanceLease) -> Result<TaskVerdict, EngineError> {
        let mut waited = Duration::ZERO;
        loop {
            match wait_task(&self.link.pve, upid, &self.engine.clock, limits::PVE_TASK_TIMEOUT).await {
                Ok(end) => return Ok(with_log(end.verdict, &end.log_tail)),
                Err(WaitError::Deadline { after, .. }) if waited + after < limits::RESTORE_TIMEOUT => {
                    waited += after;
                    lease.renew(self.engine).await?;
                }
                Err(other) => return Err(other.into()),
            }
        }
    }

    /// Compares the restored machine with what was asked for, before it is started.
    pub(super) async fn read_back(
        &self,
        vmid: VmId,
        saved: &SavedConfig,
        memory_mib: u32,
    ) -> Result<Vec<Check>, Setback> {
        self.read_back_for(Purpose::Drill, vmid, saved, memory_mib).await
    }

    pub(in crate::engine) async fn read_back_for(
        &self,
        purpose: Purpose,
        vmid: VmId,
        saved: &SavedConfig,
        memory_mib: u32,
    ) -> Result<Vec<Check>, Setback> {
        let config = self.patiently(|| self.link.pve.vm_config(vmid)).await?.options;
        let state = self.patiently(|| self.link.pve.vm_state(vmid)).await?;
        let option = |name: &str| config.get(name).cloned().unwrap_or_default();
        let check = |option: &str, expected: &str, found: &str| {
            Check::equal(CheckKind::Machine { option: option.to_owned() }, expected, found)
        };
        let or_zero = |text: String| if text.is_empty() { "0".to_owned() } else { text };
        let mut checks = vec![
            check("name", &name(purpose, &self.subject.instance.id), &option("name")),
            check("tags", DRILL_TAG, &option("tags")),
            check("memory", &memory_mib.to_string(), &option("memory")),
            check("onboot", "0", &or_zero(option("onboot"))),
            check("protection", "0", &or_zero(option("protection"))),
            check("status", "stopped", &state.status),
            check("lock", "none", config.get("lock").map_or("none", String::as_str)),
        ];
        for (card, value) in config.iter().filter(|(name, _)| is_card(name)) {
            let down = value.split(',').any(|part| part == "link_down=1");
            checks.push(check(card, "unplugged", if down { "unplugged" } else { value }));
        }
        for (disk, _) in saved.disks() {
            let there = config.get(disk).is_some_and(|value| is_disk(disk, value));
            checks.push(check(disk, "restored", if there { "restored" } else { "missing" }));
        }
        Ok(checks)
    }

    /// Takes every network card out: unplugged is one click from plugged, a card that is not there is not.
    pub(super) async fn take_cards_out(&self, vmid: VmId, saved: &SavedConfig) -> Result<(), Setback> {
        let cards: Vec<&str> = saved.cards().collect();
        if !cards.is_empty() {
            self.patiently(|| async {
                let config = self.link.pve.vm_config(vmid).await?;
                let left: Vec<&str> = cards.iter().copied().filter(|card| config.options.contains_key(*card)).collect();
                if left.is_empty() {
                    return Ok(());
                }
                self.link.pve.set_vm_config(vmid, &BTreeMap::new(), &left, Some(&config.digest)).await
            })
            .await?;
        }
        let config = self.patiently(|| self.link.pve.vm_config(vmid)).await?;
        match config.options.keys().find(|name| is_card(name)) {
            None => Ok(()),
            Some(card) => Err(Setback::NotTested(format!("vm {vmid} still has the network card {card}: not started"))),
        }
    }

    /// Starts the machine and waits for the guest agent inside it.
    pub(in crate::engine) async fn boot(&self, vmid: VmId) -> Result<(), Setback> {
        self.start(vmid).await?;
        let began_us = self.engine.now_us().await?;
        loop {
            let problem = match self.link.pve.agent_ping(vmid).await {
                Ok(()) => return Ok(()),
                Err(error) if error.is_agent_silent() || error.retry() != Retry::Never => error.to_string(),
                Err(error) => return Err(Setback::from(error)),
            };
            let waited = Duration::from_micros(self.engine.now_us().await?.saturating_sub(began_us).unsigned_abs());
            if waited > limits::DRILL_BOOT_TIMEOUT {
                return match self.patiently(|| self.link.pve.vm_state(vmid)).await {
                    Ok(_) => Err(Setback::Failed(format!(
                        "it was started and its guest agent did not answer within {} minutes: {problem}",
                        minutes(limits::DRILL_BOOT_TIMEOUT)
                    ))),
                    // The whole node is gone: that says nothing about the backup.
                    Err(error) => Err(Setback::from(error)),
                };
            }
            self.engine.clock.sleep(limits::poll_interval(waited)).await?;
        }
    }

    async fn start(&self, vmid: VmId) -> Result<(), Setback> {
        let mut last = String::new();
        for _ in 0..limits::SUBMIT_ATTEMPTS_MAX {
            if self.patiently(|| self.link.pve.vm_state(vmid)).await?.is_running() {
                return Ok(());
            }
            match self.link.pve.start_vm(vmid).await {
                Ok(upid) => {
                    let end = wait_task(&self.link.pve, &upid, &self.engine.clock, limits::PVE_TASK_TIMEOUT).await;
                    match end.map_err(EngineError::from)?.verdict {
                        TaskVerdict::Ok | TaskVerdict::Warnings(_) => {}
                        TaskVerdict::Failed(text) | TaskVerdict::Unknown(text) => last = text,
                    }
                }
                Err(error) if error.sent() == Sent::Maybe || error.retry() != Retry::Never => last = error.to_string(),
                Err(error) => return Err(Setback::from(error)),
            }
            if self.patiently(|| self.link.pve.vm_state(vmid)).await?.is_running() {
                return Ok(());
            }
            self.engine.clock.sleep(limits::BUSY_WAIT).await?;
        }
        Err(Setback::NotTested(format!("the node does not start it: {last}")))
    }

    pub(in crate::engine) fn note(&self, text: String) {
        self.engine.tell(Event::Note { subject: self.subject.instance.id.to_string(), text });
    }
}

/// The key of a restored machine in the journal: one action from the first request to its end.
pub(super) fn machine_key(id: &str) -> String {
    format!("machine/{id}")
}

pub(in crate::engine) fn is_card(name: &str) -> bool {
    name.strip_prefix("net").is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

/// The words of a failed task with the end of its log, where the reason stands.
fn with_log(verdict: TaskVerdict, log_tail: &[String]) -> TaskVerdict {
    match verdict {
        TaskVerdict::Failed(text) => {
            let more = log_tail.iter().rev().find(|line| line.contains("rror") && !line.contains(&text));
            TaskVerdict::Failed(more.map_or_else(|| text.clone(), |line| format!("{text} ({})", line.trim())))
        }
        other => other,
    }
}

/// Failures that say something about the node and nothing about the backup.
fn is_about_the_node(text: &str) -> bool {
    [
        "no space left",
        "out of space",
        "not enough free space",
        "Can't connect",
        "could not activate storage",
        "interrupted",
    ]
    .iter()
    .any(|words| text.contains(words))
}

/// Failures that pass by themselves (sheet Proxmox, section 13).
fn is_passing(text: &str) -> bool {
    ["can't lock file", "got timeout", "got no worker upid", "no quorum", "cfs-lock"]
        .iter()
        .any(|words| text.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restored_machine_shares_nothing_with_the_clients_own() {
        let saved = SavedConfig::read(
            "name: lilas\nonboot: 1\nprotection: 1\nmemory: 8192\nballoon: 8192\ntags: accolades\n\
             net0: virtio=BC:24:11:00:03:E9,bridge=vmbr0\nnet1: e1000=BC:24:11:00:03:EA,bridge=vmbr7,tag=12\n",
        );
        let instance = InstanceId::new("lilas").expect("an id");
        let options = overrides(Purpose::Drill, "d1", &instance, &saved, "vmbr0", 4096);
        let is = |name: &str| options[name].as_str();
        assert_eq!([is("onboot"), is("protection"), is("balloon"), is("memory")], ["0", "0", "0", "4096"]);
        assert_eq!([is("name"), is("tags")], ["drill-lilas", "accolades-drill"]);
        assert_eq!([is("net0"), is("net1")], ["virtio,bridge=vmbr0,link_down=1"; 2]);
        assert_eq!(is("description").lines().next(), Some("accolades drill d1 of lilas"));
    }
}
