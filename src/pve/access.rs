//! Users, tokens, roles and rights (sheet Proxmox, sections 2 and 11).

use std::collections::{BTreeMap, BTreeSet};

use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;

use super::client::Client;
use super::error::PveError;
use super::wire;
use crate::transport::form::{Form, encode};

/// Privileges by path, as they hold for the token that asks.
pub type Permissions = BTreeMap<String, BTreeSet<String>>;

/// A user.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct User {
    /// `name@realm`.
    pub userid: String,
    /// The account is not switched off.
    #[serde(default, deserialize_with = "wire::flag")]
    pub enable: bool,
    /// When it expires, in seconds since 1970; 0 is never.
    #[serde(default, deserialize_with = "wire::maybe_number")]
    pub expire: Option<u64>,
    /// Its comment.
    #[serde(default, deserialize_with = "wire::maybe_text")]
    pub comment: Option<String>,
}

/// A token of a user.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Token {
    /// Its name, without the user's.
    pub tokenid: String,
    /// It has rights of its own, within those of its user.
    #[serde(default, deserialize_with = "wire::flag")]
    pub privsep: bool,
    /// When it expires, in seconds since 1970; 0 is never.
    #[serde(default, deserialize_with = "wire::maybe_number")]
    pub expire: Option<u64>,
    /// Its comment.
    #[serde(default, deserialize_with = "wire::maybe_text")]
    pub comment: Option<String>,
}

/// A token's secret, which is shown once. The redactor knows it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct NewToken {
    /// `user@realm!name`.
    pub full_tokenid: String,
    /// Its secret.
    pub value: SecretString,
}

/// A role.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Role {
    /// Its id.
    pub roleid: String,
    /// Its privileges.
    #[serde(default, rename = "privs", deserialize_with = "wire::words")]
    pub privileges: Vec<String>,
    /// It comes with Proxmox and cannot be changed.
    #[serde(default, deserialize_with = "wire::flag")]
    pub special: bool,
}

/// An entry of the access list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AclEntry {
    /// The object.
    pub path: String,
    /// The role that is granted.
    pub roleid: String,
    /// `user`, `group` or `token`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Who is granted it.
    #[serde(rename = "ugid")]
    pub grantee: String,
    /// It holds for what is below the path, too.
    #[serde(default, deserialize_with = "wire::flag")]
    pub propagate: bool,
}

/// Who is granted a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grantee {
    /// `name@realm`.
    User(String),
    /// `name@realm!token`. Its user needs the same grant.
    Token(String),
}

impl Client {
    /// What this client's token may do, on one path or everywhere that it may do anything.
    ///
    /// # Errors
    /// As every call.
    pub async fn permissions(&self, path: Option<&str>) -> Result<Permissions, PveError> {
        let form = Form::new().with_some("path", path);
        let wire: BTreeMap<String, BTreeMap<String, Value>> = self.get("/access/permissions", form).await?;
        Ok(wire.into_iter().map(|(path, privileges)| (path, privileges.into_keys().collect())).collect())
    }

    /// The users that the token may see.
    ///
    /// # Errors
    /// As every call.
    pub async fn users(&self) -> Result<Vec<User>, PveError> {
        self.get("/access/users", Form::new()).await
    }

    /// Creates a user without a password: it can be used through tokens only.
    ///
    /// # Errors
    /// [`PveError::already_exists`].
    pub async fn create_user(&self, userid: &str, comment: &str) -> Result<(), PveError> {
        self.post::<Value>("/access/users", Form::new().with("userid", userid).with("comment", comment)).await.map(drop)
    }

    /// The tokens of a user.
    ///
    /// # Errors
    /// As every call.
    pub async fn tokens(&self, userid: &str) -> Result<Vec<Token>, PveError> {
        self.get(&format!("/access/users/{}/token", encode(userid)), Form::new()).await
    }

    /// Creates a token with rights of its own. Its secret comes with this answer and never again.
    ///
    /// # Errors
    /// [`PveError::already_exists`]; after a lost answer [`Client::regenerate_token`] makes a secret that is known.
    pub async fn create_token(&self, userid: &str, name: &str, comment: &str) -> Result<NewToken, PveError> {
        let form = Form::new().with_flag("privsep", true).with("comment", comment);
        let token: NewToken = self.post(&token_path(userid, name), form).await?;
        self.redactor().learn(&token.value);
        Ok(token)
    }

    /// Gives a token a new secret (version 9.1 and later); the old one is void at once.
    ///
    /// # Errors
    /// As every call.
    pub async fn regenerate_token(&self, userid: &str, name: &str) -> Result<NewToken, PveError> {
        let form = Form::new().with_flag("regenerate", true);
        let token: NewToken = self.put(&token_path(userid, name), form).await?;
        self.redactor().learn(&token.value);
        Ok(token)
    }

    /// The roles.
    ///
    /// # Errors
    /// As every call.
    pub async fn roles(&self) -> Result<Vec<Role>, PveError> {
        self.get("/access/roles", Form::new()).await
    }

    /// Creates a role.
    ///
    /// # Errors
    /// [`PveError::already_exists`]; [`PveError::Parameters`] for a privilege that this version does not know.
    pub async fn create_role(&self, roleid: &str, privileges: &[&str]) -> Result<(), PveError> {
        let form = Form::new().with("roleid", roleid).with("privs", privileges.join(","));
        self.post::<Value>("/access/roles", form).await.map(drop)
    }

    /// Gives a role exactly these privileges.
    ///
    /// # Errors
    /// As every call; roles that come with Proxmox are refused.
    pub async fn update_role(&self, roleid: &str, privileges: &[&str]) -> Result<(), PveError> {
        let path = format!("/access/roles/{}", encode(roleid));
        self.put::<Value>(&path, Form::new().with("privs", privileges.join(","))).await.map(drop)
    }

    /// The entries of the access list that the token may change.
    ///
    /// # Errors
    /// As every call.
    pub async fn acl(&self) -> Result<Vec<AclEntry>, PveError> {
        self.get("/access/acl", Form::new()).await
    }

    /// Grants a role; granting it again changes nothing.
    ///
    /// # Errors
    /// As every call; an unknown role or user is [`PveError::Refused`].
    pub async fn grant(&self, path: &str, role: &str, grantee: &Grantee, propagate: bool) -> Result<(), PveError> {
        let form = acl_form(path, role, grantee).with_flag("propagate", propagate);
        self.put::<Value>("/access/acl", form).await.map(drop)
    }

    /// Takes a role back.
    ///
    /// # Errors
    /// As every call.
    pub async fn revoke(&self, path: &str, role: &str, grantee: &Grantee) -> Result<(), PveError> {
        self.put::<Value>("/access/acl", acl_form(path, role, grantee).with_flag("delete", true)).await.map(drop)
    }
}

fn token_path(userid: &str, name: &str) -> String {
    format!("/access/users/{}/token/{}", encode(userid), encode(name))
}

fn acl_form(path: &str, role: &str, grantee: &Grantee) -> Form {
    let (kind, name) = match grantee {
        Grantee::User(name) => ("users", name),
        Grantee::Token(name) => ("tokens", name),
    };
    Form::new().with("path", path).with("roles", role).with(kind, name)
}
