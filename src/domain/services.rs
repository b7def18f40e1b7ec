//! Whether everything runs: what a guest says of its own services, and the verdict on it. Pure.
//!
//! Every ten minutes a guest writes down whether its services run and its applications answer on the loopback
//! (`playbooks/services.sh`). The sweep reads that file through the guest agent: one request, and nothing is run.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::backup::health::{ObstacleKind, Sight};

/// Where a guest's report lies: in memory, so that a restarted guest has none until it writes anew.
pub const PATH: &str = "/run/accolades/services.json";

/// The program in the guest that writes it.
pub const SCRIPT: &str = "/usr/local/lib/accolades/services";

/// The unit that runs that program; its timer has the same name.
pub const UNIT: &str = "accolades-services";

/// When the timer fires, as systemd writes it.
pub const TIMER: &str = "*:0/10";

/// Services without which nobody can work; the same as in `playbooks/services.sh`.
pub const UNITS: [&str; 5] = ["nginx", "mariadb", "slapd", "postfix", "dovecot"];

/// The one of [`UNITS`] that only a guest with applications needs.
pub const DATABASE: &str = "mariadb";

/// What a guest writes about an application that answers as it should.
pub const ANSWERS: &str = "ok";

/// What is said of an application that the guest says nothing of.
pub const NOT_INSTALLED: &str = "not installed";

/// Version of a guest's report, and of what is kept of it.
pub const VERSION: u32 = 1;

/// What a guest says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Report {
    /// [`VERSION`].
    pub version: u32,
    /// When, by the guest's clock.
    pub at: Timestamp,
    /// State of each unit, in systemd's word.
    pub units: BTreeMap<String, String>,
    /// Each application by its YunoHost id.
    #[serde(default)]
    pub apps: BTreeMap<String, AppReport>,
}

/// What a guest says of an application.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AppReport {
    /// Its domain.
    pub domain: String,
    /// Its path, without a slash at its end.
    pub path: String,
    /// [`ANSWERS`], or what it said instead.
    pub answer: String,
}

/// Reads a report.
///
/// # Errors
/// In words, for anything that is not one.
pub fn parse(text: &str) -> Result<Report, String> {
    let report: Report = serde_json::from_str(text).map_err(|error| format!("it is not a report: {error}"))?;
    match report.version {
        VERSION => Ok(report),
        other => Err(format!("it has version {other}, this program reads {VERSION}")),
    }
}

/// The power of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Power {
    /// On.
    On,
    /// Off.
    Off,
    /// There is no such machine.
    Missing,
}

/// An application that a client was promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum App {
    /// Files and calendars.
    Nextcloud,
    /// Customers and invoices.
    Dolibarr,
}

impl App {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            App::Nextcloud => "Nextcloud",
            App::Dolibarr => "Dolibarr",
        }
    }
}

/// An application as it was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppSeen {
    /// Which.
    pub app: App,
    /// Domain and path.
    pub address: String,
    /// What the guest said of it; none when it said nothing.
    pub answer: Option<String>,
}

/// One look at what runs for one client. It names nothing of the other clients of an island.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServicesSeen {
    /// [`VERSION`].
    pub version: u32,
    /// The machine's power.
    pub power: Power,
    /// Why the guest said nothing, when it was on.
    pub silence: Option<Silence>,
    /// When the guest wrote what follows, by its clock.
    pub reported_at: Option<Timestamp>,
    /// State of each unit.
    pub units: BTreeMap<String, String>,
    /// The client's applications.
    pub apps: Vec<AppSeen>,
}

/// Why a guest that is on says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is", content = "words")]
pub enum Silence {
    /// Its agent does not answer: it boots, or hangs.
    Agent,
    /// It has not written a report since its start.
    NoReport,
    /// What it wrote cannot be read.
    Unreadable(String),
    /// The node does not let us ask.
    Refused(String),
}

impl ServicesSeen {
    /// A machine that was not asked, or said nothing.
    pub fn of_machine(power: Power, silence: Option<Silence>) -> ServicesSeen {
        ServicesSeen { version: VERSION, power, silence, reported_at: None, units: BTreeMap::new(), apps: Vec::new() }
    }

    /// What a guest said, for a client with these applications (each with its domain and path).
    pub fn of_report(report: &Report, apps: impl IntoIterator<Item = (App, String, String)>) -> ServicesSeen {
        let answer = |domain: &str, path: &str| {
            let here = |app: &&AppReport| app.domain == domain && app.path == path.trim_end_matches('/');
            report.apps.values().find(here).map(|app| app.answer.clone())
        };
        let apps = apps.into_iter().map(|(app, domain, path)| AppSeen {
            app,
            answer: answer(&domain, &path),
            address: format!("{domain}{path}"),
        });
        ServicesSeen {
            reported_at: Some(report.at),
            units: report.units.clone(),
            apps: apps.collect(),
            ..ServicesSeen::of_machine(Power::On, None)
        }
    }
}

/// The bounds of the verdict.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// What was seen counts for so long.
    pub sight_max: Duration,
    /// A guest's report may be so old when it is read.
    pub report_max: Duration,
}

/// The one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum Word {
    /// Everything that is looked at runs.
    Runs,
    /// Something does not.
    Fails,
    /// It is not known.
    Unknown {
        /// When it was last known; none when it never was.
        since: Option<Timestamp>,
    },
}

/// Something that does not run, or is not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "name")]
pub enum Finding {
    /// The machine is off.
    MachineOff,
    /// There is no such machine.
    MachineMissing,
    /// The guest does not answer.
    GuestSilent,
    /// A service does not run.
    ServiceDown {
        /// Its name.
        unit: String,
        /// What systemd says of it.
        state: String,
    },
    /// An application does not answer as it should.
    AppSilent {
        /// Which.
        app: App,
        /// Domain and path.
        address: String,
        /// What it says.
        answer: String,
    },
    /// The guest has written nothing, or nothing lately: what runs in it is not known.
    NoReport {
        /// When it last wrote.
        last: Option<Timestamp>,
    },
    /// What the guest wrote cannot be read, or not by us.
    Unreadable {
        /// Why.
        words: String,
    },
    /// The last look saw nothing.
    NotSeen {
        /// Since when.
        since: Timestamp,
        /// What was met.
        words: String,
    },
}

impl Finding {
    /// Whether it means that something is not as it should be, rather than that it is not known.
    pub fn is_failure(&self) -> bool {
        !matches!(self, Finding::NoReport { .. } | Finding::Unreadable { .. } | Finding::NotSeen { .. })
    }

    /// In a sentence, for technicians; portals and letters have their own.
    pub fn sentence(&self) -> String {
        match self {
            Finding::MachineOff => "the machine is off".to_owned(),
            Finding::MachineMissing => "there is no such machine on the node".to_owned(),
            Finding::GuestSilent => "the machine is on and its guest agent does not answer".to_owned(),
            Finding::ServiceDown { unit, state } => format!("`{unit}` is {state}"),
            Finding::AppSilent { app, address, answer } => format!("{} at {address}: {answer}", app.name()),
            Finding::NoReport { last: Some(_) } => "the guest has not said anything lately".to_owned(),
            Finding::NoReport { last: None } => "the guest has said nothing of its services since its start".to_owned(),
            Finding::Unreadable { words } | Finding::NotSeen { words, .. } => words.clone(),
        }
    }
}

/// What is true of what runs for a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServicesHealth {
    /// The one word.
    #[serde(flatten)]
    pub word: Word,
    /// When we looked and somebody answered.
    pub seen_at: Option<Timestamp>,
    /// What does not run, the gravest first.
    pub findings: Vec<Finding>,
}

/// The verdict on what was last seen. What was seen too long ago, or could not be seen, is unknown, never good.
pub fn judge(sight: &Sight<ServicesSeen>, now: Timestamp, bounds: &Bounds) -> ServicesHealth {
    let seen_at = sight.seen.as_ref().map(|seen| seen.at);
    let unknown = |findings| ServicesHealth { word: Word::Unknown { since: seen_at }, seen_at, findings };
    if let Some(obstacle) = &sight.obstacle {
        let words = match obstacle.kind {
            ObstacleKind::Silent => format!("nobody answers: {}", obstacle.words),
            _ => obstacle.words.clone(),
        };
        return unknown(vec![Finding::NotSeen { since: obstacle.since, words }]);
    }
    let Some(seen) = &sight.seen else { return unknown(Vec::new()) };
    if is_older(seen.at, now, bounds.sight_max) {
        let words = "nobody has looked lately".to_owned();
        return unknown(vec![Finding::NotSeen { since: seen.at, words }]);
    }
    let findings = findings(&seen.value, seen.at, bounds);
    let word = match findings.as_slice() {
        [] => Word::Runs,
        some if some.iter().any(Finding::is_failure) => Word::Fails,
        _ => Word::Unknown { since: seen.value.reported_at },
    };
    ServicesHealth { word, seen_at, findings }
}

fn findings(seen: &ServicesSeen, at: Timestamp, bounds: &Bounds) -> Vec<Finding> {
    match (seen.power, &seen.silence) {
        (Power::Missing, _) => return vec![Finding::MachineMissing],
        (Power::Off, _) => return vec![Finding::MachineOff],
        (Power::On, Some(Silence::Agent)) => return vec![Finding::GuestSilent],
        (Power::On, Some(Silence::NoReport)) => return vec![Finding::NoReport { last: None }],
        (Power::On, Some(Silence::Unreadable(words) | Silence::Refused(words))) => {
            return vec![Finding::Unreadable { words: words.clone() }];
        }
        (Power::On, None) => {}
    }
    match seen.reported_at {
        Some(reported_at) if !is_older(reported_at, at, bounds.report_max) => {}
        last => return vec![Finding::NoReport { last }],
    }
    let needed = UNITS.into_iter().filter(|unit| *unit != DATABASE || !seen.apps.is_empty());
    let down = needed.filter_map(|unit| {
        let state = seen.units.get(unit).map_or("unknown", String::as_str);
        (state != "active").then(|| Finding::ServiceDown { unit: unit.to_owned(), state: state.to_owned() })
    });
    let silent = seen.apps.iter().filter(|app| app.answer.as_deref() != Some(ANSWERS)).map(|app| Finding::AppSilent {
        app: app.app,
        address: app.address.clone(),
        answer: app.answer.clone().unwrap_or_else(|| NOT_INSTALLED.to_owned()),
    });
    silent.chain(down).collect()
}

fn is_older(at: Timestamp, now: Timestamp, bound: Duration) -> bool {
    now.duration_since(at) > SignedDuration::try_from(bound).unwrap_or(SignedDuration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::backup::health::{Obstacle, Seen};

    const BOUNDS: Bounds = Bounds { sight_max: Duration::from_secs(3600), report_max: Duration::from_secs(1800) };

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_000 + minute * 60).unwrap()
    }

    fn report(nginx: &str, nextcloud: &str) -> Report {
        let text = format!(
            r#"{{"version":1,"at":"{}","units":{{"nginx":"{nginx}","mariadb":"active","slapd":"active",
                "postfix":"active","dovecot":"active"}},
                "apps":{{"nextcloud":{{"domain":"a.example","path":"/nextcloud","answer":"{nextcloud}"}}}}}}"#,
            at(0)
        );
        parse(&text).unwrap()
    }

    fn own() -> [(App, String, String); 1] {
        [(App::Nextcloud, "a.example".to_owned(), "/nextcloud".to_owned())]
    }

    fn seen(value: ServicesSeen) -> Sight<ServicesSeen> {
        Sight { seen: Some(Seen { value, at: at(5) }), obstacle: None }
    }

    fn word(sight: &Sight<ServicesSeen>, minute: i64) -> Word {
        judge(sight, at(minute), &BOUNDS).word
    }

    #[test]
    fn everything_runs_only_when_it_was_seen_lately() {
        let sight = seen(ServicesSeen::of_report(&report("active", "ok"), own()));
        assert_eq!(word(&sight, 6), Word::Runs);
        assert_eq!(word(&sight, 66), Word::Unknown { since: Some(at(5)) });
        let obstacle = Obstacle { kind: ObstacleKind::Silent, since: at(6), words: "away".to_owned() };
        let away = Sight { obstacle: Some(obstacle), ..sight };
        assert_eq!(word(&away, 7), Word::Unknown { since: Some(at(5)) }, "a site that is away is never green");
        assert_eq!(word(&Sight::none(), 7), Word::Unknown { since: None });
    }

    #[test]
    fn what_does_not_run_is_named() {
        let of = |report: &Report| judge(&seen(ServicesSeen::of_report(report, own())), at(6), &BOUNDS);
        let down = of(&report("failed", "ok"));
        assert_eq!(down.word, Word::Fails);
        assert_eq!(down.findings[0].sentence(), "`nginx` is failed");
        let silent = of(&report("active", "HTTP 503"));
        assert_eq!(silent.word, Word::Fails);
        assert_eq!(silent.findings[0].sentence(), "Nextcloud at a.example/nextcloud: HTTP 503");
        let mut gone = report("active", "ok");
        gone.apps.clear();
        assert_eq!(of(&gone).findings[0].sentence(), "Nextcloud at a.example/nextcloud: not installed");
        for (power, silence, expected) in [
            (Power::Off, None, Finding::MachineOff),
            (Power::Missing, None, Finding::MachineMissing),
            (Power::On, Some(Silence::Agent), Finding::GuestSilent),
        ] {
            let health = judge(&seen(ServicesSeen::of_machine(power, silence)), at(6), &BOUNDS);
            assert_eq!((health.word, health.findings), (Word::Fails, vec![expected]));
        }
    }

    #[test]
    fn a_guest_that_stopped_reporting_is_unknown_since_its_last_report() {
        let mut stale = ServicesSeen::of_report(&report("active", "ok"), own());
        stale.reported_at = Some(at(-40));
        assert_eq!(word(&seen(stale), 6), Word::Unknown { since: Some(at(-40)) });
        let none = ServicesSeen::of_machine(Power::On, Some(Silence::NoReport));
        assert_eq!(word(&seen(none), 6), Word::Unknown { since: None });
    }

    #[test]
    fn the_database_matters_only_where_applications_are() {
        let mut plain = report("active", "ok");
        plain.units.insert(DATABASE.to_owned(), "inactive".to_owned());
        assert_eq!(word(&seen(ServicesSeen::of_report(&plain, [])), 6), Word::Runs);
        assert_eq!(word(&seen(ServicesSeen::of_report(&plain, own())), 6), Word::Fails);
    }

    #[test]
    fn what_is_no_report_is_refused() {
        for text in ["", "{", r#"{"version":2,"at":"2026-11-29T00:40:03Z","units":{}}"#, "{}"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_guests_program_looks_at_the_same_services() {
        let program = include_str!("../../playbooks/services.sh");
        assert!(program.contains(&format!("for unit in {};", UNITS.join(" "))), "{program}");
        assert!(program.contains("folder=/run/accolades") && PATH.starts_with("/run/accolades/"));
    }
}
