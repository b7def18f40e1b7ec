//! What the passing of time allows and forbids, and what must not be told as a mistake.

use super::{example_with, mistakes};
use accolades::inventory;

/// A second instance at the site of `lilas`, with the same address from this day on, for a client that moves there.
fn newcomer(from: &str, lilas_leaves: &str) -> std::collections::BTreeMap<String, String> {
    let moved = format!(
        "address4 = \"192.168.10.20/24\"\n\n[[placements]]\nfrom = {lilas_leaves}\nsite = \"valsonne\"\naddress4 = \"192.168.30.21/24\""
    );
    let mut files = example_with(&[
        ("instances/lilas.toml", "address4 = \"192.168.10.20/24\"\naddress6 = \"2001:db8:69::20/64\"", &moved),
        (
            "instances/ilot.toml",
            "[[placements]]\n",
            "[[placements]]\nfrom = 2026-09-01\nsite = \"friche\"\naddress4 = \"192.168.20.20/24\"\n\n[[placements]]\n",
        ),
    ]);
    let ilot = files.get_mut("instances/ilot.toml").expect("the file");
    *ilot = ilot.replace(
        "from = 2026-10-01\nsite = \"friche\"\naddress4 = \"192.168.20.20/24\"",
        &format!("from = {from}\nsite = \"croix-rousse\"\naddress4 = \"192.168.10.20/24\""),
    );
    files
}

#[test]
fn inventory_accepts_an_address_after_the_other_has_left() {
    let result = inventory::check(&newcomer("2027-01-01", "2027-01-01"));
    assert!(result.is_ok(), "{}", result.expect_err("checked").render(inventory::Drawing::Plain));
}

#[test]
fn inventory_refuses_an_address_that_is_still_used() {
    let mistakes = mistakes(&newcomer("2026-12-31", "2027-01-01"));
    let [mistake] = mistakes.list() else { panic!("{mistakes:?}") };
    assert_eq!(mistake.message, "address 192.168.10.20 at site `croix-rousse` belongs to `lilas` and to `ilot`");
    assert_eq!((&*mistake.place.file, &*mistake.also[0].0.file), ("instances/ilot.toml", "instances/lilas.toml"));
}

#[test]
fn inventory_accepts_seats_that_follow_one_another() {
    let files = example_with(&[(
        "clients/atelier-lilas.toml",
        "person = \"jules\"\nfrom = 2026-09-01",
        "person = \"jules\"\nfrom = 2026-09-01\nuntil = 2026-10-31\n\n[[seats]]\nperson = \"jules\"\nfrom = 2026-11-01",
    )]);
    assert!(inventory::check(&files).is_ok());
}

#[test]
fn inventory_accepts_a_contact_whose_mail_is_elsewhere() {
    // The town hall's own domain, whose mailboxes are with another provider: the example has such a contact.
    let files = example_with(&[(
        "clients/mairie-valsonne.toml",
        "\ninbound_mail = \"elsewhere\"",
        "\ninbound_mail = \"here\"",
    )]);
    assert_eq!(mistakes(&files).list().len(), 1, "and refuses it once the mail is on the instance");
}

#[test]
fn inventory_accepts_an_association_with_an_rna_number_alone() {
    let files = example_with(&[(
        "clients/claire-voyer.toml",
        "vat = \"exempt\"\nsiren = \"000003038\"\nsiret = \"00000303800015\"",
        "vat = \"non-taxable\"\nrna = \"W691234567\"",
    )]);
    let inventory = inventory::check(&files).expect("sound");
    assert!(inventory.clients.values().any(|client| client.identity.rna.as_deref() == Some("W691234567")));
}

#[test]
fn inventory_takes_the_siren_from_the_siret() {
    let files = example_with(&[("clients/mairie-valsonne.toml", "siren = \"000005058\"\n", "")]);
    let inventory = inventory::check(&files).expect("sound");
    assert!(inventory.clients.values().any(|client| client.identity.siren.as_deref() == Some("000005058")));
}

#[test]
fn inventory_takes_the_seat_price_of_the_cooperative() {
    let files = example_with(&[("cooperative.toml", "seat_price = \"39.00\"\n", "")]);
    let inventory = inventory::check(&files).expect("the default of the default");
    assert!(inventory.clients.values().all(|client| client.contract.seat_prices[0].price.0 == 3900));
}

#[test]
fn inventory_tells_a_broken_file_once() {
    let files = example_with(&[("clients/claire-voyer.toml", "[identity]", "[identity")]);
    let mistakes = mistakes(&files);
    let [mistake] = mistakes.list() else { panic!("{mistakes:?}") };
    assert!(mistake.message.starts_with("this is not TOML: "), "{}", mistake.message);
}
