//! The recorded transcript of the real Proxmox VE API server, replayed against the lab byte for byte.

use std::cell::{Cell, RefCell};
use std::fmt::Write as _;

use accolades::lab::pve::message::{RawAnswer, RawRequest};
use accolades::lab::pve::{server, table, wire};
use accolades::lab::world::World;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::pve_fixture::{self, SITE};

#[test]
fn every_recorded_request_is_answered_as_recorded() {
    let Some(lines) = pve_fixture::recorded("pve-verify.jsonl") else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut failures = String::new();
    let mut failed = 0;
    let mut not_covered = 0;
    for line in &lines[1..] {
        if !is_covered(line) {
            not_covered += 1;
            println!("not covered: {} {}", line["method"], line["path"]);
            continue;
        }
        if let Err(difference) = runtime.block_on(replay(line)) {
            failed += 1;
            let what = format!("{} {} {}", line["n"], line["method"], line["path"]);
            writeln!(failures, "{what}\n  body {}\n  {difference}", line["body"]).expect("text grows");
        }
    }
    println!("replayed {}, not covered: {not_covered}", lines.len() - 1);
    assert!(failed == 0, "{failed} of {} differ:\n{failures}", lines.len() - 1);
}

/// A line that was answered 200 or 400 names a method; one that the table does not have is not simulated.
fn is_covered(line: &Value) -> bool {
    let answer = &line["response"];
    let status = answer["body_json"]["status"].as_u64().or(answer["status"].as_u64()).unwrap_or_default();
    let (Some(path), Some(verb)) = (line["path"].as_str(), line["method"].as_str()) else { return true };
    let (Some(verb), true) = (accolades::lab::pve::schema::Verb::parse(verb), [200, 400].contains(&status)) else {
        return true;
    };
    let path = path.split('?').next().unwrap_or_default();
    let path = path.replace("/api2/json", "").replace("/api2/extjs", "");
    let path = percent_encoding::percent_decode_str(&path).decode_utf8_lossy().into_owned();
    table::find(verb, &path).is_some()
}

async fn replay(line: &Value) -> Result<(), String> {
    let world = RefCell::new(pve_fixture::recorded_world());
    let delay_us = Cell::new(0);
    let echoed = line["response"]["body_json"]["data"].get("validated").is_some();
    let is_refused = line["response"]["status"] != json!(200) || line["response"]["body_json"]["success"] == json!(0);
    // The methods that were real in the recording are real here, too, whatever they answered.
    let is_real = line["path"].as_str().is_some_and(|path| path.starts_with("/api2/json/access/permissions"));
    let echo = echoed || (is_refused && !is_real);
    let respond = async |request: RawRequest| {
        let answer = respond(&mut world.borrow_mut(), &request, echo);
        delay_us.set(answer.delay_us);
        Some(answer)
    };
    let (mut client, server) = tokio::io::duplex(2 * 1024 * 1024);
    let bytes = request_bytes(line);
    let exchange = async {
        client.write_all(&bytes).await.expect("the pipe is large enough");
        client.shutdown().await.expect("the pipe can be shut");
        let mut received = Vec::new();
        client.read_to_end(&mut received).await.expect("the pipe can be read");
        received
    };
    let (served, received) = tokio::join!(wire::serve(server, respond), exchange);
    served.map_err(|error| error.to_string())?;
    let recorded = &line["response"];
    if recorded["no_answer"] == json!(true) {
        return if received.is_empty() { Ok(()) } else { Err("an answer came where none was recorded".to_owned()) };
    }
    let answer = Answer::parse(&received).ok_or("no answer")?;
    let mut differences = String::new();
    let mut compare = |what: &str, expected: Value, got: Value| {
        if expected != got {
            write!(differences, "\n  {what}: expected {expected}\n  {what}:      got {got}").expect("text grows");
        }
    };
    compare("status", recorded["status"].clone(), json!(answer.status));
    compare("reason", recorded["reason"].clone(), json!(answer.reason));
    compare("content type", recorded["content_type"].clone(), json!(answer.header("Content-Type")));
    compare("connection", recorded["connection"].clone(), json!(answer.header("Connection")));
    let delay_s = recorded.get("delay_s").and_then(Value::as_u64).unwrap_or_default();
    compare("delay", json!(delay_s), json!(delay_us.get() / 1_000_000));
    match recorded.get("body_text") {
        Some(text) => compare("body", text.clone(), json!(answer.body)),
        None => {
            let got = serde_json::from_str(&answer.body).unwrap_or(Value::Null);
            compare("body", canonical(&expand(&recorded["body_json"])), canonical(&got));
        }
    }
    if differences.is_empty() { Ok(()) } else { Err(differences) }
}

/// What the recorded server did: most methods answered with their verified parameters, a few really.
fn respond(world: &mut World, request: &RawRequest, echo: bool) -> RawAnswer {
    if !echo {
        return server::answer(world, SITE, request);
    }
    match pve_fixture::admit(world, request) {
        Ok(admitted) => admitted.form.success(json!({
            "validated": admitted.method.name,
            "param": admitted.call.params,
        })),
        Err(answer) => answer,
    }
}

/// The order of keys and of unordered lists does not matter; nor that of the lines of a nested error.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let mut entries: Vec<_> = object.iter().map(|(key, value)| (key.clone(), canonical(value))).collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(entries.into_iter().collect())
        }
        Value::Array(list) => {
            let mut list: Vec<Value> = list.iter().map(canonical).collect();
            let is_unordered = list.iter().any(|one| one.get("roleid").is_some() || one.get("poolid").is_some());
            if is_unordered {
                list.sort_by_key(Value::to_string);
            }
            Value::Array(list)
        }
        Value::String(text) => match text.strip_prefix("invalid format - format error\n") {
            Some(nested) => {
                let mut lines: Vec<&str> = nested.lines().collect();
                lines.sort_unstable();
                json!(format!("invalid format - format error\n{}", lines.join("\n")))
            }
            None => value.clone(),
        },
        _ => value.clone(),
    }
}

/// `<8100 times a>` written out.
fn expand(value: &Value) -> Value {
    match value {
        Value::Object(object) => Value::Object(object.iter().map(|(key, one)| (key.clone(), expand(one))).collect()),
        Value::String(text) => json!(repeated(text).unwrap_or_else(|| text.clone())),
        _ => value.clone(),
    }
}

fn repeated(text: &str) -> Option<String> {
    let (count, letter) = text.strip_prefix('<')?.strip_suffix('>')?.split_once(" times ")?;
    Some(letter.repeat(count.parse().ok()?))
}

fn request_bytes(line: &Value) -> Vec<u8> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let path = text(&line["path"]).replace("<…>", &"a".repeat(6950));
    let version = line.get("http_version").map_or("HTTP/1.1".to_owned(), text);
    let note = line.get("note").map(text).unwrap_or_default();
    let body = line["body"].as_str().map(|body| match body {
        "<long, see note>" => body_of_note(&note),
        "<600000 bytes>" => "a".repeat(600_000),
        _ => body.to_owned(),
    });
    let mut head = format!("{} {path} {version}\r\nHost: localhost\r\n", text(&line["method"]));
    let mut says_length = note.contains("without Content-Length");
    for header in line["headers"].as_array().expect("headers") {
        let (name, value) = (text(&header[0]), text(&header[1]));
        let value = repeated(&value).unwrap_or_else(|| pve_fixture::with_secrets(&value));
        says_length |= name.eq_ignore_ascii_case("Content-Length") || name.eq_ignore_ascii_case("Transfer-Encoding");
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let is_write = ["POST", "PUT"].contains(&line["method"].as_str().unwrap_or_default());
    let length = body.as_deref().map(str::len);
    if let Some(length) = length.or(is_write.then_some(0)).filter(|_| !says_length) {
        head.push_str(&format!("Content-Length: {length}\r\n"));
    }
    head.push_str("\r\n");
    head.push_str(&body.unwrap_or_default());
    head.into_bytes()
}

/// Long bodies are described: `<body: vmid=204&description= then 8100 times a>` or `<content: 61441 times b>`.
fn body_of_note(note: &str) -> String {
    let inside = note.trim_start_matches('<').trim_end_matches('>');
    let (what, rest) = inside.split_once(": ").expect("a described body");
    let times = |text: &str| repeated(&format!("<{text}>")).expect("a repeated letter");
    match what {
        "body" => {
            let (start, end) = rest.split_once(" then ").expect("a start and a repetition");
            format!("{start}{}", times(end))
        }
        // The recorded answers show what stood beside: an empty command, a file name.
        "input-data" => format!("command=&input-data={}", times(rest)),
        "content" => format!("file=/tmp/x&content={}", times(rest)),
        _ => panic!("unknown description of a body: {note}"),
    }
}

struct Answer {
    status: u16,
    reason: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Answer {
    fn parse(bytes: &[u8]) -> Option<Answer> {
        let text = String::from_utf8_lossy(bytes);
        let (head, rest) = text.split_once("\r\n\r\n")?;
        let mut lines = head.lines();
        let status_line = lines.next()?;
        let (_, status_and_reason) = status_line.split_once(' ')?;
        let (status, reason) = status_and_reason.split_once(' ')?;
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let length = headers.iter().find(|(name, _)| name == "Content-Length")?.1.parse::<usize>().ok()?;
        let body = rest.get(..length)?.to_owned();
        Some(Answer { status: status.parse().ok()?, reason: reason.to_owned(), headers, body })
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}
