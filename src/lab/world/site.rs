//! A site: one node behind a router.

use serde::{Deserialize, Serialize};

use super::{Moment, Surroundings};
use crate::lab::os::{self, Machine};
use crate::lab::pve::state::Pve;
use crate::lab::pve::{boot, tasks};

/// A place with one Proxmox node.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Site {
    /// Its id in the inventory.
    pub id: String,
    /// Whether its uplink works; an offline site answers nothing.
    pub online: bool,
    /// The node's own operating system (Debian under Proxmox VE).
    pub node: Machine,
    /// What Proxmox VE keeps: users, storages, virtual machines (with their guests), tasks.
    pub pve: Pve,
}

/// What happens next at a site by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// The task at this place of the list has done its work.
    Task(usize),
    /// The guest of this VM is up.
    Boot(u32),
}

impl Site {
    /// Lets everything happen whose time has come, in the order of time: tasks end, guests come up, work in the
    /// background of machines takes effect. To be called before every request and whenever time moves.
    pub fn advance(&mut self, around: Surroundings<'_>) {
        while let Some((moment, event)) = self.next_event().filter(|(moment, _)| *moment <= around.now) {
            let then = Surroundings { now: moment, ..around };
            match event {
                Event::Task(index) => tasks::finish(self, then, index),
                Event::Boot(vmid) => boot::finish(self, vmid, then),
            }
        }
        // A guest that restarts is away for a while: the machine's own `advance` must not bring it up at once.
        boot::follow_guests(self, around);
        os::advance(&mut self.node, around);
        for vm in self.pve.vms.values_mut().filter(|vm| vm.up) {
            if let Some(guest) = &mut vm.guest {
                os::advance(guest, around);
            }
        }
    }

    /// When something happens next by itself; `None` when nothing is under way.
    pub fn next_moment(&self) -> Option<Moment> {
        self.next_event().map(|(moment, _)| moment)
    }

    /// The guest of a VM, when it is up.
    pub fn guest(&self, vmid: u32) -> Option<&Machine> {
        self.pve.vms.get(&vmid).filter(|vm| vm.up)?.guest.as_ref()
    }

    /// As [`Site::guest`], to run programs on it.
    pub fn guest_mut(&mut self, vmid: u32) -> Option<&mut Machine> {
        self.pve.vms.get_mut(&vmid).filter(|vm| vm.up)?.guest.as_mut()
    }

    /// The VM whose guest, being up, holds an address such as `192.0.2.10`.
    pub fn vm_at(&self, address: &str) -> Option<u32> {
        let holds = |machine: &Machine| machine.addresses.iter().any(|one| one.split('/').next() == Some(address));
        self.pve.vms.iter().find(|(_, vm)| vm.up && vm.guest.as_ref().is_some_and(holds)).map(|(vmid, _)| *vmid)
    }

    fn next_event(&self) -> Option<(Moment, Event)> {
        let task = tasks::next_due(&self.pve).map(|(moment, index)| (moment, Event::Task(index)));
        let guest = boot::next_due(&self.pve).map(|(moment, vmid)| (moment, Event::Boot(vmid)));
        task.into_iter().chain(guest).min()
    }
}
