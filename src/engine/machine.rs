//! Actions on a virtual machine: each looks whether it is done, submits, waits, and looks again.

use std::collections::BTreeMap;
use std::time::Duration;

use super::journal::ActionLog;
use super::observe::subject_name;
use super::site::SiteLink;
use super::{Engine, EngineError};
use crate::domain::backup::names;
use crate::domain::ids::VmId;
use crate::plan::Action;
use crate::plan::decide::{DISK, disk_gib, is_marked, mark};
use crate::plan::desired::Subject;
use crate::plan::observed::{Machine, MachineState};
use crate::pve::{
    AgentInterface, CloneVm, PveError, TaskFilter, TaskSource, TaskVerdict, Upid, encode_ssh_keys, wait_task,
};
use crate::store::{HostKeyPin, PinOutcome};
use crate::util::limits;
use crate::util::remote::{Retry, Sent};

/// Where a guest's public host key lies.
const HOST_KEY_FILE: &str = "/etc/ssh/ssh_host_ed25519_key.pub";

/// What became of a machine action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MachineOutcome {
    /// It was so already.
    Already,
    /// Done and read back.
    Done,
}

/// One action on the machine of an instance.
pub struct MachineAction<'a> {
    /// The engine.
    pub engine: &'a Engine,
    /// The instance.
    pub subject: Subject<'a>,
    /// Its site.
    pub link: &'a SiteLink,
    /// What is to be done.
    pub action: &'a Action,
}

impl MachineAction<'_> {
    fn vmid(&self) -> VmId {
        self.subject.instance.vmid
    }

    /// Carries the action out.
    ///
    /// # Errors
    /// A conflict when the machine is not ours; otherwise what the node says.
    pub async fn perform(&self, log: &ActionLog<'_>) -> Result<MachineOutcome, EngineError> {
        if *self.action == Action::MeetGuest {
            return self.meet(log).await;
        }
        // A task that an earlier run left under way is waited for, never submitted a second time.
        if let Some(Ok(upid)) = log.open_task().await?.map(|task| task.parse::<Upid>()) {
            self.wait(&upid).await?;
        }
        if self.is_done().await? {
            return Ok(MachineOutcome::Already);
        }
        let mut last = String::new();
        for _ in 0..limits::SUBMIT_ATTEMPTS_MAX {
            log.started().await?;
            match self.submit().await {
                Ok(None) => {}
                Ok(Some(upid)) => {
                    log.submitted(upid.as_str()).await?;
                    match self.wait(&upid).await? {
                        TaskVerdict::Ok | TaskVerdict::Warnings(_) => {}
                        TaskVerdict::Failed(text) | TaskVerdict::Unknown(text) => last = text,
                    }
                }
                // The answer is lost: what the node is doing is looked at before anything is asked again.
                Err(error) if error.sent() == Sent::Maybe => {
                    last = error.to_string();
                    self.wait_for_running_tasks(log).await?;
                }
                Err(error) if error.retry() != Retry::Never => {
                    last = error.to_string();
                    self.engine.clock.sleep(limits::BUSY_WAIT).await?;
                }
                Err(error) => return Err(error.into()),
            }
            if self.is_done().await? {
                return Ok(MachineOutcome::Done);
            }
            if !is_passing(&last) {
                break;
            }
            self.engine.clock.sleep(limits::BUSY_WAIT).await?;
        }
        Err(EngineError::Failed {
            title: format!("vm {}", self.vmid()),
            problem: if last.is_empty() { "what was read back is not as it should be".to_owned() } else { last },
            next: "mend what it names, then run the same command again: it goes on from here".to_owned(),
        })
    }

    async fn machine(&self) -> Result<Option<Machine>, EngineError> {
        match self.engine.machine(self.link, self.vmid()).await? {
            MachineState::Present(machine) if is_marked(&machine, &self.subject.instance.id) => Ok(Some(machine)),
            MachineState::Present(_) => Err(EngineError::Conflict(format!(
                "vm {} exists and does not carry the mark of `{}`; it is left untouched",
                self.vmid(),
                self.subject.instance.id
            ))),
            MachineState::Absent | MachineState::Unknown(_) => Ok(None),
        }
    }

    /// Whether what the action should bring about is so, by reading.
    async fn is_done(&self) -> Result<bool, EngineError> {
        let machine = self.machine().await?;
        Ok(match (self.action, machine) {
            (_, None) => false,
            (Action::CreateMachine { .. }, Some(machine)) => is_whole(&machine),
            (Action::CloneMachine { options, .. }, Some(machine)) => is_whole(&machine) && has(&machine, options),
            (Action::GrowDisk { gib, .. }, Some(machine)) => disk_gib(&machine).is_some_and(|have| have >= *gib),
            (Action::SetOptions { options }, Some(machine)) => has(&machine, options),
            (Action::Start, Some(machine)) => machine.running,
            (_, Some(_)) => false,
        })
    }

    async fn submit(&self) -> Result<Option<Upid>, PveError> {
        let pve = &self.link.pve;
        let vmid = self.vmid();
        match self.action {
            Action::CreateMachine { parameters } => pve.create_vm(vmid, &sendable(parameters)).await.map(Some),
            // The clone carries the mark from its first moment; its options are set once it is there.
            Action::CloneMachine { template, storage, options } => match pve.vm_config(vmid).await {
                Ok(_) => pve.set_vm_config(vmid, &sendable(options), &[], None).await.map(|()| None),
                Err(_) => pve.clone_vm(*template, &self.clone_request(storage)).await.map(Some),
            },
            Action::GrowDisk { disk, gib } => pve.resize_disk(vmid, disk, *gib).await.map(Some),
            Action::SetOptions { options } => {
                pve.set_vm_config(vmid, &sendable(options), &[], None).await.map(|()| None)
            }
            Action::Start => pve.start_vm(vmid).await.map(Some),
            Action::MeetGuest
            | Action::Step
            | Action::JoinPool { .. }
            | Action::DeclareStorage { .. }
            | Action::DeclareJob { .. } => Ok(None),
        }
    }

    fn clone_request(&self, storage: &str) -> CloneVm {
        let instance = &self.subject.instance.id;
        CloneVm {
            newid: self.vmid(),
            name: instance.to_string(),
            full: true,
            storage: Some(storage.to_owned()),
            pool: Some(names::pool(instance)),
            description: Some(mark(instance)),
        }
    }

    async fn wait(&self, upid: &Upid) -> Result<TaskVerdict, EngineError> {
        let end = wait_task(&self.link.pve, upid, &self.engine.clock, limits::PVE_TASK_TIMEOUT).await?;
        Ok(end.verdict)
    }

    /// After a lost answer: the tasks on this machine that are under way are waited for, so that what is read next is
    /// their result.
    async fn wait_for_running_tasks(&self, log: &ActionLog<'_>) -> Result<(), EngineError> {
        self.engine.clock.sleep(limits::POLL_INTERVAL_MAX).await?;
        let filter = TaskFilter { source: TaskSource::Active, vmid: Some(self.vmid()), ..TaskFilter::default() };
        for task in self.link.pve.tasks(&filter).await? {
            if let Ok(upid) = task.upid.parse::<Upid>() {
                log.submitted(upid.as_str()).await?;
                self.wait(&upid).await?;
            }
        }
        Ok(())
    }

    /// Waits for the guest agent, checks that the guest has the planned address, and pins its host key: it comes from
    /// inside through the hypervisor, never from the first connection.
    async fn meet(&self, log: &ActionLog<'_>) -> Result<MachineOutcome, EngineError> {
        let subject = subject_name(&self.subject);
        if self.engine.store.host_key(&subject).await?.is_some() {
            return Ok(MachineOutcome::Already);
        }
        log.started().await?;
        let wanted = self.subject.placement.address4.addr().to_string();
        let began_us = self.engine.now_us().await?;
        loop {
            let problem = match self.host_key(&wanted).await {
                Ok(Ok(key)) => return self.pin(&subject, &key).await,
                Ok(Err(not_yet)) => not_yet,
                Err(EngineError::Pve(error)) if error.is_agent_silent() || error.retry() != Retry::Never => {
                    error.to_string()
                }
                Err(other) => return Err(other),
            };
            let waited = Duration::from_micros(self.engine.now_us().await?.saturating_sub(began_us).unsigned_abs());
            if waited > limits::GUEST_BOOT_TIMEOUT {
                return Err(EngineError::Failed {
                    title: format!("vm {}: guest agent", self.vmid()),
                    problem,
                    next: "look at the machine's console in Proxmox, then run the same command again".to_owned(),
                });
            }
            self.engine.clock.sleep(limits::poll_interval(waited)).await?;
        }
    }

    /// The guest's host key, or why it cannot be told yet.
    async fn host_key(&self, wanted_address: &str) -> Result<Result<String, String>, EngineError> {
        let vmid = self.vmid();
        self.link.pve.agent_ping(vmid).await?;
        let interfaces = self.link.pve.agent_interfaces(vmid).await?;
        let addresses: Vec<String> =
            interfaces.iter().flat_map(AgentInterface::addresses).map(|address| address.to_string()).collect();
        if !addresses.iter().any(|address| address == wanted_address) {
            return Ok(Err(format!("the guest has {} and not {wanted_address}", addresses.join(", "))));
        }
        let text = self.link.pve.agent_read_file(vmid, HOST_KEY_FILE).await?;
        // The comment names the host as it was called at its first boot: it is no part of the key.
        let mut words = text.split_whitespace();
        Ok(match (words.next(), words.next()) {
            (Some(kind), Some(key)) => Ok(format!("{kind} {key}")),
            _ => Err("its host key is not there yet".to_owned()),
        })
    }

    async fn pin(&self, subject: &str, key: &str) -> Result<MachineOutcome, EngineError> {
        let pin = HostKeyPin {
            subject: subject.to_owned(),
            key: key.to_owned(),
            source: "guest agent".to_owned(),
            at_us: self.engine.now_us().await?,
        };
        match self.engine.store.pin_host_key(&pin).await? {
            PinOutcome::Pinned(_) => Ok(MachineOutcome::Done),
            PinOutcome::Conflict(known) => Err(EngineError::Conflict(format!(
                "the guest of `{subject}` shows the host key {key}, and {} is pinned since an earlier run",
                known.key
            ))),
        }
    }
}

/// A machine whose creation is over: the lock is gone and the disk is there.
fn is_whole(machine: &Machine) -> bool {
    !machine.config.contains_key("lock") && machine.config.contains_key(DISK)
}

fn has(machine: &Machine, options: &BTreeMap<String, String>) -> bool {
    // Drives and keys come back in Proxmox's own form: what is compared is what a person sets.
    const COMPARED: [&str; 6] = ["memory", "cores", "onboot", "ciuser", "ipconfig0", "agent"];
    COMPARED
        .iter()
        .filter_map(|key| options.get_key_value(*key))
        .all(|(key, value)| machine.config.get(key) == Some(value))
}

/// Parameters as the API wants them: keys are encoded once more (sheet Proxmox, 5a).
fn sendable(parameters: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut parameters = parameters.clone();
    if let Some(keys) = parameters.get_mut("sshkeys") {
        *keys = encode_ssh_keys(keys.lines());
    }
    parameters
}

/// Failures of a task that pass by themselves (sheet Proxmox, section 13).
fn is_passing(text: &str) -> bool {
    [
        "can't lock file",
        "got timeout",
        "VM is locked",
        "got no worker upid",
        "no quorum",
        "cfs-lock",
        "unexpected status",
    ]
    .iter()
    .any(|words| text.contains(words))
        || text.is_empty()
}
