//! The methods, by what they are about. They are called after authentication, declared permissions and the verification
//! of parameters; what a method checks itself stands here.

pub mod access;
pub mod acl;
pub mod content;
pub mod datastores;
pub mod general;
pub mod jobs;
pub mod maintenance;
pub mod namespaces;
pub mod nodes;
pub mod remotes;
pub mod tasks;
pub mod traffic;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::call::Call;

/// The digest of a configuration: that of nothing when it is empty.
pub fn digest(config: &Value) -> String {
    let is_empty = config.as_object().is_some_and(Map::is_empty) || config.as_array().is_some_and(Vec::is_empty);
    hex::encode(Sha256::digest(if is_empty { String::new() } else { config.to_string() }))
}

/// Puts the given parameters of these names into a configuration, and takes those of `delete` out of it.
pub fn update(options: &mut Map<String, Value>, call: &Call<'_>, names: &[&str]) {
    for name in call.list("delete") {
        options.remove(&name);
    }
    for name in names {
        if let Some(value) = call.params.get(*name) {
            options.insert((*name).to_owned(), value.clone());
        }
    }
}

/// The given parameters of these names.
pub fn chosen(call: &Call<'_>, names: &[&str]) -> Map<String, Value> {
    let given = |name: &&str| call.params.get(*name).map(|value| ((*name).to_owned(), value.clone()));
    names.iter().filter_map(given).collect()
}
