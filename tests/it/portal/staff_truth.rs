//! What the co-operative's people are told of machines: nothing is green that is not known, and each mend can be typed.

use accolades::domain::services::{Power, ServicesSeen};
use accolades::store::{NewLook, Scope, StaffRole};
use serde::Serialize;

use super::http::Browser;
use super::lived::lived;
use super::world::{MINUTE_US, NOW_US, OWN, World};

/// What a look at an instance saw for one of its clients, some minutes after the world began.
async fn saw<T: Serialize>(world: &World, client: &str, instance: &str, what: &str, seen: &T) {
    let look = NewLook {
        scope: Scope::Client(client.parse().unwrap()),
        subject_kind: "instance",
        subject_id: instance.to_owned(),
        what: what.to_owned(),
        at_us: NOW_US + 2 * MINUTE_US,
        found: Ok(serde_json::to_value(seen).unwrap()),
    };
    world.store.record_looks(&[look]).await.unwrap();
}

/// Two months on record, and a technician who is in.
async fn lived_in() -> (World, Browser) {
    let world = World::new().await;
    world.fill().await;
    world.issue().await;
    lived(&world).await;
    let inside = world.staff("nadia", StaffRole::Technician).await;
    (world, inside)
}

/// What the fleet says of a machine.
async fn article(inside: &Browser, machine: &str) -> String {
    let page = inside.get("/equipe").await.text();
    let of_machine = |part: &&str| part.contains(&format!("</span> {machine}</h2>"));
    let found = page.split("<article").skip(1).find(of_machine).unwrap_or_else(|| panic!("no {machine}: {page}"));
    found.split("</article>").next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_staff_a_machine_that_is_off_is_green_nowhere() {
    let (world, inside) = lived_in().await;
    saw(&world, OWN, "lilas", "services", &ServicesSeen::of_machine(Power::Off, None)).await;
    for path in ["/equipe", "/equipe/clients/atelier-lilas", "/equipe/machines/lilas/site"] {
        let page = inside.get(path).await.text();
        assert!(page.contains("the machine is off"), "{path}: {page}");
        assert!(page.contains("`qm start 1001` as root on `pve1`"), "{path}: the mend can be typed: {page}");
    }
    let lilas = article(&inside, "lilas").await;
    assert!(lilas.contains("<h2><span class=\"tone bad\">"), "{lilas}");
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_staff_services_that_nobody_looked_at_or_looked_at_long_ago_are_not_well() {
    let (world, inside) = lived_in().await;
    let never = article(&inside, "valsonne").await;
    assert!(never.contains("Personne n’a encore regardé ce qui fonctionne"), "{never}");
    assert!(never.contains("accolades watch --once valsonne"), "{never}");
    assert!(!article(&inside, "lilas").await.contains("nobody has looked lately"));
    world.pass(59 * MINUTE_US);
    let old = article(&inside, "lilas").await;
    assert!(old.contains("nobody has looked lately") && old.contains("accolades watch --once croix-rousse"), "{old}");
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_staff_what_is_off_for_all_clients_of_an_island_is_said_once() {
    let (world, inside) = lived_in().await;
    for client in ["claire-voyer", "studio-brume"] {
        saw(&world, client, "ilot", "services", &ServicesSeen::of_machine(Power::Off, None)).await;
    }
    let ilot = article(&inside, "ilot").await;
    assert_eq!(ilot.matches("the machine is off").count(), 1, "{ilot}");
}
