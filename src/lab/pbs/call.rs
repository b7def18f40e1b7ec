//! What passes between the protocol (wire, rights, verification) and the methods.

use serde_json::{Map, Value, json};

use super::refusal::Refusal;
use super::rules;
use super::state::{BackupServer, BackupServers, GroupId, Place};
use crate::world::Moment;

/// One verified request to a server.
pub struct Call<'a> {
    /// All servers: a method may look at another one.
    pub servers: &'a mut BackupServers,
    /// The one that is asked.
    pub address: &'a str,
    /// The world's seed.
    pub seed: u64,
    /// The present moment.
    pub now: Moment,
    /// Who asks: a user or a token; nobody's name is empty.
    pub auth_id: String,
    /// Parameters of path, query and body, each with its declared type.
    pub params: Map<String, Value>,
}

/// What a method does.
pub type Handler = fn(&mut Call<'_>) -> Result<Reply, Refusal>;

/// What a method answers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reply {
    /// `data`, and what stands beside it.
    pub fields: Map<String, Value>,
    /// Whether the method wrote the answer itself: its content type then names no character set.
    pub own_form: bool,
    /// A text instead of JSON.
    pub text: Option<String>,
    /// Simulated time that passes before the answer.
    pub delay_us: u64,
}

impl From<Value> for Reply {
    fn from(data: Value) -> Reply {
        Reply { fields: Map::from_iter([("data".to_owned(), data)]), ..Reply::default() }
    }
}

impl Reply {
    /// Puts something beside the data.
    #[must_use]
    pub fn beside(mut self, name: &str, value: impl Into<Value>) -> Reply {
        self.fields.insert(name.to_owned(), value.into());
        self
    }
}

impl Call<'_> {
    /// The server that is asked.
    ///
    /// # Panics
    /// Never: the router looked it up.
    pub fn server(&self) -> &BackupServer {
        &self.servers.0[self.address]
    }

    /// As [`Call::server`], to change it.
    ///
    /// # Panics
    /// Never: the router looked it up.
    pub fn server_mut(&mut self) -> &mut BackupServer {
        self.servers.0.get_mut(self.address).expect("the router looked it up")
    }

    /// A parameter that is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.params.get(name).and_then(Value::as_str)
    }

    /// A required parameter that is text; the verifier saw that it is there.
    pub fn word(&self, name: &str) -> String {
        self.text(name).unwrap_or_default().to_owned()
    }

    /// A boolean parameter.
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.params.get(name).and_then(Value::as_bool)
    }

    /// A whole number.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.params.get(name).and_then(Value::as_i64)
    }

    /// A list of texts; empty when it is not given.
    pub fn list(&self, name: &str) -> Vec<String> {
        let items = self.params.get(name).and_then(Value::as_array);
        items.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// The namespace in `ns`, the root when it is not given.
    pub fn namespace(&self) -> String {
        self.word("ns")
    }

    /// The group in `backup-type` and `backup-id`.
    pub fn group(&self) -> GroupId {
        GroupId::new(&self.word("backup-type"), &self.word("backup-id"))
    }

    /// The snapshot in `ns`, `backup-type`, `backup-id` and `backup-time`.
    pub fn place(&self) -> Place {
        Place { namespace: self.namespace(), group: self.group(), time: self.number("backup-time").unwrap_or_default() }
    }

    /// Whether the caller has all these privileges on a path.
    pub fn may(&self, path: &str, privileges: &[&str]) -> bool {
        self.server().access.privileges(&self.auth_id, path).has(privileges)
    }

    /// As [`rules::demand`].
    ///
    /// # Errors
    /// 400 with the names of the privileges.
    pub fn demand(&self, path: &str, privileges: &[&str]) -> Result<(), Refusal> {
        rules::demand(self.server(), &self.auth_id, path, privileges)
    }

    /// Refuses when the parameter `digest` is not that of this configuration.
    ///
    /// # Errors
    /// Somebody else changed it.
    pub fn check_digest(&self, digest: &str) -> Result<(), Refusal> {
        match self.text("digest") {
            Some(given) if given != digest => {
                Err(Refusal::bad("detected modified configuration - file changed by other user? Try again."))
            }
            _ => Ok(()),
        }
    }
}

/// The answer of methods that return nothing.
pub fn nothing() -> Result<Reply, Refusal> {
    Ok(json!(null).into())
}
