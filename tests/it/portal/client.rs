//! What clients see and do.

use accolades::domain::backup::health::{ListingSeen, SEEN_VERSION};
use accolades::domain::billing::terms::SupportKind;
use accolades::domain::ids::ClientId;
use accolades::store::{NewLook, NewSupportEntry, RequestState, RequestStep, Scope};
use serde_json::json;

use super::world::{APPROVER, BILLING, DAY_US, MANAGER, MEMBER, NOW_US, OWN, World, accept, form};

fn own() -> Scope {
    Scope::Client(OWN.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_client_four_answers_and_nothing_green_that_is_not_known() {
    let world = World::new().await;
    let page = world.enter(MANAGER).await.get("/c/atelier-lilas").await.text();
    for question in [
        "Tout fonctionne-t-il\u{a0}?",
        "Mes données sont-elles à l’abri\u{a0}?",
        "Combien d’heures me reste-t-il\u{a0}?",
        "Que dois-je\u{a0}?",
    ] {
        assert!(page.contains(question), "{question}");
    }
    // Nobody has looked at anything yet: both answers say so.
    assert!(page.contains("personne n’a encore regardé"), "{page}");
    let answers: Vec<&str> = page.split("<article").skip(1).take(2).collect();
    for answer in answers {
        assert!(answer.contains("tone unknown") && !answer.contains("tone good"), "{answer}");
        assert!(!answer.contains("class=\"kept\"") && !answer.contains("<g class=\"good\""), "{answer}");
    }
    assert!(page.contains("Il vous reste 20\u{a0}h sur 20\u{a0}h"), "{page}");
    assert!(page.contains("aucune facture n’a encore été émise"), "{page}");
    for picture in page.split("<svg").skip(1) {
        assert!(picture.contains("<title") && picture.contains("<desc"), "{picture}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_client_amounts_are_for_those_who_pay() {
    let world = World::new().await;
    world.issue().await;
    let page = world.enter(MEMBER).await.get("/c/atelier-lilas").await.text();
    assert!(page.contains("Les montants sont montrés") && !page.contains('€'), "{page}");
    let page = world.enter(BILLING).await.get("/c/atelier-lilas").await.text();
    assert!(page.contains("Vous devez") && page.contains('€'), "{page}");
}

/// The first screen is kept for its next visit; what comes in, time and another language are seen all the same.
#[tokio::test(flavor = "multi_thread")]
async fn portal_client_a_kept_first_screen_is_never_an_old_one() {
    let world = World::new().await;
    let manager = world.enter(MANAGER).await;
    let home = async || manager.get("/c/atelier-lilas").await.text();
    assert!(home().await.contains("Il vous reste 20\u{a0}h sur 20\u{a0}h"));
    let entry = NewSupportEntry {
        client: OWN.parse().unwrap(),
        kind: SupportKind::Help,
        started_at_us: NOW_US,
        minutes: 60,
        words: "Partage de dossiers".to_owned(),
        not_accounted: None,
        corrects: None,
        reason: None,
        by: "nadia".to_owned(),
        at_us: NOW_US,
    };
    world.store.record_support(&entry).await.unwrap();
    assert!(home().await.contains("Il vous reste 19\u{a0}h sur 20\u{a0}h"), "at once");

    let unseen = home().await;
    let listing = ListingSeen { version: SEEN_VERSION, snapshots: Vec::new() };
    let look = NewLook {
        scope: own(),
        subject_kind: "instance",
        subject_id: "lilas".to_owned(),
        what: "backup-local".to_owned(),
        at_us: world.now().as_microsecond(),
        found: Ok(serde_json::to_value(listing).unwrap()),
    };
    world.store.record_looks(&[look]).await.unwrap();
    let seen = home().await;
    assert!(seen != unseen, "a look is news");
    assert!(home().await == seen, "nothing is new");
    let english = manager.with(&format!("{}; langue=en", manager.cookie)).get("/c/atelier-lilas").await.text();
    assert!(english.contains("You have 19\u{a0}h of 20\u{a0}h left"), "{english}");
    assert!(home().await == seen, "each language for itself");
    world.pass(24 * 3600 * 1_000_000);
    assert!(home().await != seen, "another day");
    let seen = home().await;

    // The inventory is part of what a page is made from.
    let mut changed = super::world::example();
    changed.cooperative.support_phone = "+33 9 99 99 99 99".to_owned();
    super::world::accept(&world.store, &changed).await;
    assert!(home().await != seen, "a new version of the inventory");
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_client_consent_has_a_second_look_and_a_receipt_and_is_given_once() {
    let world = World::new().await;
    world.fill().await;
    let request = world.store.consents(&own()).await.unwrap()[0].request;
    let path = format!("/c/atelier-lilas/assistance/accord/{request}");
    let approver = world.enter(APPROVER).await;
    let page = approver.get(&path).await.text();
    assert!(
        page.contains("130,00") && page.contains("65,00") && !page.contains("<form method=\"post\" action=\"/c"),
        "{page}"
    );
    let page = approver.get(&format!("{path}/relire?choix=oui")).await.text();
    assert!(page.contains("Relisez avant de confirmer") && page.contains("130,00"), "{page}");
    let (first, second) = tokio::join!(approver.post(&path, "choix=oui"), approver.post(&path, "choix=oui"));
    assert_eq!([first.status, second.status], [303, 303], "sent twice");
    assert_eq!(approver.post(&path, "choix=non").await.status, 303, "too late to change one's mind");
    let consent = world.store.consents(&own()).await.unwrap().remove(0);
    let decision = consent.decision.unwrap();
    assert!(decision.is_approved && decision.approver.contains(APPROVER), "{decision:?}");
    let receipts: Vec<_> = world.store.mails(&own(), None, None).await.unwrap();
    let receipts: Vec<_> = receipts.iter().filter(|mail| mail.kind == "consent-receipt").collect();
    assert_eq!(receipts.len(), 1);
    assert_eq!(receipts[0].recipient, APPROVER);
    let audited = world.store.audit_entries(&own(), i64::MAX, 9).await.unwrap();
    assert_eq!(audited[0].action, "overage-approved");
    assert!(approver.get(&path).await.text().contains("Répondu par"));
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_client_names_that_try_to_be_html_stay_text() {
    let world = World::new().await;
    world.fill().await;
    let approver = world.enter(APPROVER).await;
    let page = approver.get("/c/atelier-lilas/assistance").await.text();
    assert!(page.contains("&#60;script&#62;") && !page.contains("<script"), "{page}");
    let page = approver.get("/c/atelier-lilas/acces").await.text();
    assert!(!page.contains("Léa <b>"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_client_ten_thousand_entries_are_pages() {
    let world = World::new().await;
    let client: ClientId = OWN.parse().unwrap();
    let statement = "INSERT INTO support_entries (position, client, kind, started_at_us, minutes, words, recorded_by, recorded_at_us)
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
        SELECT i, 'atelier-lilas', 'maintenance', 1796000000000000 + i * 1000000, 1, 'entrée ' || i, 'nadia', 1796000000000000 FROM n";
    let url = format!("sqlite:{}", world.folder.path().join("s.sqlite").display());
    crate::store::bench::execute(&url, statement).await.unwrap();
    assert_eq!(world.store.support_entries(&Scope::Client(client)).await.unwrap().len(), 10_000);
    let inside = world.enter(MANAGER).await;
    let first = inside.get("/c/atelier-lilas/assistance").await.text();
    assert_eq!(first.matches("<tr><td").count() - first.matches("Comprises</td>").count() * 5, 50, "{}", first.len());
    assert!(first.contains("entrée 10000<") && first.contains("page=2"));
    assert!(first.len() < 60_000, "{}", first.len());
    let last = inside.get("/c/atelier-lilas/assistance?page=99999").await.text();
    assert!(last.contains("entrée 1<"), "beyond the end is the end");
    assert_eq!(inside.get("/c/atelier-lilas/assistance?page=-1&annee=x").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_client_invoices_have_their_archived_file_and_the_reason_of_every_line() {
    let world = World::new().await;
    world.issue().await;
    let inside = world.enter(BILLING).await;
    let number = world.invoice_of(OWN).await;
    let page = inside.get(&format!("/c/atelier-lilas/factures/{number}")).await.text();
    assert!(page.contains("R6") && page.contains("Camille Morel") && page.contains("312,00"), "{page}");
    let file = inside.get(&format!("/c/atelier-lilas/factures/{number}/{number}.pdf")).await;
    assert_eq!(file.status, 200);
    assert_eq!(file.header("content-type"), "application/pdf");
    assert_eq!(file.header("content-disposition"), format!("attachment; filename=\"{number}.pdf\""));
    let archived = world.folder.path().join(format!("invoices/{number}.pdf"));
    assert!(file.bytes == std::fs::read(&archived).unwrap(), "byte for byte");
    std::fs::write(&archived, b"%PDF-1.7 something else").unwrap();
    let file = inside.get(&format!("/c/atelier-lilas/factures/{number}/{number}.pdf")).await;
    assert_eq!(file.status, 503, "not the document that was issued");
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_client_a_seat_is_asked_for_once_and_its_price_is_said() {
    let world = World::new().await;
    let inside = world.enter(MANAGER).await;
    let page = inside.get("/c/atelier-lilas/postes").await;
    assert!(page.text().contains("39,00\u{a0}€ HT par mois"), "{}", page.text());
    let key = page.field("form");
    let fields = [
        ("form", key.as_str()),
        ("what", "add"),
        ("first_name", "Zoé"),
        ("last_name", "O'Neil <b>"),
        ("day", "2027-01-04"),
        ("remark", ""),
    ];
    let body = form(&fields);
    let (first, second) =
        tokio::join!(inside.post("/c/atelier-lilas/postes", &body), inside.post("/c/atelier-lilas/postes", &body));
    assert!([first.status, second.status].contains(&303));
    assert_eq!(inside.post("/c/atelier-lilas/postes", &body).await.status, 303);
    let requests = world.store.requests(&own()).await.unwrap();
    assert_eq!(requests.len(), 1, "a form that is sent three times asks once");
    assert_eq!(requests[0].steps[0].detail["from"], "2027-01-04");
    assert_eq!(world.store.mails(&own(), None, None).await.unwrap().len(), 1);

    let past = form(&[("form", "b"), ("what", "add"), ("first_name", "A"), ("last_name", "B"), ("day", "2020-01-01")]);
    assert_eq!(inside.post("/c/atelier-lilas/postes", &past).await.status, 422);
    let stranger = form(&[("form", "c"), ("what", "end"), ("person", "beatrice"), ("day", "2027-01-04")]);
    assert_eq!(inside.post("/c/atelier-lilas/postes", &stranger).await.status, 422, "somebody of another client");

    let answer = RequestStep {
        state: RequestState::Done,
        detail: json!({ "version": 1, "words": "C’est fait" }),
        by: "nadia".to_owned(),
        at_us: NOW_US,
    };
    world.store.answer_request(&requests[0], &answer).await.unwrap();
    let page = inside.get("/c/atelier-lilas/postes").await.text();
    assert!(page.contains("C’est fait") && page.contains("O&#39;Neil &#60;b&#62;"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_client_pages_exist_in_both_languages() {
    let world = World::new().await;
    world.fill().await;
    let inside = world.enter(MANAGER).await;
    let english = inside.with(&format!("{}; langue=en", inside.cookie));
    for rest in [
        "",
        "/sauvegardes",
        "/sauvegardes/essai/lilas/1",
        "/assistance",
        "/factures",
        "/postes",
        "/aide",
        "/documents",
        "/acces",
        "/journal",
    ] {
        let path = format!("/c/atelier-lilas{rest}");
        let (fr, en) = (inside.get(&path).await, english.get(&path).await);
        assert_eq!((fr.status, en.status), (200, 200), "{path}");
        assert!(fr.text().contains("<html lang=\"fr\"") && en.text().contains("<html lang=\"en\""));
        let title = |page: &str| page.split("<title>").nth(1).unwrap().split('<').next().unwrap().to_owned();
        let is_same = title(&fr.text()) == title(&en.text());
        assert!(!is_same, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_client_a_proven_restore_has_its_certificate() {
    let world = World::new().await;
    world.fill().await;
    let inside = world.enter(MEMBER).await;
    let page = inside.get("/c/atelier-lilas/sauvegardes/essai/lilas/1").await.text();
    assert!(page.contains("Ce que cet essai ne prouve pas"), "{page}");
    let file = inside.get("/c/atelier-lilas/sauvegardes/essai/lilas/1/certificat.pdf").await;
    assert_eq!((file.status, file.header("content-type")), (200, "application/pdf"));
    assert!(file.bytes.starts_with(b"%PDF") && file.header("content-disposition").starts_with("attachment"));
    let statement = inside.get("/c/atelier-lilas/documents/releve-assistance.pdf").await;
    assert!(statement.status == 200 && statement.bytes.starts_with(b"%PDF"));
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_client_support_says_why_something_is_not_accounted() {
    let world = World::new().await;
    let entry = NewSupportEntry {
        client: OWN.parse().unwrap(),
        kind: SupportKind::Help,
        started_at_us: NOW_US - 3_600_000_000,
        minutes: 45,
        words: "Imprimante".to_owned(),
        not_accounted: Some("notre erreur".to_owned()),
        corrects: None,
        reason: None,
        by: "nadia".to_owned(),
        at_us: NOW_US,
    };
    world.store.record_support(&entry).await.unwrap();
    let page = world.enter(MANAGER).await.get("/c/atelier-lilas/assistance").await.text();
    assert!(page.contains("Non compté\u{a0}: notre erreur") && page.contains("45\u{a0}min"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_client_the_hours_of_a_past_year_are_told_in_the_past() {
    let world = World::new().await;
    let mut inventory = world.inventory.clone();
    inventory.clients.get_mut(&OWN.parse::<ClientId>().unwrap()).unwrap().contract.start =
        "2024-12-01".parse().unwrap();
    accept(&world.store, &inventory).await;
    let entry = NewSupportEntry {
        client: OWN.parse().unwrap(),
        kind: SupportKind::Help,
        started_at_us: NOW_US - 400 * DAY_US,
        // All of that year's hours: nothing to be warned of today.
        minutes: 20 * 60,
        words: "Déménagement".to_owned(),
        not_accounted: None,
        corrects: None,
        reason: None,
        by: "nadia".to_owned(),
        at_us: NOW_US,
    };
    world.store.record_support(&entry).await.unwrap();
    let inside = world.enter(MANAGER).await;
    let page = inside.get("/c/atelier-lilas/assistance?annee=0").await.text();
    assert!(page.contains("Cette année s’est terminée le 30\u{a0}novembre 2025"), "{page}");
    assert!(page.contains("vous avez utilisé 20\u{a0}h sur 20\u{a0}h") && page.contains("tone good"), "{page}");
    assert!(!page.contains("Les prochaines arrivent") && !page.contains("Il vous reste"), "{page}");
    let page = inside.get("/c/atelier-lilas/assistance").await.text();
    assert!(page.contains("Il vous reste 20\u{a0}h sur 20\u{a0}h"), "the present one: {page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_client_the_next_bill_is_the_months_that_was_not_issued_yet() {
    let world = World::new().await;
    world.issue_month("2026-10", "2026-11-02T09:00:00Z").await;
    // The middle of December: November's run is late.
    let inside = world.enter(BILLING).await;
    let invoices = async || inside.get("/c/atelier-lilas/factures").await.text();
    assert!(invoices().await.contains("Prochaine facture\u{a0}: novembre 2026"), "{}", invoices().await);
    let home = inside.get("/c/atelier-lilas").await.text();
    assert!(home.contains("bientôt, pour novembre 2026, environ"), "{home}");
    world.issue_month("2026-11", "2026-12-01T09:00:00Z").await;
    assert!(invoices().await.contains("Prochaine facture\u{a0}: décembre 2026"), "{}", invoices().await);
}
