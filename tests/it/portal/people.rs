//! Who may enter for a client, and whose sessions may be closed by whom.

use accolades::inventory::model::{Contact, ContactRole};
use accolades::portal::factor;

use super::world::{MANAGER, MEMBER, OTHER, OWN, World, accept, form, id, unbase32};

/// Somebody who enters for both clients.
const ACCOUNTANT: &str = "comptable@ailleurs.example";

/// Makes them a contact of both.
async fn with_accountant() -> World {
    let world = World::new().await;
    let mut inventory = world.inventory.clone();
    for client in [OWN, OTHER] {
        let contacts = &mut inventory.clients.get_mut(&id(client)).unwrap().contacts;
        let (name, email) = ("Inès Compte".to_owned(), ACCOUNTANT.to_owned());
        contacts.push(Contact { name, email, phone: None, roles: vec![ContactRole::Billing] });
    }
    accept(&world.store, &inventory).await;
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_client_sessions_of_an_accountant_of_several_clients_are_nobodys_to_close() {
    let world = with_accountant().await;
    let (manager, member, accountant) =
        (world.enter(MANAGER).await, world.enter(MEMBER).await, world.enter(ACCOUNTANT).await);
    let page = manager.get("/c/atelier-lilas/acces").await.text();
    let row = |email: &str| page.split("<li>").find(|row| row.contains(email)).unwrap().to_owned();
    assert!(row(MEMBER).contains("Fermer ses entrées") && row(MEMBER).contains("1\u{a0}entrée ouverte"), "{page}");
    assert!(row(ACCOUNTANT).contains("appelez-nous") && !row(ACCOUNTANT).contains("entrée ouverte"), "{page}");
    assert!(!row(ACCOUNTANT).contains("<form"), "{page}");

    let close =
        async |email: &str| manager.post("/c/atelier-lilas/acces/fermer", &form(&[("email", email)])).await.status;
    assert_eq!(close(ACCOUNTANT).await, 400);
    assert_eq!(accountant.get("/c/mairie-valsonne").await.status, 200, "still in at the other client's");
    assert_eq!(close(MEMBER).await, 303);
    assert_eq!(member.get("/c/atelier-lilas").await.status, 303, "out");
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_client_whoever_has_several_clients_finds_back_to_the_choice() {
    let world = with_accountant().await;
    let link = "<a href=\"/\">Changer d’organisation</a>";
    let accountant = world.enter(ACCOUNTANT).await;
    for path in ["/c/atelier-lilas", "/c/mairie-valsonne/factures", "/moi"] {
        let page = accountant.get(path).await.text();
        assert!(page.contains(link), "{path}: {page}");
    }
    assert!(accountant.get("/").await.text().contains("Pour qui venez-vous"));
    assert!(!world.enter(MANAGER).await.get("/c/atelier-lilas").await.text().contains(link), "there is one only");
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_client_whom_no_client_may_put_out_the_co_operative_can() {
    let world = with_accountant().await;
    let (manager, accountant) = (world.enter(MANAGER).await, world.enter(ACCOUNTANT).await);
    let page = accountant.get("/moi/preuve").await.text();
    let secret = unbase32(page.split("class=\"key\">").nth(1).unwrap().split('<').next().unwrap());
    let code = factor::code(&secret, factor::step(world.now()));
    assert_eq!(accountant.post("/moi/preuve", &format!("code={code}")).await.status, 200);
    let waiting = world.link(ACCOUNTANT).await;

    let subject = format!("contact:{ACCOUNTANT}");
    let address = "Comptable@Ailleurs.example";
    assert_eq!(world.portal.put_out(address, false, world.now()).await.unwrap(), 1);
    assert_eq!(accountant.get("/c/mairie-valsonne").await.status, 303, "out");
    let waiting = waiting.strip_prefix(world.url()).unwrap();
    assert_eq!(world.browser.get(waiting).await.status, 410, "what lies in the mailbox lets nobody in");
    assert!(world.store.factor(&subject).await.unwrap().is_some(), "not asked for");
    assert_eq!(world.portal.put_out(address, true, world.now()).await.unwrap(), 0);
    assert!(world.store.factor(&subject).await.unwrap().is_none());
    assert_eq!(manager.get("/c/atelier-lilas").await.status, 200, "nobody else");
}
