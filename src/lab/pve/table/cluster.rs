//! The cluster: resources, options, tasks, high availability.

use crate::pve::schema::{Method, Param, delete, flag, get, integer, number, on, post, put, text};

/// The property string of `crs`.
const CRS: &[Param] = &[
    text("ha").one_of(&["basic", "static", "dynamic"]),
    flag("ha-auto-rebalance"),
    number("ha-auto-rebalance-hold-duration").min(0.0).requires("ha-auto-rebalance"),
    number("ha-auto-rebalance-margin").range(0.0, 100.0).requires("ha-auto-rebalance"),
    text("ha-auto-rebalance-method").one_of(&["bruteforce", "topsis"]).requires("ha-auto-rebalance"),
    number("ha-auto-rebalance-threshold").range(0.0, 100.0).requires("ha-auto-rebalance"),
    flag("ha-rebalance-on-start"),
];

/// The property string of `ha`.
const HA: &[Param] = &[text("shutdown_policy").required().one_of(&["freeze", "failover", "conditional", "migrate"])];

/// The property string of `location`.
const LOCATION: &[Param] = &[
    number("latitude").required().range(-90.0, 90.0),
    number("longitude").required().range(-180.0, 180.0),
    text("name").max_length(128),
];

/// Network and protection of what nodes send each other: the property strings of `migration` and `replication`.
const TRANSFER: &[Param] =
    &[text("network").format("CIDR"), text("type").required().one_of(&["secure", "insecure"]).default_key()];

/// The property string of `next-id`.
const NEXT_ID: &[Param] = &[integer("lower"), integer("upper")];

/// The property string of `notify`.
const NOTIFY: &[Param] = &[
    text("fencing").one_of(&["always", "never"]),
    text("package-updates").one_of(&["auto", "always", "never"]),
    text("replication").one_of(&["always", "never"]),
    text("target-fencing"),
    text("target-package-updates"),
    text("target-replication"),
];

/// The property string of `tag-style`.
const TAG_STYLE: &[Param] = &[
    flag("case-sensitive"),
    text("color-map").matching(concat!(
        r"(?:(?i:[a-z0-9_][a-z0-9_\-\+\.]*):[0-9a-fA-F]{6}(?::[0-9a-fA-F]{6})?)",
        r"(?:;(?:(?i:[a-z0-9_][a-z0-9_\-\+\.]*):[0-9a-fA-F]{6}(?::[0-9a-fA-F]{6})?))*"
    )),
    text("ordering").one_of(&["config", "alphabetical"]),
    text("shape").one_of(&["full", "circle", "dense", "none"]),
];

/// The property string of `u2f`.
const U2F: &[Param] = &[text("appid"), text("origin")];

/// The property string of `user-tag-access`.
const USER_TAG_ACCESS: &[Param] = &[
    text("user-allow").one_of(&["none", "list", "existing", "free"]),
    text("user-allow-list").matching(r"(?i:[a-z0-9_][a-z0-9_\-\+\.]*)(?:;(?i:[a-z0-9_][a-z0-9_\-\+\.]*))*"),
];

/// The property string of `webauthn`.
const WEBAUTHN: &[Param] = &[flag("allow-subdomains"), text("id"), text("origin"), text("rp")];

/// The methods.
pub(super) const METHODS: &[Method] = &[
    get("/cluster", "index").for_users(),
    get("/cluster/ha/resources", "index")
        .checks(on("/", &["Sys.Audit"]))
        .takes(&[&[text("type").one_of(&["ct", "vm"])]]),
    post("/cluster/ha/resources", "create").checks(on("/", &["Sys.Console"])).takes(&[&[
        flag("auto-rebalance"),
        text("comment").max_length(4096),
        flag("failback"),
        text("group").format("pve-configid"),
        integer("max_relocate").min(0.0),
        integer("max_restart").min(0.0),
        text("sid").required().format("pve-ha-resource-or-vm-id"),
        text("state").one_of(&["started", "stopped", "enabled", "disabled", "ignored"]),
        text("type").one_of(&["ct", "vm"]),
    ]]),
    get("/cluster/ha/resources/{sid}", "read")
        .checks(on("/", &["Sys.Audit"]))
        .takes(&[&[text("sid").required().format("pve-ha-resource-or-vm-id")]]),
    put("/cluster/ha/resources/{sid}", "update").checks(on("/", &["Sys.Console"])).takes(&[&[
        flag("auto-rebalance"),
        text("comment").max_length(4096),
        text("delete").format("pve-configid-list").max_length(4096),
        text("digest").max_length(64),
        flag("failback"),
        text("group").format("pve-configid"),
        integer("max_relocate").min(0.0),
        integer("max_restart").min(0.0),
        text("sid").required().format("pve-ha-resource-or-vm-id"),
        text("state").one_of(&["started", "stopped", "enabled", "disabled", "ignored"]),
    ]]),
    delete("/cluster/ha/resources/{sid}", "delete")
        .checks(on("/", &["Sys.Console"]))
        .takes(&[&[flag("purge"), text("sid").required().format("pve-ha-resource-or-vm-id")]]),
    get("/cluster/nextid", "nextid")
        .for_users()
        .takes(&[&[integer("vmid").format("pve-vmid").range(100.0, 999999999.0)]]),
    get("/cluster/options", "get_options").checks(on("/", &["Sys.Audit"])),
    put("/cluster/options", "set_options").checks(on("/", &["Sys.Modify"])).takes(&[&[
        text("bwlimit").of(&[super::storage::BWLIMIT]),
        text("consent-text").max_length(65536),
        text("console").one_of(&["applet", "vv", "html5", "xtermjs"]),
        text("crs").of(&[CRS]),
        text("delete").format("pve-configid-list"),
        text("description").max_length(65536),
        text("email_from").format("email-opt"),
        text("fencing").one_of(&["watchdog", "hardware", "both"]),
        text("ha").of(&[HA]),
        text("http_proxy").matching("http://.*"),
        text("keyboard").one_of(&[
            "de", "de-ch", "da", "en-gb", "en-us", "es", "fi", "fr", "fr-be", "fr-ca", "fr-ch", "hu", "is", "it", "ja",
            "lt", "mk", "nl", "no", "pl", "pt", "pt-br", "sv", "sl", "tr",
        ]),
        text("language").one_of(&[
            "ar", "ca", "da", "de", "en", "es", "eu", "fa", "fr", "hr", "he", "it", "ja", "ka", "kr", "nb", "nl", "nn",
            "pl", "pt_BR", "ru", "sl", "sv", "tr", "ukr", "zh_CN", "zh_TW",
        ]),
        text("location").of(&[LOCATION]),
        text("mac_prefix").format("mac-prefix"),
        integer("max_workers").min(1.0),
        text("migration").of(&[TRANSFER]),
        flag("migration_unsecure"),
        text("next-id").of(&[NEXT_ID]),
        text("notify").of(&[NOTIFY]),
        text("registered-tags").matching(r"(?:(?i:[a-z0-9_][a-z0-9_\-\+\.]*);)*(?i:[a-z0-9_][a-z0-9_\-\+\.]*)"),
        text("replication").of(&[TRANSFER]),
        text("tag-style").of(&[TAG_STYLE]),
        text("u2f").of(&[U2F]),
        text("user-tag-access").of(&[USER_TAG_ACCESS]),
        text("webauthn").of(&[WEBAUTHN]),
    ]]),
    get("/cluster/resources", "resources")
        .for_users()
        .takes(&[&[text("type").one_of(&["vm", "storage", "node", "sdn"])]]),
    get("/cluster/status", "get_status").checks(on("/", &["Sys.Audit"])),
    get("/cluster/tasks", "tasks").for_users(),
];
