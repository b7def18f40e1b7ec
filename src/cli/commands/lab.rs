//! `accolades lab`: a simulated world over real TLS, HTTP and SSH, for rehearsals and for other programs' tests.

use std::net::Ipv4Addr;
use std::num::NonZeroU32;

use clap::{Args, Subcommand};

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::demo::world;
use crate::inventory;
use crate::lab::net::keys;
use crate::lab::net::serve::{Endpoints, Ports, Served, serve};
use crate::lab::net::topology::Topology;
use crate::lab::world::World;
use crate::lab::world::spec::SiteSpec;

/// The most sites of a lab that are numbered: each has a network `10.0.N.0/24`.
const SITES_MAX: i64 = 254;

/// The seed of a lab when none is given.
const SEED: u64 = 1;

/// What to do with a lab.
#[derive(Debug, Subcommand)]
pub enum Lab {
    /// Serve a lab until it is interrupted: the inventory's sites, or numbered ones. The same `--seed` gives the same world
    Serve(Serve),
}

/// A lab to serve.
#[derive(Debug, Args)]
pub struct Serve {
    /// Serve so many numbered sites instead of the inventory's.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=SITES_MAX))]
    sites: Option<u8>,
    /// Port of the control address [default: a free one].
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    control_port: u16,
    /// Port of the jump host [default: a free one].
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    jump_port: u16,
    /// Port of the first site's API, the next sites follow [default: free ones].
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    api_port: u16,
    /// Let simulated time follow the wall's clock, N times as fast, instead of moving with requests and waits.
    #[arg(long, value_name = "N")]
    pace: Option<NonZeroU32>,
}

/// Serves until interrupted.
///
/// # Errors
/// The inventory's mistakes, or a port that is taken.
pub async fn run(session: &Session, what: Lab) -> Result<Exit, Failure> {
    let Lab::Serve(arguments) = what;
    let seed = session.globals.seed.unwrap_or(SEED);
    let (world, topology) = match arguments.sites {
        Some(count) => numbered(count, seed),
        None => world::build(&inventory::load(&session.globals.inventory)?.inventory, seed),
    };
    let ports = Ports { control: arguments.control_port, jump: arguments.jump_port, api: arguments.api_port };
    let served: Served = serve(world, topology, world::ROOT_PASSWORD, ports).await.map_err(|error| {
        Failure::new(
            Exit::Configuration,
            format!("the lab cannot listen: {error}"),
            "choose other ports, or none for free ones",
        )
    })?;
    served.lab.set_pace(arguments.pace);
    if session.output.is_json() {
        session.output.json(&served.endpoints)?;
    } else {
        session.output.data(&text(&served.endpoints))?;
    }
    tokio::select! {
        () = served.forever() => Ok(Exit::Ok),
        _ = tokio::signal::ctrl_c() => Ok(Exit::Ok),
    }
}

/// Sites `site-1`, `site-2`, ... with a box each, reached through the jump host.
fn numbered(count: u8, seed: u64) -> (World, Topology) {
    let mut world = World::new(seed);
    world.now = world::BEGINNING;
    let technician = keys::public_text(&keys::ssh_key(&keys::seed_of(seed, "technician")));
    let mut topology = Topology::default();
    for number in 1..=count {
        let id = format!("site-{number}");
        let subnet = ipnet::Ipv4Net::new_assert(Ipv4Addr::new(10, 0, number, 0), 24);
        let mut spec = SiteSpec::box_with_disk(&id, &format!("pve{number}"), &format!("LAB-HDD-{number:03}"), subnet);
        spec.root_keys.push(technician.clone());
        world::ROOT_PASSWORD.clone_into(&mut spec.root_password);
        world.add_site(spec);
        topology.nodes.insert(id, Ipv4Addr::new(10, 0, number, 2));
    }
    (world, topology)
}

fn text(endpoints: &Endpoints) -> String {
    let mut out = format!("control    {}\nclock      export ACCOLADES_CLOCK={}\n", endpoints.control, endpoints.clock);
    let jump = &endpoints.jump;
    out.push_str(&format!("jump host  {}@{} port {}\n           {}\n", jump.user, jump.host, jump.port, jump.host_key));
    for (id, site) in &endpoints.sites {
        out.push_str(&format!(
            "\n{id}: node {} at {}\n  API      {}\n           SHA-256 {}\n  SSH      {}@{} port {}\n           {}\n  password {}\n",
            site.node,
            site.address,
            site.api,
            site.tls_fingerprint,
            site.ssh.user,
            site.ssh.host,
            site.ssh.port,
            site.ssh.host_key,
            site.root_password,
        ));
    }
    for (id, server) in &endpoints.backup_servers {
        out.push_str(&format!(
            "\n{id}: backup server, reached by nodes at {} port {}\n  API      {}\n           SHA-256 {}\n  password {}\n",
            server.address, server.port, server.api, server.fingerprint, server.root_password,
        ));
    }
    out.push_str("\nThe technician's private key is in what `--json` prints. Interrupt to end.\n");
    out
}
