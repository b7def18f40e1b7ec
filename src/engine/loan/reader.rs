//! The reader on the backup server: a user with one token that may read one namespace, and nothing else.

use secrecy::SecretString;

use super::{Loan, still_there};
use crate::domain::backup::names;
use crate::engine::{Engine, EngineError};
use crate::inventory::model::BackupServer;
use crate::pbs::{Client as ServerClient, PbsError};
use crate::util::limits;

/// May read every snapshot of what it is granted on, and change nothing.
const READS: &str = "DatastoreReader";

/// Who reads for a loan.
pub(super) struct Reader<'a> {
    pub(super) engine: &'a Engine,
    pub(super) loan: &'a Loan,
    pub(super) server: &'a BackupServer,
    pub(super) admin: ServerClient,
}

impl Reader<'_> {
    fn user(&self) -> String {
        names::loan_user(&self.loan.instance)
    }

    /// `user@realm!name` of its token.
    pub(super) fn auth_id(&self) -> String {
        format!("{}!{}", self.user(), names::LOAN_TOKEN)
    }

    fn path(&self) -> String {
        let namespace = names::namespace(self.server.namespace.as_deref(), &self.loan.instance);
        format!("/datastore/{}/{namespace}", self.server.datastore)
    }

    /// Makes it, and gives the value of its token once it reads. A value is shown once: a token of an earlier loan gets a
    /// new one.
    pub(super) async fn make(&self) -> Result<SecretString, EngineError> {
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
        self.wait_until_it_reads(&token).await?;
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

    /// Takes it away, with its token and its rights.
    pub(super) async fn revoke(&self) -> Result<(), EngineError> {
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
        match self.admin.users().await?.iter().any(|one| one.userid == user) {
            true => Err(still_there("the reader on the server", self.loan, &self.loan.site)),
            false => Ok(()),
        }
    }
}
