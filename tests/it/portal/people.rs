//! Who may enter for a client, and whose sessions may be closed by whom.

use accolades::inventory::model::{Contact, ContactRole};

use super::world::{MANAGER, MEMBER, OTHER, OWN, World, accept, form, id};

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
