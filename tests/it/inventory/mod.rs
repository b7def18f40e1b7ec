//! The inventory: what is read, what is refused, how it is told, and what an edit writes.

mod backups;
mod broken;
mod difference;
mod disk;
mod edits;
mod numbers;
mod properties;
mod reference;
mod refused;
mod time;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use accolades::inventory::{self, Drawing, Loaded, Mistakes};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("inventory")
}

fn example() -> Loaded {
    match inventory::load(&folder()) {
        Ok(loaded) => loaded,
        Err(mistakes) => panic!("{}", mistakes.render(Drawing::Plain)),
    }
}

/// The example with pieces of its files replaced; each piece must be there.
fn example_with(changes: &[(&str, &str, &str)]) -> BTreeMap<String, String> {
    let mut files = example().files;
    for (path, old, new) in changes {
        let text = files.get_mut(*path).unwrap_or_else(|| panic!("no file `{path}`"));
        assert!(text.contains(old), "`{path}` does not contain `{old}`");
        *text = text.replacen(old, new, 1);
    }
    files
}

fn mistakes(files: &BTreeMap<String, String>) -> Mistakes {
    let Err(mistakes) = inventory::check(files) else { panic!("no mistake was found") };
    mistakes
}

#[test]
fn inventory_example_is_sound() {
    let loaded = example();
    assert_eq!(loaded.inventory.clients.len(), 4);
    assert_eq!(loaded.inventory.instances.len(), 3);
    assert_eq!(loaded.content_hash, inventory::content_hash(&loaded.files));
}

#[test]
fn inventory_model_is_stored_and_read_back_the_same() {
    let inventory = example().inventory;
    let stored = serde_json::to_string(&inventory).expect("serialisable");
    assert_eq!(serde_json::from_str::<inventory::model::Inventory>(&stored).expect("readable"), inventory);
}

/// Every word of the reference is a word of its type.
#[test]
fn inventory_knows_all_its_words() {
    let lilas = "clients/atelier-lilas.toml";
    let words = [
        (lilas, "vat = \"taxable\"", "vat", &["taxable", "exempt", "non-taxable", "public"][..]),
        (lilas, "language = \"fr\"", "language", &["fr", "en"]),
        (lilas, "overage = \"ask\"", "overage", &["ask", "pre-approved"]),
        (lilas, "inbound_mail = \"here\"", "inbound_mail", &["here", "elsewhere", "none"]),
        (lilas, "dolibarr = \"admin\"", "dolibarr", &["none", "read", "write", "admin"]),
        ("sites/valsonne.toml", "by = \"lan\"", "by", &["lan", "forward"]),
    ];
    for (file, old, key, words) in words {
        for word in words {
            let result = inventory::check(&example_with(&[(file, old, &format!("{key} = \"{word}\""))]));
            assert!(result.is_ok(), "{key} = {word}: {result:?}");
        }
    }
    for roles in ["[\"billing\", \"manager\"]", "[\"billing\", \"approver\", \"technical\"]"] {
        let files = example_with(&[(lilas, "roles = [\"billing\"]", &format!("roles = {roles}"))]);
        assert!(inventory::check(&files).is_ok(), "{roles}");
    }
}

/// The architects' office so many times: each with its instance, on the example's three sites moved apart by address.
fn many_clients(count: u32) -> BTreeMap<String, String> {
    let example = example().files;
    let text = |path: &str| example[path].clone();
    let mut files = BTreeMap::from([
        ("backup-servers/grange.toml".to_owned(), text("backup-servers/grange.toml")),
        ("cooperative.toml".to_owned(), text("cooperative.toml").replace("last = 1999", "last = 999999")),
    ]);
    for number in 0..count {
        let (vmid, domain) = (1000 + number, format!("lilas-{number}.example"));
        let client = text("clients/atelier-lilas.toml");
        let client =
            client.replace("atelier-lilas.example", &domain).replace("lilas-archi.", &format!("archi-{number}."));
        files.insert(
            format!("clients/c{number}.toml"),
            client.replace("instance = \"lilas\"", &format!("instance = \"i{number}\"")),
        );
        let instance = text("instances/lilas.toml").replace("atelier-lilas.example", &domain);
        let instance = instance.replace("vmid = 1001", &format!("vmid = {vmid}"));
        files.insert(format!("instances/i{number}.toml"), instance.replace("croix-rousse", &format!("s{number}")));
        files.insert(format!("sites/s{number}.toml"), text("sites/croix-rousse.toml"));
    }
    files
}
