//! Every page: in both languages before axe-core, in both themes, on a phone, and as a picture when pictures are asked for.

use accolades::portal::{Route, Who, factor, table};
use accolades::store::{Scope, StaffRole};
use axum::http::Method;

use super::axe::assert_clean;
use super::driver::{Browser, DESK};
use super::filled;
use super::sight::look_at;
use crate::portal::world::{MANAGER, MINUTE_US, OTHER, OWN, PASSWORD, World, unbase32};

/// Answers that are no pages: files, and what programs ask for.
const NO_PAGES: [&str; 7] = [
    "/healthz",
    "/style/{name}",
    "/icon.svg",
    "/langue/{code}",
    "/c/{client}/factures/{number}/{file}",
    "/c/{client}/sauvegardes/essai/{instance}/{number}/certificat.pdf",
    "/c/{client}/documents/releve-assistance.pdf",
];

/// What only work in the lab makes: `technician` looks at them.
const IN_THE_LAB: [&str; 3] =
    ["/equipe/plans/{number}", "/equipe/travaux/{number}", "/equipe/factures/{number}/{file}"];

fn pages(is_wanted: impl Fn(&Who) -> bool) -> Vec<Route> {
    let mut pages = table();
    pages.retain(|route| route.method == Method::GET && is_wanted(&route.who));
    pages.retain(|route| !NO_PAGES.contains(&route.path) && !IN_THE_LAB.contains(&route.path));
    pages
}

/// What a picture of a route is called.
fn name(route: &Route) -> String {
    let path = route.path.replace("/c/{client}", "/client").replace(['{', '}'], "");
    path.trim_matches('/').replace('/', "-")
}

/// A route's path with ids of this world.
async fn filled_path(world: &World, route: &Route) -> String {
    let scope = Scope::Client(OWN.parse().unwrap());
    let request = world.store.consents(&scope).await.unwrap()[0].request.to_string();
    let number = if route.path.contains("/factures/") { world.invoice_of(OWN).await } else { "1".to_owned() };
    let path = route.path.replace("{client}", OWN).replace("{request}", &request);
    let path = path.replace("{instance}", "lilas").replace("{site}", "croix-rousse").replace("{number}", &number);
    assert!(!path.contains('{'), "{path}: say what its ids are here");
    if path.ends_with("/relire") { format!("{path}?choix=oui") } else { path }
}

async fn in_language(browser: &Browser, world: &World, language: &str, path: &str) {
    browser.go(&format!("{}/langue/{language}?vers=/entrer", world.url())).await;
    browser.go(&format!("{}{path}", world.url())).await;
    assert_eq!(browser.attribute("html", "lang").await, language, "{path}");
    assert_eq!(browser.texts("h1").await.len(), 1, "{path} has one heading of the first order");
}

/// Looks at the pages; English differs in its words only.
async fn look_at_all(browser: &Browser, world: &World, routes: &[Route]) {
    for route in routes {
        let path = filled_path(world, route).await;
        in_language(browser, world, "en", &path).await;
        assert_clean(browser, &format!("{path} in English")).await;
        in_language(browser, world, "fr", &path).await;
        look_at(browser, &name(route)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_every_page_of_clients_is_in_order() {
    let world = filled().await;
    let browser = Browser::open(DESK).await;
    browser.go(&format!("{}/entrer", world.url())).await;
    browser.take_cookie(&world.enter(MANAGER).await.cookie).await;
    let routes = pages(|who| matches!(who, Who::Client(_)));
    assert!(routes.len() >= 13, "{routes:?}");
    look_at_all(&browser, &world, &routes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_every_page_of_staff_is_in_order() {
    let world = filled().await;
    let browser = Browser::open(DESK).await;
    browser.go(&format!("{}/entrer", world.url())).await;
    browser.take_cookie(&world.staff("nadia", StaffRole::Admin).await.cookie).await;
    let routes = pages(|who| matches!(who, Who::Staff(_)));
    assert!(routes.len() >= 10, "{routes:?}");
    look_at_all(&browser, &world, &routes).await;
}

/// Pages on the way in, in the order in which one comes by; the last ones are dead ends.
#[tokio::test(flavor = "multi_thread")]
async fn browser_every_page_on_the_way_in_is_in_order() {
    let world = filled().await;
    let browser = Browser::open(DESK).await;
    let at = |path: &str| format!("{}{path}", world.url());
    let (link, dead) = (world.link(MANAGER).await, "/entrer/lien/jamais".to_owned());
    let link = link.strip_prefix(world.url()).unwrap().to_owned();
    world.store.add_account("nadia", "Nadia <i>N</i>", "n@x.example", StaffRole::Technician, 1).await.unwrap();
    let invitation = world.portal.invite("nadia", world.now()).await.unwrap();
    let invitation = invitation.strip_prefix(world.url()).unwrap().to_owned();
    let ways = [
        ("entrer", "/entrer".to_owned()),
        ("entrer-code", "/entrer/code?demande=x".to_owned()),
        ("entrer-bouton", link.clone()),
        ("lien-mort", dead),
        ("equipe-entrer", "/equipe/entrer".to_owned()),
        ("equipe-invitation", invitation.clone()),
        ("equipe-invitation-morte", "/equipe/invitation/jamais".to_owned()),
        ("introuvable", "/nulle-part".to_owned()),
    ];
    for (name, path) in ways {
        in_language(&browser, &world, "en", &path).await;
        assert_clean(&browser, &format!("{path} in English")).await;
        in_language(&browser, &world, "fr", &path).await;
        look_at(&browser, name).await;
    }

    // Mistakes are said beside the field.
    browser.go(&at("/entrer/code?demande=x")).await;
    browser.fill("#code", "000000").await;
    browser.click("main form button").await;
    browser.until(".mistake").await;
    look_at(&browser, "entrer-code-faux").await;
    browser.go(&at("/equipe/entrer")).await;
    for (field, text) in [("#name", "nadia"), ("#password", "faux"), ("#code", "000000")] {
        browser.fill(field, text).await;
    }
    browser.click("main form button").await;
    browser.until(".mistake").await;
    look_at(&browser, "equipe-entrer-faux").await;

    // The invitation is taken: the recovery codes are shown once.
    browser.go(&at(&invitation)).await;
    let secret = unbase32(browser.text("p.key").await.trim());
    browser.fill("#password", PASSWORD).await;
    browser.fill("#again", PASSWORD).await;
    browser.fill("#code", &factor::code(&secret, factor::step(world.now()))).await;
    browser.click("main form button").await;
    browser.until("ul.codes").await;
    look_at(&browser, "equipe-codes").await;

    // A contact goes in, and wants a second proof from now on.
    browser.go(&at(&link)).await;
    browser.click("main button").await;
    browser.until("main .answers").await;
    let own = pages(|who| matches!(who, Who::Contact));
    let own: Vec<Route> = own.into_iter().filter(|route| route.path != "/").collect();
    assert_eq!(own.iter().map(|route| route.path).collect::<Vec<_>>(), ["/moi", "/moi/preuve"]);
    look_at_all(&browser, &world, &own).await;
    browser.go(&at("/moi/preuve")).await;
    let secret = unbase32(browser.text("p.key").await.trim());
    browser.fill("#code", &factor::code(&secret, factor::step(world.now()))).await;
    browser.click("main form button").await;
    browser.until("ul.codes").await;
    assert_clean(&browser, "the recovery codes of a contact").await;
    browser.go(&at("/moi")).await;
    look_at(&browser, "moi-avec-preuve").await;
    world.pass(MINUTE_US);
    browser.go(&world.link(MANAGER).await).await;
    browser.click("main button").await;
    browser.until("#code").await;
    look_at(&browser, "entrer-preuve").await;

    let looked_at = ["/entrer", "/entrer/code", "/entrer/lien/{token}", "/entrer/preuve", "/equipe/entrer"];
    let routes = pages(|who| matches!(who, Who::Anybody));
    let routes: Vec<&str> = routes.iter().map(|route| route.path).collect();
    assert_eq!(routes, [&looked_at[..], &["/equipe/invitation/{token}"]].concat(), "there is a page to look at");
}

/// Whoever is a contact of two clients chooses.
#[tokio::test(flavor = "multi_thread")]
async fn browser_the_choice_between_two_clients_is_in_order() {
    let mut world = filled().await;
    let contact = world.inventory.clients[&OWN.parse().unwrap()].contacts[0].clone();
    world.inventory.clients.get_mut(&OTHER.parse().unwrap()).unwrap().contacts.push(contact.clone());
    crate::portal::world::accept(&world.store, &world.inventory).await;
    let browser = Browser::open(DESK).await;
    browser.go(&world.link(&contact.email).await).await;
    browser.click("main button").await;
    browser.until("ul.choices").await;
    look_at(&browser, "choisir").await;
}

/// What a form says when it is wrong, on pages of clients.
#[tokio::test(flavor = "multi_thread")]
async fn browser_mistakes_in_forms_are_in_order() {
    let world = filled().await;
    let browser = Browser::open(DESK).await;
    browser.go(&format!("{}/entrer", world.url())).await;
    browser.take_cookie(&world.enter(MANAGER).await.cookie).await;
    browser.go(&format!("{}/c/{OWN}/aide", world.url())).await;
    // A blank passes the browser's own check.
    browser.fill("#subject", " ").await;
    browser.fill("#text", " ").await;
    browser.click("main form button").await;
    browser.until(".mistake").await;
    look_at(&browser, "client-aide-faute").await;
}
