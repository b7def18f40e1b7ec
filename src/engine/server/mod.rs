//! Preparing a backup server of ours: what the sites may do there, and how it looks after what it gets.
//!
//! Each step looks, acts, and looks again. A grant takes up to five seconds to be seen, so what a token may do is tried with
//! the token itself, for a while. A partner's server is only looked at: nothing is ever changed there.

mod access;
mod care;
mod copies;

use std::collections::BTreeSet;

use secrecy::SecretString;
use serde::Serialize;

use super::journal::ActionLog;
use super::lease::InstanceLease;
use super::under_way::UnderWay;
use super::{Engine, EngineError, Event};
use crate::domain::backup::names;
use crate::domain::runs::RunOutcome;
use crate::inventory::model::{BackupServer, Instance, Inventory, Site};
use crate::pbs::{Account, Client, PbsError, Server};
use crate::ssh::Route;
use crate::store::{NewRun, Scope};
use crate::util::limits;

/// A step of the preparation, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServerStep {
    /// Proxmox Backup Server 4 or later.
    Version,
    /// The datastore is there and in use.
    Datastore,
    /// A namespace for each instance.
    Namespaces,
    /// A user and a token for each site and for ourselves, whose values we have.
    Tokens,
    /// Each site's token may add to its own instances' namespaces, ours may look.
    Rights,
    /// The groups of instances that moved here from another site belong to their present one.
    Owners,
    /// What is not kept is dropped, per instance.
    Prune,
    /// New snapshots are read when they arrive, garbage is collected.
    Arrivals,
    /// Old snapshots are read again.
    Verify,
    /// By day slow lines have room for people.
    Traffic,
    /// Copies are fetched from another server.
    Pull,
}

/// All steps.
pub const SERVER_STEPS: [ServerStep; 11] = [
    ServerStep::Version,
    ServerStep::Datastore,
    ServerStep::Namespaces,
    ServerStep::Tokens,
    ServerStep::Rights,
    ServerStep::Owners,
    ServerStep::Prune,
    ServerStep::Arrivals,
    ServerStep::Verify,
    ServerStep::Traffic,
    ServerStep::Pull,
];

/// The oldest major version that is known to behave as we rely on.
const MAJOR_MIN: u32 = 4;

/// The work on one server.
struct ServerPreparation<'a> {
    engine: &'a Engine,
    inventory: &'a Inventory,
    server: &'a BackupServer,
    /// With the account that may do everything there.
    admin: Client,
    /// The sites that write there, each with its instances.
    sites: Vec<(&'a Site, Vec<&'a Instance>)>,
}

impl ServerStep {
    /// What a technician reads.
    pub fn title(self, server: &BackupServer) -> String {
        let store = &server.datastore;
        match self {
            ServerStep::Version => format!("`{}` runs Proxmox Backup Server {MAJOR_MIN} or later", server.host),
            ServerStep::Datastore => format!("datastore `{store}` is in use"),
            ServerStep::Namespaces => "a namespace for each instance".to_owned(),
            ServerStep::Tokens => "a token for each site, one to look with".to_owned(),
            ServerStep::Rights => "rights: each site may add to its own instances, and do nothing else".to_owned(),
            ServerStep::Owners => "groups belong to the site where their instance stands".to_owned(),
            ServerStep::Prune => format!("the server keeps {} of each instance", server.maintenance.keep),
            ServerStep::Arrivals => "new snapshots are read on arrival, garbage is collected".to_owned(),
            ServerStep::Verify => {
                format!("snapshots are read again after {} days", server.maintenance.outdated_after_days)
            }
            ServerStep::Traffic => format!("{} windows of the day for slow lines", server.traffic.len()),
            ServerStep::Pull => match &server.pull {
                Some(pull) => format!("copies are fetched from `{}`", pull.from),
                None => "no copies are fetched from elsewhere".to_owned(),
            },
        }
    }

    fn key(self) -> String {
        format!("server/{self:?}").to_lowercase()
    }
}

impl Engine {
    /// A client of a backup server with an account whose secret is in our store.
    ///
    /// # Errors
    /// [`EngineError::MissingSecret`]; otherwise when the inventory's fingerprint is not one.
    pub async fn server_client(
        &self,
        server: &BackupServer,
        account: &str,
        secret_name: &str,
    ) -> Result<Client, EngineError> {
        let secret = self.vault.get_secret(secret_name).await?;
        let secret = secret.ok_or_else(|| EngineError::MissingSecret(secret_name.to_owned()))?;
        self.server_client_with(server, account, secret)
    }

    /// The same with a secret that is kept nowhere.
    ///
    /// # Errors
    /// When the account's name or the inventory's fingerprint is not one.
    pub(super) fn server_client_with(
        &self,
        server: &BackupServer,
        account: &str,
        secret: SecretString,
    ) -> Result<Client, EngineError> {
        self.redactor.learn(&secret);
        let account = Account::new(account, secret).map_err(|error| EngineError::Unexpected(error.to_string()))?;
        let address = Server {
            name: server.id.to_string(),
            host: server.host.clone(),
            port: server.port,
            pin: server.tls_fingerprint.parse().map_err(|error| EngineError::Unexpected(format!("{error}")))?,
            route: Route::Direct,
        };
        Ok(Client::new(address, account, self.redactor.clone()))
    }

    /// A client that looks at a backup server: with our monitoring token on one of ours, with the partner's token on a
    /// partner's. `None`: there is no token yet.
    ///
    /// # Errors
    /// When our own secrets cannot be read.
    pub async fn server_looker(&self, server: &BackupServer) -> Result<Option<Client>, EngineError> {
        let (account, name) = match &server.auth_id {
            Some(auth_id) => (auth_id.clone(), names::partner_token_secret(&server.id)),
            None => (names::monitor_auth_id(), names::monitor_token_secret(&server.id)),
        };
        match self.server_client(server, &account, &name).await {
            Ok(client) => Ok(Some(client)),
            Err(EngineError::MissingSecret(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Prepares a backup server of ours; of a partner's it looks whether our token can do what it has to. Run again it
    /// changes nothing; stopped anywhere it goes on. Gives the number of steps that changed something.
    ///
    /// # Errors
    /// What the server says.
    pub async fn prepare_server(&self, inventory: &Inventory, server: &BackupServer) -> Result<usize, EngineError> {
        let subject = format!("backup-server/{}", server.id);
        let lease = InstanceLease::take(self, &subject).await?;
        let result = if server.ours {
            self.prepare_own_server(inventory, server, &subject).await
        } else {
            self.look_at_partner(inventory, server).await.map(|()| 0)
        };
        lease.give_back(self).await?;
        result
    }

    async fn prepare_own_server(
        &self,
        inventory: &Inventory,
        server: &BackupServer,
        subject: &str,
    ) -> Result<usize, EngineError> {
        let admin = self.server_client(server, &server.admin, &names::admin_secret(&server.id)).await?;
        let day = inventory.cooperative_zone().to_datetime(self.clock.now().await?).date();
        let writes = |site: &&Site| site.backup_server.as_ref() == Some(&server.id);
        let sites = inventory.sites.values().filter(writes);
        let sites = sites.map(|site| (site, inventory.instances_at(&site.id, day).collect())).collect();
        let preparation = ServerPreparation { engine: self, inventory, server, admin, sites };
        let run_id = self.randomness.hex(8);
        let at_us = self.now_us().await?;
        let run = NewRun { id: run_id.clone(), plan_id: None, scope: Scope::Staff, by: self.by.clone(), at_us };
        let under_way = UnderWay::begin(self, &run).await?;
        self.tell(Event::Begins { subject: server.id.to_string(), actions: SERVER_STEPS.len() });
        let result = preparation.all(subject, &run_id).await;
        let outcome = RunOutcome::of_whole(result.is_ok());
        let summary = serde_json::json!({ "version": 1, "done": result.as_ref().ok() });
        under_way.end(self, outcome, &summary).await?;
        result
    }

    /// What can be seen of a partner's server with the token that the partner gave us: it answers, the datastore is there,
    /// and the namespaces of our instances are. An empty list may be a lack of rights, so it is asked what the token may.
    async fn look_at_partner(&self, inventory: &Inventory, server: &BackupServer) -> Result<(), EngineError> {
        let account = server.auth_id.clone().unwrap_or_default();
        let client = self.server_client(server, &account, &names::partner_token_secret(&server.id)).await?;
        client.version().await?;
        let day = inventory.cooperative_zone().to_datetime(self.clock.now().await?).date();
        let mut lacking = Vec::new();
        for site in inventory.sites.values().filter(|site| site.backup_server.as_ref() == Some(&server.id)) {
            for instance in inventory.instances_at(&site.id, day) {
                let namespace = names::namespace(server.namespace.as_deref(), &instance.id);
                let path = format!("/datastore/{}/{namespace}", server.datastore);
                let may_add = client.permissions(&path).await?.iter().any(|one| one == "Datastore.Backup");
                let is_there = match client.groups(&server.datastore, &namespace).await {
                    Ok(_) => true,
                    Err(PbsError::Forbidden { .. }) => false,
                    Err(error) if error.is_absent() => false,
                    Err(error) => return Err(error.into()),
                };
                if !may_add || !is_there {
                    lacking.push(format!(
                        "{namespace} ({})",
                        if may_add { "it does not exist" } else { "`{account}` may not add to it" }
                    ));
                }
            }
        }
        if lacking.is_empty() {
            return Ok(());
        }
        Err(EngineError::Failed {
            title: format!("namespaces on `{}`", server.id),
            problem: lacking.join(", ").replace("{account}", &account),
            next: format!(
                "ask the partner to create them on datastore `{}`, with the role DatastoreBackup for `{account}` and its user",
                server.datastore
            ),
        })
    }
}

impl ServerPreparation<'_> {
    async fn all(&self, subject: &str, run_id: &str) -> Result<usize, EngineError> {
        let mut done = 0;
        for step in SERVER_STEPS {
            let (key, title, server) = (step.key(), step.title(self.server), self.server.id.to_string());
            let log = ActionLog::new(self.engine, run_id, subject, &key);
            self.engine.tell(Event::Acts { subject: server.clone(), key: key.clone(), title: title.clone() });
            let already = match self.step(step, &log).await {
                Ok(already) => already,
                Err(error) => {
                    log.failed(&error).await?;
                    return Err(error);
                }
            };
            done += usize::from(!already);
            self.engine.tell(Event::Done { subject: server, key, title, already });
        }
        Ok(done)
    }

    /// Looks, acts, and looks again. True when nothing was to be done.
    async fn step(&self, step: ServerStep, log: &ActionLog<'_>) -> Result<bool, EngineError> {
        if self.look(step).await? {
            log.skipped().await?;
            return Ok(true);
        }
        log.started().await?;
        self.act(step).await?;
        // Rights are cached for some seconds: what does not show at once may show soon.
        for _ in 0..limits::PBS_RIGHTS_LOOKS_MAX {
            if self.look(step).await? {
                log.done().await?;
                return Ok(false);
            }
            self.engine.clock.sleep(limits::PBS_RIGHTS_WAIT).await?;
        }
        Err(EngineError::Failed {
            title: step.title(self.server),
            problem: "it was done, and what was read back is not as it should be".to_owned(),
            next: "run the same command again; if it says so twice, look at the server".to_owned(),
        })
    }

    async fn look(&self, step: ServerStep) -> Result<bool, EngineError> {
        match step {
            ServerStep::Version => Ok(self.admin.version().await?.major().is_some_and(|major| major >= MAJOR_MIN)),
            ServerStep::Datastore => self.datastore_is_in_use().await,
            ServerStep::Namespaces => self.has_namespaces().await,
            ServerStep::Tokens => self.has_tokens().await,
            ServerStep::Rights => self.has_rights().await,
            ServerStep::Owners => self.owners_are_right().await,
            ServerStep::Prune => self.has_prune_jobs().await,
            ServerStep::Arrivals => self.has_datastore_options().await,
            ServerStep::Verify => self.has_verify_job().await,
            ServerStep::Traffic => self.has_traffic_rules().await,
            ServerStep::Pull => self.has_pull().await,
        }
    }

    async fn act(&self, step: ServerStep) -> Result<(), EngineError> {
        match step {
            ServerStep::Version => Err(EngineError::Failed {
                title: step.title(self.server),
                problem: "it runs an older version".to_owned(),
                next: "upgrade the server first".to_owned(),
            }),
            ServerStep::Datastore => Err(EngineError::Conflict(format!(
                "`{}` has no datastore `{}`\n\ncreate it on its disk there (that formats nothing by itself), or correct the inventory",
                self.server.host, self.server.datastore
            ))),
            ServerStep::Namespaces => self.create_namespaces().await,
            ServerStep::Tokens => self.make_tokens().await,
            ServerStep::Rights => self.grant_rights().await,
            ServerStep::Owners => self.hand_groups_over().await,
            ServerStep::Prune => self.set_prune_jobs().await,
            ServerStep::Arrivals => self.set_datastore_options().await,
            ServerStep::Verify => self.set_verify_job().await,
            ServerStep::Traffic => self.set_traffic_rules().await,
            ServerStep::Pull => self.set_pull().await,
        }
    }

    async fn datastore_is_in_use(&self) -> Result<bool, EngineError> {
        let store = &self.server.datastore;
        if !self.admin.datastores().await?.iter().any(|one| one.store == *store) {
            return Ok(false);
        }
        let (options, _) = self.admin.datastore_options(store).await?;
        match options.maintenance_mode {
            None => Ok(true),
            Some(mode) => Err(EngineError::Conflict(format!(
                "datastore `{store}` is in maintenance: {mode}\n\nend that first: somebody works on it"
            ))),
        }
    }

    /// Every instance that is backed up here.
    fn instances(&self) -> impl Iterator<Item = &Instance> {
        self.sites.iter().flat_map(|(_, instances)| instances.iter().copied())
    }

    fn namespace_of(&self, instance: &Instance) -> String {
        names::namespace(self.server.namespace.as_deref(), &instance.id)
    }

    /// The namespaces that have to be there: the root, which copies need even without instances, and one per instance.
    fn wanted_namespaces(&self) -> BTreeSet<String> {
        let root = self.server.namespace.clone();
        root.into_iter().chain(self.instances().map(|instance| self.namespace_of(instance))).collect()
    }

    async fn has_namespaces(&self) -> Result<bool, EngineError> {
        let there: BTreeSet<String> = self.admin.namespaces(&self.server.datastore).await?.into_iter().collect();
        Ok(self.wanted_namespaces().is_subset(&there))
    }

    async fn create_namespaces(&self) -> Result<(), EngineError> {
        let there: BTreeSet<String> = self.admin.namespaces(&self.server.datastore).await?.into_iter().collect();
        for namespace in self.wanted_namespaces().difference(&there) {
            self.admin.create_namespace(&self.server.datastore, namespace).await?;
        }
        Ok(())
    }
}
