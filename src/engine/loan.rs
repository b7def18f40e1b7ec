//! What a node elsewhere is lent so that it can restore an instance of another site: the right to read that instance's
//! backups and nothing else, a storage with the key, and the use of both. Brought before the restore, taken away after it,
//! whatever became of it. A loan is written down before anything is brought: one that was cut short is taken back by the
//! next command that lends for the same instance, and `accolades restore list` names it until then.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::journal::ActionLog;
use super::lease::{InstanceLease, heavy_work};
use super::prepare::{LOAN_ROLE, STORAGE_ROLE};
use super::site::{SiteLink, Token};
use super::under_way::UnderWay;
use super::{Engine, EngineError, Event};
use crate::domain::backup::names;
use crate::domain::ids::{BackupServerId, InstanceId, SiteId, VmId};
use crate::inventory::model::{BackupServer, Inventory, Site};
use crate::pbs::{Client as ServerClient, PbsError};
use crate::plan::backups::remote_storage;
use crate::plan::desired::Subject;
use crate::pve::StorageDefinition;
use crate::store::{NewObservation, NewRun, Scope, Store, StoreError};
use crate::util::limits;

/// Version of [`Loan`].
const LOAN_VERSION: u32 = 1;

/// The matter of the observation that remembers a loan.
const LOAN: &str = "restore-loan";

/// May read every snapshot of what it is granted on, and change nothing.
const READS: &str = "DatastoreReader";

/// A loan on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loan {
    /// [`LOAN_VERSION`].
    pub version: u32,
    /// Whose backups are read.
    pub instance: InstanceId,
    /// The site whose node reads them.
    pub site: SiteId,
    /// The server on which they lie.
    pub server: BackupServerId,
    /// The machine's id in the backups.
    pub vmid: VmId,
    /// It was not taken back yet.
    pub is_open: bool,
}

/// One loan under way.
struct Lending<'a> {
    engine: &'a Engine,
    loan: &'a Loan,
    site: &'a Site,
    link: &'a SiteLink,
    server: &'a BackupServer,
    admin: ServerClient,
}

/// The loan for an instance that was not taken back.
///
/// # Errors
/// When the store cannot be read.
pub async fn open_loan(store: &Store, instance: &InstanceId) -> Result<Option<Loan>, StoreError> {
    let seen = store.latest_observation(&Scope::Staff, "instance", instance.as_str(), LOAN).await?;
    let Some(seen) = seen else { return Ok(None) };
    let loan: Loan =
        serde_json::from_value(seen.seen.value).map_err(|_| StoreError::Unreadable { what: "record of a loan" })?;
    Ok(Some(loan).filter(|loan| loan.is_open))
}

impl Engine {
    /// Takes away what a node was lent for an instance, as a run of its own.
    ///
    /// # Errors
    /// When somebody restores there at this moment; otherwise what the node or the server says.
    pub async fn take_back_alone(&self, inventory: &Inventory, instance: &InstanceId) -> Result<(), EngineError> {
        let Some(loan) = open_loan(&self.store, instance).await? else { return Ok(()) };
        let lease = match inventory.sites.get(&loan.site) {
            Some(site) => Some(InstanceLease::take(self, &heavy_work(site)).await?),
            None => None,
        };
        let run_id = self.randomness.hex(8);
        let at_us = self.now_us().await?;
        let run = NewRun { id: run_id.clone(), plan_id: None, scope: Scope::Staff, by: self.by.clone(), at_us };
        let under_way = UnderWay::begin(self, &run).await?;
        let result = self.take_back(inventory, instance, &run_id).await;
        let outcome = if result.is_ok() { "settled" } else { "stopped" };
        under_way.end(self, outcome, &serde_json::json!({ "version": 1 })).await?;
        if let Some(lease) = lease {
            lease.give_back(self).await?;
        }
        result
    }

    async fn write_loan(&self, loan: &Loan) -> Result<(), EngineError> {
        let value = serde_json::to_value(loan)
            .map_err(|error| EngineError::Unexpected(format!("a loan is plain data: {error}")))?;
        let observation = NewObservation {
            scope: Scope::Staff,
            subject_kind: "instance".to_owned(),
            subject_id: loan.instance.to_string(),
            what: LOAN.to_owned(),
            value,
            at_us: self.now_us().await?,
        };
        Ok(self.store.observe(&observation).await?)
    }

    /// Brings a node what it needs to read an instance's remote backups.
    ///
    /// # Errors
    /// When the backups are on no server of ours, the key is not saved here, or what the server or the node says: what was
    /// brought until then stays on record as a loan.
    pub(super) async fn lend(
        &self,
        subject: &Subject<'_>,
        site: &Site,
        link: &SiteLink,
        run_id: &str,
    ) -> Result<(), EngineError> {
        self.take_back(subject.inventory, &subject.instance.id, run_id).await?;
        let server = subject.inventory.server_of(subject.site).ok_or_else(|| {
            EngineError::Conflict(format!(
                "`{}` has no backup server: there is nothing to restore elsewhere",
                subject.site.id
            ))
        })?;
        if !server.ours {
            return Err(EngineError::Conflict(format!(
                "`{}` is a partner's: only the partner can let another node read there\n\n\
                 ask for a token with the role DatastoreReader on the namespace `{}`, then follow the steps 4 to 8 of \
                 `docs/paper-drill.md`",
                server.id,
                names::namespace(server.namespace.as_deref(), &subject.instance.id)
            )));
        }
        let key = self.backup_key(&subject.instance.id).await?;
        let key = key.ok_or_else(|| EngineError::MissingSecret(names::key_secret(&subject.instance.id)))?;
        let loan = Loan {
            version: LOAN_VERSION,
            instance: subject.instance.id.clone(),
            site: site.id.clone(),
            server: server.id.clone(),
            vmid: subject.instance.vmid,
            is_open: true,
        };
        self.write_loan(&loan).await?;
        let admin = self.server_client(server, &server.admin, &names::admin_secret(&server.id)).await?;
        let lending = Lending { engine: self, loan: &loan, site, link, server, admin };
        let (journal, title) = (lending.journal_subject(), format!("`{}` may read the backups for a while", site.id));
        let log = ActionLog::new(self, run_id, &journal, "loan/lend");
        self.tell(Event::Acts {
            subject: loan.instance.to_string(),
            key: "loan/lend".to_owned(),
            title: title.clone(),
        });
        log.started().await?;
        match lending.bring(subject, &key.to_json()).await {
            Ok(()) => log.done().await?,
            Err(error) => {
                log.failed(&error).await?;
                return Err(error);
            }
        }
        self.tell(Event::Done {
            subject: loan.instance.to_string(),
            key: "loan/lend".to_owned(),
            title,
            already: false,
        });
        Ok(())
    }

    /// Takes away what a node was lent for an instance: the storage with its key, the rights, the reader on the server.
    /// Nothing is done when nothing is lent.
    ///
    /// # Errors
    /// What the node or the server says: the loan stays on record then.
    pub(super) async fn take_back(
        &self,
        inventory: &Inventory,
        instance: &InstanceId,
        run_id: &str,
    ) -> Result<(), EngineError> {
        let Some(loan) = open_loan(&self.store, instance).await? else { return Ok(()) };
        let gone = |what: &str, id: &str| {
            EngineError::Conflict(format!(
                "{what} `{id}` was lent the reading of `{instance}` and is not in the inventory any more\n\n\
                 put it back until `accolades restore take-back {instance}` has taken everything away"
            ))
        };
        let site = inventory.sites.get(&loan.site).ok_or_else(|| gone("site", loan.site.as_str()))?;
        let server =
            inventory.backup_servers.get(&loan.server).ok_or_else(|| gone("backup server", loan.server.as_str()))?;
        let route = self.route(site)?;
        let link = self.link(site, &route, Token::Everyday).await?;
        let admin = self.server_client(server, &server.admin, &names::admin_secret(&server.id)).await?;
        let lending = Lending { engine: self, loan: &loan, site, link: &link, server, admin };
        let (journal, title) = (lending.journal_subject(), format!("`{}` may read the backups no more", site.id));
        let log = ActionLog::new(self, run_id, &journal, "loan/take-back");
        log.started().await?;
        if let Err(error) = lending.take_away().await {
            log.failed(&error).await?;
            return Err(error);
        }
        self.write_loan(&Loan { is_open: false, ..loan.clone() }).await?;
        log.done().await?;
        let key = "loan/take-back".to_owned();
        self.tell(Event::Done { subject: instance.to_string(), key, title, already: false });
        Ok(())
    }
}

impl Lending<'_> {
    fn journal_subject(&self) -> String {
        format!("restored/{}", self.loan.instance)
    }

    fn user(&self) -> String {
        names::loan_user(&self.loan.instance)
    }

    fn auth_id(&self) -> String {
        format!("{}!{}", self.user(), names::LOAN_TOKEN)
    }

    fn storage(&self) -> String {
        names::loan_storage(&self.loan.instance)
    }

    fn namespace(&self) -> String {
        names::namespace(self.server.namespace.as_deref(), &self.loan.instance)
    }

    fn path(&self) -> String {
        format!("/datastore/{}/{}", self.server.datastore, self.namespace())
    }

    async fn bring(&self, subject: &Subject<'_>, key: &SecretString) -> Result<(), EngineError> {
        let token = self.reader().await?;
        self.wait_until_it_reads(&token).await?;
        self.change_rights(true).await?;
        let mut options = remote_storage(subject, self.server, &self.auth_id());
        options.remove("type");
        options.insert("nodes".to_owned(), self.site.node.name.clone());
        let definition = StorageDefinition { storage: self.storage(), kind: "pbs".to_owned(), options };
        let set_up = self.engine.link(self.site, &self.link.route, Token::SetUp).await?;
        let made = set_up.pve.create_storage_with(&definition, &[("password", &token), ("encryption-key", key)]).await;
        let there = set_up.pve.storage_definitions().await?.into_iter().any(|one| one.storage == self.storage());
        match made {
            Ok(()) => Ok(()),
            // The answer was lost and it was made all the same.
            Err(error) if there && !error.already_exists() => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// A user with one token that may read this namespace. A value is shown once: a token of an earlier loan gets a new one.
    async fn reader(&self) -> Result<SecretString, EngineError> {
        let user = self.user();
        if !self.admin.users().await?.iter().any(|one| one.userid == user) {
            let comment = format!("accolades: lent to {} to restore {}", self.loan.site, self.loan.instance);
            self.admin.create_user(&user, &comment).await?;
        }
        let has_token = self.admin.tokens(&user).await?.iter().any(|one| one.tokenid == self.auth_id());
        let token = match has_token {
            true => self.admin.regenerate_token(&user, names::LOAN_TOKEN).await?,
            false => self.admin.create_token(&user, names::LOAN_TOKEN).await?,
        };
        for to in [&user, &self.auth_id()] {
            self.admin.grant(&self.path(), READS, to).await?;
        }
        Ok(token)
    }

    /// Rights are cached for some seconds: an empty list would otherwise be taken for no backups.
    async fn wait_until_it_reads(&self, token: &SecretString) -> Result<(), EngineError> {
        let reader = self.engine.server_client_with(self.server, &self.auth_id(), token.clone())?;
        let mut last = String::new();
        for _ in 0..limits::PBS_RIGHTS_LOOKS_MAX {
            match reader.permissions(&self.path()).await {
                Ok(rights) if rights.iter().any(|one| one == "Datastore.Read") => return Ok(()),
                Ok(_) => "its token has no right to read yet".clone_into(&mut last),
                Err(error @ PbsError::Unreachable { .. }) => return Err(error.into()),
                Err(error) => last = error.to_string(),
            }
            self.engine.clock.sleep(limits::PBS_RIGHTS_WAIT).await?;
        }
        Err(EngineError::Failed {
            title: format!("the reader of `{}` on `{}`", self.loan.instance, self.server.id),
            problem: last,
            next: "run the same command again; if it says so twice, look at the server".to_owned(),
        })
    }

    /// The everyday token may use the storage and read backups of that machine, as root on the node says.
    async fn change_rights(&self, give: bool) -> Result<(), EngineError> {
        let node = self.engine.node_session(self.site, &self.link.route).await?;
        let token = Token::Everyday.id();
        let machine = format!("/vms/{}", self.loan.vmid);
        let storage = format!("/storage/{}", self.storage());
        for (path, role) in [(&storage, STORAGE_ROLE), (&machine, LOAN_ROLE)] {
            for (kind, to) in [("--users", Token::Everyday.user()), ("--tokens", token.as_str())] {
                let mut words = vec!["set", "/access/acl", "--path", path, "--roles", role, kind, to];
                if !give {
                    words.extend(["--delete", "1"]);
                }
                self.engine.pvesh(&node, &words).await?;
            }
        }
        Ok(())
    }

    /// In the order of what would be worst to leave: the key on the node, then the reader, then rights on nothing.
    async fn take_away(&self) -> Result<(), EngineError> {
        let set_up = self.engine.link(self.site, &self.link.route, Token::SetUp).await?;
        let is_there = async || -> Result<bool, EngineError> {
            let all = self.engine.patiently(|| set_up.pve.storage_definitions()).await?;
            Ok(all.iter().any(|one| one.storage == self.storage()))
        };
        if is_there().await? {
            let removed = set_up.pve.delete_storage(&self.storage()).await;
            if is_there().await? {
                removed?;
                return Err(self.still_there("the storage"));
            }
        }
        let user = self.user();
        let all = self.admin.acl().await?;
        for entry in all.iter().filter(|one| one.ugid == user || one.ugid == self.auth_id()) {
            self.admin.revoke(&entry.path, &entry.roleid, &entry.ugid).await?;
        }
        if self.admin.users().await?.iter().any(|one| one.userid == user) {
            if self.admin.tokens(&user).await?.iter().any(|one| one.tokenid == self.auth_id()) {
                self.admin.delete_token(&user, names::LOAN_TOKEN).await?;
            }
            self.admin.delete_user(&user).await?;
        }
        if self.admin.users().await?.iter().any(|one| one.userid == user) {
            return Err(self.still_there("the reader on the server"));
        }
        self.change_rights(false).await
    }

    fn still_there(&self, what: &str) -> EngineError {
        EngineError::Failed {
            title: format!("what `{}` was lent for `{}`", self.site.id, self.loan.instance),
            problem: format!("{what} is still there after it was removed"),
            next: format!("run `accolades restore take-back {}` again", self.loan.instance),
        }
    }
}
