//! The server itself and its tasks.

use super::common::{NODE, ONE_LINE, UPID, name};
use crate::pbs::formats::VARIANT;
use crate::pbs::handlers::{general, nodes, tasks};
use crate::pbs::schema::{Method, delete, flag, get, integer, list, put, text};

/// The methods.
pub const METHODS: &[Method] = &[
    get("/", general::root).open(),
    get("/nodes", nodes::list).for_root(),
    get("/nodes/{node}", nodes::index).open(),
    get("/nodes/{node}/certificates", nodes::certificates_index).open(),
    get("/nodes/{node}/certificates/info", nodes::certificates)
        .on("/system/certificates", &["Sys.Modify"])
        .takes(&[NODE]),
    get("/nodes/{node}/status", nodes::status).on("/system/status", &["Sys.Audit"]).takes(&[NODE]),
    get("/nodes/{node}/tasks", tasks::list).takes(&[
        NODE,
        &[
            flag("errors"),
            integer("limit"),
            flag("running"),
            integer("since"),
            integer("start"),
            list("statusfilter").one_of(&["ok", "warning", "error", "unknown"]).format(VARIANT),
            name("store"),
            text("typefilter"),
            integer("until"),
            text("userfilter"),
        ],
    ]),
    delete("/nodes/{node}/tasks/{upid}", tasks::stop).takes(&[NODE, UPID]),
    get("/nodes/{node}/tasks/{upid}", nodes::task_index).open(),
    get("/nodes/{node}/tasks/{upid}/log", tasks::log).takes(&[
        NODE,
        &[flag("download"), integer("limit").min(0.0), integer("start").min(0.0), flag("test-status")],
        UPID,
    ]),
    get("/nodes/{node}/tasks/{upid}/status", tasks::status).takes(&[NODE, UPID]),
    get("/nodes/{node}/time", nodes::time).takes(&[NODE]),
    put("/nodes/{node}/time", nodes::set_time)
        .on("/system/time", &["Sys.Modify"])
        .takes(&[NODE, &[text("timezone").required().min_length(2).max_length(64).matching(ONE_LINE)]]),
    get("/ping", general::ping).for_all(),
    get("/version", general::version),
];
