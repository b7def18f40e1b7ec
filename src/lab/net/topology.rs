//! Who is reached where: sites behind NAT, public addresses that pass connections on.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use crate::world::{Moment, World};

/// The address from which connections of the jump host arrive: private, inside the co-operative's tunnel.
pub const JUMP_ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);

/// The port of the web, without encryption: certificates are asked for over it.
const WEB_PORT: u16 = 80;

/// Where machines are reached.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Topology {
    /// Address of each site's node in its local network, by site.
    pub nodes: BTreeMap<String, Ipv4Addr>,
    /// Public addresses (routers with forwards, relays): port to local address.
    pub public: BTreeMap<Ipv4Addr, PublicHost>,
    /// Sites that are off the net for a while, with the moment when they come back.
    pub back_online: BTreeMap<String, Moment>,
    /// Keys that the jump host lets in, OpenSSH public form.
    pub jump_keys: Vec<String>,
}

/// A public address that passes connections on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PublicHost {
    /// The site behind it.
    pub site: String,
    /// Port to the address in the local network that gets it.
    pub forwards: BTreeMap<u16, Ipv4Addr>,
}

/// What answers at an address and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// A node's API.
    Api {
        /// The site.
        site: String,
    },
    /// A backup server's API.
    BackupApi {
        /// Its id.
        id: String,
    },
    /// A node's sshd.
    NodeSsh {
        /// The site.
        site: String,
    },
    /// A guest's sshd.
    GuestSsh {
        /// The site.
        site: String,
        /// Its machine.
        vmid: u32,
    },
    /// A guest's web server.
    GuestWeb {
        /// The site.
        site: String,
        /// Its machine.
        vmid: u32,
    },
}

impl Topology {
    /// The public addresses whose port 80 leads to one of these addresses of a site.
    pub fn public_web(&self, site: &str, inside: &[String]) -> Vec<Ipv4Addr> {
        let leads_here = |host: &PublicHost| {
            let address = host.forwards.get(&WEB_PORT).map(Ipv4Addr::to_string);
            let own = |one: &String| one.split('/').next() == address.as_deref();
            host.site == site && address.is_some() && inside.iter().any(own)
        };
        self.public.iter().filter(|(_, host)| leads_here(host)).map(|(address, _)| *address).collect()
    }

    /// What answers there at this moment; `None` when nothing does (wrong address, machine off, site offline).
    pub fn resolve(&self, world: &World, address: Ipv4Addr, port: u16) -> Option<Endpoint> {
        if let Some(public) = self.public.get(&address) {
            let inside = public.forwards.get(&port)?;
            return at_site(world, &public.site, *inside, port);
        }
        if let Some((site, _)) = self.nodes.iter().find(|(_, node)| **node == address) {
            let site = site.clone();
            if !world.sites.get(&site)?.online {
                return None;
            }
            return match port {
                8006 => Some(Endpoint::Api { site }),
                22 => Some(Endpoint::NodeSsh { site }),
                _ => None,
            };
        }
        if let Some(server) = world.backup_servers.borrow().at(&address.to_string(), port) {
            return Some(Endpoint::BackupApi { id: server.id.clone() });
        }
        world.sites.keys().find_map(|site| at_site(world, site, address, port))
    }
}

fn at_site(world: &World, site: &str, address: Ipv4Addr, port: u16) -> Option<Endpoint> {
    let place = world.sites.get(site).filter(|place| place.online)?;
    let vmid = place.vm_at(&address.to_string())?;
    let guest = place.guest(vmid)?;
    let site = site.to_owned();
    match port {
        22 if guest.ssh_running() => Some(Endpoint::GuestSsh { site, vmid }),
        80 if guest.yunohost.is_some() => Some(Endpoint::GuestWeb { site, vmid }),
        _ => None,
    }
}
