//! Collection and accounting: mandates, files for and from the bank, reminders, journals, closings (R28 to R30).

mod bank;
mod closing;
mod collecting;
mod dolibarr;
mod journals;
mod letters;
mod reading;
mod reminding;

use serde_json::Value;

use crate::cli::Desk;

/// The co-operative's account in the example.
pub const IBAN: &str = "FR7630006000011234567890189";

/// The architects' account.
pub const LILAS_IBAN: &str = "FR1420041010050500013M02606";

/// The example co-operative, which collects from the architects. It is 1 December 2026, nine o'clock in Paris.
pub fn desk() -> Desk {
    let mut desk = Desk::new();
    desk.replace(
        "inventory/cooperative.toml",
        "due_days = 30",
        "due_days = 30\ncreditor_id = \"FR72ZZZ123456\"\nbic = \"AGRIFRPP\"",
    );
    // Rates hold for their half-year alone, and these tests go on into 2027.
    let next = "[[billing.late_rates]]\nfrom = 2027-01-01\necb = \"2.15\"\n\n[limits]";
    desk.replace("inventory/cooperative.toml", "[limits]", next);
    desk.replace(
        "inventory/clients/atelier-lilas.toml",
        "# Addresses of contacts lie outside",
        "[billing.mandate]\nreference = \"ACC-LILAS-1\"\nsigned = 2026-09-01\niban = \"FR1420041010050500013M02606\"\n\n# Addresses of contacts lie outside",
    );
    desk.move_to("2026-12-01T08:00:00Z");
    assert_eq!(desk.run(&["inventory", "accept", "--yes"]).code, 0);
    desk
}

/// Runs a command that ends well (or in part), and reads what it prints.
pub fn json(desk: &Desk, arguments: &[&str]) -> Value {
    let answer = desk.run(&[arguments, &["--json"]].concat());
    assert!([0, 6].contains(&answer.code), "{arguments:?}: {} {}", answer.stderr, answer.stdout);
    serde_json::from_str(&answer.stdout).expect("JSON on standard output")
}

/// The invoice of a client among what a run issued.
pub fn invoice_of(issued: &Value, client: &str) -> (String, i64) {
    let all = issued["issued"].as_array().expect("a list");
    let one = all.iter().find(|one| one["client"] == client).expect("an invoice of the client");
    (one["number"].as_str().expect("a number").to_owned(), one["gross_cents"].as_i64().expect("an amount"))
}

/// What is open of an invoice.
pub fn open(desk: &Desk, client: &str, number: &str) -> i64 {
    let account = json(desk, &["billing", "account", client]);
    let invoices = account["invoices"].as_array().expect("a list");
    let one = invoices.iter().find(|one| one["invoice"]["number"] == number).expect("the invoice");
    one["open_cents"].as_i64().expect("an amount")
}

/// Euros with a point: `546.00`.
pub fn euros(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// A booking of a bank's statement.
pub struct Booking<'a> {
    /// Day.
    pub on: &'a str,
    /// Positive when it came.
    pub cents: i64,
    /// What stands inside `NtryDtls`; empty: nothing.
    pub details: String,
}

/// The details of one transaction.
pub fn transaction(end_to_end_id: &str, words: &str, from: (&str, &str), code: &str) -> String {
    let side = format!(
        "<RltdPties><Dbtr><Pty><Nm>{}</Nm></Pty></Dbtr><DbtrAcct><Id><IBAN>{}</IBAN></Id></DbtrAcct></RltdPties>",
        from.0, from.1
    );
    let returned = if code.is_empty() { String::new() } else { format!("<RtrInf><Rsn><Cd>{code}</Cd></Rsn></RtrInf>") };
    let words = if words.is_empty() { String::new() } else { format!("<RmtInf><Ustrd>{words}</Ustrd></RmtInf>") };
    format!("<TxDtls><Refs><EndToEndId>{end_to_end_id}</EndToEndId></Refs>{side}{words}{returned}</TxDtls>")
}

/// A batch of ours that the bank books as one.
pub fn batch(block: &str) -> String {
    format!("<Btch><PmtInfId>{block}</PmtInfId></Btch>")
}

fn entries(bookings: &[Booking<'_>]) -> String {
    let one = |one: &Booking<'_>| {
        let side = if one.cents > 0 { "CRDT" } else { "DBIT" };
        let details =
            if one.details.is_empty() { String::new() } else { format!("<NtryDtls>{}</NtryDtls>", one.details) };
        format!(
            "<Ntry><Amt Ccy=\"EUR\">{}</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{}</Dt></BookgDt>\
             <BkTxCd><Prtry><Cd>X</Cd></Prtry></BkTxCd>{details}</Ntry>",
            euros(one.cents.abs()),
            one.on
        )
    };
    bookings.iter().map(one).collect()
}

/// A statement of an account.
pub fn camt053(iban: &str, id: &str, bookings: &[Booking<'_>]) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt>\
         <GrpHdr><MsgId>{id}</MsgId><CreDtTm>2027-01-31T20:00:00</CreDtTm></GrpHdr><Stmt><Id>{id}</Id><Acct><Id><IBAN>{iban}</IBAN></Id></Acct>\
         {}</Stmt></BkToCstmrStmt></Document>",
        entries(bookings)
    )
}

/// A notification of movements on an account.
pub fn camt054(iban: &str, id: &str, bookings: &[Booking<'_>]) -> String {
    camt053(iban, id, bookings)
        .replace("camt.053.001.08", "camt.054.001.08")
        .replace("BkToCstmrStmt", "BkToCstmrDbtCdtNtfctn")
        .replace("<Stmt>", "<Ntfctn>")
        .replace("</Stmt>", "</Ntfctn>")
}

/// A report on a file of ours that rejects one collection.
pub fn pain002(of: &str, end_to_end_id: &str, code: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.002.001.10\"><CstmrPmtStsRpt>\
         <GrpHdr><MsgId>R1</MsgId><CreDtTm>2027-01-20T08:00:00</CreDtTm></GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>{of}</OrgnlMsgId>\
         <OrgnlMsgNmId>pain.008.001.08</OrgnlMsgNmId><GrpSts>PART</GrpSts></OrgnlGrpInfAndSts><OrgnlPmtInfAndSts><OrgnlPmtInfId>{of}-1</OrgnlPmtInfId>\
         <TxInfAndSts><OrgnlEndToEndId>{end_to_end_id}</OrgnlEndToEndId><TxSts>RJCT</TxSts><StsRsnInf><Rsn><Cd>{code}</Cd></Rsn></StsRsnInf>\
         </TxInfAndSts></OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
    )
}

/// Imports a file of the bank.
pub fn import(desk: &Desk, name: &str, text: &str) -> Value {
    std::fs::write(desk.path(name), text).expect("writable");
    json(desk, &["billing", "bank", "import", name])
}
