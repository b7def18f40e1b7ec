//! Dolibarr's REST interface: status, modules, users (sheet YunoHost, section 8).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::tables::Row;
use super::{DolibarrState, MODULES};

/// An answer: status and body.
pub type Answer = (u16, String);

/// Answers a request below the instance's own path, for example `GET /api/index.php/status`.
/// Header names are compared without case.
pub fn dolibarr_http(
    state: &mut DolibarrState,
    method: &str,
    path: &str,
    headers: &BTreeMap<String, String>,
    body: &str,
) -> Answer {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let Some(resource) = path.trim_start_matches('/').strip_prefix("api/index.php") else {
        return if matches!(path, "" | "/" | "/index.php") {
            (200, format!("<!doctype html><title>Login @ {}</title>", state.version))
        } else {
            (404, "<!doctype html><title>404 Not Found</title>".to_owned())
        };
    };
    if !state.module_enabled("modApi") {
        return error(501, "Module API is not enabled");
    }
    let Some(key) = key_of(headers, query) else {
        return error(
            401,
            "Unauthorized: Failed to login to API. No parameter 'HTTP_DOLAPIKEY' on HTTP header (and no parameter DOLAPIKEY in URL).",
        );
    };
    let Some(user) = state.tables.get("llx_user").and_then(|users| users.find("api_key", &key)).cloned() else {
        return error(401, "Unauthorized: Failed to login to API. Bad value for parameter 'HTTP_DOLAPIKEY'");
    };
    let parts: Vec<&str> = resource.trim_matches('/').split('/').collect();
    route(state, &user, method, &parts, body)
}

fn route(state: &mut DolibarrState, user: &Row, method: &str, parts: &[&str], body: &str) -> Answer {
    match (method, parts) {
        ("GET", ["status"]) => status(state),
        ("GET", ["setup", "modules"]) => if_admin(user, || modules(state)),
        ("PUT", ["setup", "modules", name, switch @ ("enable" | "disable")]) => {
            if text(user, "admin") != Some("1") {
                return forbidden();
            }
            switch_module(state, name, *switch == "enable")
        }
        ("GET", ["users"]) => with_right(state, user, "user", "lire", |state| {
            let all: Vec<Value> = users(state).map(user_json).collect();
            (200, Value::from(all).to_string())
        }),
        ("GET", ["users", "info"]) => (200, user_json(user).to_string()),
        ("GET", ["users", "login", login]) => with_right(state, user, "user", "lire", |state| {
            one_user(users(state).find(|row| text(row, "login") == Some(login)))
        }),
        ("GET", ["users", id]) if id.parse::<u32>().is_ok() => with_right(state, user, "user", "lire", |state| {
            one_user(users(state).find(|row| text(row, "rowid") == Some(id)))
        }),
        ("PUT", ["users", id]) if id.parse::<u32>().is_ok() => change_user(state, user, id, body),
        _ => not_simulated(method, parts),
    }
}

fn status(state: &DolibarrState) -> Answer {
    let body = json!({"success": {"code": 200, "dolibarr_version": state.version, "access_locked": "0"}});
    (200, body.to_string())
}

fn modules(state: &DolibarrState) -> Answer {
    let on: Vec<&str> = MODULES
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| state.module_enabled(name))
        .map(|name| name.strip_prefix("mod").unwrap_or(name))
        .collect();
    let on: Vec<String> = on.iter().map(|name| name.to_lowercase()).collect();
    (200, Value::from(on).to_string())
}

fn switch_module(state: &mut DolibarrState, name: &str, on: bool) -> Answer {
    if !MODULES.iter().any(|(known, _)| *known == name) {
        return error(500, &format!("Error: module not found for name {name}"));
    }
    if state.module_enabled(name) == on {
        let word = if on { "enabled" } else { "disabled" };
        return error(304, &format!("Module already {word}"));
    }
    state.switch_module(name, on);
    (200, json!({"success": {"code": 200, "message": "Module changed"}}).to_string())
}

fn change_user(state: &mut DolibarrState, caller: &Row, id: &str, body: &str) -> Answer {
    if !has_right(state, caller, "user", "creer") {
        return forbidden();
    }
    let Ok(Value::Object(changes)) = serde_json::from_str::<Value>(body) else {
        return error(400, "Bad Request: the body is not a JSON object");
    };
    let table = state.table_mut("llx_user");
    let Some(row) = table.rows.iter_mut().find(|row| text(row, "rowid") == Some(id)) else {
        return error(404, "Not Found: User not found");
    };
    for (name, value) in &changes {
        let name = if name == "status" { "statut" } else { name.as_str() };
        if name == "rowid" || !row.contains_key(name) {
            continue;
        }
        let value = match value {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        };
        row.insert(name.to_owned(), value);
    }
    one_user(Some(&*row))
}

fn key_of(headers: &BTreeMap<String, String>, query: &str) -> Option<String> {
    let header = |wanted: &str| {
        headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim().to_owned())
    };
    let bearer = || header("authorization")?.strip_prefix("Bearer ").map(str::to_owned);
    let in_query = || query.split('&').find_map(|pair| pair.strip_prefix("DOLAPIKEY=").map(str::to_owned));
    header("dolapikey").or_else(bearer).or_else(in_query).filter(|key| !key.is_empty())
}

fn if_admin(user: &Row, answer: impl FnOnce() -> Answer) -> Answer {
    if text(user, "admin") == Some("1") { answer() } else { forbidden() }
}

fn with_right(
    state: &DolibarrState,
    user: &Row,
    module: &str,
    right: &str,
    answer: impl FnOnce(&DolibarrState) -> Answer,
) -> Answer {
    if has_right(state, user, module, right) { answer(state) } else { forbidden() }
}

/// Administrators may do everything; others what `llx_user_rights` gives them.
fn has_right(state: &DolibarrState, user: &Row, module: &str, right: &str) -> bool {
    if text(user, "admin") == Some("1") {
        return true;
    }
    let (Some(rights), Some(given)) = (state.tables.get("llx_rights_def"), state.tables.get("llx_user_rights")) else {
        return false;
    };
    let wanted = |row: &&Row| {
        text(row, "module") == Some(module)
            && (text(row, "perms") == Some(right) || text(row, "subperms") == Some(right))
    };
    rights.rows.iter().filter(wanted).filter_map(|row| text(row, "id")).any(|id| {
        given.rows.iter().any(|row| text(row, "fk_id") == Some(id) && text(row, "fk_user") == text(user, "rowid"))
    })
}

fn users(state: &DolibarrState) -> impl Iterator<Item = &Row> {
    state.tables.get("llx_user").into_iter().flat_map(|table| table.rows.iter())
}

fn one_user(row: Option<&Row>) -> Answer {
    match row {
        Some(row) => (200, user_json(row).to_string()),
        None => error(404, "Not Found: User not found"),
    }
}

/// A user as the API shows it: never the key, and the account's state under both its names.
fn user_json(row: &Row) -> Value {
    let mut user = Map::new();
    user.insert("id".to_owned(), row.get("rowid").cloned().flatten().into());
    for name in ["login", "lastname", "firstname", "email", "job", "admin", "employee", "entity"] {
        user.insert(name.to_owned(), row.get(name).cloned().flatten().into());
    }
    for name in ["statut", "status"] {
        user.insert(name.to_owned(), row.get("statut").cloned().flatten().into());
    }
    Value::Object(user)
}

fn text<'a>(row: &'a Row, column: &str) -> Option<&'a str> {
    row.get(column)?.as_deref()
}

fn forbidden() -> Answer {
    error(403, "Forbidden: Access not allowed")
}

fn not_simulated(method: &str, parts: &[&str]) -> Answer {
    error(501, &format!("Not Implemented: {method} {} is not simulated in the lab", parts.join("/")))
}

fn error(code: u16, message: &str) -> Answer {
    (code, json!({"error": {"code": code, "message": message}}).to_string())
}
