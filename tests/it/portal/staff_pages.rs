//! Pages of the co-operative's people: who sees which, and what wrong or repeated forms do.

use accolades::portal::{Who, table};
use accolades::store::{Scope, StaffRole};
use axum::http::Method;

use super::lived::worked;
use super::world::{OTHER, OWN, World, form};

fn own() -> Scope {
    Scope::Client(OWN.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_staff_menus_lead_only_where_one_may_go() {
    let world = World::new().await;
    world.fill().await;
    worked(&world).await;
    for role in StaffRole::ALL {
        let inside = world.staff(role.word(), role).await;
        let page = inside.get("/equipe").await.text();
        let menu = page.split("<nav").nth(1).unwrap().split("</nav>").next().unwrap();
        let links: Vec<&str> = menu.split("href=\"").skip(1).map(|part| part.split('"').next().unwrap()).collect();
        assert!(links.len() >= 5, "{menu}");
        for link in &links {
            assert_eq!(inside.get(link).await.status, 200, "{link} as {role:?}");
        }
        // Every page of this kind of person that needs no id is in the menu, or one step behind it.
        for route in table() {
            let Who::Staff(roles) = route.who else { continue };
            if route.method != Method::GET || route.path.contains('{') {
                continue;
            }
            let is_linked = links.iter().any(|link| route.path == *link || route.path.starts_with(&format!("{link}/")));
            assert_eq!(
                roles.contains(&role),
                is_linked && inside.get(route.path).await.status == 200,
                "{}",
                route.path
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_staff_the_fleet_says_what_nobody_looked_at_and_which_jobs_fail() {
    let world = World::new().await;
    worked(&world).await;
    let inside = world.staff("nadia", StaffRole::Technician).await;
    let page = inside.get("/equipe").await.text();
    for machine in world.inventory.instances.keys() {
        assert!(page.contains(machine.as_str()), "{machine}");
    }
    assert!(page.contains("Personne n’a encore comparé") && page.contains("tone unknown"), "{page}");
    assert!(!page.contains("tone good"), "nothing is well that nobody looked at: {page}");
    assert!(page.contains("Essais de restauration") && page.contains("no place has room for a copy"), "{page}");
    let page = inside.get("/equipe/travaux").await.text();
    assert!(page.contains("no place has room for a copy") && page.contains("Tour des sites"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_staff_work_is_logged_once_however_often_the_form_is_sent() {
    let world = World::new().await;
    let inside = world.staff("nadia", StaffRole::Technician).await;
    let path = format!("/equipe/clients/{OWN}");
    let page = inside.get(&path).await;
    let name = page.field("form");
    let body = |form_name: &str, time: &str, words: &str, kind: &str| {
        form(&[
            ("form", form_name),
            ("time", time),
            ("words", words),
            ("kind", kind),
            ("at", ""),
            ("not_accounted", ""),
        ])
    };
    let right = body(&name, "1h30", "Imprimante <b>remise</b> en route", "help");
    let to = format!("{path}/heures");
    let (first, second) = tokio::join!(inside.post(&to, &right), inside.post(&to, &right));
    assert_eq!([first.status, second.status], [303, 303]);
    assert_eq!(inside.post(&to, &right).await.status, 303);
    let entries = world.store.support_entries(&own()).await.unwrap();
    assert_eq!(entries.len(), 1, "three times the same form");
    assert_eq!((entries[0].entry.minutes, entries[0].entry.by.as_str()), (90, "nadia"));
    let page = inside.get(first.header("location")).await.text();
    assert!(page.contains("C’est noté.") && page.contains("Imprimante &#60;b&#62;remise"), "{page}");
    assert!(page.contains("Intervention notée"), "the history says so: {page}");

    // Another form is other work, even when it says the same.
    let again = inside.get(&path).await.field("form");
    assert_eq!(inside.post(&to, &body(&again, "1h30", "Imprimante <b>remise</b> en route", "help")).await.status, 303);
    assert_eq!(world.store.support_entries(&own()).await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_staff_wrong_work_is_refused_in_words_and_logs_nothing() {
    let world = World::new().await;
    let inside = world.staff("nadia", StaffRole::Technician).await;
    let to = format!("/equipe/clients/{OWN}/heures");
    let fields = |time: &'static str, words: &'static str, at: &'static str| {
        form(&[("form", "abc"), ("time", time), ("words", words), ("kind", "help"), ("at", at), ("not_accounted", "")])
    };
    for (time, words, at) in [
        ("beaucoup", "Imprimante", ""),
        ("", "Imprimante", ""),
        ("1h30", "", ""),
        ("1h30", "Imprimante", "hier"),
        ("1h30", "Imprimante", "2020-01-01 09:00"),
        ("99999h", "Imprimante", ""),
    ] {
        let page = inside.post(&to, &fields(time, words, at)).await;
        assert_eq!(page.status, 422, "{time} {words} {at}");
        let text = page.text();
        assert!(text.contains("class=\"mistake\""), "{text}");
        assert!(words.is_empty() || text.contains(&format!("value=\"{words}\"")), "what was typed stays: {text}");
    }
    let unknown = form(&[("form", "abc"), ("time", "1h"), ("words", "x"), ("kind", "cadeau")]);
    assert_eq!(inside.post(&to, &unknown).await.status, 400);
    let nameless = form(&[("form", "../x"), ("time", "1h"), ("words", "x"), ("kind", "help")]);
    assert_eq!(inside.post(&to, &nameless).await.status, 400);
    let right = form(&[("form", "abc"), ("time", "1h"), ("words", "x"), ("kind", "help")]);
    assert_eq!(inside.post("/equipe/clients/personne/heures", &right).await.status, 404);
    let bookkeeper = world.staff("ana", StaffRole::Bookkeeper).await;
    assert_eq!(bookkeeper.post(&to, &right).await.status, 404);
    assert!(world.store.support_entries(&own()).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_staff_a_month_is_ordered_once_and_exactly_as_shown() {
    let world = World::new().await;
    world.fill().await;
    let inside = world.staff("ana", StaffRole::Bookkeeper).await;
    let page = inside.get("/equipe/mois?mois=2026-10").await;
    let text = page.text();
    assert!(text.contains("Atelier des Lilas") && text.contains("Émettre ces documents"), "{text}");
    let (name, total) = (page.field("form"), page.field("total"));
    let wrong = form(&[("mois", "2026-10"), ("total", "1"), ("form", &name)]);
    let refused = inside.post("/equipe/mois", &wrong).await;
    assert_eq!(refused.status, 409);
    assert!(refused.text().contains("Rien n’a été émis"), "{}", refused.text());
    let early = inside.get("/equipe/mois?mois=2026-12").await;
    assert!(early.text().contains("n’est pas terminé") && !early.text().contains("Émettre"), "{}", early.text());
    let refused = inside.post("/equipe/mois", &form(&[("mois", "2026-12"), ("total", "0"), ("form", "abc")])).await;
    assert_eq!(refused.status, 409);
    assert_eq!(inside.post("/equipe/mois", &form(&[("mois", "bientôt"), ("form", "abc")])).await.status, 400);
    let unreadable = inside.get("/equipe/mois?mois=bient%C3%B4t").await.text();
    assert!(unreadable.contains("Ce n’est pas un mois"), "{unreadable}");
    assert!(world.store.open_job_orders(&Scope::Staff).await.unwrap().is_empty());

    // Somebody is left for later: the sum is another one.
    let without = inside.get(&format!("/equipe/mois?mois=2026-10&sans-{OWN}=oui")).await;
    assert_ne!(without.field("total"), total);
    let body = form(&[("mois", "2026-10"), ("total", &total), ("form", &name)]);
    let left_out = format!("{body}&sans-{OWN}=oui");
    assert_eq!(inside.post("/equipe/mois", &left_out).await.status, 409, "not what was shown");
    let (first, second) = tokio::join!(inside.post("/equipe/mois", &body), inside.post("/equipe/mois", &body));
    assert_eq!([first.status, second.status], [303, 303]);
    assert_eq!(first.header("location"), second.header("location"));
    assert_eq!(inside.get(first.header("location")).await.status, 200);
    let orders = world.store.open_job_orders(&Scope::Staff).await.unwrap();
    assert_eq!(
        orders.iter().map(|one| (one.new.kind.as_str(), one.new.by.as_str())).collect::<Vec<_>>(),
        [("issue", "ana")]
    );
    let audited = world.store.audit_entries(&Scope::Staff, i64::MAX, 50).await.unwrap();
    assert_eq!(audited.iter().filter(|one| one.action == "issue-ordered").count(), 1);
    assert!(world.store.invoices(&Scope::Staff).await.unwrap().is_empty(), "the page itself issues nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_staff_plans_are_ordered_once_and_only_of_what_there_is() {
    let world = World::new().await;
    let inside = world.staff("nadia", StaffRole::Technician).await;
    let site = inside.get("/equipe/sites/croix-rousse").await;
    let body = form(&[("form", &site.field("form"))]);
    let (first, second) = tokio::join!(
        inside.post("/equipe/machines/lilas/plan", &body),
        inside.post("/equipe/machines/lilas/plan", &body)
    );
    assert_eq!([first.status, second.status], [303, 303]);
    assert_eq!(inside.post("/equipe/machines/nulle-part/plan", &body).await.status, 404);
    assert_eq!(inside.post("/equipe/machines/lilas/plan", "form=%3Cb%3E").await.status, 400);
    assert_eq!(inside.get("/equipe/plans/jamais").await.status, 404);
    assert_eq!(inside.post("/equipe/plans/jamais/executer", &body).await.status, 404);
    let orders = world.store.open_job_orders(&Scope::Staff).await.unwrap();
    assert_eq!(orders.len(), 1, "{orders:?}");
    let audited = world.store.audit_entries(&Scope::Staff, i64::MAX, 50).await.unwrap();
    assert_eq!(audited.iter().filter(|one| one.action == "plan-ordered").count(), 1);

    // Its page says that it waits; followed, it refreshes itself by a header.
    let page = inside.get(first.header("location")).await;
    assert!(page.text().contains("En attente d’un processus libre"), "{}", page.text());
    assert_eq!(page.header("refresh"), "3");
    let still = inside.get(first.header("location").split('?').next().unwrap()).await;
    assert_eq!((still.status, still.header("refresh")), (200, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_staff_accounts_and_log_are_for_administrators_and_hold_no_secret() {
    let world = World::new().await;
    world.store.add_account("jean", "Jean <b>J</b>", "j@x.example", StaffRole::Bookkeeper, 1).await.unwrap();
    let admin = world.staff("nadia", StaffRole::Admin).await;
    let page = admin.get("/equipe/comptes").await.text();
    assert!(page.contains("Jean &#60;b&#62;J") && page.contains("invité") && page.contains("ouvert"), "{page}");
    assert!(!page.contains("argon2"), "{page}");
    assert!(world.store.close_account("jean", true, world.now().as_microsecond()).await.unwrap());
    assert!(admin.get("/equipe/comptes").await.text().contains("fermé"));

    for number in 0..60 {
        let body = form(&[("form", &format!("{number:04x}"))]);
        assert_eq!(admin.post("/equipe/machines/lilas/plan", &body).await.status, 303);
    }
    let page = admin.get("/equipe/journal").await.text();
    assert!(page.contains("Plan demandé") && page.contains("Page suivante"), "{page}");
    let next = page.split("href=\"/equipe/journal?avant=").nth(1).unwrap().split('"').next().unwrap();
    let older = admin.get(&format!("/equipe/journal?avant={next}")).await.text();
    assert!(older.contains("Invitation utilisée") && older.contains("Page précédente"), "{older}");
    assert_eq!(admin.get("/equipe/journal?avant=x").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_staff_clients_without_a_machine_are_on_the_list_too() {
    let mut world = World::new().await;
    world.inventory.clients.get_mut(&OTHER.parse().unwrap()).unwrap().placements.clear();
    super::world::accept(&world.store, &world.inventory).await;
    let inside = world.staff("ana", StaffRole::Bookkeeper).await;
    let page = inside.get("/equipe/clients").await.text();
    for client in world.inventory.clients.values() {
        assert!(page.contains(&format!("/equipe/clients/{}\"", client.id)), "{}: {page}", client.id);
    }
    assert_eq!(inside.get(&format!("/equipe/clients/{OTHER}")).await.status, 200);
    assert!(!page.contains("/equipe/clients/nouveau"), "a bookkeeper adds nobody: {page}");
}
