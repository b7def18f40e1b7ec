//! The co-operative's own Dolibarr: pushed once, whatever is lost on the way. The simulator is written from Dolibarr's public
//! REST classes (thirdparties, invoices) and shares nothing with the client: numbers come as texts, what is not there is a
//! 404, a draft is called `(PROV...)`, VAT is rounded per line.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use accolades::dolibarr::{Dolibarr, DolibarrError, Pushed, Pushing, push};
use accolades::domain::billing::document::Issued;
use accolades::store::{InvoiceRecord, Scope, Store};
use serde_json::{Value, json};

use super::*;

/// What stands in the simulated Dolibarr.
#[derive(Debug, Default)]
struct World {
    third_parties: Vec<Value>,
    invoices: Vec<Value>,
    payments: Vec<(String, Value)>,
    validated: usize,
    /// Requests so far.
    requests: usize,
    /// The requests whose answers are lost after they were carried out.
    lose: Vec<usize>,
}

type Shared = Arc<Mutex<World>>;

fn cents(value: &Value) -> i64 {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
    let rest: i64 = format!("{rest:0<2}")[..2].parse().expect("two digits");
    let sign = if text.starts_with('-') { -1 } else { 1 };
    whole.parse::<i64>().expect("whole") * 100 + sign * rest
}

fn amount(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}000000", cents.abs() / 100, cents.abs() % 100)
}

/// One line as Dolibarr reckons it: rounded on the line.
fn total(line: &Value) -> i64 {
    let base = cents(&line["subprice"]) * cents(&line["qty"]) / 100;
    let rate = cents(&line["tva_tx"]);
    let vat = (base.abs() * rate * 2 + 10_000) / 20_000;
    base + base.signum() * vat
}

impl World {
    fn answer(&mut self, method: &str, path: &str, key: &str, body: &Value) -> (u16, Value) {
        let refused = |code: u16, words: &str| (code, json!({ "error": { "code": code, "message": words } }));
        if key != "k3y" {
            return refused(401, "Unauthorized: Failed to login to API. No valid api key");
        }
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let path = path.strip_prefix("/api/index.php/").expect("under the interface");
        let parts: Vec<&str> = path.split('/').collect();
        match (method, parts.as_slice()) {
            ("GET", ["thirdparties"]) => {
                let wanted = |one: &&Value| {
                    let of = |column: &str, field: &str| {
                        one[field]
                            .as_str()
                            .is_some_and(|value| query.contains(&format!("t.{column}%3A%3D%3A%27{value}%27")))
                    };
                    of("siren", "idprof1") || of("ref_ext", "ref_ext")
                };
                (200, json!(self.third_parties.iter().filter(wanted).collect::<Vec<_>>()))
            }
            ("POST", ["thirdparties"]) => {
                if body["name"].as_str().is_none_or(str::is_empty) {
                    return refused(400, "Bad Request: name field missing");
                }
                let id = self.third_parties.len() + 11;
                let mut made = body.clone();
                made["id"] = json!(id.to_string());
                self.third_parties.push(made);
                (200, json!(id))
            }
            ("GET", ["invoices", "ref_ext", number]) => {
                match self.invoices.iter().find(|one| one["ref_ext"] == **number) {
                    Some(one) => (200, one.clone()),
                    None => refused(404, "Not Found: Invoice not found"),
                }
            }
            ("POST", ["invoices"]) => {
                if !self.third_parties.iter().any(|one| one["id"] == body["socid"]) {
                    return refused(500, "Internal Server Error: Error creating invoice");
                }
                let id = self.invoices.len() + 101;
                let mut made = body.clone();
                let sum: i64 = body["lines"].as_array().expect("lines").iter().map(total).sum();
                made["id"] = json!(id.to_string());
                made["ref"] = json!(format!("(PROV{id})"));
                made["status"] = json!("0");
                made["total_ttc"] = json!(amount(sum));
                self.invoices.push(made);
                (200, json!(id))
            }
            ("POST", ["invoices", "paymentsdistributed"]) => {
                let amounts = body["arrayofamounts"].as_object().expect("amounts").clone();
                let (invoice, _) = amounts.iter().next().expect("one");
                if body["accountid"].as_i64().is_none_or(|id| id < 1) {
                    return refused(400, "Bad Request: Account ID is mandatory");
                }
                let id = self.payments.len() + 1001;
                self.payments.push((invoice.clone(), body.clone()));
                (200, json!(id))
            }
            ("POST", ["invoices", id, "validate"]) => {
                let count = self.validated + 1;
                let one = self.invoices.iter_mut().find(|one| one["id"] == **id).expect("an invoice");
                if one["status"] != "0" {
                    return refused(304, "Error nothing done. May be object is already validated");
                }
                one["status"] = json!("1");
                one["ref"] = json!(format!("FA2612-{count:04}"));
                self.validated = count;
                (200, one.clone())
            }
            ("GET", ["invoices", id, "payments"]) => {
                let of = self.payments.iter().filter(|(invoice, _)| invoice == id);
                let row = |(_, body): &(String, Value)| json!({ "amount": "1", "type": "VIR", "num": body["num_payment"], "ref": "PAY" });
                (200, json!(of.map(row).collect::<Vec<_>>()))
            }
            _ => refused(404, "Not Found"),
        }
    }
}

fn serve(stream: TcpStream, world: &Shared) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim().split_once(": ") {
            Some((name, value)) => headers.insert(name.to_lowercase(), value.to_owned()),
            None => break,
        };
    }
    let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let mut words = first.split_whitespace();
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let key = headers.get("dolapikey").cloned().unwrap_or_default();
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let mut world = world.lock().expect("not poisoned");
    world.requests += 1;
    let is_lost = world.lose.contains(&world.requests);
    let (status, answer) = world.answer(method, path, &key, &body);
    drop(world);
    if is_lost {
        return Ok(());
    }
    let text = answer.to_string();
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{text}",
        text.len()
    )
}

/// Starts one; its address and what stands in it.
fn simulator() -> (String, Shared) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let world = Shared::default();
    let shared = world.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that went away needs no answer.
            let _ = serve(stream, &shared);
        }
    });
    (format!("http://{address}"), world)
}

async fn pushed(store: &Store, url: &str, key: &str) -> Result<Pushed, DolibarrError> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let dolibarr = Dolibarr::with_timeout(url, key.into(), Duration::from_secs(20))?;
    let records = store.invoices(&Scope::Staff).await.expect("readable");
    let read = |record: InvoiceRecord| {
        let issued: Issued = serde_json::from_str(&record.document).expect("a document");
        (record, issued)
    };
    let documents: Vec<(InvoiceRecord, Issued)> = records.into_iter().map(read).collect();
    let zone = jiff::tz::TimeZone::UTC;
    let pushing = Pushing { store, dolibarr: &dolibarr, bank_account: 1, zone: &zone, at_us: 1 };
    push(&pushing, &documents).await
}

/// Third parties, invoices, a credit note and a payment, each once; a second push finds nothing to do; with any answer lost,
/// the push after it brings the same world about.
#[tokio::test(flavor = "multi_thread")]
async fn books_what_was_issued_stands_in_dolibarr_once_whatever_is_lost() {
    let mut desk = desk();
    let issued = json(&desk, &["billing", "issue", "2026-11", "--yes"]);
    let (brume, gross) = invoice_of(&issued, "studio-brume");
    let (claire, _) = invoice_of(&issued, "claire-voyer");
    assert_eq!(desk.run(&["billing", "credit", &claire, "--reason", "Geste", "--yes"]).code, 0);
    desk.move_to("2026-12-20T08:00:00Z");
    let paid = ["billing", "payment", "record", "studio-brume", &euros(gross), "--on", "2026-12-10", "--for", &brume];
    assert_eq!(desk.run(&paid).code, 0);
    // With what SQLite has not written into the file itself yet.
    let parts = ["", "-wal"].map(|part| (part, std::fs::read(desk.path(&format!("accolades.sqlite{part}"))).ok()));

    let mut clean: Option<(usize, Value)> = None;
    for lost in 0..41 {
        let file = desk.path(&format!("copy-{lost}.sqlite"));
        for (part, bytes) in &parts {
            let copy = desk.path(&format!("copy-{lost}.sqlite{part}"));
            bytes.iter().for_each(|bytes| std::fs::write(&copy, bytes).expect("writable"));
        }
        let store = Store::open(&format!("sqlite:{}", file.display())).await.expect("a store");
        let (url, world) = simulator();
        if lost > 0 {
            world.lock().expect("not poisoned").lose.push(lost);
            let first = pushed(&store, &url, "k3y").await;
            let requests = clean.as_ref().map_or(0, |(requests, _)| *requests);
            assert_eq!(first.is_err(), lost <= requests, "{lost}: {first:?}");
            assert!(first.is_ok() || matches!(first, Err(DolibarrError::Unreachable { .. })), "{first:?}");
        }
        let done = pushed(&store, &url, "k3y").await.expect("everything is pushed");
        assert_eq!(done.by_hand, Vec::<i64>::new());
        assert_eq!(pushed(&store, &url, "k3y").await.expect("nothing to do"), Pushed::default());
        let world = world.lock().expect("not poisoned");
        assert_eq!((world.third_parties.len(), world.invoices.len(), world.payments.len()), (4, 5, 1), "{lost}");
        assert!(world.invoices.iter().all(|one| one["status"] == "1"), "every one is final");
        let of = |number: &str| world.invoices.iter().find(|one| one["ref_ext"] == number).expect("pushed");
        assert_eq!(of(&brume)["total_ttc"], amount(gross));
        assert_eq!(of("A2026-00001")["type"], 2);
        assert_eq!(of("A2026-00001")["fk_facture_source"], of(&claire)["id"]);
        let state = json!({ "invoices": world.invoices, "third": world.third_parties });
        match &clean {
            None => clean = Some((world.requests, state)),
            Some((_, expected)) => assert_eq!(&state, expected, "{lost}"),
        }
    }
}

/// A third party that is there already is found; a wrong key and a total that differs are said, and nothing is made twice.
#[tokio::test(flavor = "multi_thread")]
async fn books_what_stands_in_dolibarr_already_is_found_or_refused() {
    let desk = desk();
    let issued = json(&desk, &["billing", "issue", "2026-11", "--yes"]);
    let (lilas, _) = invoice_of(&issued, "atelier-lilas");
    let store = Store::open(&format!("sqlite:{}", desk.path("accolades.sqlite").display())).await.expect("a store");
    let (url, world) = simulator();
    let wrong = pushed(&store, &url, "other").await.expect_err("refused").to_string();
    assert!(wrong.contains("accolades secret set dolibarr"), "{wrong}");
    {
        let mut world = world.lock().expect("not poisoned");
        world.third_parties.push(json!({ "id": "7", "name": "LILAS (ancien)", "idprof1": "000002022" }));
        world.invoices.push(json!({ "id": "8", "ref_ext": lilas, "status": "1", "total_ttc": "1.00000000" }));
    }
    let differs = pushed(&store, &url, "k3y").await.expect_err("another total").to_string();
    assert!(differs.contains(&lilas), "{differs}");
    let world = world.lock().expect("not poisoned");
    assert_eq!(world.third_parties.iter().filter(|one| one["idprof1"] == "000002022").count(), 1, "found, not made");
}
