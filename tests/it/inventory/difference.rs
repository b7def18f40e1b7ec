//! The difference between two versions, as `apply` shows it.

use accolades::inventory;

use super::{example, example_with};

#[test]
fn inventory_difference_in_words_and_lines() {
    let mut new = example_with(&[
        ("clients/atelier-lilas.toml", "minimum_seats = 5", "minimum_seats = 6"),
        (
            "clients/atelier-lilas.toml",
            "price = \"39.00\"",
            "price = \"39.00\"\n\n[[contract.seat_prices]]\nfrom = 2027-09-01\nprice = \"41.00\"",
        ),
        (
            "clients/atelier-lilas.toml",
            "person = \"theo\"\nfrom = 2026-09-01",
            "person = \"theo\"\nfrom = 2026-09-01\nuntil = 2026-12-31\nfiles_to = \"jules\"",
        ),
        ("clients/mairie-valsonne.toml", "[[seats]]\nperson = \"lucie\"\nfrom = 2026-10-01\n", ""),
        ("instances/lilas.toml", "memory_mib = 8192", "memory_mib = 12288"),
        ("instances/ilot.toml", "claire-voyer.example", "studio-brume.example"),
    ]);
    new.remove("clients/claire-voyer.toml");
    insta::assert_snapshot!(inventory::difference(&example().files, &new));
}

#[test]
fn inventory_difference_of_equals_is_empty() {
    let files = example().files;
    assert_eq!(inventory::difference(&files, &files), "");
}

#[test]
fn inventory_difference_of_a_broken_version_has_lines_only() {
    let new = example_with(&[("instances/lilas.toml", "memory_mib = 8192", "memory = 8192")]);
    let difference = inventory::difference(&example().files, &new);
    assert!(difference.starts_with("--- before/instances/lilas.toml\n"), "{difference}");
    assert!(difference.contains("\n-memory_mib = 8192\n+memory = 8192\n"), "{difference}");
}
