//! The recorded contracts of the real programs, which lie outside this repository.

use std::path::PathBuf;

/// Their folder: `ACCOLADES_CONTRACTS`, or beside the repository. Required in continuous integration, elsewhere the tests
/// that need it are skipped.
pub fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("ACCOLADES_CONTRACTS")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/contracts"), PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "the recorded contracts are required: set ACCOLADES_CONTRACTS"
    );
    println!("skipped: no contracts");
    None
}
