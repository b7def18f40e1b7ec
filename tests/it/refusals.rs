//! Nodes that answer and refuse: another certificate, a token that lets nobody in. One site's refusal stops no other, and
//! what the message advises puts it right.

use accolades::engine::error::Class;
use accolades::engine::run::Applied;
use accolades::plan::render::render;

use crate::rehearsal::{Rehearsal, instance};

const WRONG: &str = "00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00";

#[tokio::test(flavor = "multi_thread")]
async fn a_site_with_another_certificate_stops_no_other_and_shows_both_fingerprints() {
    let mut rehearsal = Rehearsal::new(3).await;
    rehearsal.prepare().await.unwrap_or_else(|error| panic!("{error}"));
    rehearsal.publish_dns();
    let shown = rehearsal.accepted.inventory.sites.values().find(|site| site.id.as_str() == "friche");
    let shown = shown.expect("the example has it").node.tls_fingerprint.clone();
    let mut files = rehearsal.files().await;
    let site = files.get_mut("sites/friche.toml").expect("it is there");
    *site = site.replacen(&shown, WRONG, 1);
    rehearsal.accept(files).await;

    let plan = rehearsal.plan(&[]).await;
    let refused = plan.instances.iter().find(|part| part.instance == instance("ilot")).expect("it is planned");
    let why = refused.unknown.as_deref().expect("nothing is known of it");
    assert!(why.contains(WRONG) && why.contains(&shown), "{why}");
    let text = render(&plan);
    assert!(text.contains(&format!("\n    got      {shown}\n")), "one instance, one block of lines: {text}");
    let report = rehearsal.apply(&[instance("ilot"), instance("valsonne")]).await;
    assert!(matches!(report[&instance("valsonne")], Applied::Settled { .. }), "{report:#?}\n{text}");
    let Applied::Stopped { why, class } = &report[&instance("ilot")] else { panic!("{report:#?}") };
    assert_eq!(*class, Class::Configuration, "the same command meets it again: {why}");
    assert!(why.contains(WRONG) && why.contains(&shown), "{why}");
}
