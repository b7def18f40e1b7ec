//! Retention over whole namespaces.

use serde::{Deserialize, Serialize};

use super::{Ending, Run, store_and_namespace};
use crate::pbs::access::{is_owner, namespace_path};
use crate::pbs::content::{namespaces_below, remove_snapshot};
use crate::pbs::retention::{Keep, Mark, marks};
use crate::pbs::state::names::time_text;
use crate::pbs::state::{GroupId, Place};

/// The deepest namespace.
const DEPTH_MAX: usize = 7;

/// `prune` (everything below a namespace) and `prunejob`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Prune {
    /// Datastore.
    pub store: String,
    /// Namespace, empty for the root.
    pub namespace: String,
    /// How many levels below; all when it is not given.
    pub max_depth: Option<usize>,
    /// What stays.
    pub keep: Keep,
    /// Whether nothing is done.
    pub dry_run: bool,
    /// Only this group.
    pub group: Option<GroupId>,
    /// The job that it belongs to, with the schedule that started it.
    pub job: Option<(String, Option<String>)>,
}

impl Prune {
    /// Goes through the groups.
    ///
    /// # Errors
    /// The datastore cannot be used.
    pub fn run(self, run: &mut Run<'_>) -> Ending {
        if let Some((id, schedule)) = &self.job {
            run.say(format!("prune job '{id}'"));
            if let Some(schedule) = schedule {
                run.say(format!("task triggered by schedule '{schedule}'"));
            }
        }
        let done = match self.group.clone() {
            Some(group) => self.one_group(run, &group),
            None => self.all_groups(run),
        };
        if self.job.is_some() {
            run.notify();
        }
        done.map(|()| run.warnings)
    }

    fn options_line(&self) -> String {
        let mut line = String::from("retention options:");
        if self.group.is_none() {
            if !self.namespace.is_empty() {
                line.push_str(&format!(" --ns {}", self.namespace));
            }
            if let Some(depth) = self.max_depth {
                line.push_str(&format!(" --max-depth {depth}"));
            }
        }
        for (rule, count) in self.keep.rules().into_iter().filter(|(_, count)| *count > 0) {
            line.push_str(&format!(" --{rule} {count}"));
        }
        line
    }

    fn one_group(&self, run: &mut Run<'_>, group: &GroupId) -> Result<(), String> {
        if self.keep.keeps_something() {
            run.say(self.options_line());
            run.say(format!(
                "Starting prune on {} group \"{group}\"",
                store_and_namespace(&self.store, &self.namespace)
            ));
        } else {
            run.say("No prune selection - keeping all files.");
        }
        self.group(run, &self.namespace, group)
    }

    fn all_groups(&self, run: &mut Run<'_>) -> Result<(), String> {
        let depth = self.max_depth.unwrap_or(DEPTH_MAX);
        let reach = match depth {
            DEPTH_MAX => "down to full depth".to_owned(),
            0 => "non-recursive".to_owned(),
            levels => format!("to depth {levels}"),
        };
        let place = store_and_namespace(&self.store, &self.namespace).replacen("datastore", "on datastore", 1);
        let owner = run.owner.clone();
        run.store(&self.store, true)?;
        run.say(format!("Starting datastore prune {place}, {reach}"));
        if self.dry_run {
            run.say("(dry test run)");
        }
        if self.keep.keeps_something() {
            run.say(self.options_line());
        } else {
            // The server does not tell this case from an oversight, and neither does it remove anything.
            run.warn("No prune selection - keeping all files.");
        }
        let mut groups: Vec<(String, GroupId)> = Vec::new();
        let server = run.server();
        let Some(store) = server.datastores.get(&self.store) else { return Ok(()) };
        for namespace in namespaces_below(store, &self.namespace, depth) {
            let Some(place) = store.namespaces.get(&namespace) else { continue };
            let held = server.access.privileges(&owner, &namespace_path(&self.store, &namespace));
            let all = held.has_any(&["Datastore.Modify"]);
            let own = held.has_any(&["Datastore.Prune"]);
            let may = |id: &GroupId| all || (own && is_owner(&place.groups[id].owner, &owner));
            groups.extend(
                place.newest_made_first().into_iter().filter(|id| may(id)).map(|id| (namespace.clone(), id.clone())),
            );
        }
        for (namespace, group) in groups {
            run.say(format!("Pruning group {namespace}:\"{group}\""));
            self.group(run, &namespace, &group)?;
        }
        Ok(())
    }

    fn group(&self, run: &mut Run<'_>, namespace: &str, id: &GroupId) -> Result<(), String> {
        let zone = run.server().time_zone();
        let store = run.store(&self.store, true)?;
        let Some(group) = store.group(namespace, id) else { return Ok(()) };
        let would = if self.dry_run { "would " } else { "" };
        for (time, mark) in marks(group, &self.keep, &zone) {
            run.say(format!("{would}{} {id}/{}", mark.name(), time_text(time)));
            if mark != Mark::Remove || self.dry_run || !self.keep.keeps_something() {
                continue;
            }
            let place = Place { namespace: namespace.to_owned(), group: id.clone(), time };
            let store = run.store(&self.store, true)?;
            let path = store.snapshot_path(&place);
            remove_snapshot(store, &place);
            run.say(format!("removing backup snapshot {path:?}"));
        }
        Ok(())
    }
}
