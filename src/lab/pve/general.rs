//! Methods that are about nothing in particular: indexes, the version, the node's clock and the calendar.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::call::{Call, Handler, Refusal};
use crate::calendar::CalendarEvent;
use crate::world::{Site, Surroundings};

/// What the lab says it is.
const VERSION: &str = "9.2.11";
const RELEASE: &str = "9.2";
const REPOSITORY: &str = "14a22df3";

/// How many events are listed when nothing else is asked for.
const ITERATIONS_DEFAULT: usize = 10;

/// The method behind a verb and a path template of this area.
pub fn find(verb: &str, template: &str) -> Option<Handler> {
    Some(match (verb, template) {
        ("GET", "/") => index,
        ("GET", "/cluster") => cluster_index,
        ("GET", "/version" | "/nodes/{node}/version") => version,
        ("GET", "/nodes/{node}/time") => time,
        ("GET", "/cluster/jobs/schedule-analyze") => analyze_schedule,
        _ => return None,
    })
}

fn index(_: &mut Site, _: Surroundings<'_>, _: &Call) -> Result<Value, Refusal> {
    let below = ["version", "cluster", "nodes", "storage", "access", "pools"];
    Ok(below.iter().map(|name| json!({ "subdir": name })).collect())
}

fn cluster_index(_: &mut Site, _: Surroundings<'_>, _: &Call) -> Result<Value, Refusal> {
    let below = ["backup", "backup-info", "ha", "jobs", "nextid", "options", "resources", "tasks"];
    Ok(below.iter().map(|name| json!({ "name": name })).collect())
}

/// The clock of the node; `localtime` counts as if the wall showed UTC.
fn time(site: &mut Site, around: Surroundings<'_>, _: &Call) -> Result<Value, Refusal> {
    let now_s = around.now.unix_seconds();
    let zone = zone_of(site);
    let offset_s = Timestamp::from_second(now_s).map_or(0, |now| i64::from(zone.to_offset(now).seconds()));
    Ok(json!({
        "timezone": zone.iana_name().unwrap_or("UTC"), "time": now_s, "localtime": now_s + offset_s,
    }))
}

fn version(_: &mut Site, _: Surroundings<'_>, _: &Call) -> Result<Value, Refusal> {
    Ok(json!({ "version": VERSION, "release": RELEASE, "repoid": REPOSITORY }))
}

/// The next moments of a schedule, on the clock of the node.
fn analyze_schedule(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let event = CalendarEvent::parse(&call.text("schedule").unwrap_or_default()).map_err(Refusal::died)?;
    let zone = zone_of(site);
    let mut last =
        call.text("starttime").and_then(|text| text.parse().ok()).unwrap_or_else(|| around.now.unix_seconds());
    let iterations = call.text("iterations").and_then(|text| text.parse().ok()).unwrap_or(ITERATIONS_DEFAULT);
    let mut moments = Vec::new();
    while moments.len() < iterations {
        let Some(next) = event.next_after(last, &zone) else { break };
        moments.push(json!({ "timestamp": next, "utc": utc(next) }));
        last = next;
    }
    Ok(Value::Array(moments))
}

/// The time zone that the node's own system is set to.
pub fn zone_of(site: &Site) -> TimeZone {
    let name = site.node.files.read("/etc/timezone").unwrap_or("UTC").trim();
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

/// A moment as Perl prints it: `Tue Dec  1 00:00:00 2026`.
fn utc(moment_s: i64) -> String {
    Timestamp::from_second(moment_s)
        .map(|moment| moment.strftime("%a %b %e %H:%M:%S %Y").to_string())
        .unwrap_or_default()
}
