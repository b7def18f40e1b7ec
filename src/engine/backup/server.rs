//! One look at a backup server of ours: what lies there of each instance, and how its own jobs stand. It sees more than
//! the nodes do, and it answers while a site is away.

use futures_util::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::convert;
use crate::domain::backup::health::{
    JobEnd, ObstacleKind, Place, PruneSeen, SEEN_VERSION, Sealing, ServerJob, ServerSeen, Snapshot, Space, Verification,
};
use crate::domain::backup::names;
use crate::engine::{Engine, EngineError};
use crate::health::backups::third_server;
use crate::health::matter::{self, Met};
use crate::inventory::model::BackupServer;
use crate::pbs::{Account, Client, GarbageState, JobKind, JobState, PbsError, Server};
use crate::plan::desired::Subject;
use crate::ssh::Route;
use crate::store::NewLook;
use crate::util::limits;

/// What seeing other accounts' snapshots needs on the datastore.
const LIST: &str = "Datastore.Audit";

/// What one look at a backup server brought.
pub(super) enum ServerAnswer {
    /// It answered; for the store.
    Seen(Vec<NewLook>),
    /// Nobody answered, or somebody refused; for the store, with what was met.
    Met(Vec<NewLook>, Met),
    /// It is not ours, or was never prepared: there is nothing to ask with.
    NotPrepared,
}

/// What is read once per server.
struct Facts {
    at: Timestamp,
    host: Option<String>,
    space: Option<Space>,
    collection: ServerJob,
    prune: Vec<(Map<String, Value>, ServerJob)>,
    verify: Option<ServerJob>,
    sync: Option<ServerJob>,
}

impl Engine {
    /// Looks at a backup server of ours: what it has of these instances.
    ///
    /// # Errors
    /// When our own store, vault or clock fails. What becomes of the server is the answer.
    pub(super) async fn look_at_server(
        &self,
        server: &BackupServer,
        subjects: &[Subject<'_>],
    ) -> Result<ServerAnswer, EngineError> {
        if !server.ours {
            return Ok(ServerAnswer::NotPrepared);
        }
        let secret = self.vault.get_secret(&names::monitor_token_secret(&server.id)).await?;
        let Some(secret) = secret else { return Ok(ServerAnswer::NotPrepared) };
        let unexpected = |error: String| EngineError::Unexpected(error);
        let account = Account::new(names::monitor_auth_id(), secret).map_err(|error| unexpected(error.to_string()))?;
        let address = Server {
            name: server.id.to_string(),
            host: server.host.clone(),
            port: server.port,
            pin: server.tls_fingerprint.parse().map_err(|error| unexpected(format!("{error}")))?,
            route: Route::Direct,
        };
        let client = Client::new(address, account, self.redactor.clone());
        let at = self.clock.now().await?;
        // First of all: without this right the server would answer with empty lists and zeros (sheet Proxmox, 15).
        let path = format!("/datastore/{}", server.datastore);
        match client.permissions(&path).await {
            Ok(privileges) if privileges.iter().any(|one| one == LIST) => {}
            Ok(_) => {
                let met = Met::new(ObstacleKind::NoRight, format!("{LIST} on {path} is missing"));
                return self.unseen(server, subjects, met).await;
            }
            Err(error) => return self.unseen(server, subjects, self.met(&error)).await,
        }
        match facts(&client, server, at).await {
            Ok(facts) => Ok(ServerAnswer::Seen(self.look_at_groups(&client, server, &facts, subjects).await?)),
            Err(error) => self.unseen(server, subjects, self.met(&error)).await,
        }
    }

    /// The answer when nothing was seen of a server.
    ///
    /// # Errors
    /// When our clock fails.
    pub(super) async fn unseen(
        &self,
        server: &BackupServer,
        subjects: &[Subject<'_>],
        met: Met,
    ) -> Result<ServerAnswer, EngineError> {
        let at = self.clock.now().await?;
        let mut looks = Vec::new();
        for (subject, place) in placed(server, subjects) {
            looks.extend(matter::looks(subject, matter::server(place), at, Err::<ServerSeen, Met>(met.clone()))?);
        }
        Ok(ServerAnswer::Met(looks, met))
    }

    async fn look_at_groups(
        &self,
        client: &Client,
        server: &BackupServer,
        facts: &Facts,
        subjects: &[Subject<'_>],
    ) -> Result<Vec<NewLook>, EngineError> {
        let mut asked = Vec::new();
        for (subject, place) in placed(server, subjects) {
            asked.push(self.look_at_group(client, server, facts, subject, place));
        }
        let found: Vec<Vec<NewLook>> =
            futures_util::stream::iter(asked).buffered(limits::PBS_LISTINGS_AT_ONCE).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn look_at_group(
        &self,
        client: &Client,
        server: &BackupServer,
        facts: &Facts,
        subject: &Subject<'_>,
        place: Place,
    ) -> Result<Vec<NewLook>, EngineError> {
        let namespace = names::namespace(server.namespace.as_deref(), &subject.instance.id);
        let vmid = subject.instance.vmid.to_string();
        let mut listed = client.snapshots(&server.datastore, &namespace, Some(("vm", &vmid))).await;
        // An unknown group is empty whether its namespace is there or not: only the namespace itself tells (section 15).
        if place == Place::Remote && listed.as_ref().is_ok_and(Vec::is_empty) {
            listed = client.snapshots(&server.datastore, &namespace, None).await.map(|_| Vec::new());
        }
        let found = match listed {
            Ok(snapshots) => Ok(seen(server, facts, subject, place, &namespace, Some(&snapshots))),
            Err(error) if error.is_absent() => Ok(seen(server, facts, subject, place, &namespace, None)),
            Err(error) => Err(self.met(&error)),
        };
        Ok(matter::looks(subject, matter::server(place), facts.at, found)?)
    }

    fn met(&self, error: &PbsError) -> Met {
        let kind = match error {
            PbsError::Unreachable { .. } | PbsError::LostAnswer { .. } => ObstacleKind::Silent,
            PbsError::Forbidden { .. } => ObstacleKind::NoRight,
            _ => ObstacleKind::Refused,
        };
        let text = self.redactor.clean(&error.to_string());
        Met::new(kind, text.lines().next().unwrap_or_default())
    }
}

/// Six requests, seven where the server pulls.
async fn facts(client: &Client, server: &BackupServer, at: Timestamp) -> Result<Facts, PbsError> {
    let store = server.datastore.as_str();
    let space = client.datastore_space(store).await?;
    let garbage = client.garbage_state(store).await?;
    let prune_jobs = client.jobs(JobKind::Prune).await?;
    let prune_states = client.job_states(JobKind::Prune, store).await?;
    let verify = client.job_states(JobKind::Verify, store).await?;
    let pulls = match &server.pull {
        Some(_) => client.job_states(JobKind::Sync, store).await?,
        None => Vec::new(),
    };
    let sync = server.pull.as_ref().map(|pull| {
        let id = names::sync_job(&pull.from);
        pulls.iter().find(|one| one.id == id).map(job).unwrap_or_default()
    });
    let upids = prune_states.iter().chain(&verify).chain(&pulls).filter_map(|job| job.last_run_upid.as_deref());
    let host = upids.chain(garbage.upid.as_deref()).find_map(convert::server_task).map(|(host, _)| host);
    let state_of = |id: &str| prune_states.iter().find(|state| state.id == id).map(job).unwrap_or_default();
    let prune = prune_jobs
        .into_iter()
        .filter(|one| one.get("store").and_then(Value::as_str) == Some(store))
        .map(|one| {
            let state = state_of(one.get("id").and_then(Value::as_str).unwrap_or_default());
            (one, state)
        })
        .collect();
    let wanted = names::verify_job(store);
    let verify = verify.iter().find(|job| job.id == wanted).or(verify.first()).map(job);
    Ok(Facts {
        at,
        host,
        // A token without audit rights sees zeros.
        space: (space.total > 0).then_some(Space { total_bytes: space.total, avail_bytes: space.avail }),
        collection: collection(&garbage),
        prune,
        verify,
        sync,
    })
}

/// The instances whose backups this server has, and as which place.
fn placed<'a, 's>(server: &BackupServer, subjects: &'a [Subject<'s>]) -> Vec<(&'a Subject<'s>, Place)> {
    let place_of = |subject: &Subject<'_>| {
        if subject.site.backup_server.as_ref() == Some(&server.id) {
            return Some(Place::Remote);
        }
        third_server(subject).filter(|third| third.id == server.id).map(|_| Place::Third)
    };
    subjects.iter().filter_map(|subject| Some((subject, place_of(subject)?))).collect()
}

/// A namespace that is not there holds nothing: `snapshots` is none then.
fn seen(
    server: &BackupServer,
    facts: &Facts,
    subject: &Subject<'_>,
    place: Place,
    namespace: &str,
    snapshots: Option<&[crate::pbs::Snapshot]>,
) -> ServerSeen {
    let has_namespace = snapshots.is_some();
    let snapshots = snapshots.unwrap_or_default();
    let newest = snapshots.iter().max_by_key(|one| one.backup_time);
    ServerSeen {
        version: SEEN_VERSION,
        server: server.id.to_string(),
        host: facts.host.clone(),
        owner: newest.and_then(|one| one.owner.clone()),
        // A pull makes the groups its own: whose they are there does not matter.
        expected_owner: (place == Place::Remote).then(|| names::site_auth_id(&subject.site.id)),
        snapshots: snapshots.iter().filter_map(snapshot).collect(),
        // A pull makes it when it brings something.
        namespace_missing: (place == Place::Remote && !has_namespace).then_some(namespace.to_owned()),
        space: facts.space,
        prune: prune_of(facts, namespace),
        verify: facts.verify.clone(),
        collection: facts.collection.clone(),
        sync: if place == Place::Third { facts.sync.clone() } else { None },
    }
}

/// The prune job whose namespace is this one or the nearest above it.
fn prune_of(facts: &Facts, namespace: &str) -> Option<PruneSeen> {
    let namespace_of = |one: &Map<String, Value>| one.get("ns").and_then(Value::as_str).unwrap_or_default().to_owned();
    let covers = |above: &str| above.is_empty() || namespace == above || namespace.starts_with(&format!("{above}/"));
    let nearest = facts.prune.iter().filter(|(one, _)| covers(&namespace_of(one)));
    let (one, state) = nearest.max_by_key(|(one, _)| namespace_of(one).len())?;
    let schedule = one.get("schedule").and_then(Value::as_str).map(str::to_owned);
    let keeps = |(name, value): (&String, &Value)| name.starts_with("keep-") && value.as_u64() != Some(0);
    Some(PruneSeen { keeps_something: one.iter().any(keeps), job: ServerJob { schedule, last: state.last.clone() } })
}

fn job(state: &JobState) -> ServerJob {
    let last = state.last_run_state.clone().zip(state.last_run_endtime.and_then(|at| Timestamp::from_second(at).ok()));
    ServerJob { schedule: None, last: last.map(|(state, at)| JobEnd { at, state }) }
}

/// A run that is known by its task only counts with its beginning.
fn collection(garbage: &GarbageState) -> ServerJob {
    let began = garbage.upid.as_deref().and_then(convert::server_task).map(|(_, at)| at);
    let ended = garbage.last_run_endtime.and_then(|at| Timestamp::from_second(at).ok());
    let state = garbage.last_run_state.clone().unwrap_or_else(|| "OK".to_owned());
    ServerJob { schedule: garbage.schedule.clone(), last: ended.or(began).map(|at| JobEnd { at, state }) }
}

fn snapshot(one: &crate::pbs::Snapshot) -> Option<Snapshot> {
    let at = Timestamp::from_second(one.backup_time).ok()?;
    let sealing = match (one.is_encrypted(), &one.fingerprint) {
        (true, _) => Sealing::Encrypted,
        (false, Some(_)) => Sealing::Signed,
        (false, None) => Sealing::Plain,
    };
    let verification = one.verification.as_ref().map(|found| {
        let task = convert::server_task(&found.upid);
        Verification { ok: found.state == "ok", at: task.as_ref().map(|(_, at)| *at), host: task.map(|(host, _)| host) }
    });
    Some(Snapshot {
        id: format!("{}/{}/{at}", one.backup_type, one.backup_id),
        at,
        size_bytes: one.size.unwrap_or(0),
        sealing,
        verification,
        protected: one.protected,
    })
}
