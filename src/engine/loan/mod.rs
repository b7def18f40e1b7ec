//! What a node elsewhere is lent so that it can restore an instance of another site: the right to read that instance's
//! backups and nothing else, a storage with the key, and the use of both. Brought before the restore, taken away after it,
//! whatever became of it. A loan is written down before anything is brought: one that was cut short is taken back by the
//! next command that lends for the same instance, and `accolades restore list` names it until then.
//!
//! A node that burnt, or refuses us, keeps nobody else's disaster waiting: the reader on the server is taken away without it,
//! and what its disks still have stays on record until it is taken away there.

mod node;
mod reader;

use serde::{Deserialize, Serialize};

use self::node::Borrower;
use self::reader::Reader;
use super::drill::words;
use super::journal::ActionLog;
use super::lease::{InstanceLease, heavy_work};
use super::under_way::UnderWay;
use super::{Engine, EngineError, Event};
use crate::domain::backup::names;
use crate::domain::ids::{BackupServerId, InstanceId, SiteId, VmId};
use crate::domain::runs::RunOutcome;
use crate::inventory::model::{BackupServer, Inventory, Site};
use crate::plan::desired::Subject;
use crate::store::{NewObservation, NewRun, Scope, Store, StoreError};

/// Version of [`Loan`].
const LOAN_VERSION: u32 = 1;

/// The matter of the observation that remembers a loan.
const LOAN: &str = "restore-loan";

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
    /// Sites whose node did not give an earlier loan back: a storage and the key are still on its disks,
    /// without a reader that lets it in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_at: Vec<SiteId>,
}

impl Loan {
    /// Whether nothing of it is left anywhere.
    fn is_over(&self) -> bool {
        !self.is_open && self.left_at.is_empty()
    }

    /// Whether the node of this site reads with it.
    pub(super) fn is_open_at(&self, site: &SiteId) -> bool {
        self.is_open && self.site == *site
    }

    /// The sites that have something of it.
    fn sites(&self) -> impl Iterator<Item = &SiteId> {
        self.left_at.iter().chain(Some(&self.site).filter(|_| self.is_open))
    }
}

/// How far a loan could be taken back.
enum Taken {
    Everything,
    /// The reader is gone; the node did not answer, or refused.
    AllButTheNode(EngineError),
}

/// What is left of the loan for an instance, if anything is.
///
/// # Errors
/// When the store cannot be read.
pub async fn open_loan(store: &Store, instance: &InstanceId) -> Result<Option<Loan>, StoreError> {
    let seen = store.latest_observation(&Scope::Staff, "instance", instance.as_str(), LOAN).await?;
    let Some(seen) = seen else { return Ok(None) };
    let loan: Loan =
        serde_json::from_value(seen.seen.value).map_err(|_| StoreError::Unreadable { what: "record of a loan" })?;
    Ok(Some(loan).filter(|loan| !loan.is_over()))
}

impl Engine {
    /// Takes away what nodes were lent for an instance, as a run of its own.
    ///
    /// # Errors
    /// When somebody restores there at this moment; otherwise what a node or the server says.
    pub async fn take_back_alone(&self, inventory: &Inventory, instance: &InstanceId) -> Result<(), EngineError> {
        let Some(loan) = open_loan(&self.store, instance).await? else { return Ok(()) };
        let mut leases = Vec::new();
        for site in loan.sites().filter_map(|id| inventory.sites.get(id)) {
            match InstanceLease::take(self, &heavy_work(site)).await {
                Ok(lease) => leases.push(lease),
                Err(error) => {
                    self.give_all_back(leases).await?;
                    return Err(error);
                }
            }
        }
        let run_id = self.randomness.hex(8);
        let at_us = self.now_us().await?;
        let run = NewRun { id: run_id.clone(), plan_id: None, scope: Scope::Staff, by: self.by.clone(), at_us };
        let under_way = UnderWay::begin(self, &run).await?;
        let result = self.take_everything_back(inventory, loan, &run_id).await;
        let outcome = RunOutcome::of_whole(result.is_ok());
        under_way.end(self, outcome, &serde_json::json!({ "version": 1 })).await?;
        self.give_all_back(leases).await?;
        result
    }

    async fn give_all_back(&self, leases: Vec<InstanceLease>) -> Result<(), EngineError> {
        for lease in leases {
            lease.give_back(self).await?;
        }
        Ok(())
    }

    async fn take_everything_back(
        &self,
        inventory: &Inventory,
        mut loan: Loan,
        run_id: &str,
    ) -> Result<(), EngineError> {
        let mut setback = None;
        for site in loan.left_at.clone() {
            let cleared = async { Borrower::find(self, inventory, &loan, &site)?.take_away().await };
            match cleared.await {
                Ok(()) => {
                    loan.left_at.retain(|left| *left != site);
                    self.write_loan(&loan).await?;
                }
                Err(error) => setback = Some(error),
            }
        }
        if loan.is_open {
            match self.take_back_loan(inventory, &loan, run_id).await? {
                Taken::Everything => self.write_loan(&Loan { is_open: false, ..loan }).await?,
                Taken::AllButTheNode(error) => setback = Some(error),
            }
        }
        setback.map_or(Ok(()), Err)
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
    /// When somebody reads them at another site, the backups are on no server of ours, the key is not saved here, or what
    /// the server or the node says: what was brought until then stays on record as a loan.
    pub(super) async fn lend(&self, subject: &Subject<'_>, site: &Site, run_id: &str) -> Result<(), EngineError> {
        let instance = &subject.instance.id;
        let left_at = self.end_earlier_loan(subject.inventory, instance, &site.id, run_id).await?;
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
                names::namespace(server.namespace.as_deref(), instance)
            )));
        }
        let key = self.backup_key(instance).await?;
        let key = key.ok_or_else(|| EngineError::MissingSecret(names::key_secret(instance)))?;
        let loan = Loan {
            version: LOAN_VERSION,
            instance: instance.clone(),
            site: site.id.clone(),
            server: server.id.clone(),
            vmid: subject.instance.vmid,
            is_open: true,
            left_at,
        };
        self.write_loan(&loan).await?;
        let reader = self.reader(&loan, server).await?;
        let borrower = Borrower::new(self, &loan, site)?;
        let (journal, title) = (journal_subject(&loan), format!("`{}` may read the backups for a while", site.id));
        let log = ActionLog::new(self, run_id, &journal, "loan/lend");
        self.tell(Event::Acts {
            subject: loan.instance.to_string(),
            key: "loan/lend".to_owned(),
            title: title.clone(),
        });
        log.started().await?;
        let brought = async {
            let token = reader.make().await?;
            borrower.bring(subject, server, &reader.auth_id(), &token, &key.to_json()).await
        };
        if let Err(error) = brought.await {
            log.failed(&error).await?;
            return Err(error);
        }
        log.done().await?;
        self.tell(Event::Done {
            subject: loan.instance.to_string(),
            key: "loan/lend".to_owned(),
            title,
            already: false,
        });
        Ok(())
    }

    /// Takes away what the node of this site was lent for an instance; a loan at another site is not looked at, for a
    /// restore there may be reading with it. Nothing is done when nothing is lent here.
    ///
    /// # Errors
    /// What the node or the server says: the loan stays on record then.
    pub(super) async fn take_back_here(
        &self,
        inventory: &Inventory,
        instance: &InstanceId,
        here: &SiteId,
        run_id: &str,
    ) -> Result<(), EngineError> {
        let loan = open_loan(&self.store, instance).await?.filter(|loan| loan.is_open_at(here));
        let Some(loan) = loan else { return Ok(()) };
        match self.take_back_loan(inventory, &loan, run_id).await? {
            Taken::Everything => self.write_loan(&Loan { is_open: false, ..loan }).await,
            Taken::AllButTheNode(error) => Err(error),
        }
    }

    /// Makes way for a loan at a site, and gives the sites at which something of earlier ones has to stay for now.
    async fn end_earlier_loan(
        &self,
        inventory: &Inventory,
        instance: &InstanceId,
        here: &SiteId,
        run_id: &str,
    ) -> Result<Vec<SiteId>, EngineError> {
        let Some(loan) = open_loan(&self.store, instance).await? else { return Ok(Vec::new()) };
        let mut left_at = loan.left_at.clone();
        if left_at.contains(here) {
            Borrower::find(self, inventory, &loan, here)?.take_away().await?;
            left_at.retain(|site| site != here);
        }
        if !loan.is_open {
            return Ok(left_at);
        }
        if loan.site == *here {
            self.take_back_here(inventory, instance, here, run_id).await?;
            return Ok(left_at);
        }
        // Somebody who restores there at this moment reads with it: he is not cut off.
        let lease = match inventory.sites.get(&loan.site) {
            Some(site) => Some(InstanceLease::take(self, &heavy_work(site)).await?),
            None => None,
        };
        let taken = self.take_back_loan(inventory, &loan, run_id).await;
        if let Some(lease) = lease {
            lease.give_back(self).await?;
        }
        if let Taken::AllButTheNode(error) = taken? {
            // Whatever keeps that node from giving it back, a box that burnt or one that was installed anew: it reads nothing
            // without the reader, and nobody else waits for it.
            let text = format!(
                "what `{}` was lent for `{instance}` lets it read nothing any more, and is still there ({}): `accolades restore \
                 take-back {instance}` removes it",
                loan.site,
                words(&error)
            );
            self.tell(Event::Note { subject: instance.to_string(), text });
            left_at.push(loan.site.clone());
        }
        Ok(left_at)
    }

    /// Takes away the storage with its key and the rights on the node, and the reader on the server, whatever the node says.
    async fn take_back_loan(&self, inventory: &Inventory, loan: &Loan, run_id: &str) -> Result<Taken, EngineError> {
        let server = inventory.backup_servers.get(&loan.server);
        let server = server.ok_or_else(|| not_in_the_inventory("backup server", loan.server.as_str(), loan))?;
        let (journal, title) = (journal_subject(loan), format!("`{}` may read the backups no more", loan.site));
        let log = ActionLog::new(self, run_id, &journal, "loan/take-back");
        log.started().await?;
        // The key on the node is what would be worst to leave.
        let node = async { Borrower::find(self, inventory, loan, &loan.site)?.take_away().await };
        let node = node.await;
        let reader = async { self.reader(loan, server).await?.revoke().await };
        if let Err(error) = reader.await {
            log.failed(&error).await?;
            return Err(error);
        }
        if let Err(error) = node {
            log.failed(&error).await?;
            return Ok(Taken::AllButTheNode(error));
        }
        log.done().await?;
        let key = "loan/take-back".to_owned();
        self.tell(Event::Done { subject: loan.instance.to_string(), key, title, already: false });
        Ok(Taken::Everything)
    }

    async fn reader<'a>(&'a self, loan: &'a Loan, server: &'a BackupServer) -> Result<Reader<'a>, EngineError> {
        let admin = self.server_client(server, &server.admin, &names::admin_secret(&server.id)).await?;
        Ok(Reader { engine: self, loan, server, admin })
    }
}

fn journal_subject(loan: &Loan) -> String {
    format!("restored/{}", loan.instance)
}

fn not_in_the_inventory(what: &str, id: &str, loan: &Loan) -> EngineError {
    EngineError::Conflict(format!(
        "{what} `{id}` was lent the reading of `{0}` and is not in the inventory any more\n\n\
         put it back until `accolades restore take-back {0}` has taken everything away",
        loan.instance
    ))
}

fn still_there(what: &str, loan: &Loan, site: &SiteId) -> EngineError {
    EngineError::Failed {
        title: format!("what `{site}` was lent for `{}`", loan.instance),
        problem: format!("{what} is still there after it was removed"),
        next: format!("run `accolades restore take-back {}` again", loan.instance),
    }
}
