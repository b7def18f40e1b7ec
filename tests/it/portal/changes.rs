//! The inventory changed from a page: shown first, written once, never over what somebody else wrote.

use std::path::{Path, PathBuf};

use accolades::acceptance::Standing;
use accolades::inventory;
use accolades::jobs::Nudge;
use accolades::portal::staff::Desk;
use accolades::store::{RequestState, Scope, StaffRole};

use super::http::Browser;
use super::lived::asked;
use super::world::{MANAGER, NOW_US, OWN, World, form};

/// The numbers of what `asked` asks for.
const HELP: i64 = 1;
const SEAT: i64 = 2;
const END: i64 = 3;

/// A server with the inventory's files beside its portal, and a technician who is in.
async fn desk() -> (World, PathBuf, Browser) {
    let world = World::new().await;
    let folder = world.folder.path().join("inventory");
    let files = inventory::read_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("inventory")).unwrap();
    for (path, text) in &files {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let standing = Standing::read(&world.store, &folder).await.unwrap();
    standing.accept(&world.store, "nadia", NOW_US).await.unwrap();
    world.portal.set_desk(Desk::new(folder.clone(), Nudge::default()));
    asked(&world).await;
    let inside = world.staff("nadia", StaffRole::Technician).await;
    (world, folder, inside)
}

async fn state(world: &World, number: i64) -> RequestState {
    world.store.request(&Scope::Staff, number).await.unwrap().unwrap().state()
}

fn text(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("clients/atelier-lilas.toml")).unwrap()
}

const SEAT_FIELDS: [(&str, &str); 4] =
    [("person", "zoe"), ("username", "zoe"), ("mail_domain", "atelier-lilas.example"), ("dolibarr", "read")];

#[tokio::test(flavor = "multi_thread")]
async fn portal_staff_a_seat_is_shown_then_written_once() {
    let (world, folder, inside) = desk().await;
    let before = text(&folder);
    let page = inside.get("/equipe/demandes").await.text();
    assert!(page.contains("Zoé O&#39;Neil") && page.contains("value=\"zoe\""), "the id is suggested: {page}");
    let path = format!("/equipe/demandes/{SEAT}");
    let shown = inside.post(&path, &form(&SEAT_FIELDS)).await;
    assert_eq!(shown.status, 200, "{}", shown.text());
    assert!(shown.text().contains("+[persons.zoe]") || shown.text().contains("[persons.zoe]"), "{}", shown.text());
    assert_eq!(text(&folder), before, "a look writes nothing");
    assert_eq!(state(&world, SEAT).await, RequestState::Asked);

    let (mark, name) = (shown.field("mark"), shown.field("form"));
    let more = [("mark", mark.as_str()), ("form", name.as_str())];
    let body = [&SEAT_FIELDS[..], &more].concat();
    let accept = format!("{path}/accepter");
    let body = form(&body);
    let (first, second) = tokio::join!(inside.post(&accept, &body), inside.post(&accept, &body));
    assert_eq!([first.status, second.status], [303, 303], "{}\n{}", first.text(), second.text());
    assert_eq!(first.header("location"), second.header("location"), "both see the same work");
    let after = text(&folder);
    assert!(after.contains("[persons.zoe]") && after.contains("# People. The id never changes"), "{after}");
    assert_eq!(world.store.latest_inventory_number().await.unwrap(), 3, "one version");
    assert_eq!(state(&world, SEAT).await, RequestState::Done);
    let orders = world.store.open_job_orders(&Scope::Staff).await.unwrap();
    assert_eq!(orders.iter().map(|one| one.new.kind.as_str()).collect::<Vec<_>>(), ["plan"]);
    // Much later, the same form once more.
    assert_eq!(inside.post(&accept, &body).await.status, 303);
    assert_eq!(inside.post(&path, &form(&SEAT_FIELDS)).await.header("location"), "/equipe/demandes?note=oui");
    assert_eq!(world.store.latest_inventory_number().await.unwrap(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_staff_an_end_of_a_seat_becomes_the_inventory() {
    let (world, folder, inside) = desk().await;
    let path = format!("/equipe/demandes/{END}");
    let shown = inside.post(&path, "").await;
    assert_eq!(shown.status, 200, "{}", shown.text());
    let body = form(&[("mark", &shown.field("mark")), ("form", &shown.field("form"))]);
    assert_eq!(inside.post(&format!("{path}/accepter"), &body).await.status, 303);
    assert!(text(&folder).contains("until = 2026-12-31"), "{}", text(&folder));
    assert_eq!(state(&world, END).await, RequestState::Done);
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_staff_what_somebody_wrote_to_the_files_is_shown_and_stays() {
    let (world, folder, inside) = desk().await;
    let path = format!("/equipe/demandes/{SEAT}");
    let shown = inside.post(&path, &form(&SEAT_FIELDS)).await;
    let (mark, name) = (shown.field("mark"), shown.field("form"));
    let edited = text(&folder) + "# nadia: à vérifier\n";
    std::fs::write(folder.join("clients/atelier-lilas.toml"), &edited).unwrap();
    let more = [("mark", mark.as_str()), ("form", name.as_str())];
    let body = [&SEAT_FIELDS[..], &more].concat();
    for page in
        [inside.post(&path, &form(&SEAT_FIELDS)).await, inside.post(&format!("{path}/accepter"), &form(&body)).await]
    {
        assert_eq!(page.status, 409);
        assert!(page.text().contains("nadia: à vérifier"), "{}", page.text());
    }
    assert_eq!(text(&folder), edited);

    // Accepted meanwhile by somebody: what is shown then is today's difference, and it is to be confirmed anew.
    let standing = Standing::read(&world.store, &folder).await.unwrap();
    standing.accept(&world.store, "paul", NOW_US).await.unwrap();
    let moved = inside.post(&format!("{path}/accepter"), &form(&body)).await;
    assert!(moved.text().contains("L’inventaire a changé entre-temps"), "{}", moved.text());
    assert_eq!(text(&folder), edited);
    assert_eq!(state(&world, SEAT).await, RequestState::Asked);
    assert!(world.store.open_job_orders(&Scope::Staff).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_staff_a_seat_that_cannot_be_is_refused_in_words_and_stays_typed() {
    let (world, folder, inside) = desk().await;
    let before = text(&folder);
    for (field, wrong, reason) in [
        ("person", "Zoé Ville", "Un identifiant s’écrit en minuscules"),
        ("person", "camille", "Cet identifiant est déjà celui de Camille Morel."),
        ("username", "camille", "camille"),
        ("mail_domain", "ailleurs.example", "ailleurs.example"),
    ] {
        let fields = SEAT_FIELDS.map(|one| if one.0 == field { (field, wrong) } else { one });
        let page = inside.post(&format!("/equipe/demandes/{SEAT}"), &form(&fields)).await;
        assert_eq!(page.status, 422, "{wrong}: {}", page.text());
        let text = page.text();
        let (_, told) = text.split_once("role=\"alert\"").unwrap_or_else(|| panic!("{wrong}: {text}"));
        let (told, rest) = told.split_once("</pre>").unwrap();
        assert!(told.contains(reason) && !told.contains("is unknown at"), "{wrong}: {told}");
        for (name, typed) in fields.iter().filter(|one| one.0 == "person" || one.0 == "username") {
            assert!(rest.contains(&format!("name=\"{name}\" value=\"{typed}\"")), "{name} of {wrong}: {rest}");
        }
        assert!(rest.contains("<option value=\"read\" selected>"), "{wrong}: {rest}");
    }
    assert_eq!(text(&folder), before);
    assert_eq!(inside.post("/equipe/demandes/999", "").await.status, 404);
    assert_eq!(inside.post(&format!("/equipe/demandes/{HELP}"), "").await.status, 404, "help is no seat");
    assert_eq!(state(&world, SEAT).await, RequestState::Asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_staff_a_name_that_a_client_mistyped_is_corrected_on_the_way() {
    let (_world, folder, inside) = desk().await;
    let page = inside.get("/equipe/demandes").await;
    assert_eq!((page.field("first_name").as_str(), page.field("last_name").as_str()), ("Zoé", "O&#39;Neil"));
    let fields = [&SEAT_FIELDS[..], &[("first_name", "Zoë"), ("last_name", "Oneil")]].concat();
    let path = format!("/equipe/demandes/{SEAT}");
    let shown = inside.post(&path, &form(&fields)).await;
    assert_eq!(shown.status, 200, "{}", shown.text());
    let (mark, name) = (shown.field("mark"), shown.field("form"));
    assert_eq!(shown.field("first_name"), "Zoë", "it goes on with the confirmation");
    let body = form(&[&fields[..], &[("mark", &mark), ("form", &name)]].concat());
    assert_eq!(inside.post(&format!("{path}/accepter"), &body).await.status, 303);
    let after = text(&folder);
    assert!(after.contains("first_name = \"Zoë\"") && after.contains("last_name = \"Oneil\""), "{after}");
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_staff_a_request_is_answered_once_and_a_refusal_says_why() {
    let (world, _, inside) = desk().await;
    let close = |number: i64| format!("/equipe/demandes/{number}/clore");
    let silent = inside.post(&close(SEAT), &form(&[("state", "refused"), ("words", "  ")])).await;
    assert_eq!(silent.status, 422);
    assert!(silent.text().contains("Un refus se dit"), "{}", silent.text());
    let long = form(&[("state", "done"), ("words", &"x".repeat(4001))]);
    assert_eq!(inside.post(&close(HELP), &long).await.status, 422);
    assert_eq!(inside.post(&close(HELP), &form(&[("state", "peut-etre")])).await.status, 400);
    assert_eq!((state(&world, SEAT).await, state(&world, HELP).await), (RequestState::Asked, RequestState::Asked));

    let refusal = form(&[("state", "refused"), ("words", "Le contrat finit <b>avant</b>")]);
    assert_eq!(inside.post(&close(SEAT), &refusal).await.status, 303);
    let done = form(&[("state", "done"), ("words", "Câble remplacé")]);
    let to = close(HELP);
    let (first, second) = tokio::join!(inside.post(&to, &done), inside.post(&to, &done));
    assert_eq!([first.status, second.status], [303, 303], "sent twice");
    let late = form(&[("state", "refused"), ("words", "Trop tard")]);
    assert_eq!(inside.post(&close(HELP), &late).await.status, 303);
    assert_eq!((state(&world, SEAT).await, state(&world, HELP).await), (RequestState::Refused, RequestState::Done));
    let request = world.store.request(&Scope::Staff, HELP).await.unwrap().unwrap();
    assert_eq!(request.steps.len(), 2, "{request:?}");
    let audited = world.store.audit_entries(&Scope::Staff, i64::MAX, 50).await.unwrap();
    assert_eq!(audited.iter().filter(|one| one.action == "request-closed").count(), 2);

    let client = world.enter(MANAGER).await;
    let page = client.get(&format!("/c/{OWN}/aide")).await.text();
    assert!(page.contains("Câble remplacé") && !page.contains("Trop tard"), "{page}");
    let page = client.get(&format!("/c/{OWN}/postes")).await.text();
    assert!(page.contains("Le contrat finit &#60;b&#62;avant"), "{page}");
}

/// What is typed for a new client.
const CLIENT: [(&str, &str); 13] = [
    ("id", "ruche"),
    ("name", "La Ruche <b>des</b> Voisins"),
    ("legal_form", "association loi 1901"),
    ("vat", "non-taxable"),
    ("rna", "W691234567"),
    ("street", "3 place du Marché"),
    ("postcode", "69100"),
    ("city", "Villeurbanne"),
    ("contact", "Inès Faure"),
    ("email", "ines.faure@courriel.example"),
    ("start", "2026-12-01"),
    ("domain", "ruche.example"),
    ("mail", "here"),
];

#[tokio::test(flavor = "multi_thread")]
async fn portal_staff_a_new_client_is_shown_then_written_once() {
    let (world, folder, inside) = desk().await;
    let file = folder.join("clients/ruche.toml");
    let typed = [&CLIENT[..], &[("on", "ilot")]].concat();
    let shown = inside.post("/equipe/clients/nouveau", &form(&typed)).await;
    assert_eq!(shown.status, 200, "{}", shown.text());
    assert!(shown.text().contains("La Ruche &#60;b&#62;des") && !file.exists(), "{}", shown.text());
    let (mark, name) = (shown.field("mark"), shown.field("form"));
    let stale = [("mark", "1-abc"), ("form", name.as_str())];
    let stale = [&typed[..], &stale].concat();
    let moved = inside.post("/equipe/clients/nouveau/accepter", &form(&stale)).await;
    assert!(moved.text().contains("L’inventaire a changé entre-temps") && !file.exists(), "{}", moved.text());

    let body = form(&[&typed[..], &[("mark", &mark), ("form", &name)]].concat());
    let accept = "/equipe/clients/nouveau/accepter";
    let (first, second) = tokio::join!(inside.post(accept, &body), inside.post(accept, &body));
    assert_eq!([first.status, second.status], [303, 303], "{}\n{}", first.text(), second.text());
    assert_eq!(first.header("location"), second.header("location"));
    assert!(file.exists());
    assert_eq!(world.store.latest_inventory_number().await.unwrap(), 3, "one version");
    assert_eq!(world.store.open_job_orders(&Scope::Staff).await.unwrap().len(), 1);
    assert_eq!(inside.get("/equipe/clients/ruche").await.status, 200);
    let audited = world.store.audit_entries(&Scope::Staff, i64::MAX, 50).await.unwrap();
    assert_eq!(audited.iter().filter(|one| one.action == "client-added").count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_staff_a_new_client_with_mistakes_stays_a_form() {
    let (world, folder, inside) = desk().await;
    let typed = [&CLIENT[..], &[("on", "ilot")]].concat();
    for (name, wrong) in [
        ("id", "La Ruche"),
        ("id", "atelier-lilas"),
        ("name", ""),
        ("vat", "peut-être"),
        ("mail", ""),
        ("start", "bientôt"),
        ("email", "ines@ruche.example"),
        ("domain", "pas un domaine"),
        ("rna", "?"),
        ("on", ""),
    ] {
        let fields: Vec<_> = typed.iter().map(|field| if field.0 == name { (name, wrong) } else { *field }).collect();
        let page = inside.post("/equipe/clients/nouveau", &form(&fields)).await;
        assert_eq!(page.status, 422, "{name}: {}", page.text());
        let text = page.text();
        assert!(text.contains("class=\"mistake") && text.contains("value=\"Villeurbanne\""), "{name}: {text}");
    }
    let long = "x".repeat(201);
    let fields: Vec<_> =
        typed.iter().map(|field| if field.0 == "name" { ("name", long.as_str()) } else { *field }).collect();
    assert_eq!(inside.post("/equipe/clients/nouveau", &form(&fields)).await.status, 422);
    assert_eq!(
        inside.post("/equipe/clients/nouveau/accepter", &form(&[("id", "x"), ("form", "abc")])).await.status,
        400
    );
    assert!(!folder.join("clients/ruche.toml").exists());
    assert_eq!(world.store.latest_inventory_number().await.unwrap(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_staff_without_files_on_the_server_nothing_is_changed() {
    let world = World::new().await;
    asked(&world).await;
    world.portal.set_desk(Desk::new(world.folder.path().join("nowhere"), Nudge::default()));
    let inside = world.staff("nadia", StaffRole::Technician).await;
    let page = inside.post(&format!("/equipe/demandes/{SEAT}"), &form(&SEAT_FIELDS)).await;
    assert_eq!(page.status, 409);
    assert!(page.text().contains("ne sont pas sur ce serveur"), "{}", page.text());
}
