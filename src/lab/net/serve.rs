//! Starting a lab: its listeners on loopback, and what a client needs to know of them.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::api::Door;
use super::topology::{Endpoint, Topology};
use super::{Lab, api, control, keys, ssh};
use crate::pbs::access::ROOT;
use crate::world::World;

/// The version of the line that `lab serve --json` prints.
const ENDPOINTS_VERSION: u32 = 1;

/// The address that connections of a client without a jump host seem to come from: not a private one, so that
/// YunoHost's rules for strangers apply to them.
const STRANGER: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 7);

/// Ports to listen on; 0 chooses a free one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ports {
    /// Of the control address.
    pub control: u16,
    /// Of the jump host.
    pub jump: u16,
    /// Of the first site's API; the next sites follow.
    pub api: u16,
}

/// What a client needs to know.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Endpoints {
    /// Version of this form.
    pub version: u32,
    /// The lab's seed.
    pub seed: u64,
    /// Control address.
    pub control: String,
    /// What to set `ACCOLADES_CLOCK` to.
    pub clock: String,
    /// The jump host, through which nodes and guests are reached at their own addresses.
    pub jump: SshEndpoint,
    /// The private key that jump host and nodes let in, OpenSSH form.
    pub technician_key: String,
    /// Its public half.
    pub technician_public_key: String,
    /// Sites by id.
    pub sites: BTreeMap<String, SiteEndpoints>,
    /// Backup servers by id.
    #[serde(default)]
    pub backup_servers: BTreeMap<String, BackupServerEndpoints>,
}

/// An SSH server on loopback.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SshEndpoint {
    /// `127.0.0.1`.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Account.
    pub user: String,
    /// Host key, OpenSSH public form.
    pub host_key: String,
}

/// One site.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SiteEndpoints {
    /// Node name.
    pub node: String,
    /// Its address in the local network (through the jump host, ports 8006 and 22).
    pub address: String,
    /// The API on loopback, as behind a forwarded port.
    pub api: String,
    /// SHA-256 of its certificate.
    pub tls_fingerprint: String,
    /// The node's sshd on loopback.
    pub ssh: SshEndpoint,
    /// `root@pam`'s password.
    pub root_password: String,
}

/// One backup server.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BackupServerEndpoints {
    /// Under which name or address nodes reach it, and its port there.
    pub address: String,
    /// Its port at that address.
    pub port: u16,
    /// The API on loopback.
    pub api: String,
    /// SHA-256 of its certificate.
    pub fingerprint: String,
    /// `root@pam`'s password.
    pub root_password: String,
    /// Its datastores.
    pub datastores: Vec<String>,
}

/// A lab that listens. Dropping it closes the listeners.
pub struct Served {
    /// The lab.
    pub lab: Lab,
    /// What a client needs to know.
    pub endpoints: Endpoints,
    listeners: JoinSet<()>,
}

impl Served {
    /// Listens until the process is told to stop.
    pub async fn forever(mut self) {
        while self.listeners.join_next().await.is_some() {}
    }
}

/// Starts the listeners of a lab over a world. `root_password` is that of every node.
///
/// # Errors
/// When a port is taken or a certificate cannot be made.
pub async fn serve(world: World, mut topology: Topology, root_password: &str, ports: Ports) -> std::io::Result<Served> {
    let seed = world.seed;
    let technician = keys::ssh_key(&keys::seed_of(seed, "technician"));
    let jump_key = keys::ssh_key(&keys::seed_of(seed, "jump"));
    topology.jump_keys.push(keys::public_text(&technician));
    let lab = Lab::new(world, topology);
    let mut listeners = JoinSet::new();

    let control = TcpListener::bind((Ipv4Addr::LOCALHOST, ports.control)).await?;
    let control_address = control.local_addr()?;
    let router = control::router(lab.clone());
    listeners.spawn(async move {
        // Ends only with the process.
        let _ = axum::serve(control, router).await;
    });

    let jump = TcpListener::bind((Ipv4Addr::LOCALHOST, ports.jump)).await?;
    let jump_address = jump.local_addr()?;
    let (jump_lab, key) = (lab.clone(), jump_key.clone());
    listeners.spawn(accept(jump, move |stream| ssh::serve_jump(jump_lab.clone(), key.clone(), stream)));

    let mut sites = BTreeMap::new();
    let names: Vec<String> = lab.lock().world.sites.keys().cloned().collect();
    for (at, site) in names.into_iter().enumerate() {
        let port = if ports.api == 0 { 0 } else { ports.api + u16::try_from(at).unwrap_or(u16::MAX) };
        let endpoints = serve_site(&lab, &site, port, root_password, &mut listeners).await?;
        sites.insert(site, endpoints);
    }
    let ids: Vec<String> =
        lab.lock().world.backup_servers.borrow().0.values().map(|server| server.id.clone()).collect();
    let mut backup_servers = BTreeMap::new();
    for id in ids {
        let endpoints = serve_backup_server(&lab, &id, &mut listeners).await?;
        backup_servers.insert(id, endpoints);
    }
    let endpoints = Endpoints {
        version: ENDPOINTS_VERSION,
        seed,
        control: format!("http://{control_address}"),
        clock: format!("http://{control_address}/clock"),
        jump: ssh_endpoint(jump_address, "technicien", keys::public_text(&jump_key)),
        technician_key: keys::private_text(&technician),
        technician_public_key: keys::public_text(&technician),
        sites,
        backup_servers,
    };
    Ok(Served { lab, endpoints, listeners })
}

async fn serve_site(
    lab: &Lab,
    site: &str,
    port: u16,
    root_password: &str,
    listeners: &mut JoinSet<()>,
) -> std::io::Result<SiteEndpoints> {
    let (node, address, host_key) = {
        let state = lab.lock();
        let place = &state.world.sites[site];
        let address = state.topology.nodes.get(site).map(Ipv4Addr::to_string).unwrap_or_default();
        let host_key = keys::public_text(&keys::ssh_key(&place.node.host_key_seed));
        (place.pve.node.clone(), address, host_key)
    };
    let certificate = keys::node_certificate(&node).map_err(std::io::Error::other)?;
    let tls_fingerprint = certificate.fingerprint.clone();
    lab.lock().show_certificate(site, certificate);

    let api = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let api_address = api.local_addr()?;
    let (api_lab, door) = (lab.clone(), Door::Node { site: site.to_owned() });
    listeners.spawn(accept(api, move |stream| api::serve(api_lab.clone(), door.clone(), stream)));

    let shell = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let shell_address = shell.local_addr()?;
    let (shell_lab, endpoint) = (lab.clone(), Endpoint::NodeSsh { site: site.to_owned() });
    listeners.spawn(accept(shell, move |stream| {
        ssh::serve_machine(shell_lab.clone(), endpoint.clone(), IpAddr::V4(STRANGER), stream)
    }));
    Ok(SiteEndpoints {
        node,
        address,
        api: format!("https://{api_address}"),
        tls_fingerprint,
        ssh: ssh_endpoint(shell_address, "root", host_key),
        root_password: root_password.to_owned(),
    })
}

async fn serve_backup_server(
    lab: &Lab,
    id: &str,
    listeners: &mut JoinSet<()>,
) -> std::io::Result<BackupServerEndpoints> {
    let certificate = keys::node_certificate(id).map_err(std::io::Error::other)?;
    let fingerprint = certificate.fingerprint.clone();
    lab.lock().show_backup_certificate(id, certificate);
    let api = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let api_address = api.local_addr()?;
    if let Some(server) = lab.lock().world.backup_servers.borrow_mut().by_id_mut(id) {
        server.loopback_port = Some(api_address.port());
    }
    let (api_lab, door) = (lab.clone(), Door::BackupServer { id: id.to_owned() });
    listeners.spawn(accept(api, move |stream| api::serve(api_lab.clone(), door.clone(), stream)));
    let state = lab.lock();
    let servers = state.world.backup_servers.borrow();
    let (address, server) = servers
        .0
        .iter()
        .find(|(_, server)| server.id == id)
        .ok_or_else(|| std::io::Error::other("the backup server went away"))?;
    let root = server.access.users.get(ROOT).and_then(|root| root.password.clone());
    Ok(BackupServerEndpoints {
        address: address.clone(),
        port: server.port,
        api: format!("https://{api_address}"),
        fingerprint,
        root_password: root.unwrap_or_default(),
        datastores: server.datastores.keys().cloned().collect(),
    })
}

fn ssh_endpoint(address: SocketAddr, user: &str, host_key: String) -> SshEndpoint {
    SshEndpoint { host: address.ip().to_string(), port: address.port(), user: user.to_owned(), host_key }
}

async fn accept<F, Fut>(listener: TcpListener, serve: F)
where
    F: Fn(tokio::net::TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // A connection that failed before it was taken is the client's to try again.
                if let Ok((stream, _)) = accepted {
                    let _ = stream.set_nodelay(true);
                    connections.spawn(serve(stream));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}
