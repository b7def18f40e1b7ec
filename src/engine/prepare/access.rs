//! User, roles, tokens and rights on a node, through `pvesh` as root: only root may make the first token.
//!
//! Two tokens, so that the one in daily use can do nothing to the node itself (sheet Proxmox, section 11). With privilege
//! separation a token has only what both it and its user are granted: every grant is made to both, and each token has a
//! user of its own.

use secrecy::SecretString;
use serde::de::DeserializeOwned;

use super::Preparation;
use crate::domain::backup::names;
use crate::engine::EngineError;
use crate::engine::site::Token;
use crate::plan::decide::{CLIENT_POOL, DRILL_POOL};
use crate::pve::PveError;

/// A role of ours.
struct Role {
    id: &'static str,
    privileges: &'static [&'static str],
}

/// Everything that is done to machines of our pools.
const MACHINES: Role = Role {
    id: "AccoladesMachines",
    privileges: &[
        "Pool.Audit",
        "VM.Allocate",
        "VM.Audit",
        "VM.Backup",
        "VM.Clone",
        "VM.Config.CDROM",
        "VM.Config.CPU",
        "VM.Config.Cloudinit",
        "VM.Config.Disk",
        "VM.Config.HWType",
        "VM.Config.Memory",
        "VM.Config.Network",
        "VM.Config.Options",
        "VM.GuestAgent.Audit",
        "VM.GuestAgent.FileRead",
        "VM.PowerMgmt",
        "VM.Snapshot",
    ],
};

/// Using a storage, without defining it.
const STORAGE: Role = Role { id: super::STORAGE_ROLE, privileges: &["Datastore.AllocateSpace", "Datastore.Audit"] };

/// Plugging a machine into the bridge.
const NETWORK: Role = Role { id: "AccoladesNetwork", privileges: &["SDN.Use"] };

/// Seeing the node's state and tasks.
const NODE: Role = Role { id: "AccoladesNode", privileges: &["Sys.Audit"] };

/// What only setting up needs.
const SET_UP: Role = Role {
    id: "AccoladesSetUp",
    privileges: &[
        "Datastore.Allocate",
        "Datastore.AllocateSpace",
        "Datastore.AllocateTemplate",
        "Datastore.Audit",
        "Pool.Allocate",
        "Pool.Audit",
        "Sys.AccessNetwork",
        "Sys.Audit",
        "Sys.Modify",
        // A job that selects a pool needs it there.
        "VM.Backup",
    ],
};

/// What a restore test needs besides: running programs inside the copy, never inside a client's machine.
const DRILLS: Role = Role { id: "AccoladesDrills", privileges: &["VM.GuestAgent.Unrestricted"] };

/// What a node is lent to restore a machine of another site: reading that machine's backups.
const LOAN: Role = Role { id: super::LOAN_ROLE, privileges: &["VM.Backup"] };

const TOKENS: [Token; 2] = [Token::Everyday, Token::SetUp];

const ROLES: [&Role; 7] = [&MACHINES, &STORAGE, &NETWORK, &NODE, &SET_UP, &DRILLS, &LOAN];

/// A grant to the user and to one token.
struct Grant {
    path: String,
    role: &'static Role,
    token: Token,
    propagate: bool,
}

#[derive(serde::Deserialize)]
struct ListedUser {
    userid: String,
}

#[derive(serde::Deserialize)]
struct ListedRole {
    roleid: String,
    #[serde(default)]
    privs: String,
}

#[derive(serde::Deserialize)]
struct ListedToken {
    tokenid: String,
}

#[derive(serde::Deserialize)]
struct ListedGrant {
    path: String,
    roleid: String,
    ugid: String,
}

#[derive(serde::Deserialize)]
struct MadeToken {
    value: SecretString,
}

impl Preparation<'_> {
    pub(super) async fn pvesh(
        &self,
        verb: &str,
        path: &str,
        parameters: &[(&str, &str)],
    ) -> Result<String, EngineError> {
        let mut argv = vec!["pvesh".to_owned(), verb.to_owned(), path.to_owned()];
        for (name, value) in parameters {
            argv.extend([format!("--{name}"), (*value).to_owned()]);
        }
        argv.extend(["--output-format".to_owned(), "json".to_owned()]);
        let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
        self.on_node(&argv).await
    }

    async fn list<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>, EngineError> {
        let text = self.pvesh("get", path, &[]).await?;
        serde_json::from_str(&text).map_err(|error| {
            EngineError::Unexpected(format!("`pvesh get {path}` answered something unexpected: {error}"))
        })
    }

    pub(super) async fn has_users(&self) -> Result<bool, EngineError> {
        let listed = self.list::<ListedUser>("/access/users").await?;
        Ok(TOKENS.iter().all(|token| listed.iter().any(|user| user.userid == token.user())))
    }

    pub(super) async fn create_users(&self) -> Result<(), EngineError> {
        let listed = self.list::<ListedUser>("/access/users").await?;
        for token in TOKENS {
            if !listed.iter().any(|user| user.userid == token.user()) {
                let comment = format!("accolades: {} token", token.name());
                self.pvesh("create", "/access/users", &[("userid", token.user()), ("comment", &comment)]).await?;
            }
        }
        Ok(())
    }

    pub(super) async fn has_roles(&self) -> Result<bool, EngineError> {
        let listed = self.list::<ListedRole>("/access/roles").await?;
        Ok(ROLES.iter().all(|role| listed.iter().any(|one| one.roleid == role.id && has_exactly(&one.privs, role))))
    }

    pub(super) async fn set_roles(&self) -> Result<(), EngineError> {
        let listed = self.list::<ListedRole>("/access/roles").await?;
        for role in ROLES {
            let privileges = role.privileges.join(",");
            match listed.iter().find(|one| one.roleid == role.id) {
                None => {
                    self.pvesh("create", "/access/roles", &[("roleid", role.id), ("privs", &privileges)]).await?;
                }
                Some(one) if !has_exactly(&one.privs, role) => {
                    self.pvesh("set", &format!("/access/roles/{}", role.id), &[("privs", &privileges)]).await?;
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// A token whose secret we do not have, or that lets us in no more, is as good as none.
    pub(super) async fn has_tokens(&self) -> Result<bool, EngineError> {
        for token in TOKENS {
            let listed = self.list::<ListedToken>(&format!("/access/users/{}/token", token.user())).await?;
            if !listed.iter().any(|one| one.tokenid == token.name()) || !self.is_accepted(token).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether the node lets us in with the secret that we have. The list of tokens does not tell: the secret may be an old
    /// or a mistyped one, or the answer with the new one was lost; and the token may have expired.
    async fn is_accepted(&self, token: Token) -> Result<bool, EngineError> {
        let link = match self.engine.link(self.site, &self.route, token).await {
            Ok(link) => link,
            // None is stored, or one that is not even a header.
            Err(EngineError::NotPrepared(_) | EngineError::Unexpected(_)) => return Ok(false),
            Err(other) => return Err(other),
        };
        match link.pve.version().await {
            Ok(_) => Ok(true),
            Err(PveError::Unauthorised { .. }) => Ok(false),
            Err(other) => Err(other.into()),
        }
    }

    /// A secret is shown once: when the answer that held it was lost, the token gets a new one, and no end.
    pub(super) async fn make_tokens(&self) -> Result<(), EngineError> {
        for token in TOKENS {
            let listed = self.list::<ListedToken>(&format!("/access/users/{}/token", token.user())).await?;
            let secret_name = token.secret_name(self.site);
            let exists = listed.iter().any(|one| one.tokenid == token.name());
            if exists && self.is_accepted(token).await? {
                continue;
            }
            let path = format!("/access/users/{}/token/{}", token.user(), token.name());
            let answer = if exists {
                self.pvesh("set", &path, &[("regenerate", "1"), ("expire", "0")]).await?
            } else {
                self.pvesh("create", &path, &[("privsep", "1"), ("expire", "0")]).await?
            };
            let made: MadeToken = serde_json::from_str(&answer)
                .map_err(|_| EngineError::Unexpected("the answer about a new token has no secret in it".to_owned()))?;
            self.engine.redactor.learn(&made.value);
            self.engine.vault.put_secret(&secret_name, &made.value, self.engine.now_us().await?).await?;
        }
        Ok(())
    }

    fn grants(&self) -> Vec<Grant> {
        let node = &self.site.node;
        let grant = |path: String, role, token, propagate| Grant { path, role, token, propagate };
        let mut grants = vec![
            grant(format!("/pool/{CLIENT_POOL}"), &MACHINES, Token::Everyday, true),
            grant(format!("/pool/{DRILL_POOL}"), &MACHINES, Token::Everyday, true),
            grant(format!("/pool/{DRILL_POOL}"), &DRILLS, Token::Everyday, true),
            // Backup jobs are seen from the top only.
            grant("/".to_owned(), &NODE, Token::Everyday, false),
            grant(format!("/storage/{}", node.vm_storage), &STORAGE, Token::Everyday, true),
            grant(format!("/storage/{}", super::BACKUP_STORAGE), &STORAGE, Token::Everyday, true),
            grant(format!("/sdn/zones/localnetwork/{}", node.bridge), &NETWORK, Token::Everyday, true),
            grant(format!("/nodes/{}", node.name), &NODE, Token::Everyday, true),
            grant("/".to_owned(), &SET_UP, Token::SetUp, false),
            grant("/storage".to_owned(), &SET_UP, Token::SetUp, true),
            grant("/pool".to_owned(), &SET_UP, Token::SetUp, true),
            grant(format!("/nodes/{}", node.name), &SET_UP, Token::SetUp, true),
        ];
        if node.image_storage != node.vm_storage {
            grants.push(grant(format!("/storage/{}", node.image_storage), &STORAGE, Token::Everyday, true));
        }
        // Paths of rights need not exist yet: pools and storages find theirs when they are made.
        for instance in &self.instances {
            grants.push(grant(format!("/pool/{}", names::pool(&instance.id)), &MACHINES, Token::Everyday, true));
            if self.site.backup_server.is_some() {
                let storage = format!("/storage/{}", names::remote_storage(&instance.id));
                grants.push(grant(storage, &STORAGE, Token::Everyday, true));
            }
        }
        if let Some(template) = node.template {
            grants.push(grant(format!("/vms/{template}"), &MACHINES, Token::Everyday, true));
        }
        grants
    }

    pub(super) async fn has_rights(&self) -> Result<bool, EngineError> {
        let listed = self.list::<ListedGrant>("/access/acl").await?;
        let has = |grant: &Grant, to: &str| {
            listed.iter().any(|one| one.path == grant.path && one.roleid == grant.role.id && one.ugid == to)
        };
        Ok(self.grants().iter().all(|grant| has(grant, grant.token.user()) && has(grant, &grant.token.id())))
    }

    pub(super) async fn grant_rights(&self) -> Result<(), EngineError> {
        for grant in self.grants() {
            let propagate = if grant.propagate { "1" } else { "0" };
            let (token, path) = (grant.token.id(), grant.path.as_str());
            for (kind, to) in [("users", grant.token.user()), ("tokens", token.as_str())] {
                let parameters = [("path", path), ("roles", grant.role.id), (kind, to), ("propagate", propagate)];
                self.pvesh("set", "/access/acl", &parameters).await?;
            }
        }
        Ok(())
    }
}

fn has_exactly(listed: &str, role: &Role) -> bool {
    let mut have: Vec<&str> = listed.split(',').filter(|one| !one.is_empty()).collect();
    have.sort_unstable();
    have == role.privileges
}
