//! Keys on paper and back.

use std::process::Command;

use super::Desk;
use crate::oracle;

/// Proxmox's own form of the key 00 01 02 ... 1f.
const JSON: &str = r#"{"kdf":null,"created":"2026-11-18T11:06:40Z","modified":"2026-11-18T11:06:40Z","data":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}"#;
const LINES: &str =
    "0001 0203 0405 0607 a850\n0809 0a0b 0c0d 0e0f 98a5\n1011 1213 1415 1617 9faf\n1819 1a1b 1c1d 1e1f 91d1\n";
const FINGERPRINT: &str = "0e:ab:d4:46:0b:6e:b9:ca";

#[test]
fn key_is_imported_printed_and_typed_back() {
    let desk = Desk::accepted();
    let imported = desk.run_with(&["key", "import", "ilot"], JSON);
    assert_eq!(imported.code, 0, "{}", imported.stderr);
    assert!(imported.stderr.contains(FINGERPRINT), "{}", imported.stderr);
    let listed = desk.run(&["key", "list"]).stdout;
    assert!(listed.contains(FINGERPRINT) && listed.contains("never"), "{listed}");
    // The same key from paper is the same key.
    let again = desk.run_with(&["key", "import", "ilot"], LINES);
    assert!(again.code == 0 && again.stderr.contains("No changes"), "{}", again.stderr);

    let printed = desk.run(&["key", "sheet", "ilot"]);
    assert_eq!(printed.code, 0, "{}", printed.stderr);
    let sheet = std::fs::read(desk.path("ilot-backup-key.pdf")).expect("the sheet");
    assert!(sheet.starts_with(b"%PDF-1.7"));
    assert!(!desk.run(&["key", "list"]).stdout.contains("never"));
    // A sheet that is there may be the only one.
    assert_ne!(desk.run(&["key", "sheet", "ilot"]).code, 0);
    for answer in [imported, again, printed] {
        assert!(!answer.stderr.contains("AAECAw") && !answer.stderr.contains("0001 0203"), "{}", answer.stderr);
    }
}

#[test]
fn key_sheet_holds_what_is_typed_back() {
    let desk = Desk::accepted();
    desk.run_with(&["key", "import", "ilot"], JSON);
    desk.run(&["key", "sheet", "ilot"]);
    let document = lopdf::Document::load(desk.path("ilot-backup-key.pdf")).expect("a PDF");
    let pages: Vec<u32> = document.get_pages().keys().copied().collect();
    assert_eq!(pages, [1], "one page");
    // Where a line may be broken stands a space without width.
    let text = document.extract_text(&pages).expect("its text");
    let text: String = text.chars().filter(|one| !one.is_whitespace() && *one != '\u{200b}').collect();
    for wanted in ["0001020304050607", "a850", "18191a1b1c1d1e1f", "91d1", "0e:ab:d4:46", "ilot"] {
        assert!(text.contains(wanted), "`{wanted}` is not in {text}");
    }
}

/// The page as a printer puts it on paper, read by somebody else's reader: what comes out is the key.
#[test]
fn key_sheets_square_is_read_by_an_independent_reader_and_is_the_key() {
    let (Some(pdftoppm), Some(zbarimg)) = (oracle::tool("pdftoppm"), oracle::tool("zbarimg")) else { return };
    let desk = Desk::accepted();
    desk.run_with(&["key", "import", "ilot"], JSON);
    assert_eq!(desk.run(&["key", "sheet", "ilot"]).code, 0);
    let (sheet, page) = (desk.path("ilot-backup-key.pdf"), desk.path("page"));
    // An office printer's 150 dots per inch.
    let drawn = Command::new(pdftoppm).args(["-png", "-singlefile", "-r", "150"]).arg(&sheet).arg(&page).output();
    let drawn = drawn.expect("it runs");
    assert!(drawn.status.success(), "{}", String::from_utf8_lossy(&drawn.stderr));
    let only_squares = ["--quiet", "--raw", "-Sdisable", "-Sqrcode.enable"];
    let read = Command::new(zbarimg).args(only_squares).arg(page.with_extension("png")).output().expect("it runs");
    assert!(read.status.success(), "no square is found: {}", String::from_utf8_lossy(&read.stderr));
    let text = String::from_utf8(read.stdout).expect("text");
    let digits = |line: &str| line.split_once(": ").map_or(line, |(_, rest)| rest).replace("  ", " ");
    assert_eq!(text.lines().map(digits).collect::<Vec<_>>(), LINES.lines().collect::<Vec<_>>());

    // On the day when everything is gone it is all that there is.
    let empty = Desk::accepted();
    let imported = empty.run_with(&["key", "import", "ilot"], &text);
    assert!(imported.code == 0 && imported.stderr.contains(FINGERPRINT), "{}", imported.stderr);
}

#[test]
fn key_that_is_mistyped_or_another_one_is_refused() {
    let desk = Desk::accepted();
    let mistyped = desk.run_with(&["key", "import", "ilot"], &LINES.replace("0c0d", "0c0e"));
    assert!(mistyped.code == 2 && mistyped.stderr.contains("line 2"), "{}", mistyped.stderr);
    assert_eq!(desk.run_with(&["key", "import", "ilot"], JSON).code, 0);
    let other = JSON.replace("AAECAw", "BBECAw");
    assert_eq!(desk.run_with(&["key", "import", "ilot"], &other).code, 4);
    assert_eq!(desk.run_with(&["key", "import", "ilot", "--replace"], &other).code, 0);
    assert_eq!(desk.run(&["key", "sheet", "lilas"]).code, 3);
    assert_eq!(desk.run_with(&["key", "import", "ilots"], JSON).code, 2);
}

#[test]
fn backup_server_needs_its_administrators_secret_first() {
    let desk = Desk::accepted();
    let answer = desk.run(&["backup-server", "prepare", "grange", "--yes"]);
    assert_eq!(answer.code, 3, "{}", answer.stderr);
    assert!(answer.stderr.contains("accolades secret set backup-server/grange/admin"), "{}", answer.stderr);
    let unknown = desk.run(&["backup-server", "prepare", "granje", "--yes"]);
    assert!(unknown.code == 2 && unknown.stderr.contains("did you mean `grange`?"), "{}", unknown.stderr);
}
