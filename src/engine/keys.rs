//! Technicians' keys that an accepted inventory once named and the present one no longer does: those, and no other line of
//! an `authorized_keys`, are ours to take away.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Engine, EngineError};
use crate::inventory::model::Inventory;
use crate::plan::desired::{Subject, variables};
use crate::store::{NewObservation, Scope};

/// Version of what is kept about keys.
const KEYS_VERSION: u32 = 1;

/// Where it is kept: the accepted versions hold the same, and are read once each.
const SUBJECT: (&str, &str, &str) = ("cooperative", "ssh-keys", "accepted");

impl Engine {
    /// The variables of the playbooks for one instance, with what only the store knows.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn variables(&self, subject: &Subject<'_>) -> Result<Value, EngineError> {
        let mut variables = variables(subject, &self.deleted().await?);
        variables["admin"]["former_ssh_keys"] = json!(self.former_keys(subject.inventory).await?);
        Ok(variables)
    }

    /// The keys of earlier accepted inventories whose like the present one does not name. A key that only changed its
    /// comment is the same key.
    async fn former_keys(&self, inventory: &Inventory) -> Result<Vec<String>, EngineError> {
        let present: BTreeSet<&str> = inventory.cooperative.ssh_keys.iter().map(|key| body(key)).collect();
        let mut known = self.accepted_keys().await?;
        known.retain(|key| !present.contains(body(key)));
        Ok(known.into_iter().collect())
    }

    /// Every key that an accepted inventory ever named. What earlier versions said is remembered with the number up to
    /// which it was read: each version is read once.
    async fn accepted_keys(&self) -> Result<BTreeSet<String>, EngineError> {
        let (kind, id, what) = SUBJECT;
        let seen = self.store.latest_observation(&Scope::Staff, kind, id, what).await?.map(|one| one.seen.value);
        let seen = seen.filter(|value| value["version"] == KEYS_VERSION).unwrap_or_default();
        let mut keys: BTreeSet<String> = texts(&seen["keys"]).collect();
        let first = seen["through"].as_i64().unwrap_or(0) + 1;
        let mut through = first - 1;
        while let Some(version) = self.store.inventory(through + 1).await? {
            keys.extend(texts(&version.model["cooperative"]["ssh_keys"]));
            through = version.number;
        }
        if through >= first {
            let observation = NewObservation {
                scope: Scope::Staff,
                subject_kind: kind.to_owned(),
                subject_id: id.to_owned(),
                what: what.to_owned(),
                value: json!({ "version": KEYS_VERSION, "through": through, "keys": keys }),
                at_us: self.now_us().await?,
            };
            self.store.observe(&observation).await?;
        }
        Ok(keys)
    }
}

fn texts(list: &Value) -> impl Iterator<Item = String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned)
}

/// The key itself, without its kind and comment.
fn body(key: &str) -> &str {
    key.split_whitespace().nth(1).unwrap_or(key)
}
