//! Command lines that come over SSH, carried out in the world with the faults planned for them.

use std::net::IpAddr;
use std::time::Duration;

use super::fault::FaultKind;
use super::topology::Endpoint;
use super::transcript::Entry;
use super::{Lab, State};
use crate::os::{self, Credential, Host, Login, Machine, Output};
use crate::pve::shell as pvesh;
use crate::world::{Surroundings, World};

/// What comes of a command line.
pub enum Outcome {
    /// It ended.
    Ended(Output),
    /// The connection is cut.
    Cut,
    /// Nothing comes, on a connection that stays open: the client has crashed and hears neither an end nor a cut.
    Silence,
}

/// Microseconds that opening a connection takes in simulated time.
const LOGIN_US: u64 = 200_000;

impl Lab {
    /// Whether a machine's sshd lets somebody in; it says so after so long on the wall's clock.
    pub fn may_log_in(
        &self,
        endpoint: &Endpoint,
        user: &str,
        from: IpAddr,
        offered: Credential<'_>,
    ) -> (bool, Duration) {
        let mut state = self.lock();
        state.pass(LOGIN_US);
        let may =
            machine(&mut state.world, endpoint).is_some_and(|machine| os::may_log_in(machine, user, from, offered));
        (may, state.take_owed())
    }

    /// The command that a key is bound to on this machine: it runs instead of whatever is asked.
    pub fn forced_command(&self, endpoint: &Endpoint, user: &str, key: &str) -> Option<String> {
        let mut state = self.lock();
        let machine = machine(&mut state.world, endpoint)?;
        os::login::forced_command(machine, user, key)
    }

    /// The private seed of a machine's host key.
    pub fn host_key_seed(&self, endpoint: &Endpoint) -> Option<[u8; 32]> {
        let mut state = self.lock();
        machine(&mut state.world, endpoint).map(|machine| machine.host_key_seed)
    }

    /// Carries out a command line; its end is to be told after so long on the wall's clock.
    pub fn command(&self, endpoint: &Endpoint, user: &str, command_line: &str, stdin: &str) -> (Outcome, Duration) {
        let (site, name) = names(endpoint);
        let mut state = self.lock();
        state.settle();
        let fault = state.faults.take(&site, command_line);
        let outcome = match fault {
            Some(FaultKind::CutBefore | FaultKind::CrashBefore) => Outcome::Cut,
            Some(FaultKind::Offline { seconds }) => {
                state.go_offline(&site, seconds);
                Outcome::Cut
            }
            _ => {
                prepare(&mut state, endpoint, fault.as_ref());
                let output = run(&mut state, endpoint, user, command_line, stdin);
                let cut = matches!(fault, Some(FaultKind::LostAnswer | FaultKind::CrashAfter));
                match fault {
                    Some(FaultKind::Reboot) => reboot(&mut state, endpoint, 0),
                    Some(FaultKind::RebootAfter { seconds }) => reboot(&mut state, endpoint, seconds),
                    _ => {}
                }
                if cut { Outcome::Cut } else { output.map_or(Outcome::Cut, Outcome::Ended) }
            }
        };
        let exit = match &outcome {
            Outcome::Ended(output) => output.exit,
            Outcome::Cut | Outcome::Silence => -1,
        };
        let at_us = state.world.now.0;
        state.transcript.add(Entry::Command {
            at_us,
            site,
            machine: name,
            user: user.to_owned(),
            command_line: command_line.to_owned(),
            stdin: stdin.to_owned(),
            exit,
        });
        let owed = state.take_owed();
        drop(state);
        if matches!(fault, Some(FaultKind::CrashBefore | FaultKind::CrashAfter)) {
            self.tell_crash();
            return (Outcome::Silence, owed);
        }
        (outcome, owed)
    }
}

impl State {
    /// Takes a site off the net for so long.
    pub fn go_offline(&mut self, site: &str, seconds: u64) {
        let until = self.world.now.plus_us(seconds * 1_000_000);
        if let Some(place) = self.world.sites.get_mut(site) {
            place.online = false;
            self.topology.back_online.insert(site.to_owned(), until);
        }
    }
}

fn names(endpoint: &Endpoint) -> (String, String) {
    match endpoint {
        Endpoint::Api { site } | Endpoint::NodeSsh { site } => (site.clone(), "node".to_owned()),
        Endpoint::BackupApi { id } => (id.clone(), "backup server".to_owned()),
        Endpoint::GuestSsh { site, vmid } | Endpoint::GuestWeb { site, vmid } => {
            (site.clone(), format!("guest/{vmid}"))
        }
    }
}

fn machine<'a>(world: &'a mut World, endpoint: &Endpoint) -> Option<&'a mut Machine> {
    match endpoint {
        Endpoint::Api { site } | Endpoint::NodeSsh { site } => world.sites.get_mut(site).map(|place| &mut place.node),
        Endpoint::GuestSsh { site, vmid } | Endpoint::GuestWeb { site, vmid } => {
            world.sites.get_mut(site)?.guest_mut(*vmid)
        }
        Endpoint::BackupApi { .. } => None,
    }
}

/// Arms the faults that lie inside the machine.
fn prepare(state: &mut State, endpoint: &Endpoint, fault: Option<&FaultKind>) {
    let now = state.world.now;
    let Some(machine) = machine(&mut state.world, endpoint) else { return };
    match fault {
        Some(FaultKind::ProgramFails { program }) => machine.fail_next.push(program.clone()),
        Some(FaultKind::YunohostLocked { seconds }) => {
            let pid = os::units::sleep_in_background(machine, now, now.plus_us(seconds * 1_000_000));
            machine.files.write("/var/run/moulinette_yunohost.lock", pid.to_string());
        }
        _ => {}
    }
}

fn reboot(state: &mut State, endpoint: &Endpoint, after_seconds: u64) {
    let at = state.world.now.plus_us(after_seconds * 1_000_000);
    if let Some(machine) = machine(&mut state.world, endpoint) {
        machine.reboot_at = Some(at);
    }
    state.settle();
}

/// Runs it, lets its time pass, and lets what became due meanwhile happen. `None` when the machine went away.
fn run(state: &mut State, endpoint: &Endpoint, user: &str, command_line: &str, stdin: &str) -> Option<Output> {
    let topology = &state.topology;
    let World { seed, now, internet, backup_servers, sites } = &mut state.world;
    let around = Surroundings { seed: *seed, now: *now, internet, servers: backup_servers };
    let login = Login { user: user.to_owned() };
    let output = match endpoint {
        Endpoint::GuestSsh { site, vmid } | Endpoint::GuestWeb { site, vmid } => {
            let guest = sites.get_mut(site)?.guest_mut(*vmid)?;
            guest.public_web = topology.public_web(site, &guest.addresses);
            os::shell(guest, &login, command_line, stdin, around)
        }
        Endpoint::NodeSsh { site } | Endpoint::Api { site } => {
            let place = sites.get_mut(site)?;
            // The node's shell and its API both need the site: the machine is lent out while the shell runs.
            let mut node = std::mem::take(&mut place.node);
            let mut call = |verb: &str, path: &str, parameters: &[(String, String)]| {
                pvesh::call(place, around, verb, path, parameters)
            };
            let host = Host { machine: &mut node, pvesh: Some(&mut call) };
            let output = os::shell_on(host, &login, command_line, stdin, around);
            place.node = node;
            output
        }
        // Nobody gets a shell there.
        Endpoint::BackupApi { .. } => return None,
    };
    state.pass(output.duration_us);
    Some(output)
}
