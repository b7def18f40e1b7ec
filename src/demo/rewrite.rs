//! An inventory's files with the endpoints of a lab in the place of real ones; everything else stays as it is written.

use std::collections::BTreeMap;

use toml_edit::{Array, DocumentMut, Item, value};

use crate::lab::net::serve::{BackupServerEndpoints, Endpoints, SiteEndpoints};

/// The files of an inventory, pointing to a lab.
///
/// # Errors
/// When a file is not TOML.
pub fn point_to_lab(
    files: &BTreeMap<String, String>,
    endpoints: &Endpoints,
) -> Result<BTreeMap<String, String>, toml_edit::TomlError> {
    let mut rewritten = files.clone();
    for (path, text) in &mut rewritten {
        let mut document: DocumentMut = text.parse()?;
        if path == "cooperative.toml" {
            document["ssh_keys"] = value(Array::from_iter([endpoints.technician_public_key.as_str()]));
        } else if let Some(site) = path.strip_prefix("sites/").and_then(|name| name.strip_suffix(".toml")) {
            if let Some(site) = endpoints.sites.get(site) {
                point_site(&mut document, site, endpoints);
            }
        } else if let Some(id) = path.strip_prefix("backup-servers/").and_then(|name| name.strip_suffix(".toml")) {
            if let Some(server) = endpoints.backup_servers.get(id) {
                point_backup_server(&mut document, server);
            }
        } else {
            continue;
        }
        *text = document.to_string();
    }
    Ok(rewritten)
}

/// Sets a value; the comments around it belong to the person who wrote them.
fn set(item: &mut Item, new: &str) {
    let decor = item.as_value().map(|old| old.decor().clone());
    *item = value(new);
    if let (Some(decor), Some(value)) = (decor, item.as_value_mut()) {
        *value.decor_mut() = decor;
    }
}

/// The lab serves it on loopback, and its nodes reach it there, too.
fn point_backup_server(document: &mut DocumentMut, server: &BackupServerEndpoints) {
    if let Some((host, port)) = server.api.trim_start_matches("https://").rsplit_once(':') {
        set(&mut document["host"], host);
        if let Ok(port) = port.parse::<i64>() {
            document["port"] = value(port);
        }
    }
    set(&mut document["tls_fingerprint"], &server.fingerprint);
}

fn point_site(document: &mut DocumentMut, site: &SiteEndpoints, endpoints: &Endpoints) {
    set(&mut document["node"]["tls_fingerprint"], &site.tls_fingerprint);
    set(&mut document["node"]["ssh_host_key"], &site.ssh.host_key);
    set(&mut document["reach"]["by"], "jump");
    set(&mut document["reach"]["host"], &endpoints.jump.host);
    document["reach"]["port"] = value(i64::from(endpoints.jump.port));
    set(&mut document["reach"]["user"], &endpoints.jump.user);
    set(&mut document["reach"]["host_key"], &endpoints.jump.host_key);
}
