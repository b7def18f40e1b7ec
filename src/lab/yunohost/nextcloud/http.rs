//! What Nextcloud answers over HTTP: its public status (sheet YunoHost, section 8).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::NextcloudState;

/// Answers a request below the instance's own path, for example `GET /status.php`.
pub fn nextcloud_http(
    state: &NextcloudState,
    method: &str,
    path: &str,
    headers: &BTreeMap<String, String>,
) -> (u16, String) {
    let (path, _query) = path.split_once('?').unwrap_or((path, ""));
    match (method, path) {
        ("GET" | "HEAD", "/status.php") => (200, Value::Object(state.status()).to_string()),
        // In maintenance everything but the status page is closed.
        _ if state.maintenance => (503, "<!DOCTYPE html><title>Nextcloud</title>Maintenance mode".to_owned()),
        ("GET" | "HEAD", "" | "/" | "/index.php" | "/login" | "/index.php/login") => {
            (200, "<!DOCTYPE html><title>Login – Nextcloud</title>".to_owned())
        }
        ("GET", "/ocs/v2.php/apps/serverinfo/api/v1/info") => server_info(state, headers),
        _ => (404, "<!DOCTYPE html><title>Page not found – Nextcloud</title>".to_owned()),
    }
}

/// Server figures for whoever holds the token that was set with `occ config:app:set serverinfo token`.
fn server_info(state: &NextcloudState, headers: &BTreeMap<String, String>) -> (u16, String) {
    let token = state.app_config.get("serverinfo").and_then(|keys| keys.get("token"));
    let shown = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("nc-token")).map(|(_, value)| value);
    if token.is_none() || token != shown {
        let meta = json!({"status": "failure", "statuscode": 997, "message": "Current user is not logged in"});
        return (401, json!({"ocs": {"meta": meta, "data": []}}).to_string());
    }
    let files: u64 = state.files.values().map(|files| files.len() as u64).sum();
    let data = json!({
        "nextcloud": {
            "system": {"version": format!("{}.1", state.version)},
            "storage": {"num_users": state.known.len(), "num_files": files},
        },
    });
    let meta = json!({"status": "ok", "statuscode": 200, "message": "OK"});
    (200, json!({"ocs": {"meta": meta, "data": data}}).to_string())
}
