//! What a node has of a loan: a storage with the key, and the rights to use both.

use secrecy::SecretString;

use super::{Loan, not_in_the_inventory, still_there};
use crate::domain::backup::names;
use crate::domain::ids::SiteId;
use crate::engine::prepare::{LOAN_ROLE, STORAGE_ROLE};
use crate::engine::site::Token;
use crate::engine::{Engine, EngineError};
use crate::inventory::model::{BackupServer, Inventory, Site};
use crate::plan::backups::remote_storage;
use crate::plan::desired::Subject;
use crate::pve::StorageDefinition;
use crate::ssh::{Route, Session};

/// The node that borrows.
pub(super) struct Borrower<'a> {
    engine: &'a Engine,
    loan: &'a Loan,
    site: &'a Site,
    route: Route,
}

impl<'a> Borrower<'a> {
    pub(super) fn new(engine: &'a Engine, loan: &'a Loan, site: &'a Site) -> Result<Borrower<'a>, EngineError> {
        Ok(Borrower { engine, loan, site, route: engine.route(site)? })
    }

    /// The node of a site of the inventory.
    pub(super) fn find(
        engine: &'a Engine,
        inventory: &'a Inventory,
        loan: &'a Loan,
        site: &SiteId,
    ) -> Result<Borrower<'a>, EngineError> {
        let found = inventory.sites.get(site);
        Borrower::new(engine, loan, found.ok_or_else(|| not_in_the_inventory("site", site.as_str(), loan))?)
    }

    fn storage(&self) -> String {
        names::loan_storage(&self.loan.instance)
    }

    /// Brings the storage: `reader` is who reads, `token` its secret.
    pub(super) async fn bring(
        &self,
        subject: &Subject<'_>,
        server: &BackupServer,
        reader: &str,
        token: &SecretString,
        key: &SecretString,
    ) -> Result<(), EngineError> {
        self.change_rights(true).await?;
        let mut options = remote_storage(subject, server, reader);
        options.remove("type");
        options.insert("nodes".to_owned(), self.site.node.name.clone());
        let definition = StorageDefinition { storage: self.storage(), kind: "pbs".to_owned(), options };
        let set_up = self.engine.link(self.site, &self.route, Token::SetUp).await?;
        let made = set_up.pve.create_storage_with(&definition, &[("password", token), ("encryption-key", key)]).await;
        let there = set_up.pve.storage_definitions().await?.into_iter().any(|one| one.storage == self.storage());
        match made {
            Ok(()) => Ok(()),
            // The answer was lost and it was made all the same.
            Err(error) if there && !error.already_exists() => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The everyday token may use the storage and read backups of that machine, as root on the node says.
    async fn change_rights(&self, give: bool) -> Result<(), EngineError> {
        let node = self.engine.node_session(self.site, &self.route).await?;
        let machine = format!("/vms/{}", self.loan.vmid);
        let storage = format!("/storage/{}", self.storage());
        for (path, role) in [(&storage, STORAGE_ROLE), (&machine, LOAN_ROLE)] {
            self.engine.change_right(&node, path, role, give).await?;
        }
        Ok(())
    }

    /// Takes everything away: first the key, which would be worst to leave, then rights on nothing.
    pub(super) async fn take_away(&self) -> Result<(), EngineError> {
        let set_up = self.engine.link(self.site, &self.route, Token::SetUp).await?;
        let is_there = async || -> Result<bool, EngineError> {
            let all = self.engine.patiently(|| set_up.pve.storage_definitions()).await?;
            Ok(all.iter().any(|one| one.storage == self.storage()))
        };
        if is_there().await? {
            let removed = set_up.pve.delete_storage(&self.storage()).await;
            if is_there().await? {
                removed?;
                return Err(still_there("the storage", self.loan, &self.site.id));
            }
        }
        self.change_rights(false).await
    }
}

impl Engine {
    /// Gives the everyday token and its user a role on a path, or takes it away, as root on the node. Both may be done twice.
    pub(in crate::engine) async fn change_right(
        &self,
        node: &Session,
        path: &str,
        role: &str,
        give: bool,
    ) -> Result<(), EngineError> {
        let token = Token::Everyday.id();
        for (kind, to) in [("--users", Token::Everyday.user()), ("--tokens", token.as_str())] {
            let mut words = vec!["set", "/access/acl", "--path", path, "--roles", role, kind, to];
            if !give {
                words.extend(["--delete", "1"]);
            }
            self.pvesh(node, &words).await?;
        }
        Ok(())
    }
}
