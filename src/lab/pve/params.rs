//! The parameters of a request, from its query and its body.

use serde_json::{Map, Value};

use super::json;
use super::message::RawRequest;
use super::schema::Verb;

/// Where the real server's code stands in the texts of its own mistakes; recordings shorten the folder like this.
const SERVER_CODE: &str = "<lib>/PVE/APIServer/AnyEvent.pm";

/// A parameter that browsers add so that nothing is cached.
const CACHE_BREAKER: &str = "_dc";

/// Everything that a request says. The query wins over the body, silently.
///
/// # Errors
/// The text with which the server dies (500) over a body that it cannot read.
pub fn read(verb: Verb, request: &RawRequest) -> Result<Map<String, Value>, String> {
    let mut params = if !verb.takes_body() {
        Map::new()
    } else if request.media_type() == Some("application/json") {
        read_json(&request.body)?
    } else {
        read_form(&request.body)
    };
    params.extend(read_form(request.query().as_bytes()));
    params.remove(CACHE_BREAKER);
    Ok(params)
}

fn read_json(body: &[u8]) -> Result<Map<String, Value>, String> {
    match json::parse(body).map_err(|error| format!("{error} at {SERVER_CODE} line 934."))? {
        Value::Object(params) => Ok(params),
        Value::Null => Ok(Map::new()),
        Value::Array(_) | Value::Bool(_) => Err(format!("Not a HASH reference at {SERVER_CODE} line 978.")),
        Value::String(text) => Err(format!("{} at {SERVER_CODE} line 978.", not_a_hash(&text))),
        Value::Number(number) => Err(format!("{} at {SERVER_CODE} line 978.", not_a_hash(&number.to_string()))),
    }
}

/// Perl's complaint about a text where a table should be; it quotes 32 characters.
fn not_a_hash(text: &str) -> String {
    let quoted: String = text.chars().take(32).collect();
    let more = if quoted.len() < text.len() { "..." } else { "" };
    format!("Can't use string (\"{quoted}\"{more}) as a HASH ref while \"strict refs\" in use")
}

/// Pairs separated by `&` or `;`. A key without `=` has no value; a repeated key collects its values.
fn read_form(text: &[u8]) -> Map<String, Value> {
    let mut params = Map::new();
    for pair in text.split(|one| matches!(one, b'&' | b';')).filter(|pair| !pair.is_empty()) {
        let mut halves = pair.splitn(2, |one| *one == b'=');
        let key = decode(halves.next().unwrap_or_default());
        let value = halves.next().map_or(Value::Null, |value| Value::String(decode(value)));
        let collected = match params.remove(&key) {
            None | Some(Value::Null) => value,
            Some(Value::Array(mut values)) => {
                values.push(value);
                Value::Array(values)
            }
            Some(first) => Value::Array(vec![first, value]),
        };
        params.insert(key, collected);
    }
    params
}

/// `+` is a blank, `%41` an `A`; a percent sign without two digits stays; what is not UTF-8 is replaced.
fn decode(text: &[u8]) -> String {
    let blanks: Vec<u8> = text.iter().map(|one| if *one == b'+' { b' ' } else { *one }).collect();
    percent_encoding::percent_decode(&blanks).decode_utf8_lossy().into_owned()
}
