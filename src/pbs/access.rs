//! Users, tokens and rights of a backup server. A grant takes up to five seconds to be seen by everybody: who tests one
//! waits for it.

use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;

use super::client::Client;
use super::error::PbsError;
use crate::transport::form::{Form, encode};

/// A user.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct User {
    /// `user@realm`.
    pub userid: String,
    /// Its comment.
    pub comment: Option<String>,
    /// False: it may not log in, nor may its tokens. Absent means true.
    pub enable: Option<bool>,
}

/// A token; its value is never shown again.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Token {
    /// `user@realm!name`.
    pub tokenid: String,
    /// False: it is not accepted. Absent means true.
    pub enable: Option<bool>,
    /// When it ends, in seconds since 1970; 0 and absent: never.
    pub expire: Option<i64>,
}

/// A grant.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AclEntry {
    /// On what, for example `/datastore/coop/ilot`.
    pub path: String,
    /// The role.
    pub roleid: String,
    /// To whom: user, token or group.
    pub ugid: String,
    /// Whether it counts below the path, too.
    pub propagate: bool,
}

#[derive(Deserialize)]
struct NewToken {
    value: SecretString,
}

#[derive(Deserialize)]
struct Regenerated {
    secret: SecretString,
}

impl Client {
    /// All users.
    ///
    /// # Errors
    /// As every call.
    pub async fn users(&self) -> Result<Vec<User>, PbsError> {
        self.get("/access/users", Form::new()).await
    }

    /// Creates a user without a password: only its tokens let in.
    ///
    /// # Errors
    /// [`PbsError::already_exists`].
    pub async fn create_user(&self, userid: &str, comment: &str) -> Result<(), PbsError> {
        let form = Form::new().with("userid", userid).with("comment", comment);
        self.post::<Value>("/access/users", form).await.map(drop)
    }

    /// The tokens of a user.
    ///
    /// # Errors
    /// As every call.
    pub async fn tokens(&self, userid: &str) -> Result<Vec<Token>, PbsError> {
        self.get(&format!("/access/users/{}/token", encode(userid)), Form::new()).await
    }

    /// Creates a token and gives its value, which is shown this once.
    ///
    /// # Errors
    /// [`PbsError::already_exists`].
    pub async fn create_token(&self, userid: &str, name: &str) -> Result<SecretString, PbsError> {
        let path = format!("/access/users/{}/token/{}", encode(userid), encode(name));
        self.post::<NewToken>(&path, Form::new()).await.map(|token| self.learned(token.value))
    }

    /// Gives a token a new value; the old one is accepted no more. Its groups stay its own.
    ///
    /// # Errors
    /// As every call.
    pub async fn regenerate_token(&self, userid: &str, name: &str) -> Result<SecretString, PbsError> {
        let path = format!("/access/users/{}/token/{}", encode(userid), encode(name));
        self.put::<Regenerated>(&path, Form::new().with("regenerate", true))
            .await
            .map(|token| self.learned(token.secret))
    }

    fn learned(&self, secret: SecretString) -> SecretString {
        self.redactor().learn(&secret);
        secret
    }

    /// All grants that the account may see.
    ///
    /// # Errors
    /// As every call.
    pub async fn acl(&self) -> Result<Vec<AclEntry>, PbsError> {
        self.get("/access/acl", Form::new()).await
    }

    /// Grants a role; granting it again changes nothing. A token has only what it and its user are both granted.
    ///
    /// # Errors
    /// As every call; a token without `Permissions.Modify` may not.
    pub async fn grant(&self, path: &str, role: &str, to: &str) -> Result<(), PbsError> {
        let form = Form::new().with("path", path).with("role", role).with("auth-id", to);
        self.put::<Value>("/access/acl", form).await.map(drop)
    }

    /// Takes a grant away.
    ///
    /// # Errors
    /// As every call.
    pub async fn revoke(&self, path: &str, role: &str, from: &str) -> Result<(), PbsError> {
        let form = Form::new().with("path", path).with("role", role).with("auth-id", from).with("delete", true);
        self.put::<Value>("/access/acl", form).await.map(drop)
    }

    /// Removes a token; it is accepted no more.
    ///
    /// # Errors
    /// [`PbsError::is_absent`].
    pub async fn delete_token(&self, userid: &str, name: &str) -> Result<(), PbsError> {
        let path = format!("/access/users/{}/token/{}", encode(userid), encode(name));
        self.delete::<Value>(&path, Form::new()).await.map(drop)
    }

    /// Removes a user with its tokens. Its grants stay: they are to be taken away first.
    ///
    /// # Errors
    /// [`PbsError::is_absent`].
    pub async fn delete_user(&self, userid: &str) -> Result<(), PbsError> {
        self.delete::<Value>(&format!("/access/users/{}", encode(userid)), Form::new()).await.map(drop)
    }

    /// What the account itself may do on a path, by privilege.
    ///
    /// # Errors
    /// As every call.
    pub async fn permissions(&self, path: &str) -> Result<Vec<String>, PbsError> {
        let by_path: std::collections::BTreeMap<String, std::collections::BTreeMap<String, Value>> =
            self.get("/access/permissions", Form::new().with("path", path)).await?;
        Ok(by_path
            .into_iter()
            .filter(|(one, _)| one == path)
            .flat_map(|(_, privileges)| privileges.into_keys())
            .collect())
    }
}
