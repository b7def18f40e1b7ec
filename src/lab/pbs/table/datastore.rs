//! Datastores and what is in them.

use super::common::{
    ANY_GROUP, COMMENT, DEPTH, DIGEST, DRY_RUN, GROUP, KEEP, NAME, NS, SAFE_ID, STORE, TIME, USER, auth_id, calendar,
    name, namespace,
};
use crate::pbs::handlers::{content, datastores, general, maintenance, namespaces};
use crate::pbs::schema::{Method, Param, delete, flag, get, integer, list, post, put, text};

const OPTIONS: &[Param] = &[
    calendar("counter-reset-schedule"),
    flag("gc-on-unmount"),
    calendar("gc-schedule"),
    text("maintenance-mode").format("maintenance-mode"),
    text("notification-mode").one_of(&["legacy-sendmail", "notification-system"]),
    text("notification-thresholds").format("thresholds"),
    text("notify").format("notify"),
    text("notify-user").min_length(3).max_length(64).matching(USER),
    calendar("prune-schedule"),
    text("tuning").format("tuning"),
    flag("verify-new"),
];

const DELETABLE: [&str; 18] = [
    "comment",
    "gc-schedule",
    "gc-on-unmount",
    "prune-schedule",
    "keep-last",
    "keep-hourly",
    "keep-daily",
    "keep-weekly",
    "keep-monthly",
    "keep-yearly",
    "verify-new",
    "notify-user",
    "notify",
    "notification-mode",
    "tuning",
    "maintenance-mode",
    "notification-thresholds",
    "counter-reset-schedule",
];

/// The methods.
pub const METHODS: &[Method] =
    &[
        get("/admin", general::admin).open(),
        get("/admin/datastore", datastores::list),
        get("/admin/datastore/{store}", general::datastore).open(),
        post("/admin/datastore/{store}/change-owner", content::change_owner).takes(&[
            STORE,
            NS,
            GROUP,
            &[auth_id("new-owner").required()],
        ]),
        get("/admin/datastore/{store}/files", content::files).takes(&[STORE, NS, TIME, GROUP]),
        get("/admin/datastore/{store}/gc", maintenance::collection)
            .on("/datastore/{store}", &["Datastore.Audit"])
            .takes(&[STORE]),
        post("/admin/datastore/{store}/gc", maintenance::collect)
            .on("/datastore/{store}", &["Datastore.Modify"])
            .takes(&[STORE]),
        get("/admin/datastore/{store}/group-notes", content::group_notes).takes(&[STORE, NS, GROUP]),
        put("/admin/datastore/{store}/group-notes", content::set_group_notes).takes(&[
            &[text("notes").required()],
            STORE,
            NS,
            GROUP,
        ]),
        delete("/admin/datastore/{store}/groups", content::delete_group).takes(&[
            &[flag("error-on-protected")],
            STORE,
            NS,
            GROUP,
        ]),
        get("/admin/datastore/{store}/groups", content::groups).takes(&[STORE, NS]),
        delete("/admin/datastore/{store}/namespace", namespaces::delete)
            .takes(&[&[flag("delete-groups"), flag("error-on-protected"), namespace("ns").required()], STORE]),
        get("/admin/datastore/{store}/namespace", namespaces::list).takes(&[DEPTH, &[namespace("parent")], STORE]),
        post("/admin/datastore/{store}/namespace", namespaces::create).takes(&[
            &[text("name").required().min_length(1).max_length(32).matching(SAFE_ID), namespace("parent")],
            STORE,
        ]),
        get("/admin/datastore/{store}/notes", content::notes).takes(&[STORE, NS, TIME, GROUP]),
        put("/admin/datastore/{store}/notes", content::set_notes).takes(&[
            &[text("notes").required()],
            STORE,
            NS,
            TIME,
            GROUP,
        ]),
        get("/admin/datastore/{store}/protected", content::protection).takes(&[STORE, NS, TIME, GROUP]),
        put("/admin/datastore/{store}/protected", content::set_protection).takes(&[
            &[flag("protected").required()],
            STORE,
            NS,
            TIME,
            GROUP,
        ]),
        post("/admin/datastore/{store}/prune", content::prune).takes(&[
            DRY_RUN,
            STORE,
            NS,
            &[flag("use-task")],
            GROUP,
            KEEP,
        ]),
        post("/admin/datastore/{store}/prune-datastore", maintenance::prune_datastore)
            .takes(&[DRY_RUN, STORE, DEPTH, NS, KEEP]),
        delete("/admin/datastore/{store}/snapshots", content::forget).takes(&[STORE, NS, TIME, GROUP]),
        get("/admin/datastore/{store}/snapshots", content::snapshots).takes(&[ANY_GROUP, STORE, NS]),
        get("/admin/datastore/{store}/status", datastores::status).takes(&[STORE, &[flag("verbose")]]),
        post("/admin/datastore/{store}/verify", maintenance::verify).takes(&[
            ANY_GROUP,
            &[
                integer("backup-time").min(1.0),
                flag("ignore-verified"),
                integer("outdated-after").min(0.0),
                integer("read-threads").range(1.0, 32.0),
                integer("verify-threads").range(1.0, 32.0),
            ],
            DEPTH,
            STORE,
            NS,
        ]),
        get("/admin/gc", maintenance::collections).takes(&[&[name("store")]]),
        get("/admin/gc/{store}", maintenance::collections).takes(&[&[name("store")]]),
        get("/config/datastore", datastores::list_config),
        post("/config/datastore", datastores::create).on("/datastore", &["Datastore.Allocate"]).takes(&[
            &[
                text("backend"),
                text("backing-device").matching("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
                name("name").required(),
                flag("overwrite-in-use"),
                text("path").required().min_length(1).max_length(4096).format("absolute-path"),
                flag("reuse-datastore"),
            ],
            OPTIONS,
            COMMENT,
            KEEP,
        ]),
        delete("/config/datastore/{name}", datastores::delete)
            .on("/datastore/{name}", &["Datastore.Allocate"])
            .takes(&[&[flag("destroy-data"), flag("keep-job-configs")], DIGEST, NAME]),
        get("/config/datastore/{name}", datastores::read_config)
            .on("/datastore/{name}", &["Datastore.Audit"])
            .takes(&[NAME]),
        put("/config/datastore/{name}", datastores::update_config)
            .on("/datastore/{name}", &["Datastore.Modify"])
            .takes(&[&[list("delete").one_of(&DELETABLE)], OPTIONS, COMMENT, KEEP, DIGEST, NAME]),
        get("/status", general::status).open(),
        get("/status/datastore-usage", datastores::usage),
    ];
