//! The sweep: every site is looked at, side by side. A dead site costs a bounded time and is left alone for longer and
//! longer; when nobody answers, our own network is suspected and nothing false is recorded.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::look::{SiteLook, places_on_node};
use super::met::met;
use super::server::ServerAnswer;
use crate::domain::backup::health::{ListingSeen, NodeSeen, ObstacleKind};
use crate::domain::ids::{BackupServerId, SiteId};
use crate::domain::patience::ask_again_at;
use crate::domain::services::ServicesSeen;
use crate::engine::run::Accepted;
use crate::engine::{Engine, EngineError};
use crate::health::matter::{self, Met};
use crate::inventory::model::{BackupServer, Inventory, Site};
use crate::plan::desired::Subject;
use crate::store::{Look, NewLook, Scope};
use crate::util::limits;

/// What to look at.
#[derive(Debug, Clone)]
pub struct SweepRequest {
    /// These sites, rested or not; all that are not resting when none is named.
    pub only: Vec<SiteId>,
    /// The time between two sweeps: a dead site rests a multiple of it.
    pub interval: Duration,
    /// How long a site may take for its first answer.
    pub patience: Duration,
}

impl Default for SweepRequest {
    fn default() -> SweepRequest {
        SweepRequest {
            only: Vec::new(),
            interval: limits::SWEEP_INTERVAL,
            patience: limits::SWEEP_FIRST_ANSWER_TIMEOUT,
        }
    }
}

/// What became of one site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SiteReport {
    /// The site.
    pub site: SiteId,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: SiteOutcome,
}

/// What became of a look at a site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "outcome")]
pub enum SiteOutcome {
    /// It answered.
    Seen {
        /// So many instances were looked at.
        instances: usize,
    },
    /// Nobody answered.
    Silent {
        /// In words.
        words: String,
    },
    /// Somebody answered and refused.
    Refused {
        /// In words.
        words: String,
    },
    /// It was never prepared: there is nothing to ask with.
    NotPrepared,
    /// It did not answer lately and is left alone.
    Resting {
        /// Until then.
        until: Timestamp,
        /// It has not answered since then.
        since: Timestamp,
    },
    /// The sweep was stopped before its turn.
    NotAsked,
}

/// What became of a look at a backup server of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServerReport {
    /// The server.
    pub server: BackupServerId,
    /// Why nothing was seen; none when it was.
    pub problem: Option<String>,
}

/// What a sweep brought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SweepReport {
    /// Site by site, in order of their ids.
    pub sites: Vec<SiteReport>,
    /// The backup servers of ours that were asked, in order of their ids.
    pub servers: Vec<ServerReport>,
    /// Nobody answered although several were asked: our own network is the likely cause, and silence was not recorded.
    pub own_network: bool,
    /// It was asked to stop.
    pub stopped: bool,
}

/// What came back from one site.
enum Answer {
    Seen(SiteLook),
    Met(Met),
    NotPrepared,
    NotAsked,
}

/// A round of looks that is under way.
struct Round<'a> {
    engine: &'a Engine,
    inventory: &'a Inventory,
    day: Date,
    reports: &'a UnboundedSender<SiteReport>,
    report: SweepReport,
    /// Somebody answered, if only to refuse: the network is there.
    anybody: bool,
    asked: usize,
    /// Silence, until somebody has answered.
    held: Vec<NewLook>,
}

impl Engine {
    /// Looks at sites once. Each one's report is told as soon as it is there. When `stop` turns true, what is under way is
    /// brought to its end and nothing more is begun.
    ///
    /// # Errors
    /// When our own store, vault or clock fails. What becomes of a site is in the report.
    pub async fn sweep(
        &self,
        accepted: &Accepted,
        day: Date,
        request: &SweepRequest,
        stop: &watch::Receiver<bool>,
        reports: &UnboundedSender<SiteReport>,
    ) -> Result<SweepReport, EngineError> {
        let resting = self.resting(request).await?;
        let slots = Arc::new(Semaphore::new(limits::SWEEP_SITES_AT_ONCE_MAX));
        let mut round = Round {
            engine: self,
            inventory: &accepted.inventory,
            day,
            reports,
            report: SweepReport { sites: Vec::new(), servers: Vec::new(), own_network: false, stopped: false },
            anybody: false,
            asked: 0,
            held: Vec::new(),
        };
        let mut running = JoinSet::new();
        for site in accepted.inventory.sites.values() {
            if !request.only.is_empty() && !request.only.contains(&site.id) {
                continue;
            }
            if let Some(rest) = resting.get(&site.id) {
                round.tell(site.id.clone(), rest.clone());
                continue;
            }
            let (engine, accepted, site) = (self.clone(), accepted.clone(), site.clone());
            let (slots, stop, patience) = (slots.clone(), stop.clone(), request.patience);
            running.spawn(async move {
                // Kept until the answer is in the store: answers that wait there are memory, too.
                let slot = slots.acquire_owned().await;
                if *stop.borrow() {
                    return Ok((site.id, Answer::NotAsked, slot));
                }
                let answer = engine.ask(&accepted.inventory, &site, day, patience).await?;
                Ok::<_, EngineError>((site.id, answer, slot))
            });
        }
        // A partner's server is seen through the nodes only.
        let mut servers = JoinSet::new();
        for server in accepted.inventory.backup_servers.values().filter(|server| server.ours) {
            if !request.only.is_empty() || *stop.borrow() {
                continue;
            }
            let (engine, accepted, server) = (self.clone(), accepted.clone(), server.clone());
            servers.spawn(async move { engine.ask_server(&accepted.inventory, server, day).await });
        }
        while let Some(ended) = running.join_next().await {
            let (site, answer, slot) =
                ended.map_err(|error| EngineError::Unexpected(format!("a look ended badly: {error}")))??;
            round.take(site, answer).await?;
            drop(slot);
        }
        while let Some(ended) = servers.join_next().await {
            let (server, answer) =
                ended.map_err(|error| EngineError::Unexpected(format!("a look ended badly: {error}")))??;
            round.take_server(server, answer).await?;
        }
        round.end().await
    }

    /// The sites that are left alone for now. Those that are named are asked all the same.
    async fn resting(&self, request: &SweepRequest) -> Result<BTreeMap<SiteId, SiteOutcome>, EngineError> {
        if !request.only.is_empty() {
            return Ok(BTreeMap::new());
        }
        let now = self.clock.now().await?;
        let looks = self.store.looks_at_all(&Scope::Staff, matter::SITE).await?;
        Ok(looks.iter().filter_map(|look| rest(look, now, request.interval)).collect())
    }

    /// Asks one site, within its time. Failures of our own are passed on, all others are answers.
    async fn ask(
        &self,
        inventory: &Inventory,
        site: &Site,
        day: Date,
        patience: Duration,
    ) -> Result<Answer, EngineError> {
        let subjects = subjects(inventory, site, day);
        let look = self.look_at_site(site, &subjects, patience);
        match tokio::time::timeout(limits::SWEEP_SITE_TIMEOUT, look).await {
            Ok(Ok(found)) => Ok(Answer::Seen(found)),
            Ok(Err(EngineError::NotPrepared(_))) => Ok(Answer::NotPrepared),
            Ok(Err(own @ (EngineError::Store(_) | EngineError::Vault(_) | EngineError::Clock(_)))) => Err(own),
            Ok(Err(error)) => Ok(Answer::Met(met(&error))),
            Err(_) => {
                let words = format!("it took longer than {} s to answer", limits::SWEEP_SITE_TIMEOUT.as_secs());
                Ok(Answer::Met(Met::new(ObstacleKind::Silent, words)))
            }
        }
    }

    /// Asks one backup server of ours what it has of all instances, within the time of a site.
    async fn ask_server(
        &self,
        inventory: &Inventory,
        server: BackupServer,
        day: Date,
    ) -> Result<(BackupServerId, ServerAnswer), EngineError> {
        let all = inventory.instances.values();
        let subjects: Vec<Subject<'_>> = all.filter_map(|instance| Subject::on(inventory, instance, day)).collect();
        let look = self.look_at_server(&server, &subjects);
        let answer = match tokio::time::timeout(limits::SWEEP_SITE_TIMEOUT, look).await {
            Ok(answer) => answer?,
            Err(_) => {
                let words = format!("it took longer than {} s to answer", limits::SWEEP_SITE_TIMEOUT.as_secs());
                self.unseen(&server, &subjects, Met::new(ObstacleKind::Silent, words)).await?
            }
        };
        Ok((server.id, answer))
    }
}

impl Round<'_> {
    fn tell(&mut self, site: SiteId, outcome: SiteOutcome) {
        let report = SiteReport { site, outcome };
        // Nobody listening is no failure.
        let _ = self.reports.send(report.clone());
        self.report.sites.push(report);
    }

    async fn take(&mut self, site: SiteId, answer: Answer) -> Result<(), EngineError> {
        let outcome = match answer {
            Answer::NotAsked => {
                self.report.stopped = true;
                SiteOutcome::NotAsked
            }
            Answer::NotPrepared => SiteOutcome::NotPrepared,
            Answer::Seen(found) => {
                self.asked += 1;
                self.somebody_answered().await?;
                let store = &self.engine.store;
                store.record_looks(&found.looks).await?;
                for marker in &found.markers {
                    store.record_marker(marker).await?;
                }
                SiteOutcome::Seen { instances: self.subjects(&site).len() }
            }
            Answer::Met(met) => {
                self.asked += 1;
                let looks = self.obstacles(&site, &met).await?;
                let silent = met.kind == ObstacleKind::Silent;
                if silent && !self.anybody {
                    self.held.extend(looks);
                } else {
                    self.somebody_answered().await?;
                    self.engine.store.record_looks(&looks).await?;
                }
                let words = self.engine.redactor.clean(&met.words);
                if silent { SiteOutcome::Silent { words } } else { SiteOutcome::Refused { words } }
            }
        };
        self.tell(site, outcome);
        Ok(())
    }

    async fn take_server(&mut self, server: BackupServerId, answer: ServerAnswer) -> Result<(), EngineError> {
        let problem = match answer {
            ServerAnswer::NotPrepared => return Ok(()),
            ServerAnswer::Seen(looks) => {
                self.somebody_answered().await?;
                self.engine.store.record_looks(&looks).await?;
                None
            }
            ServerAnswer::Met(looks, met) => {
                if met.kind == ObstacleKind::Silent && !self.anybody {
                    self.held.extend(looks);
                } else {
                    self.somebody_answered().await?;
                    self.engine.store.record_looks(&looks).await?;
                }
                Some(met.words)
            }
        };
        self.report.servers.push(ServerReport { server, problem });
        Ok(())
    }

    /// The network is there: silence until now was that of the sites.
    async fn somebody_answered(&mut self) -> Result<(), EngineError> {
        self.anybody = true;
        let held = std::mem::take(&mut self.held);
        Ok(self.engine.store.record_looks(&held).await?)
    }

    async fn end(mut self) -> Result<SweepReport, EngineError> {
        self.report.own_network = !self.anybody && self.asked >= limits::SWEEP_OWN_NETWORK_SITES_MIN;
        if !self.report.own_network {
            self.engine.store.record_looks(&self.held).await?;
        }
        self.report.sites.sort_by(|a, b| a.site.cmp(&b.site));
        self.report.servers.sort_by(|a, b| a.server.cmp(&b.server));
        Ok(self.report)
    }

    fn subjects(&self, site: &SiteId) -> Vec<Subject<'_>> {
        self.inventory.sites.get(site).map_or_else(Vec::new, |site| subjects(self.inventory, site, self.day))
    }

    /// What stood in the way of seeing the site, and with it everything on it.
    async fn obstacles(&self, site: &SiteId, met: &Met) -> Result<Vec<NewLook>, EngineError> {
        let at = self.engine.clock.now().await?;
        let met = Met::new(met.kind, self.engine.redactor.clean(&met.words));
        let mut looks = vec![matter::reach(site, at, Err(met.clone()))?];
        for subject in self.subjects(site) {
            looks.extend(matter::looks(&subject, matter::NODE, at, Err::<NodeSeen, Met>(met.clone()))?);
            looks.extend(matter::looks(&subject, matter::SERVICES, at, Err::<ServicesSeen, Met>(met.clone()))?);
            for place in places_on_node(&subject) {
                looks.extend(matter::looks(
                    &subject,
                    matter::listing(place),
                    at,
                    Err::<ListingSeen, Met>(met.clone()),
                )?);
            }
        }
        Ok(looks)
    }
}

/// The instances of a site on a day.
fn subjects<'a>(inventory: &'a Inventory, site: &Site, day: Date) -> Vec<Subject<'a>> {
    let all = inventory.instances.values().filter_map(|instance| Subject::on(inventory, instance, day));
    all.filter(|subject| subject.site.id == site.id).collect()
}

/// Whether a site is still to be left alone. Only silence rests: who refuses is asked again, for it costs nothing.
fn rest(look: &Look, now: Timestamp, interval: Duration) -> Option<(SiteId, SiteOutcome)> {
    let standing = look.obstacle.as_ref()?;
    let obstacle = matter::obstacle(standing).filter(|one| one.kind == ObstacleKind::Silent)?;
    let last = Timestamp::from_microsecond(look.tried_at_us).ok()?;
    let failed = u32::try_from(standing.looks).unwrap_or(u32::MAX);
    // The first failure may have been a hiccup: the next round asks again.
    let until = ask_again_at(failed, last, interval, limits::SWEEP_REST_MAX);
    let is_resting = failed > 1 && until > now;
    let site = SiteId::new(&look.subject_id).ok()?;
    is_resting.then_some((site, SiteOutcome::Resting { until, since: obstacle.since }))
}
