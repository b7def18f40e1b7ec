//! The whole journey of a technician who onboards a client, against the lab.

use accolades::engine::run::Applied;
use accolades::plan::render::render;

use crate::rehearsal::{Rehearsal, instance};

#[tokio::test(flavor = "multi_thread")]
async fn one_client_from_an_inventory_to_a_running_yunohost() {
    let rehearsal = Rehearsal::new(1).await;
    rehearsal.prepare().await.unwrap_or_else(|error| panic!("{error}"));
    rehearsal.publish_dns();
    let lilas = [instance("lilas")];
    let plan = rehearsal.plan(&lilas).await;
    println!("{}", render(&plan));
    let report = rehearsal.apply(&lilas).await;
    assert!(matches!(report[&lilas[0]], Applied::Settled { .. }), "{report:#?}\n{}", rehearsal.last_words(30));
    let again = rehearsal.plan(&lilas).await;
    assert!(again.is_settled(), "{}", render(&again));
}
