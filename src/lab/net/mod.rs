//! The lab's sockets: TLS for Proxmox, SSH for nodes, guests and the jump host, NAT, control and transcript.
//!
//! One lock owns the world; whoever speaks a protocol asks it through [`Lab`], one request at a time, so that a lab with
//! a seed answers the same requests in the same way.

pub mod api;
pub mod control;
pub mod fault;
pub mod http;
pub mod keys;
pub mod pace;
pub mod serve;
pub mod shell;
pub mod ssh;
pub mod topology;
pub mod transcript;

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::world::{Moment, World};
use fault::FaultPlan;
use keys::NodeCertificate;
use pace::Pace;
use topology::Topology;
use transcript::{Entry, Transcript};

/// A running lab. Clones are the same lab.
#[derive(Clone)]
pub struct Lab(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    crashes: watch::Sender<u64>,
}

/// Everything that the lock owns.
pub struct State {
    /// The simulated world.
    pub world: World,
    /// Where its machines are reached.
    pub topology: Topology,
    /// What goes wrong, and when.
    pub faults: FaultPlan,
    /// What was asked and answered.
    pub transcript: Transcript,
    /// The nodes' certificates by site.
    pub certificates: BTreeMap<String, NodeCertificate>,
    /// The backup servers' certificates by id.
    pub backup_certificates: BTreeMap<String, NodeCertificate>,
    /// Backup servers that are off for a while, by id, with the moment when they come back.
    pub servers_back_online: BTreeMap<String, Moment>,
    /// When each question was last put to a site's API: whoever puts it again has waited in between.
    pub asked: BTreeMap<(String, String), Moment>,
    /// How time follows the wall's clock; `None` when it moves by requests and waits alone.
    pub pace: Option<Pace>,
}

impl Lab {
    /// A lab over a world.
    pub fn new(world: World, topology: Topology) -> Lab {
        let state = State {
            world,
            topology,
            faults: FaultPlan::default(),
            transcript: Transcript::default(),
            certificates: BTreeMap::new(),
            backup_certificates: BTreeMap::new(),
            servers_back_online: BTreeMap::new(),
            asked: BTreeMap::new(),
            pace: None,
        };
        Lab(Arc::new(Inner { state: Mutex::new(state), crashes: watch::Sender::new(0) }))
    }

    /// The world and what surrounds it, for as long as the guard lives.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on time follows the wall's clock, `factor` times as fast, and nothing else moves it; or, without a factor,
    /// requests and waits move it again.
    pub fn set_pace(&self, factor: Option<NonZeroU32>) {
        let mut state = self.lock();
        state.settle();
        state.pace = factor.map(|factor| Pace::from(state.world.now, factor));
    }

    /// Counts the moments at which a fault plan wants the client to have crashed.
    pub fn crashes(&self) -> watch::Receiver<u64> {
        self.0.crashes.subscribe()
    }

    fn tell_crash(&self) {
        self.0.crashes.send_modify(|count| *count += 1);
    }
}

impl State {
    /// Lets simulated time pass, and everything happen whose time has come. Where time follows the wall's clock, the answer
    /// waits for it instead ([`State::take_owed`]).
    pub fn pass(&mut self, microseconds: u64) {
        match &mut self.pace {
            Some(pace) => pace.owe(microseconds),
            None => self.world.now = self.world.now.plus_us(microseconds),
        }
        self.settle();
    }

    /// How long whoever is being answered still has to wait on the wall's clock for what passed since the last answer.
    pub fn take_owed(&mut self) -> Duration {
        self.pace.as_mut().map_or(Duration::ZERO, Pace::take_owed)
    }

    /// Puts another world in this one's place. Its nodes show the certificates that they showed.
    pub fn replace_world(&mut self, world: World) {
        self.pace = self.pace.as_ref().map(|pace| pace.again(world.now));
        self.world = world;
        self.tell_certificates();
    }

    /// Lets everything happen whose time has come.
    pub fn settle(&mut self) {
        if let Some(pace) = &self.pace {
            self.world.now = self.world.now.max(pace.now());
        }
        let World { now, sites, .. } = &mut self.world;
        self.topology.back_online.retain(|site, until| {
            let back = *until <= *now;
            if let Some(place) = sites.get_mut(site).filter(|_| back) {
                place.online = true;
            }
            !back
        });
        let servers = self.world.backup_servers.get_mut();
        self.servers_back_online.retain(|id, until| {
            let back = *until <= self.world.now;
            if let Some(server) = servers.by_id_mut(id).filter(|_| back) {
                server.set_online(true, *until);
            }
            !back
        });
        self.world.settle();
        self.note_programs();
    }

    /// Gives a node the certificate that it shows and tells of.
    pub fn show_certificate(&mut self, site: &str, certificate: NodeCertificate) {
        self.certificates.insert(site.to_owned(), certificate);
        self.tell_certificates();
    }

    /// Gives a backup server the certificate that it shows and tells of.
    pub fn show_backup_certificate(&mut self, id: &str, certificate: NodeCertificate) {
        self.backup_certificates.insert(id.to_owned(), certificate);
        self.tell_certificates();
    }

    /// Lets the nodes' APIs tell of the certificates that they show; a world from elsewhere knows others.
    pub fn tell_certificates(&mut self) {
        for (site, certificate) in &self.certificates {
            if let Some(place) = self.world.sites.get_mut(site) {
                place.pve.fingerprint.clone_from(&certificate.fingerprint);
                place.pve.certificate_pem.clone_from(&certificate.pem);
            }
        }
        for (id, certificate) in &self.backup_certificates {
            if let Some(server) = self.world.backup_servers.get_mut().by_id_mut(id) {
                server.fingerprint.clone_from(&certificate.fingerprint);
                server.certificate_pem.clone_from(&certificate.pem);
            }
        }
    }

    /// Moves the YunoHost commands that ran in guests into the transcript.
    fn note_programs(&mut self) {
        for (site, place) in &mut self.world.sites {
            for (vmid, vm) in &mut place.pve.vms {
                let Some(guest) = &mut vm.guest else { continue };
                for run in guest.yunohost_runs.drain(..) {
                    self.transcript.add(Entry::Program {
                        at_us: run.at.0,
                        site: site.clone(),
                        machine: format!("guest/{vmid}"),
                        argv: run.argv,
                    });
                }
            }
        }
    }
}
