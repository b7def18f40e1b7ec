//! Methods that are about nothing in particular: indexes and the version.

use serde_json::json;

use crate::pbs::call::{Call, Reply};
use crate::pbs::refusal::Refusal;

/// What the lab says it is.
const VERSION: &str = "4.2";
const RELEASE: &str = "3";
const REPOSITORY: &str = "506700f6c";

type Answer = Result<Reply, Refusal>;

fn index(below: &[&str]) -> Answer {
    Ok(below.iter().map(|name| json!({ "subdir": name })).collect::<serde_json::Value>().into())
}

/// `GET /`
pub fn root(_: &mut Call<'_>) -> Answer {
    index(&[
        "access", "admin", "backup", "config", "nodes", "ping", "pull", "push", "reader", "status", "tape", "version",
    ])
}

/// `GET /access`
pub fn access(_: &mut Call<'_>) -> Answer {
    index(&["acl", "domains", "openid", "password", "permissions", "roles", "tfa", "ticket", "users", "vncticket"])
}

/// `GET /admin`
pub fn admin(_: &mut Call<'_>) -> Answer {
    index(&["datastore", "gc", "metrics", "prune", "s3", "sync", "traffic-control", "verify"])
}

/// `GET /config`
pub fn config(_: &mut Call<'_>) -> Answer {
    index(&[
        "access",
        "acme",
        "changer",
        "datastore",
        "drive",
        "encryption-keys",
        "media-pool",
        "metrics",
        "notifications",
        "prune",
        "remote",
        "s3",
        "sync",
        "tape-backup-job",
        "tape-encryption-keys",
        "traffic-control",
        "verify",
    ])
}

/// `GET /status`
pub fn status(_: &mut Call<'_>) -> Answer {
    index(&["datastore-usage", "metrics"])
}

/// `GET /admin/datastore/{store}`
pub fn datastore(_: &mut Call<'_>) -> Answer {
    index(&[
        "active-operations",
        "catalog",
        "change-owner",
        "download",
        "download-decoded",
        "files",
        "gc",
        "group-notes",
        "groups",
        "mount",
        "move-group",
        "move-namespace",
        "namespace",
        "notes",
        "protected",
        "prune",
        "prune-datastore",
        "pxar-file-download",
        "rrd",
        "s3-refresh",
        "snapshots",
        "status",
        "unmount",
        "upload-backup-log",
        "verify",
    ])
}

/// `GET /admin/{sync,verify,prune}/{id}`
pub fn job(_: &mut Call<'_>) -> Answer {
    index(&["run"])
}

/// `GET /version`
pub fn version(_: &mut Call<'_>) -> Answer {
    Ok(json!({ "version": VERSION, "release": RELEASE, "repoid": REPOSITORY }).into())
}

/// `GET /ping`
pub fn ping(_: &mut Call<'_>) -> Answer {
    Ok(json!({ "pong": true }).into())
}
