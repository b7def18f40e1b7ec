//! A client's journeys, in a real browser.

use std::time::Duration;

use accolades::store::Scope;
use base64::Engine as _;
use serde_json::json;

use super::driver::{Browser, DESK, PHONE, Setup};
use super::filled;
use crate::portal::world::{APPROVER, MANAGER, OWN, World};

/// A phone without scripts.
const PLAIN: Setup = Setup { javascript: false, ..PHONE };

/// Between two looks at a folder, and how many there are at most.
const LOOK: Duration = Duration::from_millis(50);
const LOOKS_MAX: u32 = 400;

/// Opens the link of a mail and presses the button behind it.
async fn enter(world: &World, browser: &Browser, email: &str) {
    browser.go(&world.link(email).await).await;
    browser.click("main button").await;
    browser.until("main .answers").await;
}

/// The four answers, then what is behind each of them.
async fn a_morning(setup: Setup) {
    let world = filled().await;
    let browser = Browser::open(setup).await;
    enter(&world, &browser, MANAGER).await;
    let here = browser.text("main").await;
    for question in [
        "Tout fonctionne-t-il ?",
        "Mes données sont-elles à l’abri ?",
        "Combien d’heures me reste-t-il ?",
        "Que dois-je ?",
    ] {
        assert!(here.contains(question), "`{question}` is missing:\n{here}");
    }
    for (link, heading) in
        [("Assistance", "Reprise des contacts (atelier-lilas)"), ("Postes", "poste"), ("Journal", "")]
    {
        browser.press(link).await;
        browser.until("nav a[aria-current]").await;
        assert_eq!(browser.text("nav a[aria-current]").await, link);
        let page = browser.text("main").await;
        assert!(page.contains(heading), "{page}");
        assert!(!page.contains("mairie-valsonne"), "{page}");
    }
    browser.click(".tools form button").await;
    // Going on at once would call the form off that is being sent.
    browser.until("input[name=email]").await;
    browser.go(&format!("{}/c/{OWN}", world.url())).await;
    browser.until("input[name=email]").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_a_clients_morning() {
    a_morning(DESK).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_a_clients_morning_on_a_phone_without_scripts() {
    a_morning(PLAIN).await;
}

/// Price and envelope are read, read again, and agreed to once.
async fn consent(setup: Setup) {
    let world = filled().await;
    let scope = Scope::Client(OWN.parse().unwrap());
    let request = world.store.consents(&scope).await.unwrap()[0].request;
    let browser = Browser::open(setup).await;
    enter(&world, &browser, APPROVER).await;
    browser.go(&format!("{}/c/{OWN}/assistance/accord/{request}", world.url())).await;
    let asked = browser.text("main .sentence").await;
    assert!(asked.contains("65,00") && asked.contains("130,00"), "price of an hour and of all hours: {asked}");
    browser.click("a[href$='choix=oui']").await;
    assert!(world.store.consents(&scope).await.unwrap()[0].decision.is_none(), "a look decides nothing");
    browser.until("form input[name=choix][value=oui]").await;
    browser.click("main form button").await;
    browser.until(".notice").await;
    let decided = world.store.consents(&scope).await.unwrap().remove(0).decision.expect("it is decided");
    assert!(decided.is_approved);
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_consent_is_given_after_a_second_look() {
    consent(DESK).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_consent_is_given_on_a_phone_without_scripts() {
    consent(PLAIN).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_an_invoice_is_downloaded_as_it_was_issued() {
    let world = filled().await;
    let number = world.invoice_of(OWN).await;
    let browser = Browser::open(DESK).await;
    let folder = browser.keep_downloads().await;
    enter(&world, &browser, MANAGER).await;
    browser.press("Factures").await;
    browser.press(&number).await;
    browser.click(&format!("a[href$='{number}.pdf']")).await;
    let name = format!("{number}.pdf");
    let path = folder.join(&name);
    for _ in 0..LOOKS_MAX {
        if path.exists() {
            break;
        }
        tokio::time::sleep(LOOK).await;
    }
    let issued = std::fs::read(world.folder.path().join("invoices").join(&name)).unwrap();
    assert!(std::fs::read(&path).expect("it was downloaded") == issued, "the same bytes");
}

/// From the mail's link to the consent with Tab and Enter alone.
#[tokio::test(flavor = "multi_thread")]
async fn browser_with_the_keyboard_alone_consent_is_given() {
    let world = filled().await;
    let scope = Scope::Client(OWN.parse().unwrap());
    let browser = Browser::open(DESK).await;
    browser.go(&world.link(APPROVER).await).await;
    browser.tab_to("Entrer").await;
    browser.enter().await;
    browser.until("main .answers").await;
    browser.tab_to("Assistance").await;
    browser.enter().await;
    browser.until("a[href*='/assistance/accord/']").await;
    browser.tab_to_href("/assistance/accord/").await;
    browser.enter().await;
    browser.until("a[href$='choix=oui']").await;
    browser.tab_to_href("choix=oui").await;
    browser.enter().await;
    browser.until("form input[name=choix][value=oui]").await;
    browser.tab_to("Oui, j’accepte cette dépense").await;
    browser.enter().await;
    browser.until(".notice").await;
    assert!(world.store.consents(&scope).await.unwrap()[0].decision.is_some());
}

/// The order of the stops is that of reading, and each of them is seen.
#[tokio::test(flavor = "multi_thread")]
async fn browser_the_keyboard_goes_through_the_first_screen_in_the_order_of_reading() {
    let world = filled().await;
    let browser = Browser::open(DESK).await;
    enter(&world, &browser, MANAGER).await;
    browser.go(&format!("{}/c/{OWN}", world.url())).await;
    let menu = browser.texts("nav li").await;
    let questions = browser.texts("main h2").await;
    assert_eq!(questions.len(), 4);
    let head = ["Aller au contenu", "Les Communs Numériques\nAtelier des Lilas", "English", "Mes accès", "Sortir"];
    let mut expected: Vec<String> = head.map(str::to_owned).to_vec();
    expected.extend(menu);
    for wanted in &expected {
        assert_eq!(&browser.tab().await, wanted);
        assert!(browser.shows_focus().await, "`{wanted}` does not show that it has the focus");
    }
    // Then each answer: its figures as a table, and what is behind it.
    for stop in ["Les mêmes chiffres en tableau", "Les mêmes chiffres en tableau", "Voir le détail"] {
        assert!(browser.tab().await.starts_with(stop), "{stop}");
        assert!(browser.shows_focus().await, "{stop}");
    }
    // The first stop leads over the head.
    browser.go(&format!("{}/c/{OWN}", world.url())).await;
    browser.tab().await;
    browser.enter().await;
    assert!(browser.tab().await.starts_with("Les mêmes chiffres"), "what follows the head");
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_the_four_answers_are_one_sheet_of_paper() {
    let world = filled().await;
    let browser = Browser::open(DESK).await;
    enter(&world, &browser, MANAGER).await;
    let printed = browser.command("Page.printToPDF", json!({ "paperWidth": 8.27, "paperHeight": 11.69 })).await;
    let pdf = base64::engine::general_purpose::STANDARD.decode(printed["data"].as_str().unwrap()).unwrap();
    assert_eq!(lopdf::Document::load_mem(&pdf).unwrap().get_pages().len(), 1, "the foot alone is no page");
}
