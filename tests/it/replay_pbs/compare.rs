//! Recorded answers against ours: shapes and words, with placeholders for what differs from run to run.

use std::collections::BTreeMap;

use accolades::lab::pbs::state::task::Upid;
use accolades::lab::wire::RawAnswer;
use regex::Regex;
use serde_json::{Value, json};

/// The sizes of manifests, and so of snapshots, vary by some bytes.
const SIZE_TOLERANCE_BYTES: u64 = 40;

/// What the placeholders of a session stand for.
#[derive(Clone)]
pub struct Bound {
    values: BTreeMap<String, String>,
    own_fingerprint: String,
}

impl Bound {
    pub fn new(fingerprint: &str) -> Bound {
        Bound { values: BTreeMap::new(), own_fingerprint: fingerprint.to_owned() }
    }

    pub fn put(&mut self, placeholder: &str, value: &str) {
        self.values.insert(placeholder.to_owned(), value.to_owned());
    }

    /// A text of a request with its placeholders filled in; `encoded` for what stands in a path or form.
    pub fn fill(&self, text: &str, encoded: bool) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some(start) = rest.find('<') {
            let Some(length) = rest[start..].find('>') else { break };
            let placeholder = &rest[start..=start + length];
            filled.push_str(&rest[..start]);
            let value = self.value(placeholder);
            if encoded && (placeholder.starts_with("<upid:") || placeholder.starts_with("<fingerprint")) {
                let set = percent_encoding::NON_ALPHANUMERIC;
                filled.push_str(&percent_encoding::utf8_percent_encode(&value, set).to_string());
            } else {
                filled.push_str(&value);
            }
            rest = &rest[start + length + 1..];
        }
        filled.push_str(rest);
        filled
    }

    fn value(&self, placeholder: &str) -> String {
        if let Some(value) = self.values.get(placeholder) {
            return value.clone();
        }
        if placeholder == "<uuid>" {
            return "00000000-0000-4000-8000-000000000000".to_owned();
        }
        if placeholder.starts_with("<fingerprint") {
            return self.own_fingerprint.clone();
        }
        // A task that never was: its identifier is put together from what the placeholder says.
        let inside = placeholder.trim_start_matches("<upid:").trim_end_matches('>');
        match inside.rsplit_once('#').map(|(words, _)| words.splitn(3, ':').collect::<Vec<_>>()) {
            Some(words) if placeholder.starts_with("<upid:") && words.len() == 3 => {
                format!("UPID:pbs:00000001:00000001:00000001:6AFD86C0:{}:{}:{}:", words[0], words[1], words[2])
            }
            _ => placeholder.to_owned(),
        }
    }

    /// Whether a value fits a placeholder; a numbered one always stands for the same.
    fn fits(&mut self, placeholder: &str, value: &str) -> bool {
        let kind = placeholder.trim_matches(['<', '>']);
        let well_formed = match kind.split([':', '#']).next().unwrap_or_default() {
            "upid" => upid_fits(kind, value),
            "digest" => value.len() == 64 && value.bytes().all(|one| one.is_ascii_hexdigit()),
            "fingerprint" => value.split(':').all(|pair| pair.len() == 2),
            "uuid" => value.len() == 36,
            "node" => !value.is_empty(),
            "time" => value.starts_with("20") || value.contains("20"),
            "secs" => value.ends_with('s') || value.ends_with("seconds"),
            // A speed is shown twice, of what was read and of what it holds.
            "n" => value.split('/').all(|one| one.parse::<f64>().is_ok()),
            "int" | "epoch" => value.parse::<f64>().is_ok(),
            _ => true,
        };
        let keeps = kind.contains('#') || kind.starts_with("secret") || ["ticket", "csrf"].contains(&kind);
        if !well_formed || !keeps {
            return well_formed;
        }
        // Configurations change between two readings without a word in the recording: only their form counts.
        if kind.starts_with("digest") && !self.values.contains_key(placeholder) {
            self.put(placeholder, value);
            return true;
        }
        match self.values.get(placeholder) {
            // Messages show the start of a key's fingerprint.
            Some(known) if kind.starts_with("fingerprint") => {
                known.starts_with(value) || value.starts_with(known.as_str())
            }
            Some(known) if ["ticket", "csrf"].contains(&kind) => !known.is_empty(),
            Some(known) => known == value,
            None => {
                self.put(placeholder, value);
                true
            }
        }
    }
}

/// `upid:TYPE:ID:USER#n` against an identifier.
fn upid_fits(kind: &str, value: &str) -> bool {
    let Some(upid) = Upid::parse(value) else { return false };
    let parts: Vec<&str> = value.split(':').collect();
    let words = kind.rsplit_once('#').map_or(kind, |(words, _)| words);
    words == format!("upid:{}:{}:{}", upid.kind, parts[7], upid.owner)
}

/// An answer as a whole.
pub fn answer(expected: &Value, got: &RawAnswer, bound: &mut Bound, step: &Value) -> Result<(), String> {
    let mut differences = Vec::new();
    let mut same = |what: &str, expected: Value, got: Value| {
        if expected != got {
            differences.push(format!("  {what}: expected {expected}\n  {what}:      got {got}"));
        }
    };
    same("status", expected["status"].clone(), json!(got.status));
    same("reason", expected["reason"].clone(), json!(got.reason));
    same("content type", expected["content_type"].clone(), json!(got.content_type));
    if expected["status"] == 401 {
        same("delay", expected["delay_s"].clone(), json!(got.delay_us / 1_000_000));
        let cookie = got.headers.iter().find(|(name, _)| *name == "Set-Cookie").map(|(_, value)| value);
        same("cookie", expected["set-cookie"].clone(), json!(cookie));
    }
    let body = String::from_utf8_lossy(&got.body).into_owned();
    let body_differs = match expected.get("body_text").and_then(Value::as_str) {
        Some(text) => {
            let (ours, theirs) = (without_folders(&body), without_folders(text));
            if text_fits(&theirs, &ours, bound) {
                None
            } else {
                Some(format!("  body: expected {text:?}\n  body:      got {body:?}"))
            }
        }
        None => {
            let mut ours = serde_json::from_str(&body).unwrap_or(Value::String(body));
            // How many lines there are about folders of chunks depends on the random data of the recording.
            let of_collection =
                step["path"].as_str().is_some_and(|path| path.contains("garbage_collection") && path.contains("/log"));
            if of_collection && ours["total"].is_u64() {
                ours["total"] = expected["body_json"]["total"].clone();
            }
            let ordered = step["path"].as_str().is_some_and(|path| path.contains("/tasks"));
            value_fits(&expected["body_json"], &ours, bound, ordered, "body").err().map(|at| format!("  {at}"))
        }
    };
    differences.extend(body_differs);
    if differences.is_empty() { Ok(()) } else { Err(differences.join("\n")) }
}

/// The lines about folders of chunks depend on the random data of the recording; of several jobs that use a remote the real
/// server names any.
fn without_folders(text: &str) -> String {
    if let Some((before, _)) = text.split_once("is used by sync job") {
        return format!("{before}is used by sync job");
    }
    text.lines().filter(|line| !line.contains(": processed ")).map(|line| format!("{line}\n")).collect()
}

/// The folder of a chunk is the start of its digest.
fn in_any_folder(line: &str) -> String {
    Regex::new("/\\.chunks/[0-9a-f]{4}/").expect("an expression").replace(line, "/.chunks/").into_owned()
}

/// Lines of output.
pub fn lines(expected: &[String], got: &[String], bound: &mut Bound) -> Result<(), String> {
    let fits = expected.len() == got.len()
        && expected.iter().zip(got).all(|(theirs, ours)| {
            match (serde_json::from_str::<Value>(theirs), serde_json::from_str::<Value>(ours)) {
                (Ok(theirs @ Value::Array(_)), Ok(ours)) => value_fits(&theirs, &ours, bound, false, "").is_ok(),
                _ => text_fits(&in_any_folder(theirs), &in_any_folder(ours), bound),
            }
        });
    if fits { Ok(()) } else { Err(format!("  expected {expected:#?}\n  got {got:#?}")) }
}

/// A text with placeholders against ours.
fn text_fits(expected: &str, got: &str, bound: &mut Bound) -> bool {
    if !expected.contains('<') {
        return expected == got;
    }
    let token = Regex::new(
        "<(?:upid:[^#>]*#\\d+|digest#\\d+|fingerprint#\\d+|secret:[^>]*|epoch|int|node|time|secs|n|uuid|ticket|csrf)>",
    )
    .expect("an expression");
    let mut pattern = String::from("(?s)^");
    let mut names = Vec::new();
    let mut at = 0;
    for found in token.find_iter(expected) {
        pattern.push_str(&regex::escape(&expected[at..found.start()]));
        pattern.push_str("(.*?)");
        names.push(found.as_str().to_owned());
        at = found.end();
    }
    pattern.push_str(&regex::escape(&expected[at..]));
    pattern.push('$');
    let Ok(expression) = Regex::new(&pattern) else { return false };
    let Some(found) = expression.captures(got) else { return false };
    names.iter().enumerate().all(|(index, name)| bound.fits(name, found.get(index + 1).map_or("", |one| one.as_str())))
}

/// A value with placeholders against ours; the answer says where they differ.
fn value_fits(expected: &Value, got: &Value, bound: &mut Bound, ordered: bool, at: &str) -> Result<(), String> {
    let differ = || Err(format!("{at}: expected {expected}\n  {at}:      got {got}"));
    match (expected, got) {
        (Value::String(text), Value::Number(number)) if ["<epoch>", "<int>"].contains(&text.as_str()) => {
            if number.is_i64() || number.is_u64() { Ok(()) } else { differ() }
        }
        (Value::String(theirs), Value::String(ours)) => {
            if text_fits(theirs, ours, bound) {
                Ok(())
            } else {
                differ()
            }
        }
        (Value::Object(theirs), Value::Object(ours)) => {
            if theirs.len() != ours.len() || !theirs.keys().all(|key| ours.contains_key(key)) {
                return differ();
            }
            for (key, value) in theirs {
                if key == "size" && size_fits(theirs, value, &ours[key]) {
                    continue;
                }
                // Their number depends on the lines that are left out.
                let is_log = theirs.contains_key("data") && at == "body";
                if key == "total" && is_log && has_folders(&theirs["data"]) {
                    continue;
                }
                value_fits(value, &ours[key], bound, ordered, &format!("{at}.{key}"))?;
            }
            Ok(())
        }
        (Value::Array(theirs), Value::Array(ours)) => list_fits(theirs, ours, bound, ordered, at),
        _ if expected == got => Ok(()),
        _ => differ(),
    }
}

fn has_folders(log: &Value) -> bool {
    log.as_array().into_iter().flatten().any(is_folder_line)
}

fn is_folder_line(line: &Value) -> bool {
    line["t"].as_str().is_some_and(|text| text.contains(": processed "))
}

/// The size of a manifest, of a stream, or of a snapshot that has one.
fn size_fits(entry: &serde_json::Map<String, Value>, theirs: &Value, ours: &Value) -> bool {
    let is_stream = |name: &str| name.ends_with(".didx");
    let file = entry.get("filename").and_then(Value::as_str);
    let has_stream = entry
        .get("files")
        .and_then(Value::as_array)
        .is_some_and(|files| files.iter().any(|file| file["filename"].as_str().is_some_and(is_stream)));
    if file.is_some_and(is_stream) || has_stream {
        return ours.is_u64();
    }
    let varies = file == Some("index.json.blob") || entry.contains_key("files");
    let (Some(theirs), Some(ours)) = (theirs.as_u64(), ours.as_u64()) else { return false };
    theirs.abs_diff(ours) <= if varies { SIZE_TOLERANCE_BYTES } else { 0 }
}

fn list_fits(theirs: &[Value], ours: &[Value], bound: &mut Bound, ordered: bool, at: &str) -> Result<(), String> {
    if let Some(gap) = theirs.iter().position(|one| one.as_str().is_some_and(|text| text.starts_with("<omitted:"))) {
        let omitted: usize = theirs[gap]
            .as_str()
            .and_then(|text| text.trim_start_matches("<omitted:").trim_end_matches('>').parse().ok())
            .unwrap_or_default();
        let whole = theirs.len() - 1 + omitted == ours.len();
        if !whole {
            return Err(format!("{at}: expected {} entries, got {}", theirs.len() - 1 + omitted, ours.len()));
        }
        list_fits(&theirs[..gap], &ours[..gap], bound, ordered, at)?;
        return list_fits(&theirs[gap + 1..], &ours[gap + omitted..], bound, ordered, at);
    }
    if theirs.iter().chain(ours).any(is_folder_line) {
        let texts = |list: &[Value]| -> Vec<Value> {
            list.iter().filter(|line| !is_folder_line(line)).map(|line| line["t"].clone()).collect()
        };
        return list_fits(&texts(theirs), &texts(ours), bound, ordered, at);
    }
    let differ =
        |what: &str| Err(format!("{at}: {what}\n  {at}: expected {}\n  {at}:      got {}", json!(theirs), json!(ours)));
    if theirs.len() != ours.len() {
        return differ(&format!("expected {} entries, got {}", theirs.len(), ours.len()));
    }
    let mut in_order = bound.clone();
    let first_wrong = theirs.iter().zip(ours).enumerate().find_map(|(index, (their, our))| {
        value_fits(their, our, &mut in_order, ordered, &format!("{at}[{index}]")).err()
    });
    let Some(wrong) = first_wrong else {
        *bound = in_order;
        return Ok(());
    };
    if ordered {
        return Err(wrong);
    }
    let mut left: Vec<&Value> = ours.iter().collect();
    for their in theirs {
        let found = left.iter().position(|our| {
            let mut tried = bound.clone();
            let fits = value_fits(their, our, &mut tried, ordered, at).is_ok();
            if fits {
                *bound = tried;
            }
            fits
        });
        match found {
            Some(index) => drop(left.remove(index)),
            None => return differ(&format!("nothing of ours is {their}")),
        }
    }
    Ok(())
}
