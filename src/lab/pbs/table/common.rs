//! Parameters that many methods share.

use crate::pbs::formats::VARIANT;
use crate::pbs::schema::{Param, flag, integer, text};

/// A name that is safe in paths.
pub const SAFE_ID: &str = r"(?:[A-Za-z0-9_][A-Za-z0-9._\-]*)";
/// As [`SAFE_ID`], for the id of a group.
const BACKUP_ID: &str = r"[A-Za-z0-9_][A-Za-z0-9._\-]*";
/// A namespace: at most eight names.
pub const NAMESPACE: &str = r"(?:(?:(?:[A-Za-z0-9_][A-Za-z0-9._\-]*)/){0,7}(?:[A-Za-z0-9_][A-Za-z0-9._\-]*))?";
/// SHA-256 in hexadecimal.
const DIGEST_HEX: &str = "[a-f0-9]{64}";
/// One line without control characters.
pub const ONE_LINE: &str = "[[:^cntrl:]]*";
/// `user@realm`.
pub const USER: &str = r"(?:[^\s:/[:cntrl:]]+)@(?:[A-Za-z0-9_][A-Za-z0-9._\-]*)";
/// `user@realm`, or `user@realm!token`.
pub const AUTH: &str = r"(?:(?:[^\s:/[:cntrl:]]+)@(?:[A-Za-z0-9_][A-Za-z0-9._\-]*)|(?:[^\s:/[:cntrl:]]+)@(?:[A-Za-z0-9_][A-Za-z0-9._\-]*)!(?:[A-Za-z0-9_][A-Za-z0-9._\-]*))";
/// A path of access entries.
pub const ACL_PATH: &str = r"(?:/|(?:/(?:[A-Za-z0-9_][A-Za-z0-9._\-]*))+)";
/// A certificate's fingerprint.
pub const FINGERPRINT: &str = "(?:[0-9a-fA-F][0-9a-fA-F])(?::[0-9a-fA-F][0-9a-fA-F]){31}";
/// A node's name.
const NODE_NAME: &str = r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9\-]*[a-zA-Z0-9])?)";
/// A task's identifier.
const UPID_TEXT: &str = r"UPID:(?P<node>[a-zA-Z0-9]([a-zA-Z0-9\-]*[a-zA-Z0-9])?):(?P<pid>[0-9A-Fa-f]{8}):(?P<pstart>[0-9A-Fa-f]{8,9}):(?P<task_id>[0-9A-Fa-f]{8,16}):(?P<starttime>[0-9A-Fa-f]{8}):(?P<wtype>[^:\s]+):(?P<wid>[^:\s]*):(?P<authid>[^:\s]+):";

/// A name of a datastore, a job, a remote.
pub const fn name(parameter: &'static str) -> Param {
    text(parameter).min_length(3).max_length(32).matching(SAFE_ID)
}

/// A namespace.
pub const fn namespace(parameter: &'static str) -> Param {
    text(parameter).max_length(256).matching(NAMESPACE)
}

/// A user or token.
pub const fn auth_id(parameter: &'static str) -> Param {
    text(parameter).min_length(3).max_length(64).matching(AUTH)
}

/// A calendar event.
pub const fn calendar(parameter: &'static str) -> Param {
    text(parameter).format("calendar-event")
}

/// A size or rate.
pub const fn byte_size(parameter: &'static str) -> Param {
    text(parameter).min_length(1).max_length(64).format("byte-size")
}

/// Which datastore.
pub const STORE: &[Param] = &[name("store").required()];
/// Which namespace.
pub const NS: &[Param] = &[namespace("ns")];
/// Which group.
pub const GROUP: &[Param] = &[
    text("backup-id").required().matching(BACKUP_ID),
    text("backup-type").required().one_of(&["vm", "ct", "host"]).format(VARIANT),
];
/// Perhaps a group.
pub const ANY_GROUP: &[Param] =
    &[text("backup-id").matching(BACKUP_ID), text("backup-type").one_of(&["vm", "ct", "host"]).format(VARIANT)];
/// Which snapshot of a group.
pub const TIME: &[Param] = &[integer("backup-time").required().min(1.0)];
/// Retention.
pub const KEEP: &[Param] = &[
    integer("keep-daily").min(1.0),
    integer("keep-hourly").min(1.0),
    integer("keep-last").min(1.0),
    integer("keep-monthly").min(1.0),
    integer("keep-weekly").min(1.0),
    integer("keep-yearly").min(1.0),
];
/// How deep.
pub const DEPTH: &[Param] = &[integer("max-depth").range(0.0, 7.0)];
/// The configuration as it was read.
pub const DIGEST: &[Param] = &[text("digest").matching(DIGEST_HEX)];
/// One line of comment.
pub const COMMENT: &[Param] = &[text("comment").max_length(128).matching(ONE_LINE)];
/// Which node: any name means this one.
pub const NODE: &[Param] = &[text("node").required().matching(NODE_NAME)];
/// Which task.
pub const UPID: &[Param] = &[text("upid").required().min_length(36).matching(UPID_TEXT)];
/// Which job.
pub const JOB: &[Param] = &[name("id").required()];
/// A configuration by its name.
pub const NAME: &[Param] = &[name("name").required()];
/// Bounds of speed.
pub const RATES: &[Param] =
    &[byte_size("burst-in"), byte_size("burst-out"), byte_size("rate-in"), byte_size("rate-out")];
/// Whether nothing is done.
pub const DRY_RUN: &[Param] = &[flag("dry-run")];
