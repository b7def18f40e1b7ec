//! The methods that the lab knows with their parameters and rights, and the way from a path to one of them.
//!
//! The figures are those of Proxmox Backup Server 4.2's own schema; a test compares every entry with it.

mod access;
mod common;
mod datastore;
mod jobs;
mod nodes;

use super::schema::{Method, Verb};
use crate::declared::fit;

const ALL: &[&[Method]] = &[access::METHODS, datastore::METHODS, jobs::METHODS, nodes::METHODS];

/// What the real server has besides, and the lab does not: by the start of its path.
const NOT_SIMULATED: &[&str] = &[
    "/access/domains/{realm}",
    "/access/openid",
    "/access/tfa",
    "/access/users/{userid}/unlock-tfa",
    "/access/vncticket",
    "/admin/datastore/{store}/active-operations",
    "/admin/datastore/{store}/catalog",
    "/admin/datastore/{store}/download",
    "/admin/datastore/{store}/download-decoded",
    "/admin/datastore/{store}/mount",
    "/admin/datastore/{store}/move-group",
    "/admin/datastore/{store}/move-namespace",
    "/admin/datastore/{store}/pxar-file-download",
    "/admin/datastore/{store}/rrd",
    "/admin/datastore/{store}/s3-refresh",
    "/admin/datastore/{store}/unmount",
    "/admin/datastore/{store}/upload-backup-log",
    "/admin/metrics",
    "/admin/s3",
    "/backup",
    "/config/access",
    "/config/acme",
    "/config/changer",
    "/config/drive",
    "/config/encryption-keys",
    "/config/media-pool",
    "/config/metrics",
    "/config/notifications",
    "/config/s3",
    "/config/tape-backup-job",
    "/config/tape-encryption-keys",
    "/nodes/{node}/apt",
    "/nodes/{node}/certificates/acme",
    "/nodes/{node}/certificates/custom",
    "/nodes/{node}/config",
    "/nodes/{node}/disks",
    "/nodes/{node}/dns",
    "/nodes/{node}/identity",
    "/nodes/{node}/journal",
    "/nodes/{node}/network",
    "/nodes/{node}/report",
    "/nodes/{node}/rrd",
    "/nodes/{node}/services",
    "/nodes/{node}/status",
    "/nodes/{node}/subscription",
    "/nodes/{node}/syslog",
    "/nodes/{node}/termproxy",
    "/nodes/{node}/vncwebsocket",
    "/reader",
    "/status/metrics",
    "/tape",
];

/// Every method that the lab knows.
pub fn methods() -> impl Iterator<Item = &'static Method> {
    ALL.iter().flat_map(|group| group.iter())
}

/// The starts of paths that the real server has and the lab does not.
pub fn not_simulated_paths() -> &'static [&'static str] {
    NOT_SIMULATED
}

/// A method found for a path, with what stood in the path's places.
#[derive(Debug, Clone)]
pub struct Found {
    /// The method.
    pub method: &'static Method,
    /// Parameters from the path.
    pub uri: Vec<(&'static str, String)>,
}

/// The method for the segments of a path below the API; fixed names win over places.
pub fn find(verb: Verb, segments: &[&str]) -> Option<Found> {
    methods()
        .filter(|method| method.verb == verb)
        .filter_map(|method| Some(Found { method, uri: fit(method.path, segments, false)? }))
        .min_by_key(|found| found.uri.len())
}

/// The start of a path that the real server has and the lab does not, when a request is below it.
pub fn not_simulated(method: &str, segments: &[&str]) -> Option<&'static str> {
    let verb = Verb::parse(method)?;
    let is_status = |path: &str| path == "/nodes/{node}/status" && verb != Verb::Post;
    NOT_SIMULATED.iter().copied().filter(|path| !is_status(path)).find(|path| {
        let length = path.split('/').filter(|part| !part.is_empty()).count();
        segments.get(..length).is_some_and(|start| fit(path, start, false).is_some())
    })
}
