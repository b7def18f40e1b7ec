//! Observing an instance: its machine as the node tells, the system inside as it answers itself.

use serde_json::Value;

use super::door::GuestAddress;
use super::guest::Guest;
use super::site::{SiteLink, unreachable};
use super::{Engine, EngineError};
use crate::domain::ids::VmId;
use crate::plan::desired::Subject;
use crate::plan::dns;
use crate::plan::observed::{GuestState, Machine, MachineState, Observed};
use crate::pve::{PveError, TaskFilter, TaskSource, Upid, wait_task};
use crate::ssh::{Address, SshError};
use crate::util::limits;

/// The subject of an instance in journal and pins.
pub fn subject_name(subject: &Subject<'_>) -> String {
    format!("instance/{}", subject.instance.id)
}

impl Engine {
    /// Observes one instance. A site that does not answer is a result, not an error: nothing is known then.
    ///
    /// # Errors
    /// When our own store or configuration fails, or the node refuses us.
    pub async fn observe(
        &self,
        subject: &Subject<'_>,
        link: &SiteLink,
        variables: &Value,
    ) -> Result<Observed, EngineError> {
        let pinned = self.guest_address(subject, link).await?;
        let machine = match self.machine(link, subject.instance.vmid).await {
            Ok(machine) => machine,
            Err(EngineError::Pve(error)) if error.refused_on_the_way().is_some() => return Err(error.into()),
            // Reading changes nothing: an answer that was lost on the way tells as little as none.
            Err(EngineError::Pve(
                error @ (PveError::Unreachable { .. } | PveError::LostAnswer { .. } | PveError::ProxyGaveUp { .. }),
            )) => MachineState::Unknown(unreachable(&subject.site.reach, &error.to_string())),
            Err(other) => return Err(other),
        };
        let running = matches!(&machine, MachineState::Present(machine) if machine.running);
        let host_key_pinned = pinned.is_some();
        let guest = match pinned.filter(|_| running) {
            None => GuestState::NotRunning,
            Some(address) => match self.observe_guest(address, variables).await {
                Ok(state) => state,
                Err(EngineError::Ssh(error @ SshError::Unreachable { .. })) => {
                    GuestState::Closed(unreachable(&subject.site.reach, &error.to_string()))
                }
                Err(EngineError::Ssh(error)) => GuestState::Closed(error.to_string()),
                Err(other) => return Err(other),
            },
        };
        let backups = match &machine {
            MachineState::Unknown(_) => None,
            MachineState::Absent | MachineState::Present(_) => Some(self.see_backups(&link.pve, subject).await?),
        };
        let remote = self.remote_access(subject).await?;
        Ok(Observed { machine, guest, host_key_pinned, backups, remote })
    }

    async fn observe_guest(&self, address: GuestAddress, variables: &Value) -> Result<GuestState, EngineError> {
        Guest::enter(self, address, variables).await?.observe().await
    }

    /// The machine with this id. A token that may not see a machine gets 403 both for a foreign one and for none: who
    /// may not see it asks whether the number is free, which everybody may (sheet Proxmox, section 3).
    ///
    /// # Errors
    /// When the node does not answer or refuses us.
    pub async fn machine(&self, link: &SiteLink, vmid: VmId) -> Result<MachineState, EngineError> {
        let mut seen = link.pve.vm_config(vmid).await;
        if matches!(seen, Err(PveError::Forbidden { .. })) {
            if link.pve.is_id_free(vmid).await? {
                return Ok(MachineState::Absent);
            }
            // Somebody else's, or one of ours that is still being created.
            self.wait_for_tasks_on(link, vmid).await?;
            seen = link.pve.vm_config(vmid).await;
        }
        let config = match seen {
            Ok(config) => config.options,
            Err(error) if error.is_absent_vm() => return Ok(MachineState::Absent),
            Err(PveError::Forbidden { .. }) => return Ok(MachineState::Present(Machine::default())),
            Err(other) => return Err(other.into()),
        };
        let running = link.pve.vm_state(vmid).await?.status == "running";
        Ok(MachineState::Present(Machine { config, running }))
    }

    /// A machine of ours joins our pool, and so becomes visible to us, only at the end of the task that creates it: what
    /// is under way on this id is waited for.
    async fn wait_for_tasks_on(&self, link: &SiteLink, vmid: VmId) -> Result<(), EngineError> {
        let filter = TaskFilter { source: TaskSource::Active, vmid: Some(vmid), ..TaskFilter::default() };
        let tasks = link.pve.tasks(&filter).await?;
        for upid in tasks.iter().filter_map(|task| task.upid.parse::<Upid>().ok()) {
            wait_task(&link.pve, &upid, &self.clock, limits::PVE_TASK_TIMEOUT).await?;
        }
        Ok(())
    }

    /// Where the guest is, once its host key is pinned.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn guest_address(
        &self,
        subject: &Subject<'_>,
        link: &SiteLink,
    ) -> Result<Option<GuestAddress>, EngineError> {
        let Some(pin) = self.store.host_key(&subject_name(subject)).await? else { return Ok(None) };
        let host_key = pin.key.parse().map_err(|error| EngineError::Unexpected(format!("pinned host key: {error}")))?;
        Ok(Some(GuestAddress {
            address: Address { host: subject.placement.address4.addr().to_string(), port: 22 },
            route: link.route.clone(),
            host_key,
            admin: subject.inventory.cooperative.admin_username.clone(),
            public4: dns::public_addresses(subject.site, subject.placement).v4,
        }))
    }
}
