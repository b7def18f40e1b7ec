//! Making and removing datastores.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Ending, Run};
use crate::pbs::state::Datastore;

/// Size of a datastore's file system when the lab was not told another one, in bytes.
const SIZE_BYTES: u64 = 4_000_000_000_000;

/// `create-datastore`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CreateDatastore {
    /// Its configuration.
    pub options: Map<String, Value>,
    /// Whether what lies there already becomes its content.
    pub reuse: bool,
}

/// `delete-datastore`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeleteDatastore {
    /// Its name.
    pub name: String,
    /// Whether the data go, too.
    pub destroy_data: bool,
}

impl CreateDatastore {
    /// Makes the folders of chunks; the datastore is there when that is done.
    ///
    /// # Errors
    /// Something lies there already; another datastore is around it.
    pub fn run(self, run: &mut Run<'_>) -> Ending {
        let text = |name: &str| self.options.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (name, path) = (text("name"), text("path"));
        let server = run.server();
        for (other, store) in &server.datastores {
            if store.path() == path {
                return Err(format!("unable to create chunk store '{name}' at {path:?} - File exists (os error 17)"));
            }
            let nested = format!("{path}/").starts_with(&format!("{}/", store.path()))
                || format!("{}/", store.path()).starts_with(&format!("{path}/"));
            if nested {
                return Err(format!("nested datastores not allowed: '{path}' and datastore '{other}'"));
            }
        }
        let left = server.leftovers.remove(&path);
        let found = match (left, self.reuse) {
            (Some(found), true) => Some(found),
            (Some(found), false) => {
                server.leftovers.insert(path.clone(), found);
                return Err("datastore path not empty".to_owned());
            }
            (None, true) => return Err(format!("chunkstore '{name}' not found at {path:?}")),
            (None, false) => None,
        };
        let now = run.now;
        if !self.reuse {
            for percent in 1..100 {
                run.say(format!("Chunkstore create: {percent}%"));
            }
        }
        run.say("Access time update check successful.");
        let mut store = found.unwrap_or_else(|| Datastore::new(&name, &path, SIZE_BYTES));
        store.options = self.options.clone();
        store.gc_runs.since = now;
        store.touch_zero_chunk(now);
        let server = run.server();
        let zone = server.time_zone();
        store.gc_runs.plan(store.options.get("gc-schedule").and_then(Value::as_str), &zone);
        server.datastores.insert(name, store);
        Ok(0)
    }
}

impl DeleteDatastore {
    /// Takes it out of the configuration; its data stay where they are unless told otherwise.
    ///
    /// # Errors
    /// It is gone.
    pub fn run(self, run: &mut Run<'_>) -> Ending {
        let server = run.server();
        let Some(mut store) = server.datastores.remove(&self.name) else {
            return Err(format!("datastore '{}' does not exist.", self.name));
        };
        if self.destroy_data {
            run.say("Deleting datastore data...");
            run.say("Removing datastore from config...");
            run.say("Finished deleting data.");
            run.say("Removed empty datastore directory.");
        } else {
            run.say("Removing datastore from config...");
            let path = store.path().to_owned();
            store.options.remove("maintenance-mode");
            run.server().leftovers.insert(path, store);
        }
        Ok(0)
    }
}
