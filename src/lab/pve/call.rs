//! What passes between the protocol (wire, rights, verification) and the handlers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::world::{Site, Surroundings};

/// One verified request.
#[derive(Debug, Clone)]
pub struct Call {
    /// Who asks.
    pub caller: Caller,
    /// URI, query and body parameters together, as the real server hands them to a method: form values are text,
    /// JSON ones keep their type.
    pub params: Map<String, Value>,
}

/// Who asks: `user@realm`, and the token when one was used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// `root@pam`, `coop@pve`, ...
    pub user: String,
    /// The part after `!` of a token.
    pub token: Option<String>,
}

/// A refusal in Proxmox's own form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// 400 with one message per parameter.
    Params(BTreeMap<String, String>),
    /// Any other status with its one-line reason (which is also the `message`).
    Status(u16, String),
}

/// What a method does. The value is what stands in `data`.
pub type Handler = fn(&mut Site, Surroundings<'_>, &Call) -> Result<Value, Refusal>;

impl Refusal {
    /// 400 for one parameter.
    pub fn param(name: &str, text: impl Into<String>) -> Refusal {
        Refusal::Params(BTreeMap::from([(name.to_owned(), text.into())]))
    }

    /// The usual refusal of a handler: 500 with a text.
    pub fn died(text: impl Into<String>) -> Refusal {
        Refusal::Status(500, text.into())
    }
}

impl Caller {
    /// `user@realm` or `user@realm!token`, as UPIDs and listings show it.
    pub fn full_id(&self) -> String {
        match &self.token {
            Some(token) => format!("{}!{token}", self.user),
            None => self.user.clone(),
        }
    }

    /// Whether this is root by ticket or shell: a root token is not (sheet, section 2).
    pub fn is_root(&self) -> bool {
        self.user == "root@pam" && self.token.is_none()
    }
}

impl Call {
    /// A parameter as text, whatever its JSON type (numbers and booleans as Proxmox prints them).
    pub fn text(&self, name: &str) -> Option<String> {
        match self.params.get(name)? {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            Value::Bool(yes) => Some(if *yes { "1".to_owned() } else { "0".to_owned() }),
            other => Some(other.to_string()),
        }
    }

    /// A boolean parameter (`1`/`0`), false when absent.
    pub fn flag(&self, name: &str) -> bool {
        self.text(name).is_some_and(|text| text == "1")
    }
}
