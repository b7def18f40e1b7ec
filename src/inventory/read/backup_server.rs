//! `backup-servers/ID.toml`.

use jiff::tz::TimeZone;

use super::backup::{keep, schedule, window};
use super::cooperative::{time_zone, zone_named};
use super::id;
use crate::domain::backup::calendar::Reads;
use crate::domain::ids::BackupServerId;
use crate::domain::refusal::Refusal;
use crate::domain::{hosts, keys};
use crate::inventory::mistake::{Mistake, Placed};
use crate::inventory::model::{BackupServer, Maintenance, Pull};
use crate::inventory::reader::Reader;

/// Windows at most: each is a rule on the server.
const WINDOWS_MAX: usize = 12;

/// Levels of a root namespace at most: Proxmox has seven, one is the instance's.
const NAMESPACE_LEVELS_MAX: usize = 6;

/// What other files may contradict.
#[derive(Debug, Default)]
pub struct BackupServerClaims {
    /// Host, port, datastore and root namespace: where its snapshots lie.
    pub whereabouts: Option<Placed<Whereabouts>>,
    /// Whether we administer it.
    pub ours: Option<bool>,
    /// The server that it fetches from.
    pub pulls_from: Option<Placed<BackupServerId>>,
}

/// Where snapshots lie.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Whereabouts {
    /// Host.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Datastore.
    pub datastore: String,
    /// Levels of the root namespace.
    pub namespace: Vec<String>,
}

/// Reads a backup server; schedules are in its own zone, or in the co-operative's.
pub fn backup_server(
    server_id: &BackupServerId,
    reader: &Reader<'_>,
    zone: &TimeZone,
) -> (Option<BackupServer>, BackupServerClaims) {
    let version = reader.whole::<i64>("version");
    let name = reader.words("name");
    let host = reader.text("host", hosts::host);
    let port = reader.whole("port");
    let tls_fingerprint = reader.text("tls_fingerprint", keys::tls_fingerprint);
    let datastore = reader.text("datastore", hosts::storage_id);
    let ours = reader.truth("ours");
    let namespace = reader.text("namespace", namespace);
    let time_zone = reader.text("time_zone", time_zone);
    let admin = reader.text("admin", account);
    let auth_id = reader.text("auth_id", auth_id);
    let own_zone = time_zone.as_ref().and_then(|name| zone_named(&name.value));
    let zone = own_zone.as_ref().unwrap_or(zone);
    let maintenance = reader.table_or_defaults("maintenance").and_then(|table| maintenance(&table, zone));
    let windows = reader.tables("traffic");
    if windows.len() > WINDOWS_MAX {
        let problem = format!("`traffic` has {} windows: at most {WINDOWS_MAX}", windows.len());
        reader.add(Mistake::new(problem, windows[WINDOWS_MAX].place(), "one too many"));
    }
    let traffic: Option<Vec<_>> = windows.iter().map(window).collect();
    let pull =
        reader.table("pull").map(|table| (table.text("from", id::<BackupServerId>), table_schedule(&table, zone)));
    let sound = ours.as_ref().is_none_or(|ours| demand_whose(reader, ours.value));
    let claims = BackupServerClaims {
        whereabouts: host.as_ref().zip(port.as_ref()).zip(datastore.as_ref()).map(|((host, port), datastore)| Placed {
            value: Whereabouts {
                host: host.value.clone(),
                port: port.value,
                datastore: datastore.value.clone(),
                namespace: namespace.iter().flat_map(|levels| levels.value.split('/').map(str::to_owned)).collect(),
            },
            place: datastore.place.clone(),
        }),
        ours: ours.as_ref().map(|ours| ours.value),
        pulls_from: pull.as_ref().and_then(|(from, _)| from.clone()),
    };
    let model = || {
        version?;
        if !sound {
            return None;
        }
        let pull = match pull {
            None => None,
            Some((from, schedule)) => Some(Pull { from: from?.value, schedule: schedule? }),
        };
        Some(BackupServer {
            id: server_id.clone(),
            name: name?.value,
            host: host?.value,
            port: port?.value,
            tls_fingerprint: tls_fingerprint?.value,
            datastore: datastore?.value,
            ours: ours?.value,
            namespace: namespace.map(|namespace| namespace.value),
            time_zone: time_zone.map(|zone| zone.value),
            admin: admin?.value,
            auth_id: auth_id.map(|auth_id| auth_id.value),
            maintenance: maintenance?,
            traffic: traffic?,
            pull,
        })
    };
    (model(), claims)
}

fn maintenance(reader: &Reader<'_>, zone: &TimeZone) -> Option<Maintenance> {
    let keep = keep(reader, "keep");
    let prune_schedule = schedule(reader, "prune_schedule", Reads::Server, zone);
    let verify_schedule = schedule(reader, "verify_schedule", Reads::Server, zone);
    let outdated_after_days = reader.whole("outdated_after_days");
    let gc_schedule = schedule(reader, "gc_schedule", Reads::Server, zone);
    Some(Maintenance {
        keep: keep?,
        prune_schedule: prune_schedule?,
        verify_schedule: verify_schedule?,
        outdated_after_days: outdated_after_days?.value,
        gc_schedule: gc_schedule?,
    })
}

fn table_schedule(reader: &Reader<'_>, zone: &TimeZone) -> Option<String> {
    schedule(reader, "schedule", Reads::Server, zone)
}

/// A partner gives us a token and nothing else; on a server of ours we make our tokens ourselves.
fn demand_whose(reader: &Reader<'_>, ours: bool) -> bool {
    let mut sound = true;
    if ours && reader.has("auth_id") {
        let mistake =
            Mistake::new("`auth_id` has no meaning on a server of ours", &reader.place_of("auth_id"), "no effect");
        reader.add(mistake.help("`accolades backup-server prepare` makes a token for each site; for a partner's server write `ours = false`"));
        sound = false;
    }
    if !ours && !reader.has("auth_id") {
        let mistake = Mistake::new(
            "a partner's server needs the token that the partner gave us",
            reader.place(),
            "`auth_id` belongs here",
        );
        reader.add(mistake.help("for example `auth_id = \"invites@pbs!communs\"`"));
        sound = false;
    }
    for key in ["admin", "maintenance", "traffic", "pull"].into_iter().filter(|key| !ours && reader.has(key)) {
        let mistake = Mistake::new(
            format!("`{key}` is the partner's business on a server that is not ours"),
            &reader.place_of(key),
            "nothing is done there",
        );
        reader.add(mistake.help("take it away and agree on it with the partner"));
        sound = false;
    }
    sound
}

/// A namespace: levels joined by slashes.
fn namespace(text: &str) -> Result<String, Refusal> {
    let level = |level: &str| {
        (1..=32).contains(&level.len())
            && level.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
            && level.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    let levels: Vec<&str> = text.split('/').collect();
    if levels.len() <= NAMESPACE_LEVELS_MAX && levels.iter().all(|one| level(one)) {
        return Ok(text.to_owned());
    }
    Err(Refusal::new(format!("`{text}` is not a namespace"))
        .hint("letters, digits, `.`, `_` and `-`, up to 32 a level, levels joined by `/`"))
}

/// A user of a backup server, or a token with its user.
fn account(text: &str) -> Result<String, Refusal> {
    let sound = text.split_once('@').is_some_and(|(user, rest)| {
        let (realm, token) = rest.split_once('!').map_or((rest, None), |(realm, token)| (realm, Some(token)));
        !user.is_empty() && !realm.is_empty() && token.is_none_or(|token| !token.is_empty())
    });
    let visible = text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_graphic() && !b":/".contains(&byte));
    if sound && visible {
        return Ok(text.to_owned());
    }
    Err(Refusal::new(format!("`{text}` is not an account of a backup server"))
        .hint("`USER@REALM`, or `USER@REALM!NAME` for a token; password and value are secrets and never stand here"))
}

/// A token of a backup server with its user.
fn auth_id(text: &str) -> Result<String, Refusal> {
    if text.contains('!') {
        return account(text);
    }
    Err(Refusal::new(format!("`{text}` is not a token of a backup server"))
        .hint("`USER@REALM!NAME`, for example `invites@pbs!communs`; its value is a secret and never stands here"))
}
