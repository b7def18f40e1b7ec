//! Schedules, rules of what is kept, and windows of traffic, as sites and backup servers have them.

use jiff::tz::TimeZone;

use crate::domain::backup::calendar::{self, Reads};
use crate::domain::backup::{retention, traffic};
use crate::domain::refusal::Refusal;
use crate::inventory::mistake::Mistake;
use crate::inventory::model::TrafficWindow;
use crate::inventory::reader::{Reader, plain};

/// A schedule that runs when its reader thinks it does.
pub fn schedule(reader: &Reader<'_>, name: &str, reads: Reads, zone: &TimeZone) -> Option<String> {
    let read = |text: &str| {
        let text = plain(text)?;
        calendar::schedule(&text, reads, zone).map(|_| text)
    };
    reader.text(name, read).map(|text| text.value)
}

/// Rules of what is kept.
pub fn keep(reader: &Reader<'_>, name: &str) -> Option<retention::Retention> {
    let read = |text: &str| match plain(text)?.parse::<retention::Retention>()? {
        rules if rules.is_everything() => {
            Err(Refusal::new("a disk that keeps everything is full one day, and then nothing is saved")
                .hint("for example `keep-daily=7,keep-weekly=4`"))
        }
        rules => Ok(rules),
    };
    reader.text(name, read).map(|rules| rules.value)
}

/// A window of the day with its bounds.
pub fn window(reader: &Reader<'_>) -> Option<TrafficWindow> {
    let when = reader.text("when", |text| traffic::window(&plain(text)?));
    let (bound_in, bound_out) = (reader.whole("in_kib_per_second"), reader.whole("out_kib_per_second"));
    if !reader.has("in_kib_per_second") && !reader.has("out_kib_per_second") {
        let mistake = Mistake::new("this window bounds nothing", reader.place(), "no bound here");
        reader
            .add(mistake.help("add `in_kib_per_second` (backups) or `out_kib_per_second` (restores), or take it away"));
        return None;
    }
    Some(TrafficWindow {
        when: when?.value,
        in_kib_per_second: bound_in.map(|bound| bound.value),
        out_kib_per_second: bound_out.map(|bound| bound.value),
    })
}
