//! The inventory: what is read, what is refused and how it is told.

use std::path::Path;

use accolades::inventory;

fn example() -> inventory::Loaded {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("inventory");
    match inventory::load(&folder) {
        Ok(loaded) => loaded,
        Err(mistakes) => panic!("{}", mistakes.render(inventory::Drawing::Plain)),
    }
}

#[test]
fn inventory_example_is_sound() {
    let loaded = example();
    assert_eq!(loaded.inventory.clients.len(), 4);
    assert_eq!(loaded.inventory.instances.len(), 3);
}
