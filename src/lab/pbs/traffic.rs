//! Traffic control: at which times which clients may send and fetch how fast.

use std::net::IpAddr;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::formats::byte_size;
use super::state::BackupServer;
use crate::world::Moment;

/// A daily span of time, `mon..fri 8:00-18:30`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeframe {
    /// Weekdays, Monday is 0; every day when there are none.
    weekdays: Vec<u32>,
    /// First minute of the day.
    start_minutes: u32,
    /// First minute that is not in it any more.
    end_minutes: u32,
}

impl Timeframe {
    /// Reads a span.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(text: &str) -> Result<Timeframe, String> {
        let fail = || format!("unable to parse daily duration at '{text}'");
        let (days, span) = match text.rsplit_once(' ') {
            Some((days, span)) => (days.trim(), span),
            None => ("", text),
        };
        let mut weekdays = Vec::new();
        for range in days.split(',').filter(|range| !range.is_empty()) {
            let (first, last) = range.split_once("..").unwrap_or((range, range));
            let (first, last) = (weekday(first).ok_or_else(fail)?, weekday(last).ok_or_else(fail)?);
            weekdays.extend((0..=(last + 7 - first) % 7).map(|offset| (first + offset) % 7));
        }
        let (start, end) = span.split_once('-').ok_or_else(fail)?;
        let (start_minutes, end_minutes) = (minutes(start).ok_or_else(fail)?, minutes(end).ok_or_else(fail)?);
        if start_minutes > end_minutes {
            return Err("start time must be smaller than end time".to_owned());
        }
        Ok(Timeframe { weekdays, start_minutes, end_minutes })
    }

    /// Whether a moment lies in it, on the clock of this zone.
    pub fn contains(&self, now: Moment, zone: &TimeZone) -> bool {
        let Ok(moment) = Timestamp::from_second(now.unix_seconds()) else { return false };
        let local = moment.to_zoned(zone.clone());
        let weekday = u32::from(local.weekday().to_monday_zero_offset().unsigned_abs());
        let minute = u32::from(local.hour().unsigned_abs()) * 60 + u32::from(local.minute().unsigned_abs());
        (self.weekdays.is_empty() || self.weekdays.contains(&weekday))
            && (self.start_minutes..self.end_minutes).contains(&minute)
    }
}

const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

fn weekday(text: &str) -> Option<u32> {
    let lower = text.trim().to_ascii_lowercase();
    (0..).zip(WEEKDAYS).find(|(_, name)| lower == *name || lower == name[..3]).map(|(number, _)| number)
}

/// `8`, `8:30`, `24:00` as minutes of the day.
fn minutes(text: &str) -> Option<u32> {
    let (hours, minutes) = text.trim().split_once(':').unwrap_or((text.trim(), "0"));
    let (hours, minutes): (u32, u32) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours * 60 + minutes <= 24 * 60 && minutes < 60).then_some(hours * 60 + minutes)
}

/// The bytes per second that a client at this address may send to the server at this moment; `None` when nothing
/// holds it back. Of several rules that fit, the one with the narrowest network counts.
pub fn rate_in(server: &BackupServer, client: IpAddr, user: &str, now: Moment) -> Option<u64> {
    rate(server, client, user, now, "rate-in")
}

/// As [`rate_in`], for what the client fetches.
pub fn rate_out(server: &BackupServer, client: IpAddr, user: &str, now: Moment) -> Option<u64> {
    rate(server, client, user, now, "rate-out")
}

fn rate(server: &BackupServer, client: IpAddr, user: &str, now: Moment, which: &str) -> Option<u64> {
    let zone = server.time_zone();
    let best = server
        .traffic
        .values()
        .filter_map(|rule| Some((fit(rule, client, user, now, &zone)?, rule)))
        .max_by_key(|(fit, _)| *fit);
    best.and_then(|(_, rule)| rule.get(which)?.as_str().and_then(|text| byte_size(text).ok()))
}

/// How closely a rule is meant for a client at this moment; `None` when it is not.
fn fit(rule: &Map<String, Value>, client: IpAddr, user: &str, now: Moment, zone: &TimeZone) -> Option<(u8, bool)> {
    let (timeframes, users) = (texts(rule, "timeframe"), texts(rule, "users"));
    let open = timeframes.is_empty()
        || timeframes.iter().filter_map(|text| Timeframe::parse(text).ok()).any(|one| one.contains(now, zone));
    let meant = users.is_empty() || users.contains(&user);
    let prefix = texts(rule, "network").into_iter().filter_map(|network| prefix(network, client)).max()?;
    (open && meant).then_some((prefix, !users.is_empty()))
}

fn texts<'a>(rule: &'a Map<String, Value>, name: &str) -> Vec<&'a str> {
    rule.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The length of a network's prefix, when an address lies in it.
fn prefix(network: &str, address: IpAddr) -> Option<u8> {
    let network: ipnet::IpNet = network.parse().ok()?;
    network.contains(&address).then(|| network.prefix_len())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Wednesday, 2026-11-18 11:06:40 UTC.
    const NOW: Moment = Moment(1_795_000_000_000_000);

    #[test]
    fn lab_pbs_traffic_timeframes_are_days_and_a_span() {
        let contains = |text| Timeframe::parse(text).expect("a span").contains(NOW, &TimeZone::UTC);
        assert!(contains("8:00-12:00") && contains("mon..fri 8-12") && contains("fri..wed 11:06-11:07"));
        assert!(!contains("sat,sun 0-24") && !contains("8:00-11:06") && !contains("thu..tue 8-12"));
        for wrong in ["8:00", "8-25", "noday 8-12", "12-8"] {
            assert!(Timeframe::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn lab_pbs_traffic_rule_with_the_narrowest_network_counts_within_its_hours() {
        let mut server = BackupServer::new("pbs", "root-password", NOW);
        let rule = |value: Value| value.as_object().cloned().expect("a rule");
        let all = json!({ "network": ["0.0.0.0/0"], "rate-in": "10MB" });
        let site = json!({ "network": ["192.0.2.0/24"], "rate-in": "500KB", "timeframe": ["8:00-18:00"] });
        server.traffic.insert("all".to_owned(), rule(all));
        server.traffic.insert("site".to_owned(), rule(site));
        let rate = |address: &str, now| rate_in(&server, address.parse().expect("an address"), "a@pbs", now);
        assert_eq!(rate("198.51.100.1", NOW), Some(10_000_000));
        assert_eq!(rate("192.0.2.9", NOW), Some(500_000));
        assert_eq!(rate("192.0.2.9", NOW.plus_us(12 * 3_600_000_000)), Some(10_000_000));
        assert_eq!(rate_out(&server, "192.0.2.9".parse().expect("an address"), "a@pbs", NOW), None);
    }
}
