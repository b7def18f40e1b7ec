//! `docs/inventory.md` is what the program prints about its own keys.

use std::path::Path;

use accolades::inventory::reference;

#[test]
fn inventory_reference_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/inventory.md");
    let expected = reference();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &expected).expect("docs are writable");
    }
    let written = std::fs::read_to_string(&path).expect("docs/inventory.md is there");
    assert!(written == expected, "docs/inventory.md is out of date: run the test again with UPDATE_DOCS=1");
}
