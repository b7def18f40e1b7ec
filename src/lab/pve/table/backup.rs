//! Backups: now, as jobs, their retention and their files.

use super::common::{NODE, NODE_STORAGE};
use crate::pve::schema::{Method, Param, any_on, delete, flag, get, integer, list, on, post, put, text};

/// What a backup takes, now or as a job.
const BACKUP: &[Param] = &[
    flag("all"),
    integer("bwlimit").min(0.0),
    text("compress").one_of(&["0", "1", "gzip", "lzo", "zstd"]),
    text("dumpdir"),
    text("exclude").format("pve-vmid-list"),
    list("exclude-path"),
    text("fleecing").format("backup-fleecing"),
    integer("ionice").range(0.0, 8.0),
    integer("lockwait").min(0.0),
    text("mailnotification").one_of(&["always", "failure"]),
    text("mailto").format("email-or-username-list"),
    text("mode").one_of(&["snapshot", "suspend", "stop"]),
    text("notes-template").max_length(1024).requires("storage"),
    text("notification-mode").one_of(&["auto", "legacy-sendmail", "notification-system"]),
    text("pbs-change-detection-mode").one_of(&["legacy", "data", "metadata"]),
    text("performance").format("backup-performance"),
    integer("pigz"),
    text("pool"),
    flag("protected").requires("storage"),
    text("prune-backups").format("prune-backups"),
    flag("quiet"),
    flag("remove"),
    text("script"),
    flag("stdexcludes"),
    flag("stop"),
    integer("stopwait").min(0.0),
    text("tmpdir"),
    integer("zstd"),
];

/// What a job has besides.
const JOB: &[Param] = &[
    text("comment").max_length(512),
    text("dow").format("pve-day-of-week-list").requires("starttime"),
    flag("enabled"),
    text("node").format("pve-node"),
    flag("repeat-missed"),
    text("schedule").format("pve-calendar-event").max_length(128),
    text("starttime").matching(r"\d{1,2}:\d{1,2}"),
    text("storage").format("pve-storage-id"),
    text("vmid").format("pve-vmid-list"),
];

/// Where a running backup keeps what the guest overwrites: `backup-fleecing`.
pub(super) const FLEECING: &[Param] = &[flag("enabled").default_key(), text("storage").format("pve-storage-id")];

/// Speed of a backup: `backup-performance`.
pub(super) const PERFORMANCE: &[Param] =
    &[integer("max-workers").range(1.0, 256.0), integer("pbs-entries-max").min(1.0)];

/// How many backups stay: `prune-backups`.
pub(super) const PRUNE: &[Param] = &[
    flag("keep-all"),
    integer("keep-daily").min(0.0),
    integer("keep-hourly").min(0.0),
    integer("keep-last").min(0.0),
    integer("keep-monthly").min(0.0),
    integer("keep-weekly").min(0.0),
    integer("keep-yearly").min(0.0),
];

/// The methods.
pub(super) const METHODS: &[Method] = &[
    get("/cluster/backup", "index").checks(on("/", &["Sys.Audit"])),
    post("/cluster/backup", "create_job").checks(on("/", &["Sys.Modify"])).takes(&[
        BACKUP,
        JOB,
        &[text("id").format("pve-configid")],
    ]),
    get("/cluster/backup-info/not-backed-up", "get_guests_not_in_backup").checks(on("/", &["Sys.Audit"])),
    get("/cluster/backup/{id}", "read_job")
        .checks(on("/", &["Sys.Audit"]))
        .takes(&[&[text("id").required().matching(r"\S+").max_length(50)]]),
    put("/cluster/backup/{id}", "update_job").checks(on("/", &["Sys.Modify"])).takes(&[
        BACKUP,
        JOB,
        &[text("delete").format("pve-configid-list"), text("id").required().matching(r"\S+").max_length(50)],
    ]),
    delete("/cluster/backup/{id}", "delete_job")
        .checks(on("/", &["Sys.Modify"]))
        .takes(&[&[text("id").required().matching(r"\S+").max_length(50)]]),
    get("/cluster/backup/{id}/included_volumes", "get_volume_backup_included")
        .checks(on("/", &["Sys.Audit"]))
        .takes(&[&[text("id").required().matching(r"\S+").max_length(50)]]),
    get("/cluster/jobs/schedule-analyze", "schedule-analyze").for_users().takes(&[&[
        integer("iterations").range(1.0, 100.0),
        text("schedule").required().format("pve-calendar-event").max_length(128),
        integer("starttime"),
    ]]),
    get("/nodes/{node}/storage/{storage}/file-restore/list", "list")
        .for_users()
        .takes(&[NODE_STORAGE, &[text("filepath").required(), text("volume").required()]]),
    get("/nodes/{node}/storage/{storage}/prunebackups", "dryrun")
        .checks(any_on("/storage/{storage}", &["Datastore.Audit", "Datastore.AllocateSpace"]))
        .takes(&[
            NODE_STORAGE,
            &[
                text("prune-backups").format("prune-backups"),
                text("type").one_of(&["qemu", "lxc"]),
                integer("vmid").format("pve-vmid").range(100.0, 999999999.0),
            ],
        ]),
    delete("/nodes/{node}/storage/{storage}/prunebackups", "delete").for_users().takes(&[
        NODE_STORAGE,
        &[
            text("prune-backups").format("prune-backups"),
            text("type").one_of(&["qemu", "lxc"]),
            integer("vmid").format("pve-vmid").range(100.0, 999999999.0),
        ],
    ]),
    post("/nodes/{node}/vzdump", "vzdump").for_users().takes(&[
        BACKUP,
        &[
            text("job-id").matching(r"\S+").max_length(50),
            text("node").format("pve-node"),
            flag("stdout"),
            text("storage").format("pve-storage-id"),
            text("vmid").format("pve-vmid-list"),
        ],
    ]),
    get("/nodes/{node}/vzdump/defaults", "defaults")
        .for_users()
        .takes(&[NODE, &[text("storage").format("pve-storage-id")]]),
    get("/nodes/{node}/vzdump/extractconfig", "extractconfig").for_users().takes(&[NODE, &[text("volume").required()]]),
];
