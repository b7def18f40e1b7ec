//! Users, tokens and rights on a backup server. A token has only what it and its user are both granted, so every grant is
//! made to both, and every token has a user of its own: no two sites share anything.

use super::ServerPreparation;
use crate::domain::backup::names;
use crate::engine::EngineError;
use crate::pbs::{AclEntry, GroupName};

/// May add snapshots and read its own; may not prune, not change, not see others'.
const ADDS: &str = "DatastoreBackup";
/// May see everything of a datastore and change nothing.
const LOOKS: &str = "DatastoreAudit";
/// May read every snapshot, for copies elsewhere.
const READS: &str = "DatastoreReader";
/// May see the servers that this one fetches from.
const LOOKS_AT_REMOTES: &str = "RemoteAudit";

/// A token of ours with its user, where its value is kept, and what it is granted.
struct OurToken {
    user: String,
    name: &'static str,
    secret: String,
    comment: String,
    grants: Vec<(String, &'static str)>,
    /// What it may ever be granted, wherever.
    roles: &'static [&'static str],
}

impl OurToken {
    fn id(&self) -> String {
        format!("{}!{}", self.user, self.name)
    }

    fn is_ours(&self, entry: &AclEntry) -> bool {
        entry.ugid == self.user || entry.ugid == self.id()
    }

    /// A site's right to add where none of its instances is any more: it moved to another site, or left.
    fn is_stale(&self, entry: &AclEntry) -> bool {
        let is_wanted = |(path, role): &(String, &str)| *path == entry.path && *role == entry.roleid;
        let adds = entry.roleid == ADDS && self.roles.contains(&ADDS);
        adds && self.is_ours(entry) && !self.grants.iter().any(is_wanted)
    }
}

impl ServerPreparation<'_> {
    fn datastore_path(&self, namespace: Option<&str>) -> String {
        match namespace {
            Some(namespace) => format!("/datastore/{}/{namespace}", self.server.datastore),
            None => format!("/datastore/{}", self.server.datastore),
        }
    }

    fn our_tokens(&self) -> Vec<OurToken> {
        let server = &self.server.id;
        let mut looks = vec![(self.datastore_path(None), LOOKS)];
        if let Some(pull) = &self.server.pull {
            looks.push((format!("/remote/{}", names::sync_remote(&pull.from)), LOOKS_AT_REMOTES));
        }
        let mut tokens = vec![OurToken {
            user: names::MONITOR_USER.to_owned(),
            name: names::MONITOR_TOKEN,
            secret: names::monitor_token_secret(server),
            comment: "accolades: looks, changes nothing".to_owned(),
            grants: looks,
            roles: &[LOOKS, LOOKS_AT_REMOTES],
        }];
        tokens.extend(self.sites.iter().map(|(site, instances)| {
            OurToken {
                user: names::site_user(&site.id),
                name: names::SITE_TOKEN,
                secret: names::site_token_secret(server, &site.id),
                comment: format!("accolades: backups of {}", site.id),
                grants: instances
                    .iter()
                    .map(|instance| (self.datastore_path(Some(&self.namespace_of(instance))), ADDS))
                    .collect(),
                roles: &[ADDS],
            }
        }));
        let copies = self
            .inventory
            .backup_servers
            .values()
            .filter(|other| other.pull.as_ref().is_some_and(|pull| pull.from == self.server.id));
        tokens.extend(copies.map(|other| OurToken {
            user: names::pull_user(&other.id),
            name: names::PULL_TOKEN,
            secret: names::pull_token_secret(server, &other.id),
            comment: format!("accolades: copies to {}", other.id),
            grants: vec![(self.datastore_path(self.server.namespace.as_deref()), READS)],
            roles: &[READS],
        }));
        tokens
    }

    /// A token whose value we do not have is as good as none.
    pub(super) async fn has_tokens(&self) -> Result<bool, EngineError> {
        let users = self.admin.users().await?;
        for token in self.our_tokens() {
            let user = users.iter().find(|user| user.userid == token.user);
            if user.is_none_or(|user| user.enable == Some(false)) {
                return Ok(false);
            }
            let id = token.id();
            let listed = self.admin.tokens(&token.user).await?;
            let sound = listed.iter().any(|one| one.tokenid == id && one.enable != Some(false));
            if !sound || self.engine.vault.get_secret(&token.secret).await?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A value is shown once: when the answer that held it was lost, the token gets a new one. Its groups stay its own,
    /// because they belong to its name.
    pub(super) async fn make_tokens(&self) -> Result<(), EngineError> {
        let users = self.admin.users().await?;
        for token in self.our_tokens() {
            match users.iter().find(|user| user.userid == token.user) {
                None => self.admin.create_user(&token.user, &token.comment).await?,
                Some(user) if user.enable == Some(false) => {
                    return Err(EngineError::Conflict(format!(
                        "user `{}` is disabled on `{}`\n\nsomebody did that on purpose: enable it there when it may work again",
                        token.user, self.server.id
                    )));
                }
                Some(_) => {}
            }
            let id = token.id();
            let listed = self.admin.tokens(&token.user).await?;
            let there = listed.iter().find(|one| one.tokenid == id);
            if there.is_some_and(|one| one.enable == Some(false)) {
                return Err(EngineError::Conflict(format!(
                    "token `{id}` is disabled on `{}`\n\nsomebody did that on purpose: enable it there when it may work again",
                    self.server.id
                )));
            }
            if there.is_some() && self.engine.vault.get_secret(&token.secret).await?.is_some() {
                continue;
            }
            let value = match there {
                Some(_) => self.admin.regenerate_token(&token.user, token.name).await?,
                None => self.admin.create_token(&token.user, token.name).await?,
            };
            self.engine.vault.put_secret(&token.secret, &value, self.engine.now_us().await?).await?;
        }
        Ok(())
    }

    /// What is granted, as the list says, and that no token of a site may do more than add.
    pub(super) async fn has_rights(&self) -> Result<bool, EngineError> {
        let acl = self.admin.acl().await?;
        for token in self.our_tokens() {
            let id = token.id();
            for (path, role) in &token.grants {
                let has = |to: &str| acl.iter().any(|one| one.path == *path && one.roleid == *role && one.ugid == to);
                if !has(&token.user) || !has(&id) {
                    return Ok(false);
                }
            }
            if acl.iter().any(|entry| token.is_stale(entry)) {
                return Ok(false);
            }
            // Both would have to be granted more for the token to have it.
            let more = |to: &str| acl.iter().any(|one| one.ugid == to && !token.roles.contains(&one.roleid.as_str()));
            if more(&token.user) && more(&id) {
                return Err(EngineError::Conflict(format!(
                    "`{id}` may do more on `{}` than it should: a stolen node could destroy backups\n\n\
                     look at `proxmox-backup-manager acl list` there and take away what is not {}",
                    self.server.id,
                    token.roles.join(" or ")
                )));
            }
        }
        Ok(true)
    }

    pub(super) async fn grant_rights(&self) -> Result<(), EngineError> {
        let acl = self.admin.acl().await?;
        for token in self.our_tokens() {
            let id = token.id();
            for entry in acl.iter().filter(|entry| token.is_stale(entry)) {
                self.admin.revoke(&entry.path, &entry.roleid, &entry.ugid).await?;
            }
            for (path, role) in &token.grants {
                for to in [&token.user, &id] {
                    if !acl.iter().any(|one| one.path == *path && one.roleid == *role && one.ugid == *to) {
                        self.admin.grant(path, role, to).await?;
                    }
                }
            }
        }
        Ok(())
    }

    /// The groups of an instance that belong to somebody else: after a move between sites nobody could add to them
    /// ("backup owner check failed").
    async fn foreign_groups(&self) -> Result<Vec<(String, String, String)>, EngineError> {
        let mut foreign = Vec::new();
        for (site, instances) in &self.sites {
            let owner = names::site_auth_id(&site.id);
            for instance in instances {
                let namespace = self.namespace_of(instance);
                let groups = self.admin.groups(&self.server.datastore, &namespace).await?;
                let id = instance.vmid.to_string();
                let is_foreign = groups.iter().any(|group| {
                    group.backup_type == "vm" && group.backup_id == id && group.owner.as_deref() != Some(owner.as_str())
                });
                if is_foreign {
                    foreign.push((namespace, id, owner.clone()));
                }
            }
        }
        Ok(foreign)
    }

    pub(super) async fn owners_are_right(&self) -> Result<bool, EngineError> {
        Ok(self.foreign_groups().await?.is_empty())
    }

    pub(super) async fn hand_groups_over(&self) -> Result<(), EngineError> {
        for (namespace, id, owner) in self.foreign_groups().await? {
            let group = GroupName { namespace: &namespace, backup_type: "vm", backup_id: &id };
            self.admin.change_owner(&self.server.datastore, group, &owner).await?;
        }
        Ok(())
    }
}
