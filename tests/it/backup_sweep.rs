//! The fault sweep over what makes backups: preparing a site and a backup server, declaring jobs and storage again, and a
//! backup at once, here and there. Whatever went wrong, the same command again leads to the same world as a run without
//! faults: the client's machine is the one that it was, no machine of ours is left, no backup is lost.

use accolades::domain::backup::health::Place;
use accolades::domain::backup::names;
use accolades::engine::Engine;
use accolades::engine::prepare::Agreed;
use accolades::engine::run::{Accepted, Applied};
use accolades::lab::net::State;
use accolades::lab::net::fault::FaultKind;
use accolades::lab::pve::state::{Power, StorageKind};
use accolades::store::Scope;
use secrecy::SecretString;

use crate::drills::{self, LIVE, subject, vms};
use crate::rehearsal::{self, Rehearsal, Snapshot, example_files, small_files, small_instance};
use crate::swept::{self, At, Step, Swept};

const SITE: &str = "friche";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    /// `site prepare` on a fresh node; the backup server is ready.
    PrepareSite,
    /// `backup-server prepare` on two fresh servers, the second of which copies from the first.
    PrepareServers,
    /// `apply` where somebody removed the storage and the jobs.
    Declare,
    /// `backup run`.
    BackUp(Place),
}

impl Swept for Operation {
    fn name(self) -> &'static str {
        match self {
            Operation::PrepareSite => "site",
            Operation::PrepareServers => "server",
            Operation::Declare => "declare",
            Operation::BackUp(Place::Local) => "local",
            Operation::BackUp(_) => "remote",
        }
    }

    fn test(self) -> &'static str {
        match self {
            Operation::PrepareSite => "backup_sweep_faults_while_a_site_is_prepared",
            Operation::PrepareServers => "backup_sweep_faults_while_backup_servers_are_prepared",
            Operation::Declare => "backup_sweep_faults_while_jobs_and_storage_are_declared",
            Operation::BackUp(Place::Local) => "backup_sweep_faults_during_a_backup_onto_the_disk",
            Operation::BackUp(_) => "backup_sweep_faults_during_a_backup_onto_the_server",
        }
    }

    fn leases(self) -> &'static [&'static str] {
        match self {
            Operation::PrepareSite => &["site/friche"],
            Operation::PrepareServers => &["backup-server/grange", "backup-server/moulin"],
            Operation::Declare => &["instance/ilot"],
            Operation::BackUp(_) => &["site/friche/heavy-work"],
        }
    }

    fn changes(self, at: At, command_line: &str) -> bool {
        const READ: [&str; 7] = ["pvesh get", "pvesh ls", "pveversion", "lsblk", "wipefs --no-act", "cat", "findmnt"];
        let reads = READ.iter().any(|words| command_line.starts_with(words)) || command_line.contains("|| true");
        match at {
            At::Api => false,
            At::Node => !reads,
            At::Guest => command_line.starts_with("systemctl start"),
        }
    }

    fn kinds(self, step: &Step) -> Vec<(&'static str, FaultKind)> {
        // YunoHost's lock has nothing to do with any of this.
        swept::kinds(step).into_iter().filter(|(what, _)| *what != "locked").collect()
    }

    fn set_scene(self, state: &mut State) {
        match self {
            Operation::PrepareSite | Operation::PrepareServers => {}
            Operation::Declare => {
                let pve = &mut state.world.sites.get_mut(SITE).expect("a site").pve;
                let instance = small_instance();
                for job in [names::local_job(&instance), names::remote_job(&instance)] {
                    assert!(pve.jobs.remove(&job).is_some(), "{job}");
                }
                assert!(pve.storages.remove(&names::remote_storage(&instance)).is_some());
            }
            Operation::BackUp(_) => trust_the_servers(state),
        }
    }

    async fn perform(self, engine: Engine, accepted: Accepted) -> Result<(), String> {
        let inventory = &accepted.inventory;
        match self {
            Operation::PrepareSite => {
                for site in inventory.sites.values() {
                    let agreed = Agreed { format_serial: Some(site.node.backup_disk_serial.clone()) };
                    let prepared = engine.prepare_site(inventory, site, &agreed).await;
                    prepared.map_err(|error| error.to_string())?;
                }
            }
            Operation::PrepareServers => {
                for server in inventory.backup_servers.values() {
                    engine.prepare_server(inventory, server).await.map_err(|error| error.to_string())?;
                }
            }
            Operation::Declare => {
                let only = [small_instance()];
                let plan = rehearsal::plan(&engine, &accepted, &only).await.map_err(|error| error.to_string())?;
                if !plan.is_settled() {
                    let report = engine.apply(&accepted, &plan).await.map_err(|error| error.to_string())?;
                    if !report.values().all(|one| matches!(one, Applied::Settled { .. })) {
                        return Err(format!("{report:?}"));
                    }
                }
            }
            Operation::BackUp(place) => {
                engine.back_up(&subject(inventory), place).await.map_err(|error| error.to_string())?;
            }
        }
        Ok(())
    }

    async fn check(self, rehearsal: &Rehearsal, engine: &Engine) -> Result<(), String> {
        let left = engine.store.open_restores(&Scope::Staff).await.expect("the store reads");
        let machines = vms(rehearsal);
        let there: Vec<u32> = machines.keys().copied().collect();
        let expected: &[u32] = match self {
            Operation::PrepareSite | Operation::PrepareServers => &[],
            Operation::Declare | Operation::BackUp(_) => &[LIVE],
        };
        if there != expected || !left.is_empty() {
            return Err(format!("machines {there:?}, on record without an end: {left:?}"));
        }
        if let Some(live) = machines.get(&LIVE)
            && (live.power != Power::Running || live.config.contains_key("lock"))
        {
            return Err(format!("the client's machine is {:?} and {:?}", live.power, live.config.get("lock")));
        }
        let (local, remote) = stored(rehearsal);
        let enough = match self {
            Operation::PrepareSite | Operation::PrepareServers => true,
            Operation::Declare => local >= 1,
            Operation::BackUp(Place::Local) => local >= 2,
            Operation::BackUp(_) => local >= 1 && remote >= 1,
        };
        if enough { Ok(()) } else { Err(format!("{local} backups on the disk, {remote} on the server")) }
    }
}

/// A lab makes new certificates and ports when it is served again: the node knows them, as it did.
pub fn trust_the_servers(state: &mut State) {
    let servers = state.world.backup_servers.get_mut();
    for site in state.world.sites.values_mut() {
        for storage in site.pve.storages.values_mut().filter(|one| one.kind == StorageKind::Pbs) {
            let address = storage.option("server").unwrap_or_default().to_owned();
            let server = servers.0.get(&address).or_else(|| servers.0.values().next()).expect("a server");
            storage.options.insert("fingerprint".to_owned(), server.fingerprint.to_lowercase());
            storage.options.insert("port".to_owned(), server.loopback_port.unwrap_or(server.port).to_string());
        }
    }
}

/// Finished backups of the live machine: on the node's disk, on the backup server.
pub fn stored(rehearsal: &Rehearsal) -> (usize, usize) {
    let state = rehearsal.served.lab.lock();
    let files = state.world.sites[SITE].node.files.all();
    let local =
        files.filter(|(path, _)| path.contains("/dump/vzdump-qemu-1002-") && path.ends_with(".vma.zst")).count();
    let servers = state.world.backup_servers.borrow();
    let namespaces = servers.0.values().flat_map(|server| server.datastores.values());
    let groups = namespaces.filter_map(|store| store.namespaces.get("ilot")).flat_map(|one| one.groups.values());
    let remote = groups.flat_map(|group| group.snapshots.values()).filter(|one| one.is_finished()).count();
    (local, remote)
}

/// Two backup servers, the second of which copies from the first; nothing is prepared, their administrators' passwords are
/// known.
async fn fresh() -> (Rehearsal, std::collections::BTreeMap<String, String>) {
    let mut files = small_files();
    let third = "backup-servers/moulin.toml";
    files.insert(third.to_owned(), example_files().remove(third).expect("the example has it"));
    let rehearsal = Rehearsal::of(files.clone(), swept::seed()).await;
    for server in rehearsal.accepted.inventory.backup_servers.values() {
        let password = SecretString::from(accolades::demo::world::ROOT_PASSWORD);
        let kept = rehearsal.engine.vault.put_secret(&names::admin_secret(&server.id), &password, 0).await;
        kept.expect("the store is writable");
    }
    (rehearsal, files)
}

async fn scene(operation: Operation) -> Snapshot {
    match operation {
        Operation::PrepareServers => {
            let (rehearsal, files) = fresh().await;
            rehearsal.snapshot(files).await
        }
        Operation::PrepareSite => {
            let (rehearsal, files) = fresh().await;
            rehearsal.prepare_servers().await.unwrap_or_else(|error| panic!("{error}"));
            rehearsal.snapshot(files).await
        }
        Operation::Declare | Operation::BackUp(_) => drills::snapshot(swept::seed()).await,
    }
}

async fn sweep(operation: Operation) {
    let base = swept::base(operation, scene(operation).await).await;
    swept::sweep(operation, base).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn backup_sweep_faults_while_a_site_is_prepared_lead_to_the_same_world() {
    sweep(Operation::PrepareSite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn backup_sweep_faults_while_backup_servers_are_prepared_lead_to_the_same_world() {
    sweep(Operation::PrepareServers).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn backup_sweep_faults_while_jobs_and_storage_are_declared_lead_to_the_same_world() {
    sweep(Operation::Declare).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn backup_sweep_faults_during_a_backup_onto_the_disk_lose_nothing() {
    sweep(Operation::BackUp(Place::Local)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn backup_sweep_faults_during_a_backup_onto_the_server_lose_nothing() {
    sweep(Operation::BackUp(Place::Remote)).await;
}
