//! Jobs, remotes, traffic control.

use super::common::{
    COMMENT, DEPTH, DIGEST, FINGERPRINT, JOB, KEEP, NAME, NS, ONE_LINE, RATES, SAFE_ID, STORE, USER, auth_id, calendar,
    name, namespace,
};
use crate::pbs::handlers::jobs::{prune, sync, verify};
use crate::pbs::handlers::{general, remotes, traffic};
use crate::pbs::schema::{Method, Param, delete, flag, get, integer, list, post, put, text};

const VERIFY: &[Param] = &[
    flag("ignore-verified"),
    integer("outdated-after").min(0.0),
    integer("read-threads").range(1.0, 32.0),
    calendar("schedule"),
    integer("verify-threads").range(1.0, 32.0),
];

const SYNC: &[Param] = &[
    name("active-encryption-key"),
    list("associated-key").min_length(3).max_length(32).matching(SAFE_ID),
    flag("encrypted-only"),
    list("group-filter").format("group-filter"),
    auth_id("owner"),
    name("remote"),
    namespace("remote-ns"),
    flag("remove-vanished"),
    flag("resync-corrupt"),
    flag("run-on-mount"),
    calendar("schedule"),
    text("sync-direction").one_of(&["pull", "push"]),
    integer("transfer-last").min(1.0),
    flag("unmount-on-done"),
    flag("verified-only"),
    integer("worker-threads").range(1.0, 32.0),
];

const SYNC_DELETABLE: [&str; 22] = [
    "remote",
    "owner",
    "comment",
    "schedule",
    "remove-vanished",
    "group-filter",
    "rate-in",
    "burst-in",
    "rate-out",
    "burst-out",
    "ns",
    "remote-ns",
    "max-depth",
    "transfer-last",
    "encrypted-only",
    "verified-only",
    "run-on-mount",
    "unmount-on-done",
    "sync-direction",
    "worker-threads",
    "active-encryption-key",
    "associated-key",
];

const PRUNE_DELETABLE: [&str; 10] = [
    "comment",
    "disable",
    "ns",
    "max-depth",
    "keep-last",
    "keep-hourly",
    "keep-daily",
    "keep-weekly",
    "keep-monthly",
    "keep-yearly",
];

const VERIFY_DELETABLE: [&str; 8] =
    ["ignore-verified", "comment", "schedule", "outdated-after", "ns", "max-depth", "read-threads", "verify-threads"];

const ONLY_STORE: &[Param] = &[name("store")];

const DIRECTION: &[Param] = &[text("sync-direction").one_of(&["all", "push", "pull"])];

const REMOTE: &[Param] = &[text("fingerprint").matching(FINGERPRINT), integer("port"), flag("use-node-proxy")];

const COPY: &[Param] = &[
    flag("encrypted-only"),
    list("group-filter").format("group-filter"),
    namespace("remote-ns"),
    name("remote-store").required(),
    flag("remove-vanished"),
    integer("transfer-last").min(1.0),
    flag("verified-only"),
    integer("worker-threads").range(1.0, 32.0),
];

const TRAFFIC: &[Param] =
    &[list("timeframe").format("daily-duration"), list("users").min_length(3).max_length(64).matching(USER)];

/// The methods.
pub const METHODS: &[Method] = &[
    get("/admin/prune", prune::state).takes(&[ONLY_STORE]),
    get("/admin/prune/{id}", general::job).open(),
    post("/admin/prune/{id}/run", prune::run).takes(&[JOB]),
    get("/admin/sync", sync::state).takes(&[ONLY_STORE, DIRECTION]),
    get("/admin/sync/{id}", general::job).open(),
    post("/admin/sync/{id}/run", sync::run).takes(&[JOB]),
    get("/admin/traffic-control", traffic::state).on("/", &["Sys.Audit"]),
    get("/admin/verify", verify::state).takes(&[ONLY_STORE]),
    get("/admin/verify/{id}", general::job).open(),
    post("/admin/verify/{id}/run", verify::run).takes(&[JOB]),
    get("/config", general::config).open(),
    get("/config/prune", prune::list),
    post("/config/prune", prune::create).takes(&[
        JOB,
        &[flag("disable"), calendar("schedule").required()],
        STORE,
        COMMENT,
        DEPTH,
        NS,
        KEEP,
    ]),
    delete("/config/prune/{id}", prune::delete).takes(&[DIGEST, JOB]),
    get("/config/prune/{id}", prune::read).takes(&[JOB]),
    put("/config/prune/{id}", prune::update).takes(&[
        &[list("delete").one_of(&PRUNE_DELETABLE), flag("disable"), calendar("schedule")],
        ONLY_STORE,
        JOB,
        COMMENT,
        DIGEST,
        DEPTH,
        NS,
        KEEP,
    ]),
    get("/config/remote", remotes::list),
    post("/config/remote", remotes::create).on("/remote", &["Remote.Modify"]).takes(&[
        &[auth_id("auth-id").required(), text("host").required().format("host")],
        NAME,
        &[text("password").required().min_length(1).max_length(1024).matching(ONE_LINE)],
        REMOTE,
        COMMENT,
    ]),
    delete("/config/remote/{name}", remotes::delete).on("/remote/{name}", &["Remote.Modify"]).takes(&[DIGEST, NAME]),
    get("/config/remote/{name}", remotes::read).on("/remote/{name}", &["Remote.Audit"]).takes(&[NAME]),
    put("/config/remote/{name}", remotes::change).on("/remote/{name}", &["Remote.Modify"]).takes(&[
        &[
            auth_id("auth-id"),
            list("delete").one_of(&["comment", "fingerprint", "port", "use-node-proxy"]),
            text("host").format("host"),
            text("password").min_length(1).max_length(1024).matching(ONE_LINE),
        ],
        NAME,
        REMOTE,
        COMMENT,
        DIGEST,
    ]),
    get("/config/remote/{name}/scan", remotes::scan_datastores).on("/remote/{name}", &["Remote.Audit"]).takes(&[NAME]),
    get("/config/remote/{name}/scan/{store}", remotes::scan_index).open(),
    get("/config/remote/{name}/scan/{store}/groups", remotes::scan_groups)
        .on("/remote/{name}", &["Remote.Audit"])
        .takes(&[NAME, &[namespace("namespace")], STORE]),
    get("/config/remote/{name}/scan/{store}/namespaces", remotes::scan_namespaces)
        .on("/remote/{name}", &["Remote.Audit"])
        .takes(&[NAME, STORE]),
    get("/config/sync", sync::list).takes(&[DIRECTION]),
    post("/config/sync", sync::create).takes(&[
        JOB,
        &[name("remote-store").required()],
        STORE,
        SYNC,
        COMMENT,
        DEPTH,
        NS,
        RATES,
    ]),
    delete("/config/sync/{id}", sync::delete).takes(&[DIGEST, JOB]),
    get("/config/sync/{id}", sync::read).takes(&[JOB]),
    put("/config/sync/{id}", sync::update).takes(&[
        &[list("delete").one_of(&SYNC_DELETABLE), name("remote-store")],
        ONLY_STORE,
        JOB,
        SYNC,
        COMMENT,
        DIGEST,
        DEPTH,
        NS,
        RATES,
    ]),
    get("/config/traffic-control", traffic::list).on("/", &["Sys.Modify"]),
    post("/config/traffic-control", traffic::create).on("/", &["Sys.Modify"]).takes(&[
        NAME,
        &[list("network").required().max_length(43).format("network")],
        TRAFFIC,
        COMMENT,
        RATES,
    ]),
    delete("/config/traffic-control/{name}", traffic::delete).on("/", &["Sys.Modify"]).takes(&[DIGEST, NAME]),
    get("/config/traffic-control/{name}", traffic::read).on("/", &["Sys.Audit"]).takes(&[NAME]),
    put("/config/traffic-control/{name}", traffic::change).on("/", &["Sys.Modify"]).takes(&[
        &[
            list("delete").one_of(&["rate-in", "burst-in", "rate-out", "burst-out", "comment", "timeframe", "users"]),
            list("network").max_length(43).format("network"),
        ],
        NAME,
        TRAFFIC,
        COMMENT,
        DIGEST,
        RATES,
    ]),
    get("/config/verify", verify::list),
    post("/config/verify", verify::create).takes(&[JOB, STORE, VERIFY, COMMENT, DEPTH, NS]),
    delete("/config/verify/{id}", verify::delete).takes(&[DIGEST, JOB]),
    get("/config/verify/{id}", verify::read).takes(&[JOB]),
    put("/config/verify/{id}", verify::update).takes(&[
        &[list("delete").one_of(&VERIFY_DELETABLE)],
        ONLY_STORE,
        JOB,
        VERIFY,
        COMMENT,
        DIGEST,
        DEPTH,
        NS,
    ]),
    post("/pull", remotes::pull).takes(&[
        COPY,
        &[
            list("decryption-keys").min_length(3).max_length(32).matching(SAFE_ID),
            name("remote"),
            flag("resync-corrupt"),
        ],
        STORE,
        DEPTH,
        NS,
        RATES,
    ]),
    post("/push", remotes::push).takes(&[
        COPY,
        &[name("encryption-key"), name("remote").required()],
        STORE,
        DEPTH,
        NS,
        RATES,
    ]),
];
