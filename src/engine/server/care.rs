//! How a backup server looks after what it has: it prunes, verifies, collects garbage, and leaves slow lines to people by
//! day.

use serde_json::{Map, Value, json};

use super::ServerPreparation;
use crate::domain::backup::names;
use crate::domain::backup::retention::KEEPS;
use crate::engine::EngineError;
use crate::inventory::model::TrafficWindow;
use crate::pbs::{JobKind, TrafficRule};

/// Whom a window concerns: everybody.
const EVERYBODY: [&str; 2] = ["0.0.0.0/0", "::/0"];

/// How deep jobs go below the namespace they name: an instance has none below its own.
const ONLY_HERE: u64 = 0;

impl ServerPreparation<'_> {
    fn prune_jobs(&self) -> Vec<Map<String, Value>> {
        let maintenance = &self.server.maintenance;
        self.instances()
            .map(|instance| {
                let mut job = options(json!({
                    "id": names::prune_job(&instance.id),
                    "store": self.server.datastore,
                    "ns": self.namespace_of(instance),
                    "max-depth": ONLY_HERE,
                    "schedule": maintenance.prune_schedule,
                    "comment": format!("accolades: what is kept of {}", instance.id),
                }));
                job.extend(maintenance.keep.rules().map(|(name, count)| (name.to_owned(), json!(count))));
                job
            })
            .collect()
    }

    pub(super) async fn has_prune_jobs(&self) -> Result<bool, EngineError> {
        let there = self.admin.jobs(JobKind::Prune).await?;
        Ok(self.prune_jobs().iter().all(|wanted| {
            let rules: Vec<&str> = KEEPS.iter().map(|keep| keep.name()).collect();
            find(&there, wanted).is_some_and(|have| has(have, wanted) && has_no_other(have, wanted, &rules))
        }))
    }

    pub(super) async fn set_prune_jobs(&self) -> Result<(), EngineError> {
        let rules: Vec<&str> = KEEPS.iter().map(|keep| keep.name()).collect();
        for wanted in self.prune_jobs() {
            self.set_job(JobKind::Prune, &wanted, &rules).await?;
        }
        Ok(())
    }

    /// New snapshots are read once when they have arrived: nothing else tells that what arrived is what was sent.
    pub(super) async fn has_datastore_options(&self) -> Result<bool, EngineError> {
        let (options, _) = self.admin.datastore_options(&self.server.datastore).await?;
        let schedule = options.gc_schedule.as_deref() == Some(self.server.maintenance.gc_schedule.as_str());
        Ok(schedule && options.verify_new == Some(true))
    }

    pub(super) async fn set_datastore_options(&self) -> Result<(), EngineError> {
        let store = &self.server.datastore;
        let (_, digest) = self.admin.datastore_options(store).await?;
        let schedule = &self.server.maintenance.gc_schedule;
        Ok(self.admin.set_datastore_options(store, schedule, true, digest.as_deref()).await?)
    }

    /// `outdated-after` is what makes it read anything again: without it every verified snapshot is skipped for ever, and
    /// the job says OK (sheet Proxmox, section 15). Where copies are fetched nothing is skipped: their marks of verification
    /// come along from the other server, and nothing was ever read here (section 16).
    fn verify_job(&self) -> Map<String, Value> {
        let maintenance = &self.server.maintenance;
        let mut job = options(json!({
            "id": names::verify_job(&self.server.datastore),
            "store": self.server.datastore,
            "schedule": maintenance.verify_schedule,
            "ignore-verified": self.server.pull.is_none(),
            "outdated-after": maintenance.outdated_after_days,
            "comment": "accolades: reads old snapshots again",
        }));
        job.extend(self.server.namespace.as_ref().map(|root| ("ns".to_owned(), json!(root))));
        job
    }

    pub(super) async fn has_verify_job(&self) -> Result<bool, EngineError> {
        let there = self.admin.jobs(JobKind::Verify).await?;
        let wanted = self.verify_job();
        Ok(find(&there, &wanted)
            .is_some_and(|have| has(have, &wanted) && has_no_other(have, &wanted, &["ns", "max-depth"])))
    }

    pub(super) async fn set_verify_job(&self) -> Result<(), EngineError> {
        self.set_job(JobKind::Verify, &self.verify_job(), &["ns", "max-depth"]).await
    }

    fn wanted_traffic(&self) -> Vec<TrafficRule> {
        let rate = |bound: Option<u32>| bound.map(|kib| format!("{kib} KiB"));
        let rule = |(index, window): (usize, &TrafficWindow)| TrafficRule {
            name: names::traffic_rule(index + 1),
            network: EVERYBODY.map(str::to_owned).to_vec(),
            timeframe: vec![window.when.clone()],
            rate_in: rate(window.in_kib_per_second),
            rate_out: rate(window.out_kib_per_second),
        };
        self.server.traffic.iter().enumerate().map(rule).collect()
    }

    /// Rules of ours that the inventory does not name any more.
    fn surplus<'a>(&self, there: &'a [TrafficRule]) -> Vec<&'a str> {
        let wanted: Vec<String> = self.wanted_traffic().into_iter().map(|rule| rule.name).collect();
        let ours = |name: &str| name.strip_prefix("accolades-window-").is_some_and(|rest| rest.parse::<u32>().is_ok());
        there
            .iter()
            .map(|rule| rule.name.as_str())
            .filter(|name| ours(name) && !wanted.iter().any(|one| one == name))
            .collect()
    }

    pub(super) async fn has_traffic_rules(&self) -> Result<bool, EngineError> {
        let there = self.admin.traffic_rules().await?;
        let is_there = |wanted: &TrafficRule| there.iter().any(|have| same_rule(have, wanted));
        Ok(self.wanted_traffic().iter().all(is_there) && self.surplus(&there).is_empty())
    }

    pub(super) async fn set_traffic_rules(&self) -> Result<(), EngineError> {
        let there = self.admin.traffic_rules().await?;
        for wanted in self.wanted_traffic() {
            let have = there.iter().find(|have| have.name == wanted.name);
            if have.is_none_or(|have| !same_rule(have, &wanted)) {
                self.admin.set_traffic_rule(&wanted, have.is_some()).await?;
            }
        }
        for name in self.surplus(&there) {
            self.admin.remove_traffic_rule(name).await?;
        }
        Ok(())
    }

    /// Creates a job or changes it; of `exclusive` options those that are not wanted go.
    pub(super) async fn set_job(
        &self,
        kind: JobKind,
        wanted: &Map<String, Value>,
        exclusive: &[&str],
    ) -> Result<(), EngineError> {
        let there = self.admin.jobs(kind).await?;
        match find(&there, wanted) {
            None => Ok(self.admin.create_job(kind, wanted).await?),
            Some(have) if has(have, wanted) && has_no_other(have, wanted, exclusive) => Ok(()),
            Some(have) => {
                let id = have.get("id").and_then(Value::as_str).unwrap_or_default();
                let mut gone: Vec<&str> = exclusive
                    .iter()
                    .copied()
                    .filter(|name| have.contains_key(*name) && !wanted.contains_key(*name))
                    .collect();
                if have.get("disable").and_then(Value::as_bool) == Some(true) {
                    gone.push("disable");
                }
                Ok(self.admin.update_job(kind, id, wanted, &gone).await?)
            }
        }
    }
}

/// A JSON object as options.
pub(super) fn options(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(options) => options,
        _ => Map::new(),
    }
}

/// The job of the same id.
pub(super) fn find<'a>(there: &'a [Map<String, Value>], wanted: &Map<String, Value>) -> Option<&'a Map<String, Value>> {
    there.iter().find(|have| have.get("id") == wanted.get("id"))
}

/// Every wanted option is there, and the job is not switched off.
pub(super) fn has(have: &Map<String, Value>, wanted: &Map<String, Value>) -> bool {
    let on = have.get("disable").and_then(Value::as_bool) != Some(true);
    on && wanted.iter().all(|(name, value)| match have.get(name) {
        Some(have) => have == value || as_text(have) == as_text(value),
        // A default is not written.
        None => name == "ignore-verified" && *value == json!(true),
    })
}

/// Numbers and truths may come back as text.
fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn has_no_other(have: &Map<String, Value>, wanted: &Map<String, Value>, names: &[&str]) -> bool {
    names.iter().all(|name| wanted.contains_key(*name) || !have.contains_key(*name))
}

fn same_rule(have: &TrafficRule, wanted: &TrafficRule) -> bool {
    let bytes = |rate: &Option<String>| rate.as_deref().map(bytes_of);
    let sorted = |list: &[String]| {
        let mut list = list.to_vec();
        list.sort();
        list
    };
    have.name == wanted.name
        && sorted(&have.network) == sorted(&wanted.network)
        && have.timeframe == wanted.timeframe
        && bytes(&have.rate_in) == bytes(&wanted.rate_in)
        && bytes(&have.rate_out) == bytes(&wanted.rate_out)
}

/// `512 KiB`, `524288`, `0.5 MiB` as bytes; what is none is compared as nothing that we would set.
fn bytes_of(text: &str) -> Option<u64> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let factor: f64 = match unit.trim().trim_end_matches("/s") {
        "" | "B" => 1.0,
        "KiB" | "Ki" => 1024.0,
        "MiB" | "Mi" => 1024.0 * 1024.0,
        "GiB" | "Gi" => 1024.0 * 1024.0 * 1024.0,
        "KB" | "K" | "k" => 1e3,
        "MB" | "M" => 1e6,
        "GB" | "G" => 1e9,
        _ => return None,
    };
    let bytes = number.parse::<f64>().ok()? * factor;
    (0.0..1e15).contains(&bytes).then_some(bytes.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_compared_by_their_bytes() {
        for (text, bytes) in [
            ("512 KiB", 524_288),
            ("524288", 524_288),
            ("0.5 MiB", 524_288),
            ("512KiB/s", 524_288),
            ("2 MB", 2_000_000),
        ] {
            assert_eq!(bytes_of(text), Some(bytes), "{text}");
        }
        assert_eq!(bytes_of("fast"), None);
    }

    #[test]
    fn a_job_that_is_switched_off_or_keeps_more_is_not_as_it_should_be() {
        let wanted = options(json!({ "id": "prune-ilot", "keep-daily": 14, "schedule": "06:15" }));
        let have = |extra: Value| {
            let mut job = wanted.clone();
            job.extend(options(extra));
            job
        };
        assert!(has(&have(json!({ "keep-daily": "14" })), &wanted));
        assert!(!has(&have(json!({ "disable": true })), &wanted));
        assert!(!has(&have(json!({ "schedule": "07:15" })), &wanted));
        assert!(!has_no_other(&have(json!({ "keep-last": 100 })), &wanted, &["keep-last", "keep-daily"]));
        assert!(has_no_other(&wanted, &wanted, &["keep-last", "keep-daily"]));
    }
}
