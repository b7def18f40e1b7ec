//! Version, VM ids, data-centre options, resources (sheet Proxmox, section 3).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::client::Client;
use super::error::PveError;
use super::wire;
use crate::domain::ids::VmId;
use crate::transport::form::Form;

/// The version of Proxmox VE.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Version {
    /// For example `9.2.11`.
    pub version: String,
    /// For example `9.2`.
    pub release: String,
}

impl Version {
    /// Major and minor number; none when the text has another form.
    pub fn numbers(&self) -> Option<(u32, u32)> {
        let mut parts = self.version.split(['.', '-']);
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    }
}

/// Where Proxmox looks for free VM ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NextIdRange {
    /// Lowest id.
    pub lower: VmId,
    /// The first id above the range: Proxmox does not use it.
    pub upper: VmId,
}

/// Kinds of resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResourceKind {
    /// Virtual machines and containers.
    Vm,
    /// Storages.
    Storage,
    /// Nodes.
    Node,
}

/// An entry of the cluster's overview. It comes from broadcasts some ten seconds old and holds only what the token may
/// see: what is absent may exist, what runs may have stopped.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Resource {
    /// For example `qemu/1042` or `storage/pve1/local`.
    pub id: String,
    /// `qemu`, `lxc`, `storage`, `node`, ...
    #[serde(rename = "type")]
    pub kind: String,
    /// The node it is on.
    pub node: Option<String>,
    /// VM id.
    #[serde(default, deserialize_with = "wire::maybe_vmid")]
    pub vmid: Option<VmId>,
    /// Name of the VM; a fresh one may lack it.
    #[serde(default, deserialize_with = "wire::maybe_text")]
    pub name: Option<String>,
    /// State, or `unknown`.
    pub status: Option<String>,
    /// Pool.
    pub pool: Option<String>,
    /// Lock.
    pub lock: Option<String>,
    /// Storage id.
    pub storage: Option<String>,
    /// Tags of the VM.
    #[serde(default, deserialize_with = "wire::words")]
    pub tags: Vec<String>,
    /// It is a template.
    #[serde(default, deserialize_with = "wire::flag")]
    pub template: bool,
}

impl Client {
    /// The version; any valid token may ask.
    ///
    /// # Errors
    /// As every call.
    pub async fn version(&self) -> Result<Version, PveError> {
        self.get("/version", Form::new()).await
    }

    /// The first free VM id of the data centre's range. It reserves nothing (section 12).
    ///
    /// # Errors
    /// As every call.
    pub async fn next_id(&self) -> Result<VmId, PveError> {
        self.get::<VmNumber>("/cluster/nextid", Form::new()).await.map(|number| number.0)
    }

    /// Whether a VM id is free in the whole cluster, whatever the token may see.
    ///
    /// # Errors
    /// As every call; "not free" is no error.
    pub async fn is_id_free(&self, vmid: VmId) -> Result<bool, PveError> {
        match self.get::<VmNumber>("/cluster/nextid", Form::new().with("vmid", vmid)).await {
            Ok(_) => Ok(true),
            Err(error) if error.already_exists() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The options of the data centre, property strings as they are written.
    ///
    /// # Errors
    /// As every call.
    pub async fn cluster_options(&self) -> Result<BTreeMap<String, String>, PveError> {
        let options: Map<String, Value> = self.get("/cluster/options", Form::new()).await?;
        Ok(wire::options(&options))
    }

    /// The range in which Proxmox looks for free ids, when it was set.
    ///
    /// # Errors
    /// As every call.
    pub async fn next_id_range(&self) -> Result<Option<NextIdRange>, PveError> {
        let options = self.cluster_options().await?;
        Ok(options.get("next-id").and_then(|text| read_range(text)))
    }

    /// Sets that range; needs `Sys.Modify` on `/`.
    ///
    /// # Errors
    /// As every call.
    pub async fn set_next_id_range(&self, range: NextIdRange) -> Result<(), PveError> {
        let text = format!("lower={},upper={}", range.lower, range.upper);
        self.put::<Value>("/cluster/options", Form::new().with("next-id", text)).await.map(drop)
    }

    /// The overview of the cluster.
    ///
    /// # Errors
    /// As every call.
    pub async fn resources(&self, kind: ResourceKind) -> Result<Vec<Resource>, PveError> {
        let kind = match kind {
            ResourceKind::Vm => "vm",
            ResourceKind::Storage => "storage",
            ResourceKind::Node => "node",
        };
        self.get("/cluster/resources", Form::new().with("type", kind)).await
    }
}

/// A VM id as text or as a number.
#[derive(Deserialize)]
#[serde(transparent)]
struct VmNumber(#[serde(deserialize_with = "wire::vmid")] VmId);

/// Reads `lower=1000,upper=2000`; Proxmox's own bounds stand where one is missing.
fn read_range(text: &str) -> Option<NextIdRange> {
    let mut range = NextIdRange { lower: VmId(100), upper: VmId(1_000_000) };
    for part in text.split(',') {
        match part.split_once('=')? {
            ("lower", number) => range.lower = VmId(number.trim().parse().ok()?),
            ("upper", number) => range.upper = VmId(number.trim().parse().ok()?),
            _ => return None,
        }
    }
    Some(range)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_of_ids_is_read_with_its_missing_ends() {
        assert_eq!(read_range("lower=1000,upper=2000"), Some(NextIdRange { lower: VmId(1000), upper: VmId(2000) }));
        assert_eq!(read_range("upper=500"), Some(NextIdRange { lower: VmId(100), upper: VmId(500) }));
        assert_eq!(read_range("1000-2000"), None);
    }

    #[test]
    fn versions_have_numbers() {
        let numbers = |text: &str| Version { version: text.to_owned(), release: String::new() }.numbers();
        assert_eq!(numbers("9.2.11"), Some((9, 2)));
        assert_eq!(numbers("8.4-1"), Some((8, 4)));
        assert_eq!(numbers("next"), None);
    }
}
