//! The node itself, its tasks, and the version.

use super::common::NODE;
use crate::pve::schema::{Check, Method, delete, flag, get, integer, on, text};

/// The methods.
pub(super) const METHODS: &[Method] = &[
    get("/nodes", "index").for_users(),
    get("/nodes/{node}", "index").for_users().takes(&[NODE]),
    get("/nodes/{node}/certificates/info", "info").for_users().takes(&[NODE]),
    get("/nodes/{node}/network", "index").for_users().takes(&[
        NODE,
        &[text("type").one_of(&[
            "bridge",
            "bond",
            "eth",
            "alias",
            "vlan",
            "fabric",
            "OVSBridge",
            "OVSBond",
            "OVSPort",
            "OVSIntPort",
            "vnet",
            "any_bridge",
            "any_local_bridge",
            "include_sdn",
        ])],
    ]),
    get("/nodes/{node}/query-url-metadata", "query_url_metadata")
        .checks(Check::Any(&[on("/", &["Sys.Audit", "Sys.Modify"]), on("/nodes/{node}", &["Sys.AccessNetwork"])]))
        .takes(&[NODE, &[text("url").required().matching("https?://.*"), flag("verify-certificates")]]),
    get("/nodes/{node}/status", "status").checks(on("/nodes/{node}", &["Sys.Audit"])).takes(&[NODE]),
    get("/nodes/{node}/tasks", "node_tasks").for_users().takes(&[
        NODE,
        &[
            flag("errors"),
            integer("limit").min(0.0),
            integer("since"),
            text("source").one_of(&["archive", "active", "all"]),
            integer("start").min(0.0),
            text("statusfilter").format("pve-task-status-type-list"),
            text("typefilter"),
            integer("until"),
            text("userfilter"),
            integer("vmid").format("pve-vmid").range(100.0, 999999999.0),
        ],
    ]),
    get("/nodes/{node}/tasks/{upid}", "upid_index").for_users().takes(&[NODE, &[text("upid").required()]]),
    delete("/nodes/{node}/tasks/{upid}", "stop_task").for_users().takes(&[NODE, &[text("upid").required()]]),
    get("/nodes/{node}/tasks/{upid}/log", "read_task_log").for_users().takes(&[
        NODE,
        &[flag("download"), integer("limit").min(0.0), integer("start").min(0.0), text("upid").required()],
    ]),
    get("/nodes/{node}/tasks/{upid}/status", "read_task_status").for_users().takes(&[NODE, &[text("upid").required()]]),
    get("/nodes/{node}/time", "time").checks(on("/nodes/{node}", &["Sys.Audit"])).takes(&[NODE]),
    get("/nodes/{node}/version", "version").for_users().takes(&[NODE]),
    get("/version", "version").for_users(),
];
