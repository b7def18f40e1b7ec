//! From a request to an answer, without sockets: who asks, which method, may he, are the parameters right, then the
//! method itself. The order is that of the real server.

use serde_json::{Map, Value, json};

use super::access::Credentials;
use super::call::{Call, Reply};
use super::refusal::Refusal;
use super::schema::{Method, Rights, Verb};
use super::state::BackupServers;
use super::{table, verify};
use crate::wire::{RawAnswer, RawRequest};
use crate::world::Moment;

/// The content type of what the server puts into its form.
const JSON: &str = "application/json;charset=UTF-8";

/// The content type of what a method writes itself.
const OWN_JSON: &str = "application/json";

/// The largest body in bytes.
const BODY_BYTES_MAX: usize = 512 * 1024;

/// What a refused authentication does to a browser's ticket.
const NO_COOKIE: &str =
    "__Host-PBSAuthCookie=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure; SameSite=Lax; HttpOnly; Path=/;";

/// How the answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// The status tells; a refusal is plain text.
    Json,
    /// Always 200, the status is in the body.
    Extjs,
}

/// Answers a request to the server under this address; the servers may change.
pub fn answer(servers: &mut BackupServers, seed: u64, now: Moment, address: &str, request: &RawRequest) -> RawAnswer {
    servers.advance(seed, now);
    let Some(server) = servers.0.get_mut(address) else { return plain(500, "no such server") };
    server.access.look(now);
    let Some(components) = components(&request.path()) else {
        return bare_text(400, "path contains illegal components");
    };
    let parts: Vec<&str> = components.iter().map(String::as_str).collect();
    let (form, below) = match parts.as_slice() {
        ["api2", "json", below @ ..] => (Form::Json, below),
        ["api2", "extjs", below @ ..] => (Form::Extjs, below),
        ["api2", format, ..] => return bare_text(400, &format!("Unsupported output format '{format}'.")),
        _ => return bare_text(404, &format!("no such file: '{}'", parts.join("/"))),
    };
    let found = Verb::parse(&request.method).and_then(|verb| table::find(verb, below));
    let is_open = found.as_ref().is_some_and(|found| matches!(found.method.rights, Rights::World));
    let auth_id = if is_open {
        String::new()
    } else {
        let credentials = Credentials {
            cookie: request.header("Cookie"),
            authorization: request.header("Authorization"),
            csrf: request.header("CSRFPreventionToken"),
            writes: request.method != "GET",
        };
        match server.access.authenticate(credentials, now.unix_seconds()) {
            Some(auth_id) => auth_id,
            None => return bare_text(401, "authentication failed"),
        }
    };
    let Some(found) = found else {
        let refusal = match table::not_simulated(&request.method, below) {
            Some(path) => Refusal { status: 501, text: format!("lab: {} {path} is not simulated", request.method) },
            None => Refusal { status: 404, text: format!("Path '/{}' not found.", parts.join("/")) },
        };
        let mut answer = refused(form, &refusal);
        if request.method == "HEAD" {
            answer.body.clear();
        }
        return answer;
    };
    if request.body.len() > BODY_BYTES_MAX {
        return refused(form, &Refusal::bad("http request body too large"));
    }
    let mut call = Call { servers, address, seed, now, auth_id, params: Map::new() };
    if !may(&call, found.method, &found.uri) {
        return refused(form, &Refusal::check_failed());
    }
    let outcome = verify::read(found.method, found.uri, request).and_then(|params| {
        call.params = params;
        (found.method.run)(&mut call)
    });
    match outcome {
        Ok(reply) => success(form, reply),
        Err(refusal) => refused(form, &refusal),
    }
}

/// The parts of a path, empty ones left out; `None` when one of them leads up.
fn components(path: &str) -> Option<Vec<String>> {
    let parts: Vec<String> = path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
    parts.iter().all(|part| !part.starts_with('.')).then_some(parts)
}

fn may(call: &Call<'_>, method: &Method, uri: &[(&str, String)]) -> bool {
    let held = |path: &str, privileges: &[&str]| {
        let mut place = path.to_owned();
        for (name, value) in uri {
            place = place.replace(&format!("{{{name}}}"), value);
        }
        call.may(&place, privileges)
    };
    match method.rights {
        Rights::World | Rights::Everybody => true,
        Rights::RootOnly => call.auth_id == super::access::ROOT,
        Rights::On { path, privileges } => held(path, privileges),
        Rights::OnOrSelf { path, privileges } => {
            held(path, privileges) || uri.iter().any(|(name, value)| *name == "userid" && *value == call.auth_id)
        }
    }
}

fn success(form: Form, reply: Reply) -> RawAnswer {
    let Reply { mut fields, own_form, text, delay_us } = reply;
    if let Some(text) = text {
        return RawAnswer {
            content_type: Some("text/plain"),
            body: text.into_bytes(),
            close: false,
            delay_us,
            ..RawAnswer::bare(200, "OK")
        };
    }
    if form == Form::Extjs {
        fields.insert("status".to_owned(), json!(200));
        fields.insert("success".to_owned(), json!(true));
    }
    let content_type = if own_form { OWN_JSON } else { JSON };
    RawAnswer {
        content_type: Some(content_type),
        body: Value::Object(fields).to_string().into_bytes(),
        close: false,
        delay_us,
        ..RawAnswer::bare(200, "OK")
    }
}

fn refused(form: Form, refusal: &Refusal) -> RawAnswer {
    if form == Form::Json {
        return plain(refusal.status, &refusal.text);
    }
    let body = json!({
        "errors": {},
        "message": refusal.text,
        "status": refusal.status,
        "success": false,
    });
    RawAnswer {
        content_type: Some(JSON),
        body: body.to_string().into_bytes(),
        close: false,
        ..RawAnswer::bare(200, "OK")
    }
}

/// A refusal of a method: plain text that calls itself JSON.
fn plain(status: u16, text: &str) -> RawAnswer {
    RawAnswer { content_type: Some(JSON), ..bare_text(status, text) }
}

/// A refusal before any method: plain text that calls itself nothing.
fn bare_text(status: u16, text: &str) -> RawAnswer {
    let headers = if status == 401 { vec![("Set-Cookie", NO_COOKIE.to_owned())] } else { Vec::new() };
    RawAnswer { body: text.as_bytes().to_vec(), close: false, headers, ..RawAnswer::bare(status, reason(status)) }
}

fn reason(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        501 => "Not Implemented",
        _ => "Internal Server Error",
    }
}
