//! Pools (sheet Proxmox, section 11).

use serde::Deserialize;
use serde_json::Value;

use super::client::Client;
use super::error::PveError;
use super::wire;
use crate::domain::ids::VmId;
use crate::transport::form::Form;

/// A pool.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Pool {
    /// Its id.
    pub poolid: String,
    /// Its comment.
    #[serde(default, deserialize_with = "wire::maybe_text")]
    pub comment: Option<String>,
    /// Its members; only when one pool is asked for.
    #[serde(default)]
    pub members: Vec<PoolMember>,
}

/// A VM or a storage in a pool.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PoolMember {
    /// For example `qemu/1042` or `storage/pve1/local`.
    pub id: String,
    /// VM id.
    #[serde(default, deserialize_with = "wire::maybe_vmid")]
    pub vmid: Option<VmId>,
    /// Storage id.
    pub storage: Option<String>,
}

impl Client {
    /// The pools that the token may see, without their members.
    ///
    /// # Errors
    /// As every call.
    pub async fn pools(&self) -> Result<Vec<Pool>, PveError> {
        self.get("/pools", Form::new()).await
    }

    /// A pool with its members.
    ///
    /// # Errors
    /// As every call; an unknown pool is none.
    pub async fn pool(&self, poolid: &str) -> Result<Option<Pool>, PveError> {
        match self.get::<Vec<Pool>>("/pools", Form::new().with("poolid", poolid)).await {
            Ok(found) => Ok(found.into_iter().next()),
            Err(error) if error.is_absent_pool() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Creates a pool.
    ///
    /// # Errors
    /// [`PveError::already_exists`].
    pub async fn create_pool(&self, poolid: &str, comment: &str) -> Result<(), PveError> {
        self.post::<Value>("/pools", Form::new().with("poolid", poolid).with("comment", comment)).await.map(drop)
    }

    /// Adds a VM to a pool. Not idempotent: a member is refused ([`PveError::already_exists`]).
    ///
    /// # Errors
    /// As every call.
    pub async fn add_to_pool(&self, poolid: &str, vmid: VmId) -> Result<(), PveError> {
        self.put::<Value>("/pools", Form::new().with("poolid", poolid).with("vms", vmid)).await.map(drop)
    }

    /// Takes a VM out of a pool.
    ///
    /// # Errors
    /// As every call.
    pub async fn remove_from_pool(&self, poolid: &str, vmid: VmId) -> Result<(), PveError> {
        let form = Form::new().with("poolid", poolid).with("vms", vmid).with_flag("delete", true);
        self.put::<Value>("/pools", form).await.map(drop)
    }
}
