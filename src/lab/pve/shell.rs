//! `pvesh` on the node: the same methods as over HTTP, as `root@pam` with a ticket, parameters verified all the same.

use serde_json::{Map, Value};

use super::call::{Call, Caller, Refusal};
use super::schema::Verb;
use super::server::{handler, with_uri};
use super::{table, verify};
use crate::world::{Site, Surroundings};

/// Calls a method. An option given several times is a list.
///
/// # Errors
/// The one-line reason that `pvesh` prints.
pub fn call(
    site: &mut Site,
    around: Surroundings<'_>,
    verb: &str,
    path: &str,
    parameters: &[(String, String)],
) -> Result<Value, String> {
    let verb = match verb {
        "get" | "ls" => Verb::Get,
        "create" => Verb::Post,
        "set" => Verb::Put,
        "delete" => Verb::Delete,
        other => return Err(format!("no such command '{other}'")),
    };
    let no_handler = || format!("No '{}' handler defined for '{path}'", verb.name().to_lowercase());
    let found = table::find(verb, path).ok_or_else(no_handler)?;
    let run = handler(found.method).ok_or_else(no_handler)?;
    let given: Map<String, Value> =
        parameters.iter().map(|(name, value)| (name.clone(), Value::String(value.clone()))).collect();
    let params = with_uri(given, found.uri)
        .and_then(|params| verify::verify(found.method, params))
        .map_err(|refusal| words(&refusal))?;
    let caller = Caller { user: "root@pam".to_owned(), token: None };
    run(site, around, &Call { caller, params }).map_err(|refusal| words(&refusal))
}

fn words(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Status(_, text) => text.clone(),
        Refusal::Params(errors) => {
            let lines: Vec<String> = errors.iter().map(|(name, text)| format!("{name}: {}", text.trim_end())).collect();
            format!("400 Parameter verification failed.\n{}", lines.join("\n"))
        }
    }
}
