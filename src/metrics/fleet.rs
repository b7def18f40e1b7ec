//! How the fleet stands: made anew from the store whenever somebody asks. Ages are told by our own clock, so that a rule needs
//! no other one.

use jiff::Timestamp;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::{Labels, PREFIX, seconds};
use crate::domain::backup::drill::Due;
use crate::domain::backup::health::Word;
use crate::domain::jobs::Outcome;
use crate::engine::EngineError;
use crate::engine::drill::due_drills;
use crate::engine::run::Accepted;
use crate::health::backups::backups as verdicts;
use crate::health::reach::sites_reached;
use crate::store::{Scope, Store};

/// Runs that are looked at for the figures of runs.
const RUNS_LOOKED_AT: u32 = 100;

/// Attempts at jobs that are looked at for their ages.
const ATTEMPTS_LOOKED_AT: u32 = 1000;

type Whole = Family<Labels, Gauge>;
type Ages = Family<Labels, Gauge<f64, std::sync::atomic::AtomicU64>>;

/// A registry that is being filled.
struct Filling(Registry);

impl Filling {
    fn whole(&mut self, name: &str, help: &str) -> Whole {
        let family = Whole::default();
        self.0.register(name, help, family.clone());
        family
    }

    fn ages(&mut self, name: &str, help: &str) -> Ages {
        let family = Ages::default();
        self.0.register_with_unit(name, help, Unit::Seconds, family.clone());
        family
    }

    fn bytes(&mut self, name: &str, help: &str) -> Whole {
        let family = Whole::default();
        self.0.register_with_unit(name, help, Unit::Bytes, family.clone());
        family
    }
}

/// The figures of a moment.
pub(super) async fn read(store: &Store, now: Timestamp) -> Result<Registry, EngineError> {
    let mut filling = Filling(Registry::with_prefix(PREFIX));
    if let Some(accepted) = Accepted::latest(store).await? {
        inventory(&mut filling, &accepted);
        backups(&mut filling, store, &accepted, now).await?;
        drills(&mut filling, store, &accepted, now).await?;
    }
    sites(&mut filling, store, now).await?;
    runs(&mut filling, store, now).await?;
    jobs(&mut filling, store, now).await?;
    Ok(filling.0)
}

fn inventory(filling: &mut Filling, accepted: &Accepted) {
    let inventory = accepted.inventory.as_ref();
    let version = filling.whole("inventory_version", "Number of the accepted inventory");
    version.get_or_create(&Vec::new()).set(accepted.number);
    let members = filling.whole("inventory_members", "What the accepted inventory has, by kind");
    let count = |kind: &str, number: usize| {
        members.get_or_create(&vec![("kind", kind.to_owned())]).set(i64::try_from(number).unwrap_or(i64::MAX));
    };
    count("site", inventory.sites.len());
    count("instance", inventory.instances.len());
    count("client", inventory.clients.len());
    count("backup_server", inventory.backup_servers.len());
}

async fn backups(filling: &mut Filling, store: &Store, accepted: &Accepted, now: Timestamp) -> Result<(), EngineError> {
    let ok =
        filling.whole("backup_ok", "1 when the backups of an instance at a place are known to be fresh and proven");
    let state = filling.whole("backup_state", "1 for the one word that is true of an instance's backups at a place");
    let age = filling.ages("backup_age", "Age of the last good backup that was seen, by instance and place");
    let size = filling.bytes("backup_size", "Size of the last good backup that was seen, by instance and place");
    let proof =
        filling.ages("backup_proof_age", "Time since a restore of a backup was last proven, by instance and place");
    let sight = filling.ages("backup_sight_age", "Time since the place was last seen, by instance and place");
    let kept = filling.whole("backup_kept", "Good backups that are kept, by instance and place");
    for one in verdicts(store, &Scope::Staff, &accepted.inventory, &[], now).await? {
        for place in &one.health.places {
            let labels = vec![("instance", one.instance.to_string()), ("place", place.place.word().to_owned())];
            ok.get_or_create(&labels).set(i64::from(place.word == Word::Ok));
            let mut word = labels.clone();
            word.push(("word", place.word.word().to_owned()));
            state.get_or_create(&word).set(1);
            kept.get_or_create(&labels).set(i64::try_from(place.kept).unwrap_or(i64::MAX));
            if let Some(good) = &place.last_good {
                age.get_or_create(&labels).set(since(good.at, now));
                size.get_or_create(&labels).set(i64::try_from(good.size_bytes).unwrap_or(i64::MAX));
            }
            if let Some(at) = place.proven_at {
                proof.get_or_create(&labels).set(since(at, now));
            }
            if let Some(at) = place.seen_at {
                sight.get_or_create(&labels).set(since(at, now));
            }
        }
    }
    Ok(())
}

async fn drills(filling: &mut Filling, store: &Store, accepted: &Accepted, now: Timestamp) -> Result<(), EngineError> {
    let due = filling.whole("drills_due", "Backups whose restore test is due: later, now, or overdue");
    let mut counts = [("later", 0), ("now", 0), ("overdue", 0)];
    for drill in due_drills(store, &accepted.inventory, now.as_microsecond()).await? {
        let place = match drill.due {
            Due::Later { .. } => 0,
            Due::Now => 1,
            Due::Overdue => 2,
        };
        counts[place].1 += 1;
    }
    for (word, count) in counts {
        due.get_or_create(&vec![("due", word.to_owned())]).set(count);
    }
    Ok(())
}

async fn sites(filling: &mut Filling, store: &Store, now: Timestamp) -> Result<(), EngineError> {
    let answers = filling.whole("site_answers", "1 when the site answered the last time it was asked");
    let age = filling.ages("site_answer_age", "Time since the site last answered");
    for site in sites_reached(store).await? {
        let labels = vec![("site", site.site.to_string())];
        answers.get_or_create(&labels).set(i64::from(site.silent.is_none()));
        if let Some(at) = site.seen_at {
            age.get_or_create(&labels).set(since(at, now));
        }
    }
    Ok(())
}

async fn runs(filling: &mut Filling, store: &Store, now: Timestamp) -> Result<(), EngineError> {
    let open = filling.whole("runs_unfinished", "Runs without an end: under way, or cut short");
    let unfinished = store.unfinished_runs(&Scope::Staff).await?.len();
    open.get_or_create(&Vec::new()).set(i64::try_from(unfinished).unwrap_or(i64::MAX));
    let age = filling.ages("run_age", "Time since the last run that ended so, by outcome");
    let mut told = Vec::new();
    for run in store.runs(&Scope::Staff, RUNS_LOOKED_AT).await? {
        let Some(end) = run.end else { continue };
        if !told.contains(&end.outcome) {
            let at = Timestamp::from_microsecond(end.at_us).unwrap_or_default();
            age.get_or_create(&vec![("outcome", end.outcome.word().to_owned())]).set(since(at, now));
            told.push(end.outcome);
        }
    }
    Ok(())
}

async fn jobs(filling: &mut Filling, store: &Store, now: Timestamp) -> Result<(), EngineError> {
    let age = filling.ages("job_done_age", "Time since a job of the kind was last done, by any process");
    let failing = filling.whole("job_failing", "1 when the last ended attempt at a job of the kind was not done");
    let mut last = std::collections::BTreeMap::new();
    let mut done = std::collections::BTreeMap::new();
    // The newest first.
    for attempt in store.job_attempts(ATTEMPTS_LOOKED_AT).await? {
        let Some(end) = attempt.end else { continue };
        last.entry(attempt.job.kind.clone()).or_insert(end.outcome);
        if end.outcome == Outcome::Done {
            done.entry(attempt.job.kind).or_insert(end.at_us);
        }
    }
    for (kind, outcome) in last {
        failing.get_or_create(&vec![("kind", kind)]).set(i64::from(outcome != Outcome::Done));
    }
    for (kind, at_us) in done {
        age.get_or_create(&vec![("kind", kind)]).set(seconds(now.as_microsecond().saturating_sub(at_us)));
    }
    let open = filling.whole("job_orders_open", "Ordered work that has not ended");
    let orders = store.open_job_orders(&Scope::Staff).await?.len();
    open.get_or_create(&Vec::new()).set(i64::try_from(orders).unwrap_or(i64::MAX));
    Ok(())
}

/// A clock that is a little behind another one makes no negative age.
fn since(at: Timestamp, now: Timestamp) -> f64 {
    seconds(now.as_microsecond().saturating_sub(at.as_microsecond()).max(0))
}
