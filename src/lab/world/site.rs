//! A site: one node behind a router.

use serde::{Deserialize, Serialize};

use super::{Moment, Surroundings};
use crate::os::{self, Machine};
use crate::pve::state::{Power, Pve, Vm};
use crate::pve::work::power::starts_with_node;
use crate::pve::work::{self, PowerAction, Work};
use crate::pve::{boot, network, schedule, tasks};

/// A place with one Proxmox node.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Site {
    /// Its id in the inventory.
    pub id: String,
    /// Whether its uplink works; an offline site answers nothing.
    pub online: bool,
    /// Whether its node has no power: nothing happens there until it is switched on again.
    #[serde(default)]
    pub off: bool,
    /// The node's own operating system (Debian under Proxmox VE).
    pub node: Machine,
    /// What Proxmox VE keeps: users, storages, virtual machines (with their guests), tasks.
    pub pve: Pve,
}

impl Site {
    /// Lets everything happen whose time has come, in the order of time: tasks end, backup jobs begin, work in the
    /// background of machines takes effect. To be called before every request and whenever time moves.
    pub fn advance(&mut self, around: Surroundings<'_>) {
        if self.off {
            return;
        }
        loop {
            let task = tasks::next_due(&self.pve).filter(|(moment, _)| *moment <= around.now);
            let job = schedule::next_due(&self.pve).filter(|(moment, _)| *moment <= around.now);
            match (task, job) {
                (Some((moment, index)), job) if job.as_ref().is_none_or(|(other, _)| moment <= *other) => {
                    let then = Surroundings { now: moment, ..around };
                    // A task that stops a machine cuts short what was under way at that moment.
                    self.advance_machines(then);
                    tasks::finish(self, then, index);
                }
                (_, Some((moment, id))) => {
                    let then = Surroundings { now: moment, ..around };
                    self.advance_machines(then);
                    schedule::run(self, then, &id);
                }
                (_, None) => break,
            }
        }
        self.advance_machines(around);
    }

    /// When a task ends or a backup job begins next; `None` when nothing is to come.
    pub fn next_moment(&self) -> Option<Moment> {
        let task = tasks::next_due(&self.pve).map(|(moment, _)| moment);
        let job = schedule::next_due(&self.pve).map(|(moment, _)| moment);
        task.into_iter().chain(job).min().filter(|_| !self.off)
    }

    /// The node loses its power and comes back at once.
    pub fn restart_node(&mut self, around: Surroundings<'_>) {
        self.switch_off(around);
        self.switch_on(around);
    }

    /// The node loses its power: tasks end without a verdict (what they had locked stays locked), VMs stop hard.
    pub fn switch_off(&mut self, around: Surroundings<'_>) {
        self.advance(around);
        tasks::lose_all(&mut self.pve, around.now);
        let vmids: Vec<u32> = self.pve.vms.keys().copied().collect();
        for vmid in vmids {
            boot::cut_power(self, vmid, around);
        }
        self.off = true;
        self.online = false;
    }

    /// The power comes back: the node boots, and VMs with `onboot` are started again.
    pub fn switch_on(&mut self, around: Surroundings<'_>) {
        self.off = false;
        self.online = true;
        os::boot::reboot(&mut self.node, around);
        self.pve.booted = around.now;
        schedule::after_boot(self, around.now);
        let marked: Vec<u32> =
            self.pve.vms.iter().filter(|(_, vm)| starts_with_node(vm)).map(|(vmid, _)| *vmid).collect();
        for vmid in marked {
            let work = Work::Power(work::Power::new(vmid, PowerAction::Start));
            tasks::start(self, around, "root@pam", "qmstart", &vmid.to_string(), work);
        }
    }

    /// The guest of a VM, when its power is on; whether its services answer is its own affair.
    pub fn guest(&self, vmid: u32) -> Option<&Machine> {
        self.pve.vms.get(&vmid).filter(|vm| vm.up)?.guest.as_ref()
    }

    /// As [`Site::guest`], to run programs on it.
    pub fn guest_mut(&mut self, vmid: u32) -> Option<&mut Machine> {
        self.pve.vms.get_mut(&vmid).filter(|vm| vm.up)?.guest.as_mut()
    }

    /// The VM whose guest, with its power on and its cable plugged in, holds an address such as `192.0.2.10`.
    pub fn vm_at(&self, address: &str) -> Option<u32> {
        let holds = |machine: &Machine| machine.addresses.iter().any(|one| one.split('/').next() == Some(address));
        let there = |vm: &Vm| vm.up && vm.guest.as_ref().is_some_and(holds) && network::is_connected(&self.pve, vm);
        self.pve.vms.iter().find(|(_, vm)| there(vm)).map(|(vmid, _)| *vmid)
    }

    fn advance_machines(&mut self, around: Surroundings<'_>) {
        os::advance(&mut self.node, around);
        for vm in self.pve.vms.values_mut().filter(|vm| vm.up && vm.power == Power::Running) {
            if let Some(guest) = &mut vm.guest {
                os::advance(guest, around);
            }
        }
    }
}
