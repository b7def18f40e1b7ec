//! `docs/commands.md` is what the program prints.

use std::path::Path;

#[test]
fn commands_reference_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/commands.md");
    let printed = accolades::cli::reference::reference();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &printed).expect("docs are writable");
    }
    let written = std::fs::read_to_string(&path).expect("docs/commands.md exists");
    assert!(
        written == printed,
        "docs/commands.md is old: UPDATE_DOCS=1 cargo nextest run -E 'test(commands_reference)'"
    );
}
