//! `docs/backups.md` lists the findings that the program knows.

use std::path::Path;

use accolades::domain::backup::health::{Kind, Weight};

const BEGIN: &str = "<!-- findings: UPDATE_DOCS=1 cargo nextest run -E 'test(backup_findings_are_documented)' -->\n";
const END: &str = "<!-- end of findings -->\n";

fn listed() -> String {
    let mut out = String::from("| finding | | means | mend |\n| --- | --- | --- | --- |\n");
    for kind in Kind::ALL {
        let weight = if kind.weight() == Weight::Warning { "!" } else { "-" };
        out.push_str(&format!("| `{}` | {weight} | {} | {} |\n", kind.name(), kind.meaning(), kind.mend()));
    }
    out
}

#[test]
fn backup_findings_are_documented() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/backups.md");
    let text = std::fs::read_to_string(&path).expect("docs/backups.md exists");
    let (before, rest) = text.split_once(BEGIN).expect("the list has a beginning");
    let (written, after) = rest.split_once(END).expect("the list has an end");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{}{END}{after}", listed())).expect("docs are writable");
        return;
    }
    assert_eq!(written, listed(), "docs/backups.md is old: see the comment above the list");
}
