//! `accolades billing draft`, and the table that `issue` shows too.

use serde_json::{Value, json};

use super::{Desk, JSON_VERSION, Which};
use crate::billing::draft::{Draft, draft};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::table::table;
use crate::domain::billing::document::DocumentKind;
use crate::domain::billing::duration::shown;
use crate::domain::money::Cents;

/// Runs `billing draft`.
///
/// # Errors
/// When the store cannot be read, or the co-operative cannot write a lawful invoice.
pub async fn run(session: &Session, which: &Which) -> Result<Exit, Failure> {
    let desk = Desk::open(session).await?;
    let (run, only) = desk.which(which)?;
    let draft = draft(&desk.store, &desk.accepted.inventory, run, desk.today, only.as_ref()).await?;
    if session.output.is_json() {
        session.output.json(&in_json(&draft))?;
    } else {
        session.output.data(&in_words(&draft))?;
    }
    tell_left_out(session, &draft);
    Ok(if draft.left_out.is_empty() { Exit::Ok } else { Exit::Partial })
}

/// The draft as a table with its totals.
pub fn in_words(draft: &Draft) -> String {
    let mut out = format!("Run of {}, dated {}\n", draft.run.month, draft.issued_on);
    if draft.clients.is_empty() {
        out.push_str("nothing to charge\n");
        return out;
    }
    let mut rows = Vec::new();
    let mut sums = (0, 0, 0);
    for client in &draft.clients {
        for document in &client.documents {
            let issued = &document.issued;
            let (sign, what) = match &issued.corrects {
                Some(corrects) => (-1, format!("credit of {}", corrects.number)),
                None => (1, "invoice".to_owned()),
            };
            let amounts = [issued.totals.net, issued.totals.vat, issued.totals.gross];
            let amounts = amounts.map(|amount| Cents(sign * amount.0));
            rows.push(row(client.client.as_str(), &what, &issued.lines.len().to_string(), amounts));
        }
        let (net, vat, gross) = client.totals();
        sums = (sums.0 + net.0, sums.1 + vat.0, sums.2 + gross.0);
    }
    rows.push(row("total", "", "", [Cents(sums.0), Cents(sums.1), Cents(sums.2)]));
    out.push_str(&table(&["client", "document", "lines", "excl. VAT", "VAT", "incl. VAT"], &rows));
    out
}

fn row(client: &str, what: &str, lines: &str, amounts: [Cents; 3]) -> Vec<String> {
    let words = [client, what, lines].into_iter().map(str::to_owned);
    words.chain(amounts.map(|amount| amount.to_string())).collect()
}

/// Says who is left out and why, and what waits.
pub fn tell_left_out(session: &Session, draft: &Draft) {
    for one in &draft.left_out {
        session
            .output
            .warn(&format!("{} ({}) is left out: {}\n  mend: {}", one.client, one.name, one.reason, one.mend));
    }
    for (client, minutes) in &draft.waiting {
        session.output.warn(&format!(
            "{} of {client} wait and are charged nowhere: `accolades support consent list {client}`",
            shown(*minutes)
        ));
    }
}

/// The draft as JSON.
pub fn in_json(draft: &Draft) -> Value {
    let clients = draft.clients.iter().map(|client| {
        let (net, vat, gross) = client.totals();
        let documents = client.documents.iter().map(|document| {
            json!({
                "kind": document.issued.kind,
                "document": document.issued,
                "explanation": document.explanation,
            })
        });
        json!({
            "client": client.client,
            "name": client.name,
            "net_cents": net,
            "vat_cents": vat,
            "gross_cents": gross,
            "documents": documents.collect::<Vec<_>>(),
        })
    });
    let clients: Vec<Value> = clients.collect();
    json!({
        "version": JSON_VERSION,
        "month": draft.run.month,
        "final": draft.run.is_final,
        "issued_on": draft.issued_on.to_string(),
        "clients": clients,
        "left_out": draft.left_out,
        "waiting": waiting(draft),
    })
}

/// What waits, as JSON.
pub fn waiting(draft: &Draft) -> Vec<Value> {
    draft.waiting.iter().map(|(client, minutes)| json!({ "client": client, "minutes": minutes })).collect()
}

/// The word of a kind of document, for tables.
pub fn kind_word(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Invoice => "invoice",
        DocumentKind::CreditNote => "credit note",
    }
}
