//! The lab's calendar against the recorded answers of the real parser and calculator.

use accolades::lab::calendar::CalendarEvent;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::pve_fixture;

#[test]
fn every_recorded_expression_is_read_as_recorded() {
    let Some(lines) = pve_fixture::recorded("calendar.jsonl") else { return };
    let mut differences = Vec::new();
    for line in &lines[1..] {
        let expression = line["expr"].as_str().expect("an expression");
        let read = CalendarEvent::parse_exact(expression);
        match (&read, line["valid"] == Value::Bool(true)) {
            (Ok(_), true) => {}
            (Err(error), false) if line["error"] == error.as_str() => {}
            _ => differences.push(format!("{expression:?}: expected {}, got {read:?}", line["error"])),
        }
    }
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn every_recorded_expression_comes_next_as_recorded() {
    let Some(lines) = pve_fixture::recorded("calendar.jsonl") else { return };
    let mut differences = Vec::new();
    let mut compared = 0;
    for line in &lines[1..] {
        let expression = line["expr"].as_str().expect("an expression");
        let Ok(event) = CalendarEvent::parse_exact(expression) else { continue };
        for (zone_name, by_base) in line["next"].as_object().into_iter().flatten() {
            let zone = TimeZone::get(zone_name).expect("a known zone");
            for (base, recorded) in by_base.as_object().into_iter().flatten() {
                let mut last = lines[0]["bases"][base]["epoch"].as_i64().expect("a base has a moment");
                let next = || {
                    last = event.next_after(last, &zone)?;
                    Some(last)
                };
                let ours: Vec<i64> = std::iter::from_fn(next).take(3).collect();
                compared += 1;
                if !fits(&ours, recorded) {
                    differences.push(format!("{expression:?} {zone_name} {base}: expected {recorded}, got {ours:?}"));
                }
            }
        }
    }
    println!("compared {compared}");
    assert!(differences.is_empty(), "{} of {compared} differ:\n{}", differences.len(), differences.join("\n"));
}

/// Whether our runs are the recorded ones. In the repeated hour of autumn the real answer depends on what the process
/// converted before: there each of ours must be one of the two.
fn fits(ours: &[i64], recorded: &Value) -> bool {
    let moments = |runs: &Value| -> Vec<i64> {
        runs.as_array().into_iter().flatten().filter_map(|run| run["epoch"].as_i64()).collect()
    };
    if recorded.get("depends_on_previous_conversion").is_none() {
        return ours == moments(recorded);
    }
    let summer = moments(&recorded["after_a_summer_conversion"]);
    let winter = moments(&recorded["after_a_winter_conversion"]);
    ours.len() == winter.len() && ours.iter().all(|one| summer.contains(one) || winter.contains(one))
}
