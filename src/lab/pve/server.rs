//! From a request to an answer, without sockets: who asks, which method, may he, are the parameters right, then the
//! method itself. The order is that of the real server (sheet Proxmox, section 16).

use serde_json::{Map, Value};

use super::access::{Credentials, Denied};
use super::call::{Call, Caller, Handler, Refusal};
use super::message::{Form, RawAnswer, RawRequest};
use super::schema::{Method, Rights, Verb};
use super::{access, general, handlers, params, table, verify};
use crate::world::{Site, Surroundings, World};

/// Everything below is the API.
const BASE: &str = "/api2";

/// The largest body in bytes.
const BODY_BYTES_MAX: u64 = 512 * 1024;

/// A request that passed every check before its method.
#[derive(Debug, Clone)]
pub struct Admitted {
    /// The method.
    pub method: &'static Method,
    /// Who asks and what; nobody's name is empty.
    pub call: Call,
    /// The form of the answer.
    pub form: Form,
}

/// Answers a request to a site's node; the world may change.
///
/// A request for a method that is in the table but not simulated is answered like one for an unknown path.
pub fn answer(world: &mut World, site: &str, request: &RawRequest) -> RawAnswer {
    let Some((site, surroundings)) = world.site_mut(site) else {
        return RawAnswer::plain(595, "no such site");
    };
    let admitted = match admit(site, surroundings, request, |method| handler(method).is_some()) {
        Ok(admitted) => admitted,
        Err(answer) => return answer,
    };
    let Admitted { method, call, form } = admitted;
    let outcome = match (foreign_node(site, method, &call), handler(method)) {
        (Some(node), _) => Err(lookup_failed(&node)),
        (None, Some(run)) => run(site, surroundings, &call),
        (None, None) => Err(not_implemented(method.verb, method.path)),
    };
    match outcome {
        Ok(data) => form.success(data),
        Err(refusal) => form.refused(&refusal),
    }
}

/// The checks before a method: authentication, path, conflicts with the path, token, rights, parameters.
/// `simulated` says which methods exist.
///
/// # Errors
/// The answer to a request that fails one of them.
pub fn admit(
    site: &Site,
    surroundings: Surroundings<'_>,
    request: &RawRequest,
    simulated: impl Fn(&Method) -> bool,
) -> Result<Admitted, RawAnswer> {
    let Some(verb) = Verb::parse(&request.method) else {
        return Err(RawAnswer::bare(501, &format!("method '{}' not available", request.method)));
    };
    check_transfer(request)?;
    let path = request.path();
    let target = split_path(&path)?;
    let caller = match &target {
        Some(target) => authenticate(site, surroundings, request, verb, target.rest)?,
        None => None,
    };
    check_body(verb, request)?;
    let Some(Target { format, rest }) = target else {
        return Err(RawAnswer::plain(500, &format!("no such file '{path}'\n")));
    };
    let form = match format {
        "json" => Form::Json,
        "extjs" => Form::Extjs,
        _ => return Err(RawAnswer::plain(501, &format!("no formatter for uri {rest}, {format}"))),
    };
    let given = params::read(verb, request).map_err(|text| RawAnswer::plain(500, &format!("{text}\n")))?;
    enter(site, verb, rest, caller, given, simulated)
        .map(|(method, call)| Admitted { method, call, form })
        .map_err(|refusal| form.refused(&refusal))
}

fn enter(
    site: &Site,
    verb: Verb,
    path: &str,
    caller: Option<Caller>,
    given: Map<String, Value>,
    simulated: impl Fn(&Method) -> bool,
) -> Result<(&'static Method, Call), Refusal> {
    let found = table::find(verb, path).filter(|found| simulated(found.method));
    let Some(found) = found else {
        return Err(not_implemented(verb, path));
    };
    let params = with_uri(given, found.uri)?;
    let by_token = caller.as_ref().is_some_and(|caller| caller.token.is_some());
    if by_token && !found.method.token {
        let text = format!("URI '{path}' not available with API token, need proper ticket.\n");
        return Err(access::denied(&text));
    }
    site.pve.access.check(found.method.rights, caller.as_ref(), &params)?;
    let params = verify::verify(found.method, params)?;
    let caller = caller.unwrap_or(Caller { user: String::new(), token: None });
    Ok((found.method, Call { caller, params }))
}

fn not_implemented(verb: Verb, path: &str) -> Refusal {
    Refusal::Status(501, format!("Method '{} {path}' not implemented", verb.name()))
}

/// The parameters with those of the path, which nothing may contradict.
pub(super) fn with_uri(
    mut params: Map<String, Value>,
    uri: Vec<(&str, String)>,
) -> Result<Map<String, Value>, Refusal> {
    for (name, value) in uri {
        let same = params.get(name).is_none_or(|given| given.is_null() || given.as_str() == Some(value.as_str()));
        if !same {
            return Err(Refusal::param(name, "duplicate parameter (already defined in URI) with conflicting values!"));
        }
        params.insert(name.to_owned(), Value::String(value));
    }
    Ok(params)
}

/// Where a path below the API leads.
struct Target<'a> {
    format: &'a str,
    rest: &'a str,
}

/// `None` for what is not the API.
fn split_path(path: &str) -> Result<Option<Target<'_>>, RawAnswer> {
    let Some(below) = path.strip_prefix(BASE) else {
        return Ok(None);
    };
    let format_and_rest = below.trim_start_matches('/');
    let end = format_and_rest.find('/').unwrap_or(format_and_rest.len());
    let (format, rest) = format_and_rest.split_at(end);
    let is_format = format.starts_with(|first: char| first.is_ascii_lowercase())
        && format.bytes().all(|one| one.is_ascii_lowercase() || one.is_ascii_digit());
    if !below.starts_with('/') || !is_format {
        return Err(RawAnswer::plain(501, "no such uri"));
    }
    Ok(Some(Target { format, rest: if rest.is_empty() { "/" } else { rest } }))
}

fn check_transfer(request: &RawRequest) -> Result<(), RawAnswer> {
    match request.header("Transfer-Encoding") {
        None | Some("") => Ok(()),
        Some(coding) if coding.eq_ignore_ascii_case("chunked") => {
            Err(RawAnswer::plain(501, "chunked transfer encoding not supported"))
        }
        Some(coding) => Err(RawAnswer::plain(501, &format!("Unknown transfer encoding '{coding}'"))),
    }
}

/// Whether the server reads the body of this request at all.
pub fn reads_body(request: &RawRequest) -> bool {
    let takes_body = Verb::parse(&request.method).is_some_and(Verb::takes_body);
    takes_body && check_transfer(request).is_ok() && request.content_length() <= BODY_BYTES_MAX
}

fn check_body(verb: Verb, request: &RawRequest) -> Result<(), RawAnswer> {
    let length = request.content_length();
    if length == 0 {
        return Ok(());
    }
    if !verb.takes_body() {
        return Err(RawAnswer::plain(501, &format!("Unexpected content for method '{}'", verb.name())));
    }
    if length > BODY_BYTES_MAX {
        return Err(RawAnswer::plain(501, "for data too large"));
    }
    match request.media_type() {
        None | Some("" | "application/x-www-form-urlencoded" | "application/json") => Ok(()),
        Some(_) => {
            let given = request.header("Content-Type").unwrap_or_default();
            Err(RawAnswer::plain(506, &format!("upload 'Content-Type '{given}' not implemented")))
        }
    }
}

/// Who asks; nobody where nobody has to.
fn authenticate(
    site: &Site,
    surroundings: Surroundings<'_>,
    request: &RawRequest,
    verb: Verb,
    path: &str,
) -> Result<Option<Caller>, RawAnswer> {
    let found = table::find(verb, path);
    if found.is_some_and(|found| matches!(found.method.rights, Rights::World)) {
        return Ok(None);
    }
    let credentials = Credentials {
        cookie: request.header("Cookie"),
        authorization: request.header("Authorization"),
        csrf: request.header("CSRFPreventionToken"),
        writes: verb != Verb::Get,
    };
    let now_s = surroundings.now.unix_seconds();
    site.pve.access.authenticate(credentials, now_s).map(Some).map_err(|Denied(text)| RawAnswer::bare(401, text))
}

pub(super) fn handler(method: &Method) -> Option<Handler> {
    let (verb, path) = (method.verb.name(), method.path);
    general::find(verb, path).or_else(|| access::handlers::find(verb, path)).or_else(|| handlers::find(verb, path))
}

/// The node in the path, when it is not this one: a cluster of one node has nobody to pass the request to. Elsewhere a node
/// is a parameter like others: that of a backup job (sheet Proxmox, section 9b) names who is to run it.
fn foreign_node(site: &Site, method: &Method, call: &Call) -> Option<String> {
    let is_passed_on = method.path.split('/').any(|segment| segment == "{node}");
    call.text("node").filter(|node| is_passed_on && *node != site.pve.node && node != "localhost")
}

fn lookup_failed(node: &str) -> Refusal {
    Refusal::died(format!(
        "hostname lookup '{node}' failed - failed to get address info for: {node}: Name or service not known"
    ))
}
