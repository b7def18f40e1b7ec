//! What a client is told that they owe.

use accolades::domain::money::Cents;
use accolades::store::{Movement, NewPayment, Scope};

use super::world::{BILLING, NOW_US, OWN, World};

/// Money that names no invoice.
async fn moved(world: &World, movement: Movement, cents: i64) {
    let moved = NewPayment {
        client: OWN.parse().unwrap(),
        number: None,
        movement,
        cents: Cents(cents),
        moved_on: "2026-12-10".parse().unwrap(),
        means: "transfer".to_owned(),
        reference: "VIR".to_owned(),
        reverses: None,
        by: "ana".to_owned(),
        at_us: NOW_US,
    };
    world.store.record_payment(&moved).await.unwrap();
}

async fn first_screen(world: &World) -> String {
    world.enter(BILLING).await.get("/c/atelier-lilas").await.text()
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_client_no_more_is_late_than_is_owed() {
    let world = World::new().await;
    world.issue().await;
    let invoices = world.store.invoices(&Scope::Client(OWN.parse().unwrap())).await.unwrap();
    let gross: i64 = invoices.iter().map(|one| one.gross.0).sum();
    moved(&world, Movement::Payment, gross - 100).await;
    let page = first_screen(&world).await;
    assert!(page.contains("Vous devez 1,00") && page.contains("dont 1,00"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_client_what_is_owed_by_no_invoice_has_no_empty_date() {
    let world = World::new().await;
    moved(&world, Movement::Refund, 5000).await;
    let page = first_screen(&world).await;
    assert!(page.contains("Vous devez 50,00") && !page.contains("plus tard le ."), "{page}");
}
