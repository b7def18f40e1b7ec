//! What somebody changed on a node or in a guest, and what a wrong clock there hides.

use super::*;

#[test]
fn a_marker_from_the_future_is_not_a_fresh_one() {
    let mut view = local();
    view.marker_ahead = Some(ago(-DAY));
    assert_eq!(verdict(&view), ("ok", vec!["marker-from-the-future"]));
    assert!(!health(&view).is_ok(), "somebody has to look");
    view.marker_at = None;
    assert_eq!(verdict(&view), ("ok", vec!["marker-from-the-future"]), "one finding for one cause");
}

#[test]
fn a_schedule_that_somebody_changed_on_the_node_is_named() {
    let mut view = local();
    let other = OtherSchedule {
        job: "hdd".to_owned(),
        seen: "*-*-01 02:00".to_owned(),
        wanted: "02:00".to_owned(),
        is_rarer: true,
    };
    view.places[0].other_schedule = Some(other.clone());
    assert_eq!(verdict(&view), ("ok", vec!["job-schedule-differs"]));
    assert!(!health(&view).is_ok(), "the next nights will be missing");
    view.places[0].other_schedule = Some(OtherSchedule { is_rarer: false, ..other });
    assert_eq!(verdict(&view), ("ok", vec!["job-schedule-differs"]));
    assert!(health(&view).is_ok(), "as often at another time");
}
