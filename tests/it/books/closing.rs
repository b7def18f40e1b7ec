//! Closing a month: one folder with checksums, the same each time, and what comes late in the next one.

use super::*;

#[test]
fn books_a_closed_month_comes_out_the_same_and_what_comes_late_is_in_the_next() {
    let mut desk = desk();
    let (number, gross) = invoice_of(&json(&desk, &["billing", "issue", "2026-11", "--yes"]), "studio-brume");
    let early = desk.run(&["billing", "close", "2026-12", "--yes"]);
    assert_eq!(early.code, 2, "not over: {}", early.stderr);
    desk.move_to("2027-01-05T08:00:00Z");
    let paid = ["billing", "payment", "record", "studio-brume", "10.00", "--on", "2026-12-10", "--for", &number];
    assert_eq!(desk.run(&paid).code, 0);
    let closed = json(&desk, &["billing", "close", "2026-12", "--yes"]);
    assert_eq!((closed["identical"].as_bool(), closed["totals"]["received_cents"].as_i64()), (Some(true), Some(1_000)));
    assert_eq!(closed["totals"]["invoices"], 4);
    assert_eq!(closed["closed_by"], "nadia");
    for name in
        ["SHA256SUMS", "closing.json", "documents.csv", "payments.csv", "vat.csv", "balances.csv", "totals.json"]
    {
        assert!(desk.path("closings/2026-12").join(name).exists(), "{name}");
    }
    assert!(desk.path(&format!("closings/2026-12/documents/{number}.pdf")).exists());
    let check = std::process::Command::new("sha256sum")
        .args(["--check", "--quiet", "SHA256SUMS"])
        .current_dir(desk.path("closings/2026-12"))
        .status()
        .expect("sha256sum runs");
    assert!(check.success());

    // A payment of December that is recorded in January: December stays, January has it.
    desk.move_to("2027-02-03T08:00:00Z");
    let late = ["billing", "payment", "record", "studio-brume", "20.00", "--on", "2026-12-30", "--for", &number];
    assert_eq!(desk.run(&late).code, 0);
    std::fs::remove_dir_all(desk.path("closings")).expect("removable");
    let again = json(&desk, &["billing", "close", "2026-12"]);
    assert_eq!((&again["identical"], &again["sha256_of_sums"]), (&Value::Bool(true), &closed["sha256_of_sums"]));
    let january = json(&desk, &["billing", "close", "2027-01", "--yes"]);
    assert_eq!(january["totals"]["received_cents"], 2_000);
    assert_eq!(january["totals"]["owed_cents"].as_i64().map(|owed| owed >= gross - 3_000), Some(true));
    assert_eq!(desk.run(&["billing", "close", "2027-03", "--yes"]).code, 2, "February is not closed");
    assert_eq!(desk.run(&["billing", "close", "2026-11", "--yes"]).code, 2, "closed with December");

    // Somebody edits a file of the pack: it is named, and nothing is written over it.
    std::fs::write(desk.path("closings/2026-12/vat.csv"), "mine").expect("writable");
    let changed = desk.run(&["billing", "close", "2026-12", "--json"]);
    assert_eq!(changed.code, 4, "{}", changed.stderr);
    assert!(changed.stdout.contains("vat.csv"), "{}", changed.stdout);
    assert_eq!(std::fs::read_to_string(desk.path("closings/2026-12/vat.csv")).expect("readable"), "mine");

    // The journals of both years, in the layout of the FEC.
    let year = json(&desk, &["billing", "journal", "--year-of", "2026-12-31"]);
    assert_eq!(
        (year["file"].as_str(), year["not_final"].as_i64()),
        (Some("journals/000001016FEC20261231.txt"), Some(0))
    );
    let vat = json(&desk, &["billing", "vat", "2026-12"]);
    assert_eq!(vat["totals"][0]["vat_cents"], 167, "1000 x VAT / whole, of an invoice at 20 %");
}
