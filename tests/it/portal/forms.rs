//! Forms that come back with a mistake.

use accolades::store::Scope;

use super::http::Page;
use super::world::{MANAGER, OWN, World, accept, form, id};

/// The tag of an input.
fn input(page: &Page, id: &str) -> String {
    let text = page.text();
    let start = text.find(&format!(" id=\"{id}\" name=")).unwrap_or_else(|| panic!("no field {id}: {text}"));
    text[start..].split('>').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_client_a_seat_form_with_a_mistake_keeps_what_was_typed() {
    let world = World::new().await;
    let inside = world.enter(MANAGER).await;
    let fields = [
        ("form", "a"),
        ("what", "add"),
        ("first_name", "Zoé"),
        ("last_name", ""),
        ("day", "2020-01-01"),
        ("remark", "bureau \"du fond\""),
    ];
    let page = inside.post("/c/atelier-lilas/postes", &form(&fields)).await;
    assert_eq!(page.status, 422);
    assert!(input(&page, "first_name").contains("value=\"Zoé\"") && !input(&page, "first_name").contains("invalid"));
    assert!(input(&page, "last_name").contains("aria-describedby=\"last_name_mistake\""));
    assert!(input(&page, "from").contains("value=\"2020-01-01\"") && input(&page, "from").contains("aria-invalid"));
    assert!(input(&page, "remark").contains("bureau &#34;du fond&#34;"), "{}", input(&page, "remark"));
    let text = page.text();
    for (id, said) in [("last_name", "Donnez un nom."), ("from", "La date doit être aujourd’hui ou plus tard.")] {
        assert!(text.contains(&format!("id=\"{id}_mistake\" role=\"alert\">{said}<")), "{said}: {text}");
    }
    assert_eq!(text.matches("class=\"mistake\"").count(), 2, "the other form is untouched: {text}");
    assert!(!input(&page, "until").contains("2020"));

    let fields = [("form", "b"), ("what", "end"), ("person", "samir"), ("day", ""), ("remark", "Il part")];
    let page = inside.post("/c/atelier-lilas/postes", &form(&fields)).await;
    assert_eq!(page.status, 422);
    let text = page.text();
    assert!(text.contains("value=\"samir\" selected") && text.contains("Choisissez une date."), "{text}");
    assert!(input(&page, "end_remark").contains("Il part") && !input(&page, "remark").contains("Il part"));

    let too_long = "x".repeat(501);
    let fields = [("form", "c"), ("what", "end"), ("person", "samir"), ("day", "2027-01-04"), ("remark", &too_long)];
    let page = inside.post("/c/atelier-lilas/postes", &form(&fields)).await;
    assert_eq!(page.status, 422, "a remark that is too long is not thrown away in silence");
    assert!(world.store.requests(&Scope::Client(OWN.parse().unwrap())).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_client_a_minimum_of_one_seat_is_not_seats() {
    let world = World::new().await;
    let mut inventory = world.inventory.clone();
    let own = inventory.clients.get_mut(&id(OWN)).unwrap();
    own.contract.minimum_seats = 1;
    own.seats.clear();
    accept(&world.store, &inventory).await;
    let inside = world.enter(MANAGER).await;
    let page = inside.get("/c/atelier-lilas/postes").await.text();
    assert!(page.contains("au moins 1\u{a0}poste, et vous en avez moins."), "{page}");
    let english = inside.with(&format!("{}; langue=en", inside.cookie)).get("/c/atelier-lilas/postes").await.text();
    assert!(english.contains("at least 1\u{a0}seat, and you have fewer."), "{english}");
}
