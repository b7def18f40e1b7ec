//! What the co-operative's people are told of machines: nothing is green that is not known, and each mend can be typed.

use accolades::domain::backup::drill::{Origin, Record};
use accolades::domain::backup::health::{ListingSeen, SEEN_VERSION, Sealing, Snapshot, Verification};
use accolades::domain::ids::InstanceId;
use accolades::domain::runs::RunOutcome;
use accolades::domain::services::{Power, ServicesSeen};
use accolades::health::backups::{proofs, whereabouts};
use accolades::inventory::model::Inventory;
use accolades::plan::desired::Subject;
use accolades::store::{ActionState, JournalEntry, NewLook, NewObservation, NewRun, Scope, StaffRole};
use serde::Serialize;
use serde_json::json;

use super::http::Browser;
use super::lived::lived;
use super::world::{DAY_US, MINUTE_US, NOW_US, OWN, World};

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

/// `lilas` was compared with the inventory, and this was changed outside of the program.
async fn compared(world: &World, at_us: i64, drift: &[&str]) {
    let value = json!({
        "version": 1, "settled": drift.is_empty(), "unknown": null, "conflict": null, "actions": drift.len(),
        "unchanged": 3, "drift": drift,
    });
    let observation = NewObservation {
        scope: Scope::Staff,
        subject_kind: "instance".to_owned(),
        subject_id: "lilas".to_owned(),
        what: "plan".to_owned(),
        value,
        at_us,
    };
    world.store.observe(&observation).await.unwrap();
}

/// The site of `lilas` answered a sweep.
async fn answered(world: &World, at_us: i64) {
    let reach = NewLook {
        scope: Scope::Staff,
        subject_kind: "site",
        subject_id: "croix-rousse".to_owned(),
        what: "reach".to_owned(),
        at_us,
        found: Ok(json!({ "version": 1 })),
    };
    world.store.record_looks(&[reach]).await.unwrap();
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
    for path in ["/equipe", "/equipe/clients/atelier-lilas", "/equipe/sites/croix-rousse"] {
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

#[tokio::test(flavor = "multi_thread")]
async fn portal_staff_an_old_comparison_has_its_own_date_and_is_not_green() {
    let (world, inside) = lived_in().await;
    // It counts for 30 hours.
    compared(&world, NOW_US - DAY_US - 6 * 60 * MINUTE_US + 30 * MINUTE_US, &[]).await;
    // A sweep that was a moment ago says nothing of the inventory.
    answered(&world, NOW_US).await;
    let (date, old) =
        ("13 décembre 2026 à 03\u{a0}h\u{a0}30", "la dernière comparaison avec l’inventaire est trop ancienne");
    let date = date.replacen(' ', "\u{a0}", 1);
    for path in ["/equipe", "/equipe/clients/atelier-lilas", "/equipe/sites/croix-rousse"] {
        let page = inside.get(path).await.text();
        assert!(page.contains(&date) && !page.contains(old), "{path}: {page}");
    }
    world.pass(30 * MINUTE_US);
    for path in ["/equipe", "/equipe/clients/atelier-lilas", "/equipe/sites/croix-rousse"] {
        let page = inside.get(path).await.text();
        assert!(page.contains(&date) && page.contains(old), "{path}: {page}");
    }
    assert!(!article(&inside, "lilas").await.contains("<h2><span class=\"tone good\">"));
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_staff_a_third_place_that_nobody_tries_is_not_to_be_watched_for_ever() {
    let (world, inside) = lived_in().await;
    let at = |at_us: i64| jiff::Timestamp::from_microsecond(at_us).unwrap();
    let copy = Snapshot {
        id: "vm/1001/copy".to_owned(),
        at: at(NOW_US - 5 * 60 * MINUTE_US),
        size_bytes: 41_300_000_000,
        sealing: Sealing::Encrypted,
        verification: Some(Verification { ok: true, at: Some(at(NOW_US - 60 * MINUTE_US)), host: None }),
        protected: false,
    };
    let seen = ListingSeen { version: SEEN_VERSION, snapshots: vec![copy] };
    saw(&world, OWN, "lilas", "backup-third", &seen).await;
    world.pass(3 * MINUTE_US);
    let page = inside.get("/equipe/clients/atelier-lilas").await.text();
    let row =
        page.split("troisième lieu</td>").nth(1).expect("a row of the third place").split("</tr>").next().unwrap();
    assert!(row.contains("<span class=\"tone good\">"), "a copy is tried in its source's stead: {row}");
}

fn lilas() -> InstanceId {
    "lilas".parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_staff_mends_of_the_fleet_can_be_typed_and_dates_are_those_of_the_house() {
    let (world, inside) = lived_in().await;
    // The local backup was proven on 13 December at 9:01; remote ones never were.
    let lilas = article(&inside, "lilas").await;
    assert!(lilas.contains("`accolades drill lilas --from remote`"), "{lilas}");
    assert!(lilas.contains("`accolades plan lilas`"), "{lilas}");
    world.pass(40 * DAY_US);
    let inside = world.staff("paul", StaffRole::Technician).await;
    let lilas = article(&inside, "lilas").await;
    assert!(!lilas.contains("Z`") && !lilas.contains(":00Z"), "no moments in UTC: {lilas}");
    let unseen = NewLook {
        scope: Scope::Client(OWN.parse().unwrap()),
        subject_kind: "instance",
        subject_id: "lilas".to_owned(),
        what: "backup-local".to_owned(),
        at_us: NOW_US + 40 * DAY_US,
        found: Err(json!({ "version": 1, "kind": "silent", "words": "away" })),
    };
    world.store.record_looks(&[unseen]).await.unwrap();
    let lilas = article(&inside, "lilas").await;
    assert!(lilas.contains("not seen since 2027-01-23 09:00"), "{lilas}");
    assert!(lilas.contains("`accolades watch --once croix-rousse`"), "{lilas}");
}

/// Which backups of `lilas` count as proven, by an inventory.
async fn proven(world: &World, inventory: &Inventory) -> Vec<Origin> {
    let instance = &inventory.instances[&lilas()];
    let subject = Subject::on(inventory, instance, "2026-12-14".parse().unwrap()).unwrap();
    proofs(&world.store, &Scope::Staff, &subject).await.unwrap().into_keys().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_staff_a_proof_does_not_move_along_with_its_place() {
    let world = World::new().await;
    world.fill().await;
    let lilas = lilas();
    let first = world.store.drills(&Scope::Staff, &lilas).await.unwrap().remove(0).record;
    let subject = Subject::on(&world.inventory, &world.inventory.instances[&lilas], "2026-12-14".parse().unwrap());
    let subject = subject.unwrap();
    for (number, from) in Origin::ALL.into_iter().enumerate() {
        let record = Record {
            id: format!("drill-{number}"),
            from,
            place: whereabouts(&subject, from),
            previous: world.store.last_drill_hash(&lilas).await.unwrap(),
            ended_at_us: NOW_US - MINUTE_US,
            ..first.clone()
        };
        world.store.keep_drill(&record, &[]).await.unwrap();
    }
    assert_eq!(proven(&world, &world.inventory).await, [Origin::Local, Origin::Remote]);
    let site = subject.site.id.clone();
    let server = subject.site.backup_server.clone().unwrap();

    let mut other_disk = world.inventory.clone();
    other_disk.sites.get_mut(&site).unwrap().node.backup_disk_serial = "WD-NEW".to_owned();
    assert_eq!(proven(&world, &other_disk).await, [Origin::Remote]);

    let mut other_server = world.inventory.clone();
    other_server.sites.get_mut(&site).unwrap().backup_server = Some("moulin".parse().unwrap());
    assert_eq!(proven(&world, &other_server).await, [Origin::Local]);
    let mut new_machine = world.inventory.clone();
    new_machine.backup_servers.get_mut(&server).unwrap().host = "pbs.ailleurs.example".to_owned();
    assert_eq!(proven(&world, &new_machine).await, [Origin::Local]);

    let mut moved = world.inventory.clone();
    moved.instances.get_mut(&lilas).unwrap().placements[0].site = "friche".parse().unwrap();
    assert!(!proven(&world, &moved).await.contains(&Origin::Local), "the disk stayed behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_staff_pages_tell_what_was_done_and_what_comparisons_found() {
    let (world, inside) = lived_in().await;
    for (at_us, drift) in [(5, &["cores: 2 instead of 4"][..]), (4, &[][..]), (3, &[][..])] {
        compared(&world, NOW_US - at_us * DAY_US, drift).await;
    }
    for (id, subject) in [("run-1", "instance/lilas"), ("run-2", "site/croix-rousse")] {
        let at_us = NOW_US - 4 * DAY_US;
        let run = NewRun { id: id.to_owned(), plan_id: None, scope: Scope::Staff, by: "paul".to_owned(), at_us };
        world.store.start_run(&run).await.unwrap();
        let done = JournalEntry {
            subject: subject.to_owned(),
            action_key: "machine/cores".to_owned(),
            state: ActionState::Done,
            detail: json!({ "version": 1 }),
            at_us,
        };
        world.store.journal(id, &done).await.unwrap();
        world.store.finish_run(id, &RunOutcome::Settled, at_us, &json!({ "version": 1 })).await.unwrap();
    }
    for (path, works) in [("/equipe/clients/atelier-lilas", 1), ("/equipe/sites/croix-rousse", 2)] {
        let page = inside.get(path).await.text();
        let history = page.split("<h2>Historique</h2>").nth(1).unwrap_or_else(|| panic!("{path}: {page}"));
        assert_eq!(history.matches("Travail — 1\u{a0}action, terminé").count(), works, "{path}: {history}");
        assert!(history.contains("paul") && history.contains("cores: 2 instead of 4"), "{path}: {history}");
        let settled = history.matches("Comparé à l’inventaire — comme il faut").count();
        assert_eq!(settled, 1, "the same found again is no event: {path}: {history}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_staff_a_single_step_is_said_in_the_singular() {
    let (world, inside) = lived_in().await;
    let value = json!({
        "version": 1, "settled": false, "unknown": null, "conflict": null, "actions": 1, "unchanged": 3, "drift": [],
    });
    let (subject_kind, subject_id, what) = ("instance".to_owned(), "lilas".to_owned(), "plan".to_owned());
    let found = NewObservation { scope: Scope::Staff, subject_kind, subject_id, what, value, at_us: NOW_US };
    world.store.observe(&found).await.unwrap();
    let lilas = article(&inside, "lilas").await;
    assert!(lilas.contains("1\u{a0}étape reste à faire"), "{lilas}");
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_staff_a_site_without_a_machine_has_its_page() {
    let mut world = World::new().await;
    world.inventory.instances.get_mut(&"valsonne".parse::<InstanceId>().unwrap()).unwrap().placements.clear();
    super::world::accept(&world.store, &world.inventory).await;
    let inside = world.staff("nadia", StaffRole::Technician).await;
    let fleet = inside.get("/equipe").await.text();
    let empty = fleet.split("<h2>Sites sans machine</h2>").nth(1).unwrap_or_else(|| panic!("{fleet}"));
    assert!(empty.contains("href=\"/equipe/sites/valsonne\"") && !empty.contains("/equipe/sites/friche"), "{empty}");
    let page = inside.get("/equipe/sites/valsonne").await;
    assert_eq!(page.status, 200);
    let text = page.text();
    assert!(text.contains("Valsonne, mairie") && text.contains("<h2>Historique</h2>"), "{text}");
    assert!(!text.contains("(vm 1001)"), "no machine is not every machine: {text}");
    assert_eq!(inside.get("/equipe/sites/nulle-part").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_staff_a_site_that_was_not_asked_for_an_hour_is_not_green() {
    let (world, inside) = lived_in().await;
    answered(&world, NOW_US - 5 * MINUTE_US).await;
    let green = "<p class=\"sentence\"><span class=\"tone good\">";
    let page = inside.get("/equipe/sites/croix-rousse").await.text();
    assert!(page.contains(green) && page.contains("A répondu"), "{page}");
    world.pass(59 * MINUTE_US);
    let page = inside.get("/equipe/sites/croix-rousse").await.text();
    assert!(page.contains("Personne n’a interrogé ce site depuis le 14\u{a0}décembre 2026"), "{page}");
    assert!(!page.contains(green) && !page.contains("A répondu"), "{page}");
    let lilas = article(&inside, "lilas").await;
    assert!(lilas.contains("Personne n’a interrogé ce site") && !lilas.contains("nobody has looked lately"), "{lilas}");
    assert!(lilas.contains("`accolades watch --once croix-rousse`"), "{lilas}");
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_staff_since_when_a_site_is_silent_is_said_in_french() {
    let (world, inside) = lived_in().await;
    answered(&world, NOW_US - 5 * MINUTE_US).await;
    let silent = NewLook {
        scope: Scope::Staff,
        subject_kind: "site",
        subject_id: "croix-rousse".to_owned(),
        what: "reach".to_owned(),
        at_us: NOW_US,
        found: Err(json!({ "version": 1, "kind": "silent", "words": "away" })),
    };
    world.store.record_looks(&[silent]).await.unwrap();
    let fleet = article(&inside, "lilas").await;
    assert!(fleet.contains("Le site ne répond pas depuis le 14\u{a0}décembre 2026"), "{fleet}");
    let site = inside.get("/equipe/sites/croix-rousse").await.text();
    assert!(site.contains("Ne répond pas depuis le 14\u{a0}décembre 2026"), "{site}");
}
