//! Looking into a restored machine: through its guest agent, because it has no network.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Course, Setback, Trial, scope_of};
use crate::domain::backup::drill::{Check, CheckKind, NonceCheck};
use crate::domain::backup::marker::{self, Marker};
use crate::domain::ids::VmId;
use crate::domain::services::{DATABASE, UNITS};
use crate::engine::EngineError;
use crate::engine::observe::subject_name;
use crate::pve::{AgentExec, PveError};
use crate::store::{Scope, SeenMarker};
use crate::util::limits;
use crate::util::remote::{Retry, Sent};

/// Keeps cloud-init asleep: without it the boot of a restored machine is a first boot (sheet Proxmox, section 10).
const CLOUD_INIT_ASLEEP: &str = "/etc/cloud/cloud-init.disabled";

/// The guest's public host key.
const HOST_KEY: &str = "/etc/ssh/ssh_host_ed25519_key.pub";

/// Counts may differ by so much from the marker's: people and machines work between the marker and the backup.
const COUNT_TOLERANCE_PERCENT: u64 = 10;

/// Counts of nearly nothing may differ by so many.
const COUNT_TOLERANCE_LEAST: u64 = 50;

/// Seconds that a page may take on a machine with little memory.
const PAGE_SECONDS: &str = "60";

impl Course<'_> {
    /// Carries all checks out. What is not as it should be is a check that says so, not an error.
    pub(in crate::engine) async fn look_inside(
        &self,
        vmid: VmId,
        backup_at_us: i64,
        trial: &mut Trial,
    ) -> Result<(), Setback> {
        trial.versions.guest = self.patiently(|| self.link.pve.agent_os(vmid)).await.ok().and_then(|os| os.pretty_name);
        trial.checks.push(self.cloud_init(vmid).await?);
        trial.checks.extend(self.host_key(vmid).await?);
        trial.checks.extend(self.services(vmid).await?);
        for client in self.subject.clients() {
            if let Some(app) = &client.nextcloud {
                trial.checks.push(self.nextcloud(vmid, &app.domain, &app.path).await?);
            }
            if let Some(app) = &client.dolibarr {
                trial.checks.push(self.dolibarr(vmid, &app.domain, &app.path).await?);
            }
        }
        let instance = &self.subject.instance.id;
        let wanted = self.engine.store.marker_before(&Scope::Staff, instance, backup_at_us).await?;
        let restored = self.saved_marker(vmid, backup_at_us).await?;
        trial.has_marker = restored.is_some();
        trial.nonce = NonceCheck {
            wanted: wanted.as_ref().map(|seen| seen.nonce.clone()),
            wanted_at_us: wanted.as_ref().map(|seen| seen.made_at_us),
            found: restored.as_ref().map(|marker| marker.nonce.clone()),
            found_at_us: restored.as_ref().map(|marker| marker.at.as_microsecond()),
        };
        if let Some(restored) = restored {
            trial.checks.extend(self.counts(vmid, &restored).await?);
        }
        Ok(())
    }

    /// Reads the live machine's marker once more and records it, in case no sweep did since it was written: a backup made
    /// after it must hold it. That the machine is down or does not answer stops nothing.
    pub(in crate::engine) async fn see_live_marker(&self) -> Result<(), EngineError> {
        let instance = &self.subject.instance;
        if self.is_elsewhere() {
            return Ok(());
        }
        let Ok(text) = self.link.pve.agent_read_file(instance.vmid, marker::PATH).await else { return Ok(()) };
        let Ok(marker) = marker::parse(&text) else { return Ok(()) };
        let seen = SeenMarker {
            scope: scope_of(&self.subject),
            instance: instance.id.clone(),
            nonce: marker.nonce.clone(),
            made_at_us: marker.at.as_microsecond(),
            seen_at_us: self.engine.now_us().await?,
            marker: serde_json::to_value(&marker)
                .map_err(|error| EngineError::Unexpected(format!("a marker is plain data: {error}")))?,
        };
        Ok(self.engine.store.record_marker(&seen).await?)
    }

    async fn cloud_init(&self, vmid: VmId) -> Result<Check, Setback> {
        let finished = self.execute(vmid, &["ls", CLOUD_INIT_ASLEEP]).await?;
        let found = if finished.exitcode == Some(0) { "asleep" } else { "awake" };
        Ok(Check::equal(CheckKind::CloudInitAsleep, "asleep", found))
    }

    /// The host key is the instance's own: it was neither made anew at this boot nor is it another machine's.
    async fn host_key(&self, vmid: VmId) -> Result<Option<Check>, Setback> {
        let Some(pin) = self.engine.store.host_key(&subject_name(&self.subject)).await? else { return Ok(None) };
        let text = self.read_file(vmid, HOST_KEY).await?.unwrap_or_default();
        let found: Vec<&str> = text.split_whitespace().take(2).collect();
        let found = if found.is_empty() { "none".to_owned() } else { found.join(" ") };
        Ok(Some(Check::equal(CheckKind::HostKey, pin.key, found)))
    }

    async fn services(&self, vmid: VmId) -> Result<Vec<Check>, Setback> {
        let has_database = self.subject.clients().any(|client| client.nextcloud.is_some() || client.dolibarr.is_some());
        let mut checks = Vec::new();
        for name in UNITS.into_iter().filter(|name| has_database || *name != DATABASE) {
            let finished = self.execute(vmid, &["systemctl", "is-active", name]).await?;
            let found = finished.out_data.trim().to_owned();
            let found = if found.is_empty() { "unknown".to_owned() } else { found };
            checks.push(Check::equal(CheckKind::Service { name: name.to_owned() }, "active", found));
        }
        Ok(checks)
    }

    /// Installed, not in maintenance, its database as its programs want it.
    async fn nextcloud(&self, vmid: VmId, domain: &str, path: &str) -> Result<Check, Setback> {
        let (status, body) = self.page(vmid, domain, path, "/status.php").await?;
        let says: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
        let is = |name: &str| says.get(name).and_then(serde_json::Value::as_bool);
        let good = status == "200"
            && is("installed") == Some(true)
            && is("maintenance") == Some(false)
            && is("needsDbUpgrade") != Some(true);
        let found = match (good, says.get("versionstring").and_then(serde_json::Value::as_str)) {
            (true, Some(version)) => format!("answers, version {version}"),
            (true, None) => "answers".to_owned(),
            (false, _) if status == "200" => format!("answers: {}", shortened(&body)),
            (false, _) => format!("HTTP {status}"),
        };
        let kind = CheckKind::Nextcloud { address: format!("{domain}{path}") };
        Ok(Check { kind, expected: "answers".to_owned(), found, ok: good })
    }

    /// Its interface refuses whoever has no key, which takes its programs and its database (sheet YunoHost, section 8).
    async fn dolibarr(&self, vmid: VmId, domain: &str, path: &str) -> Result<Check, Setback> {
        let (status, body) = self.page(vmid, domain, path, "/api/index.php/status").await?;
        let good = (status == "401" && body.contains("Unauthorized")) || (status == "200" && body.contains("success"));
        let found = if good { "answers".to_owned() } else { format!("HTTP {status}: {}", shortened(&body)) };
        let kind = CheckKind::Dolibarr { address: format!("{domain}{path}") };
        Ok(Check { kind, expected: "answers".to_owned(), found, ok: good })
    }

    /// A page of the machine's own web server, asked for on the loopback: status and body.
    async fn page(&self, vmid: VmId, domain: &str, path: &str, page: &str) -> Result<(String, String), Setback> {
        let resolve = format!("{domain}:443:127.0.0.1");
        let url = format!("https://{domain}{}{page}", path.trim_end_matches('/'));
        // The certificate is not judged: without network nothing can be said about it.
        let words =
            ["curl", "-s", "-k", "-m", PAGE_SECONDS, "--resolve", &resolve, "-w", "\\n%{http_code}", url.as_str()];
        let finished = self.execute(vmid, &words).await?;
        let (body, status) = finished.out_data.rsplit_once('\n').unwrap_or(("", finished.out_data.as_str()));
        Ok((status.trim().to_owned(), body.to_owned()))
    }

    /// The marker that the machine was saved with. Its timer catches up on a night that it slept through: a machine that was
    /// restored after the next one has written a new marker by now, and keeps the one that is meant beside it.
    async fn saved_marker(&self, vmid: VmId, backup_at_us: i64) -> Result<Option<Marker>, Setback> {
        let now = self.marker(vmid, marker::PATH).await?;
        if now.as_ref().is_none_or(|marker| marker.at.as_microsecond() <= backup_at_us) {
            return Ok(now);
        }
        let before = self.marker(vmid, marker::PATH_BEFORE).await?;
        Ok(before.filter(|marker| marker.at.as_microsecond() <= backup_at_us).or(now))
    }

    /// One of the machine's two markers.
    async fn marker(&self, vmid: VmId, path: &str) -> Result<Option<Marker>, Setback> {
        let Some(text) = self.read_file(vmid, path).await? else { return Ok(None) };
        match marker::parse(&text) {
            Ok(marker) => Ok(Some(marker)),
            Err(error) => {
                Err(Setback::Failed(format!("the restored machine has a file where its marker should be: {error}")))
            }
        }
    }

    /// Lets the restored machine count anew and compares with what it had counted itself. By its service, never by the program
    /// itself: the timer may be catching up on a night at this moment, and two at once write into the same file. The service
    /// runs once, and whoever starts it a second time waits for it.
    async fn counts(&self, vmid: VmId, restored: &Marker) -> Result<Vec<Check>, Setback> {
        let service = format!("{}.service", marker::UNIT);
        let finished = self.execute(vmid, &["systemctl", "start", &service]).await?;
        let counted = if finished.exitcode == Some(0) { self.marker(vmid, marker::PATH).await? } else { None };
        let counted = counted.filter(|counted| counted.nonce != restored.nonce);
        let counted = counted.map(|counted| counted.apps).unwrap_or_default();
        Ok(compare(&restored.apps, &counted))
    }

    /// Lets cloud-init take the next boot for a first one, or keeps it asleep from now on.
    pub(in crate::engine) async fn let_cloud_init(&self, vmid: VmId, wake: bool) -> Result<(), EngineError> {
        let words = if wake { ["rm", "-f", CLOUD_INIT_ASLEEP].as_slice() } else { &["touch", CLOUD_INIT_ASLEEP] };
        let finished = self.execute(vmid, words).await.map_err(|setback| as_error(vmid, setback))?;
        match finished.exitcode {
            Some(0) => Ok(()),
            _ => Err(as_error(vmid, Setback::Failed(format!("`{}`: {}", words.join(" "), finished.err_data.trim())))),
        }
    }

    /// Whether cloud-init is asleep in it.
    pub(in crate::engine) async fn is_cloud_init_asleep(&self, vmid: VmId) -> Result<bool, EngineError> {
        let check = self.cloud_init(vmid).await.map_err(|setback| as_error(vmid, setback))?;
        Ok(check.ok)
    }

    /// The public host key as it lies in the machine.
    pub(in crate::engine) async fn own_host_key(&self, vmid: VmId) -> Result<Option<String>, EngineError> {
        let text = self.read_file(vmid, HOST_KEY).await.map_err(|setback| as_error(vmid, setback))?;
        let words: Vec<String> = text.unwrap_or_default().split_whitespace().take(2).map(str::to_owned).collect();
        Ok(Some(words.join(" ")).filter(|key| !key.is_empty()))
    }

    /// Starts a machine and waits for its agent.
    pub(in crate::engine) async fn boot_for_work(&self, vmid: VmId) -> Result<(), EngineError> {
        self.boot(vmid).await.map_err(|setback| as_error(vmid, setback))
    }

    /// Runs a program that only looks (or that may run twice) and waits for its end.
    async fn execute(&self, vmid: VmId, words: &[&str]) -> Result<AgentExec, Setback> {
        let mut last = String::new();
        for _ in 0..limits::SUBMIT_ATTEMPTS_MAX {
            match self.execute_once(vmid, words).await {
                Ok(finished) => return Ok(finished),
                // Whether it ran is not known, or its end was told into the void: it may run again.
                Err(EngineError::Pve(error)) if is_passing(&error) => last = error.to_string(),
                Err(EngineError::Failed { title, problem, .. }) => {
                    return Err(Setback::Failed(format!("{title}: {problem}")));
                }
                Err(other) => return Err(Setback::from(other)),
            }
            self.engine.clock.sleep(limits::POLL_INTERVAL_MAX).await?;
        }
        Err(Setback::NotTested(format!("the guest agent does not run `{}`: {last}", words.join(" "))))
    }

    async fn execute_once(&self, vmid: VmId, words: &[&str]) -> Result<AgentExec, EngineError> {
        let began_us = self.engine.now_us().await?;
        let pid = self.link.pve.agent_exec(vmid, words, None).await?;
        loop {
            let status = self.link.pve.agent_exec_status(vmid, pid).await?;
            if status.exited {
                return Ok(status);
            }
            let waited = Duration::from_micros(self.engine.now_us().await?.saturating_sub(began_us).unsigned_abs());
            if waited > limits::DRILL_COMMAND_TIMEOUT {
                return Err(EngineError::Failed {
                    title: format!("`{}` in the restored machine", words.join(" ")),
                    problem: format!("it did not end within {} s", limits::DRILL_COMMAND_TIMEOUT.as_secs()),
                    next: "look at the node: it may have too much to do".to_owned(),
                });
            }
            self.engine.clock.sleep(limits::poll_interval(waited)).await?;
        }
    }

    /// A file of the restored machine; none when it is not there.
    async fn read_file(&self, vmid: VmId, path: &str) -> Result<Option<String>, Setback> {
        match self.patiently(|| self.link.pve.agent_read_file(vmid, path)).await {
            Ok(text) => Ok(Some(text)),
            Err(EngineError::Pve(error)) if error.is_absent_file() => Ok(None),
            Err(other) => Err(Setback::from(other)),
        }
    }
}

fn as_error(vmid: VmId, setback: Setback) -> EngineError {
    match setback {
        Setback::Ours(error) => error,
        Setback::NotTested(problem) | Setback::Failed(problem) => EngineError::Failed {
            title: format!("inside vm {vmid}"),
            problem,
            next: "mend what it names, then run the same command again: it goes on from here".to_owned(),
        },
    }
}

fn is_passing(error: &PveError) -> bool {
    error.is_agent_silent()
        || error.sent() == Sent::Maybe
        || error.retry() != Retry::Never
        || error.to_string().contains("does not exist")
}

fn shortened(text: &str) -> String {
    const SHOWN: usize = 80;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= SHOWN { line } else { line.chars().take(SHOWN).chain(['…']).collect() }
}

/// Compares the counts that the machine had made itself with those that it makes now. What it could not count then is not
/// compared; what it cannot count now is missing.
fn compare(
    restored: &BTreeMap<String, marker::MarkedApp>,
    counted: &BTreeMap<String, marker::MarkedApp>,
) -> Vec<Check> {
    let mut checks = Vec::new();
    for (app, before) in restored {
        let now = counted.get(app);
        let files = CheckKind::Files { app: app.clone() };
        checks.extend(count(files, before.files, now.and_then(|now| now.files)));
        let rows = CheckKind::Rows { app: app.clone() };
        checks.extend(count(rows, before.rows, now.and_then(|now| now.rows)));
    }
    checks
}

fn count(kind: CheckKind, before: Option<u64>, now: Option<u64>) -> Option<Check> {
    let before = before?;
    let tolerance = (before / 100 * COUNT_TOLERANCE_PERCENT).max(COUNT_TOLERANCE_LEAST);
    let ok = now.is_some_and(|now| now.abs_diff(before) <= tolerance && (now > 0 || before == 0));
    let found = now.map_or_else(|| "not counted".to_owned(), |now| now.to_string());
    Some(Check { kind, expected: before.to_string(), found, ok })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_ok(before: u64, now: Option<u64>) -> bool {
        count(CheckKind::Files { app: "nextcloud".to_owned() }, Some(before), now).expect("a check").ok
    }

    #[test]
    fn counts_may_differ_a_little_and_never_be_nothing() {
        assert!(is_ok(1000, Some(1000)) && is_ok(1000, Some(901)) && is_ok(1000, Some(1100)));
        assert!(!is_ok(1000, Some(899)) && !is_ok(1000, Some(1101)));
        assert!(is_ok(12, Some(40)) && !is_ok(12, Some(0)) && is_ok(0, Some(0)));
        assert!(!is_ok(12, None), "not knowing is not good enough");
        assert!(count(CheckKind::CloudInitAsleep, None, Some(3)).is_none(), "what was never counted is not compared");
    }

    #[test]
    fn an_app_that_is_gone_is_missed() {
        let app = |files| marker::MarkedApp { files, rows: Some(7), app_version: None };
        let restored = BTreeMap::from([("nextcloud".to_owned(), app(None)), ("dolibarr".to_owned(), app(Some(3)))]);
        let counted = BTreeMap::from([("nextcloud".to_owned(), app(Some(5)))]);
        let checks = compare(&restored, &counted);
        assert_eq!(checks.iter().filter(|check| check.ok).count(), 1);
        assert_eq!(checks.iter().filter(|check| !check.ok && check.found == "not counted").count(), 2);
    }
}
