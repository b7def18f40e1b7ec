//! The line of a site is shared with the people who work there: what is read over it is bounded, what lies in the house is
//! not.

use std::collections::BTreeMap;

use accolades::domain::backup::drill::{Origin, Verdict};
use accolades::domain::backup::health::Place;
use accolades::domain::ids::SiteId;
use accolades::engine::drill::DrillOrder;
use accolades::engine::restore::RestoreOrder;
use accolades::engine::run::Applied;
use accolades::lab::net::transcript::Entry;

use crate::drills::{back_up, subject};
use crate::rehearsal::{Rehearsal, example_files, small_files, small_instance};

/// Two sites on one backup server, each with a bound of its own for what is restored.
fn files() -> BTreeMap<String, String> {
    let mut files = small_files();
    let spare = example_files().remove("sites/valsonne.toml").expect("the example has it");
    let (bound, quicker) = ("restore_kib_per_second = 8192\n", "restore_kib_per_second = 131072\n");
    assert!(spare.contains(bound));
    let spare = spare.replace("\"voisins\"", "\"grange\"").replace(bound, quicker);
    files.insert("sites/valsonne.toml".to_owned(), spare);
    let home = files.get_mut("sites/friche.toml").expect("it is there");
    home.push_str("\n[backup]\nrestore_kib_per_second = 65536\n");
    files
}

/// The bounds of the restores that were asked for since the last call, in KiB per second.
fn bounds(rehearsal: &Rehearsal, from: &mut usize) -> Vec<Option<u64>> {
    let state = rehearsal.served.lab.lock();
    let entries = state.transcript.entries();
    let asked = entries[*from..].iter().filter_map(|entry| match entry {
        Entry::Request { method, path, parameters, .. }
            if method == "POST" && path.ends_with("/qemu") && parameters.contains_key("archive") =>
        {
            let bound = parameters.get("bwlimit");
            Some(bound.map(|bound| bound.as_str().and_then(|text| text.parse().ok()).expect("a number")))
        }
        _ => None,
    });
    let asked = asked.collect();
    *from = entries.len();
    asked
}

#[tokio::test(flavor = "multi_thread")]
async fn bounded_is_what_drills_and_restores_read_over_the_line() {
    let rehearsal = Rehearsal::of(files(), 81).await;
    rehearsal.prepare().await.unwrap_or_else(|error| panic!("{error}"));
    rehearsal.publish_dns();
    let report = rehearsal.apply(&[small_instance()]).await;
    let settled = report.values().all(|one| matches!(one, Applied::Settled { .. }));
    assert!(settled, "{report:#?}\n{}", rehearsal.last_words(30));
    let (engine, inventory) = (&rehearsal.engine, rehearsal.accepted.inventory.clone());
    let subject = subject(&inventory);
    let saved = engine.back_up(&subject, Place::Remote).await;
    saved.unwrap_or_else(|error| panic!("{error}\n{}", rehearsal.last_words(30)));
    back_up(&rehearsal).await;

    let mut from = 0;
    bounds(&rehearsal, &mut from);
    let spare = SiteId::new("valsonne").expect("an id");
    for (what, origin, on, bound) in [
        ("the disk in the house", Origin::Local, None, None),
        ("over the line of its own site", Origin::Remote, None, Some(65_536)),
        ("over the line of the other site", Origin::Remote, Some(spare), Some(131_072)),
    ] {
        let kept = engine.drill(&subject, &DrillOrder { from: origin, backup: None, on }).await;
        let kept = kept.unwrap_or_else(|error| panic!("{what}: {error}\n{}", rehearsal.last_words(30)));
        assert_eq!(kept.record.verdict, Verdict::Proven, "{what}: {:#?}", kept.record);
        assert_eq!(bounds(&rehearsal, &mut from), [bound], "{what}");
    }
    for (origin, bound) in [(Origin::Local, None), (Origin::Remote, Some(65_536))] {
        let not_after_us = engine.now_us().await.expect("the lab's clock");
        let order = RestoreOrder { from: origin, not_after_us, asked_at: "now".to_owned(), elsewhere: None };
        engine.restore_aside(&subject, &order).await.unwrap_or_else(|error| panic!("{origin:?}: {error}"));
        assert_eq!(bounds(&rehearsal, &mut from), [bound], "{origin:?}");
        engine.abandon_restore(&subject, None).await.unwrap_or_else(|error| panic!("{error}"));
    }
}
