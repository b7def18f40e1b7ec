//! `qmstart`, `qmstop`, `qmshutdown`, `qmreboot`, `qmreset`, `qmsuspend`, `qmresume`.

use serde::{Deserialize, Serialize};

use super::{Ending, SECOND_US, check_lock, disks, vm_mut};
use crate::os::Machine;
use crate::pve::state::bytes::MIB;
use crate::pve::state::property::Properties;
use crate::pve::state::vm::Power as State;
use crate::pve::state::{Pve, Vm};
use crate::pve::{boot, cloudinit, hotplug, memory, network};
use crate::world::{Site, Surroundings};

/// How long a guest that is up takes to shut down.
const SHUTDOWN_US: u64 = 8 * SECOND_US;
/// How long Proxmox waits for it unless told otherwise, in seconds.
const SHUTDOWN_TIMEOUT_S: u64 = 60;

/// A change of power.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Power {
    /// Which VM.
    pub vmid: u32,
    /// What is asked for.
    pub action: PowerAction,
    /// How long to wait for the guest, in seconds.
    pub timeout_s: Option<u64>,
    /// Stop it the hard way when the guest does not comply.
    pub force_stop: bool,
    /// Root may pass over a lock.
    pub skip_lock: bool,
}

/// The kinds of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PowerAction {
    /// Start the process.
    Start,
    /// Kill the process.
    Stop,
    /// Ask the guest to shut down.
    Shutdown,
    /// Ask the guest to shut down, then start again with what is pending.
    Reboot,
    /// Reset the processor.
    Reset,
    /// Halt the processors.
    Suspend,
    /// Let them run again.
    Resume,
}

impl PowerAction {
    /// The type of its tasks.
    pub fn task_type(self) -> &'static str {
        match self {
            PowerAction::Start => "qmstart",
            PowerAction::Stop => "qmstop",
            PowerAction::Shutdown => "qmshutdown",
            PowerAction::Reboot => "qmreboot",
            PowerAction::Reset => "qmreset",
            PowerAction::Suspend => "qmsuspend",
            PowerAction::Resume => "qmresume",
        }
    }
}

impl Power {
    /// A change without any option.
    pub fn new(vmid: u32, action: PowerAction) -> Power {
        Power { vmid, action, timeout_s: None, force_stop: false, skip_lock: false }
    }

    /// How long it takes: a guest that does not comply uses the whole time-out.
    pub fn duration_us(&self, site: &Site) -> u64 {
        match self.action {
            PowerAction::Start => 3 * SECOND_US,
            PowerAction::Shutdown | PowerAction::Reboot => match site.pve.vms.get(&self.vmid) {
                // A paused VM cannot be asked: when forced, it is stopped at once.
                Some(vm) if vm.power == State::Paused => SECOND_US,
                Some(vm) if vm.running() && !complies(vm) => self.timeout_us(vm),
                Some(vm) if vm.running() => SHUTDOWN_US.min(self.timeout_us(vm)),
                _ => SECOND_US,
            },
            PowerAction::Stop | PowerAction::Reset | PowerAction::Suspend | PowerAction::Resume => SECOND_US,
        }
    }

    /// Does it.
    ///
    /// # Errors
    /// Proxmox's words: already running, locked, storage out of reach, guest does not comply.
    pub fn run(self, site: &mut Site, around: Surroundings<'_>, log: &mut Vec<String>) -> Ending {
        let vmid = self.vmid;
        let vm = vm_mut(site, vmid)?;
        // The lock of a backup does not keep anybody from starting the guest that QEMU is up for.
        let resumes = self.action == PowerAction::Start && vm.power == State::Prelaunch && vm.lock() == Some("backup");
        if !self.skip_lock && !resumes {
            check_lock(vm)?;
        }
        match self.action {
            PowerAction::Start => start(site, vmid, around, log),
            PowerAction::Stop => {
                boot::cut_power(site, vmid, around);
                apply_pending(vm_mut(site, vmid)?);
                Ok(0)
            }
            PowerAction::Shutdown => {
                self.shut_down(site, around)?;
                apply_pending(vm_mut(site, vmid)?);
                Ok(0)
            }
            PowerAction::Reboot => {
                self.shut_down(site, around)?;
                start(site, vmid, around, log)
            }
            PowerAction::Reset => {
                vm.agent_commands.clear();
                vm.power = State::Running;
                boot::power_on(site, vmid, around);
                Ok(0)
            }
            PowerAction::Suspend => {
                vm.power = if vm.running() { State::Paused } else { State::Stopped };
                Ok(0)
            }
            PowerAction::Resume => {
                vm.power = if vm.running() { State::Running } else { State::Stopped };
                Ok(0)
            }
        }
    }

    /// An interrupted change leaves things as they are.
    pub fn abandon(self, _site: &mut Site, _around: Surroundings<'_>, why: &str) -> String {
        match self.action {
            PowerAction::Start => format!("start failed: {why}"),
            _ => why.to_owned(),
        }
    }

    fn shut_down(&self, site: &mut Site, around: Surroundings<'_>) -> Result<(), String> {
        let vm = vm_mut(site, self.vmid)?;
        if vm.running() && !complies(vm) && !self.force_stop {
            return Err("VM quit/powerdown failed - got timeout".to_owned());
        }
        boot::cut_power(site, self.vmid, around);
        Ok(())
    }

    fn timeout_us(&self, vm: &Vm) -> u64 {
        let startup = vm.option("startup").map(|text| Properties::parse(text, "order"));
        let down = startup.and_then(|startup| startup.get("down")?.parse().ok());
        self.timeout_s.or(down).unwrap_or(SHUTDOWN_TIMEOUT_S) * SECOND_US
    }
}

/// Whether the guest follows a request to shut down: it must be up and willing.
pub fn complies(vm: &Vm) -> bool {
    // A guest that is still booting does not hear the request.
    let listens = vm.guest.as_ref().is_some_and(Machine::ssh_running);
    vm.up && listens && !vm.ignores_shutdown && vm.power == State::Running
}

/// Starts a VM's process.
fn start(site: &mut Site, vmid: u32, around: Surroundings<'_>, log: &mut Vec<String>) -> Ending {
    let vm = vm_mut(site, vmid)?;
    if vm.template() {
        return Err("you can't start a vm if it's a template".to_owned());
    }
    if vm.power == State::Prelaunch {
        // QEMU is there for a backup: it is told to go on.
        return Ok(run_process(site, vmid, around));
    }
    if vm.running() {
        return Err(format!("VM {vmid} already running"));
    }
    apply_pending(vm);
    let vm = vm.clone();
    if vm.cloudinit_drive().is_some() {
        check_drives(&site.pve, &site.node, &vm)?;
        let data = cloudinit::generate(site, vmid)?;
        log.push(format!("generating cloud-init ISO (instance {})", data.instance_id));
    }
    check_start(site, vmid, log)?;
    let mut warnings = 0;
    if vm.option("bios") == Some("ovmf") && vm.option("efidisk0").is_none() {
        log.push("WARN: no efidisk configured! Using temporary efivars disk.".to_owned());
        warnings += 1;
    }
    run_process(site, vmid, around);
    Ok(warnings)
}

/// What forbids starting QEMU for a VM: missing volumes and bridges, no memory.
///
/// # Errors
/// Proxmox's words.
pub fn check_start(site: &Site, vmid: u32, log: &mut Vec<String>) -> Result<(), String> {
    let vm = site.pve.vms.get(&vmid).ok_or_else(|| super::no_such_vm(&site.pve.node, vmid))?;
    if hotplug::has_feature(vm, "memory") && !vm.flag("numa") {
        return Err("NUMA needs to be enabled for memory hotplug".to_owned());
    }
    check_drives(&site.pve, &site.node, vm)?;
    for (key, value) in vm.config.iter().filter(|(key, _)| network::is_card(key)) {
        let card = network::Card::parse(value);
        let bridge = card.bridge().unwrap_or_default();
        if !bridge.is_empty() && !site.pve.hardware.bridges.contains_key(bridge) {
            log.push(format!("bridge '{bridge}' does not exist"));
            log.push(format!(
                "kvm: -netdev type=tap,id={key}: network script /var/lib/qemu-server/pve-bridge failed with status 512"
            ));
            return Err("start failed: QEMU exited with code 1".to_owned());
        }
    }
    let needed = u64::from(vm.memory_mib()) * MIB;
    if needed > site.pve.hardware.memory_bytes {
        log.push(format!("kvm: cannot set up guest memory 'pc.ram': Cannot allocate memory ({needed} bytes)"));
        return Err("start failed: QEMU exited with code 1".to_owned());
    }
    Ok(())
}

/// The processors begin to run. The answer is the number of warnings.
fn run_process(site: &mut Site, vmid: u32, around: Surroundings<'_>) -> u32 {
    if let Some(vm) = site.pve.vms.get_mut(&vmid) {
        vm.power = State::Running;
        vm.started = Some(around.now);
        vm.changed = around.now;
    }
    boot::power_on(site, vmid, around);
    memory::kill_when_exhausted(site, around);
    0
}

/// Merges what waited for the next start into the configuration.
pub fn apply_pending(vm: &mut Vm) {
    if !vm.running() {
        vm.config = vm.merged();
        vm.pending.clear();
    }
}

fn check_drives(pve: &Pve, node: &Machine, vm: &Vm) -> Result<(), String> {
    for (_, drive) in vm.drives() {
        let Some((storage, name)) = crate::pve::state::storage::parse_volid(drive.file()) else { continue };
        let place = disks::activated(pve, node, storage)?;
        if !place.volumes.contains_key(name) {
            return Err(match place.path() {
                Some(_) => format!("volume '{}' does not exist", drive.file()),
                None => format!("no such logical volume {}/{name}", place.option("vgname").unwrap_or("pve")),
            });
        }
    }
    Ok(())
}

/// Whether a VM is to be started with its node.
pub fn starts_with_node(vm: &Vm) -> bool {
    vm.flag("onboot") && !vm.template() && vm.lock().is_none()
}
