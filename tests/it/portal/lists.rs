//! Lists that grow for years.

use accolades::store::{Movement, NewPayment, NewRequest, RequestKind};
use serde_json::json;

use super::world::{DAY_US, MANAGER, NOW_US, OWN, World, drill, id};

/// More than two pages of everything.
const MANY: i64 = 120;
/// Rows of a page.
const ROWS: usize = 50;

async fn many(world: &World) {
    let moment_us = |number: i64| NOW_US - (MANY - number) * DAY_US;
    let mut previous = None;
    for number in 0..MANY {
        let seat = json!({ "version": 1, "first_name": format!("P{number:03}"), "last_name": "N", "from": "2027-01-04", "remark": "" });
        let new = NewRequest {
            client: id(OWN),
            kind: RequestKind::SeatAdd,
            form: format!("f{number}"),
            detail: seat,
            by: format!("contact:{MANAGER}"),
            at_us: moment_us(number),
        };
        world.store.ask(&new).await.unwrap();
        let mut record = drill("lilas", OWN);
        record.id = format!("drill-{number}");
        (record.began_at_us, record.ended_at_us) = (moment_us(number), moment_us(number));
        record.previous = previous;
        let kept = world.store.keep_drill(&record, &[(id(OWN), record.clone())]).await.unwrap();
        previous = Some(kept.hash);
        let payment = NewPayment {
            client: id(OWN),
            number: None,
            movement: Movement::Payment,
            cents: accolades::domain::money::Cents(100 + number),
            moved_on: "2026-11-20".parse().unwrap(),
            means: "transfer".to_owned(),
            reference: format!("VIR {number}"),
            reverses: None,
            by: "ana".to_owned(),
            at_us: moment_us(number),
        };
        world.store.record_payment(&payment).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_client_no_list_is_without_an_end() {
    let world = World::new().await;
    many(&world).await;
    let inside = world.enter(MANAGER).await;
    for (path, query, row, list) in [
        ("/c/atelier-lilas/postes", "page", "<div class=\"said\">", "Vos demandes"),
        ("/c/atelier-lilas/aide", "page", "<div class=\"said\">", "Vos demandes"),
        (
            "/c/atelier-lilas/sauvegardes",
            "page",
            "href=\"/c/atelier-lilas/sauvegardes/essai/",
            "Restaurations essayées",
        ),
        ("/c/atelier-lilas/factures", "paiements", "<span>paiement — ", "Paiements"),
    ] {
        let shown = async |page: &str| inside.get(&format!("{path}?{query}={page}")).await.text();
        let first = inside.get(path).await.text();
        assert_eq!(first.matches(row).count(), ROWS, "{path}");
        assert!(first.contains(&format!("href=\"{path}?{query}=2\" rel=\"next\"")), "{path}: {first}");
        assert!(!first.contains("rel=\"prev\""), "{path}");
        // Two lists of one page have two such places: each says whose it is, or they are one to a screen reader.
        let named = format!("<nav class=\"pages\" aria-label=\"{list}\u{a0}: ");
        assert!(first.contains(&named), "{path}: {first}");
        let last = shown("99").await;
        assert_eq!(last.matches(row).count(), 20, "{path}: beyond the end is the end");
        assert!(last.contains(&format!("href=\"{path}?{query}=2\" rel=\"prev\"")), "{path}: {last}");
        assert!(!last.contains("rel=\"next\""), "{path}");
        let odd = shown("x").await;
        assert!(odd.contains("rel=\"next\"") && !odd.contains("rel=\"prev\""), "{path}: no number is the first page");
    }
}
