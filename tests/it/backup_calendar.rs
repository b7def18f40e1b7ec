//! Our own calendar against the recorded answers of Proxmox's parser and calculator: all lines, both zones, every base.

use accolades::domain::backup::calendar::{Reads, parse};
use jiff::Timestamp;
use jiff::tz::TimeZoneDatabase;
use serde_json::Value;

use crate::contracts;

fn recorded() -> Option<Vec<Value>> {
    let path = contracts::folder()?.join("proxmox/recorded/calendar.jsonl");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect())
}

#[test]
fn backup_calendar_reads_what_proxmox_reads_and_refuses_what_it_refuses() {
    let Some(lines) = recorded() else { return };
    let mut differences = Vec::new();
    for line in &lines[1..] {
        let (text, valid) = (line["expr"].as_str().expect("a text"), line["valid"] == true);
        if parse(text, Reads::Server).is_ok() != valid {
            differences.push(format!("{text:?} should be {}", if valid { "read" } else { "refused" }));
        }
        // A node takes blanks away first, so it reads the same text and more.
        if parse(text, Reads::Node).is_ok() != parse(text.trim(), Reads::Server).is_ok() {
            differences.push(format!("{text:?} on a node"));
        }
    }
    assert!(lines.len() > 300, "the table has lost lines");
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}

/// Recorded runs in the order in which they followed each other.
struct Recorded<'a> {
    runs: &'a [Value],
    /// Where the clock shows a time twice, this process took the first of the two.
    first_of_two: bool,
}

fn variants(recorded: &Value) -> Vec<Recorded<'_>> {
    match recorded {
        Value::Array(runs) => vec![Recorded { runs, first_of_two: true }],
        both => [("after_a_summer_conversion", true), ("after_a_winter_conversion", false)]
            .into_iter()
            .map(|(name, first_of_two)| Recorded { runs: both[name].as_array().expect("two answers"), first_of_two })
            .collect(),
    }
}

#[test]
fn backup_calendar_predicts_every_recorded_run() {
    let Some(lines) = recorded() else { return };
    let zones = TimeZoneDatabase::bundled();
    let (mut differences, mut compared, mut ambiguous) = (Vec::new(), 0, 0);
    for line in lines[1..].iter().filter(|line| line["valid"] == true) {
        let text = line["expr"].as_str().expect("a text");
        let Ok(event) = parse(text, Reads::Server) else { panic!("{text:?} is not read") };
        for (zone_name, by_base) in line["next"].as_object().into_iter().flatten() {
            let zone = zones.get(zone_name).expect("a known zone");
            for (base, recorded) in by_base.as_object().into_iter().flatten() {
                for variant in variants(recorded) {
                    let mut after = lines[0]["bases"][base]["epoch"].as_i64().expect("a base has a moment");
                    for expected in variant.runs {
                        let asked = Timestamp::from_second(after).expect("a moment");
                        let run = event.next(asked, &zone);
                        compared += 1;
                        if run.is_some_and(|run| run.at <= asked) {
                            differences.push(format!("{text:?} {zone_name} {base}: not after the question"));
                        }
                        // There the real one answers with the past and would spin: ours must not.
                        if expected["not_after_base"] == true {
                            break;
                        }
                        let Some(epoch) = expected["epoch"].as_i64() else {
                            if run.is_some() {
                                differences.push(format!("{text:?} {zone_name} {base}: never again, got {run:?}"));
                            }
                            break;
                        };
                        let first = run.map(|run| run.at.as_second());
                        let second = run.and_then(|run| run.or).map(|run| run.as_second());
                        ambiguous += usize::from(second.is_some());
                        let is_predicted = if variant.first_of_two {
                            first == Some(epoch)
                        } else {
                            [first, second].contains(&Some(epoch))
                        };
                        if !is_predicted {
                            differences.push(format!(
                                "{text:?} {zone_name} {base} after {after}: expected {epoch} ({}), got {run:?}",
                                expected["local"]
                            ));
                        }
                        after = epoch;
                    }
                }
            }
        }
    }
    assert!(compared > 3000 && ambiguous > 50, "{compared} runs compared, {ambiguous} of them ambiguous");
    assert!(differences.is_empty(), "{} of {compared} differ:\n{}", differences.len(), differences.join("\n"));
}
