//! Storages: definitions and contents.

use super::common::{NODE, NODE_STORAGE, STORAGE};
use crate::pve::schema::{Check, Method, Param, any_on, delete, flag, get, integer, number, on, post, put, text};

/// Bandwidth by kind of work, KiB/s.
pub(super) const BWLIMIT: &[Param] = &[
    number("clone").min(0.0),
    number("default").min(0.0),
    number("migration").min(0.0),
    number("move").min(0.0),
    number("restore").min(0.0),
];

/// What can be set when a storage is defined and later.
const DEFINITION: &[Param] = &[
    text("blocksize").format("pve-storage-zfs-blocksize"),
    text("bwlimit").of(&[BWLIMIT]),
    text("comstar_hg"),
    text("comstar_tg"),
    text("content").format("pve-storage-content-list"),
    text("content-dirs").format("pve-dir-override-list"),
    flag("create-base-path"),
    flag("create-subdirs"),
    text("data-pool"),
    flag("disable"),
    text("domain").max_length(256),
    text("encryption-key"),
    text("fingerprint").matching("([A-Fa-f0-9]{2}:){31}[A-Fa-f0-9]{2}"),
    text("format").one_of(&["raw", "qcow2", "subvol", "vmdk"]),
    text("fs-name").format("pve-configid"),
    flag("fuse"),
    text("is_mountpoint"),
    text("keyring"),
    flag("krbd"),
    text("lio_tpg"),
    text("master-pubkey"),
    integer("max-protected-backups").min(-1.0),
    flag("mkdir"),
    text("monhost").format("pve-storage-portal-dns-list"),
    text("mountpoint").format("pve-storage-path"),
    text("namespace"),
    flag("nocow"),
    text("nodes").format("pve-node-list"),
    flag("nowritecache"),
    text("options").format("pve-storage-options"),
    text("password").max_length(256),
    text("pool"),
    integer("port").range(1.0, 65535.0),
    text("preallocation").one_of(&["off", "metadata", "falloc", "full"]),
    text("prune-backups").format("prune-backups"),
    flag("saferemove"),
    integer("saferemove-stepsize").one_of(&["1", "2", "4", "8", "16", "32"]),
    text("saferemove_throughput"),
    text("server").format("pve-storage-server"),
    flag("shared"),
    flag("skip-cert-verification"),
    text("smbversion").one_of(&["default", "2.0", "2.1", "3", "3.0", "3.11"]),
    flag("snapshot-as-volume-chain"),
    flag("sparse"),
    text("subdir").format("pve-storage-path"),
    flag("tagged_only"),
    text("username"),
    text("zfs-base-path").format("pve-storage-path"),
];

/// The methods.
pub(super) const METHODS: &[Method] = &[
    get("/nodes/{node}/storage", "index").for_users().takes(&[
        NODE,
        &[
            text("content").format("pve-storage-content-list"),
            flag("enabled"),
            flag("format"),
            text("storage").format("pve-storage-id"),
            text("target").format("pve-node"),
        ],
    ]),
    get("/nodes/{node}/storage/{storage}", "diridx")
        .checks(any_on("/storage/{storage}", &["Datastore.Audit", "Datastore.AllocateSpace"]))
        .takes(&[NODE_STORAGE]),
    get("/nodes/{node}/storage/{storage}/content", "index")
        .checks(any_on("/storage/{storage}", &["Datastore.Audit", "Datastore.AllocateSpace"]))
        .takes(&[
            NODE_STORAGE,
            &[
                text("content").format("pve-storage-content"),
                integer("vmid").format("pve-vmid").range(100.0, 999999999.0),
            ],
        ]),
    post("/nodes/{node}/storage/{storage}/content", "create")
        .checks(on("/storage/{storage}", &["Datastore.AllocateSpace"]))
        .takes(&[
            NODE_STORAGE,
            &[
                text("filename").required(),
                text("format").one_of(&["raw", "qcow2", "subvol", "vmdk"]).requires("size"),
                text("size").required().matching(r"\d+[MG]?"),
                integer("vmid").required().format("pve-vmid").range(100.0, 999999999.0),
            ],
        ]),
    get("/nodes/{node}/storage/{storage}/content/{volume}", "info")
        .for_users()
        .takes(&[NODE, &[text("storage").format("pve-storage-id"), text("volume").required()]]),
    put("/nodes/{node}/storage/{storage}/content/{volume}", "updateattributes").for_users().takes(&[
        NODE,
        &[text("notes"), flag("protected"), text("storage").format("pve-storage-id"), text("volume").required()],
    ]),
    delete("/nodes/{node}/storage/{storage}/content/{volume}", "delete").for_users().takes(&[
        NODE,
        &[integer("delay").range(1.0, 30.0), text("storage").format("pve-storage-id"), text("volume").required()],
    ]),
    post("/nodes/{node}/storage/{storage}/download-url", "download_url")
        .checks(Check::All(&[
            on("/storage/{storage}", &["Datastore.AllocateTemplate"]),
            Check::Any(&[on("/", &["Sys.Audit", "Sys.Modify"]), on("/nodes/{node}", &["Sys.AccessNetwork"])]),
        ]))
        .takes(&[
            NODE_STORAGE,
            &[
                text("checksum").requires("checksum-algorithm"),
                text("checksum-algorithm")
                    .one_of(&["md5", "sha1", "sha224", "sha256", "sha384", "sha512"])
                    .requires("checksum"),
                text("compression"),
                text("content").required().format("pve-storage-content").one_of(&["iso", "vztmpl", "import"]),
                text("filename").required().max_length(255),
                text("url").required().matching("https?://.*"),
                flag("verify-certificates"),
            ],
        ]),
    get("/nodes/{node}/storage/{storage}/import-metadata", "get_import_metadata")
        .for_users()
        .takes(&[NODE_STORAGE, &[text("volume").required()]]),
    get("/nodes/{node}/storage/{storage}/status", "read_status")
        .checks(any_on("/storage/{storage}", &["Datastore.Audit", "Datastore.AllocateSpace"]))
        .takes(&[NODE_STORAGE]),
    post("/nodes/{node}/storage/{storage}/upload", "upload")
        .checks(on("/storage/{storage}", &["Datastore.AllocateTemplate"]))
        .takes(&[
            NODE_STORAGE,
            &[
                text("checksum").requires("checksum-algorithm"),
                text("checksum-algorithm")
                    .one_of(&["md5", "sha1", "sha224", "sha256", "sha384", "sha512"])
                    .requires("checksum"),
                text("content").required().format("pve-storage-content").one_of(&["iso", "vztmpl", "import"]),
                text("filename").required().max_length(255),
                text("tmpfilename").matching("/var/tmp/pveupload-[0-9a-f]+"),
            ],
        ]),
    get("/storage", "index").for_users().takes(&[&[text("type").one_of(&[
        "btrfs",
        "cephfs",
        "cifs",
        "dir",
        "esxi",
        "iscsi",
        "iscsidirect",
        "lvm",
        "lvmthin",
        "nfs",
        "pbs",
        "rbd",
        "zfs",
        "zfspool",
    ])]]),
    post("/storage", "create").checks(on("/storage", &["Datastore.Allocate"])).takes(&[
        DEFINITION,
        &[
            text("authsupported"),
            text("base").format("pve-volume-id"),
            text("datastore"),
            text("export").format("pve-storage-path"),
            text("iscsiprovider"),
            text("path").format("pve-storage-path"),
            text("portal").format("pve-storage-portal-dns"),
            text("share"),
            text("storage").required().format("pve-storage-id"),
            text("target"),
            text("thinpool").format("pve-storage-vgname"),
            text("type").required().one_of(&[
                "btrfs",
                "cephfs",
                "cifs",
                "dir",
                "esxi",
                "iscsi",
                "iscsidirect",
                "lvm",
                "lvmthin",
                "nfs",
                "pbs",
                "rbd",
                "zfs",
                "zfspool",
            ]),
            text("vgname").format("pve-storage-vgname"),
        ],
    ]),
    get("/storage/{storage}", "read").checks(on("/storage/{storage}", &["Datastore.Allocate"])).takes(&[STORAGE]),
    put("/storage/{storage}", "update").checks(on("/storage", &["Datastore.Allocate"])).takes(&[
        STORAGE,
        DEFINITION,
        &[text("delete").format("pve-configid-list").max_length(4096), text("digest").max_length(64)],
    ]),
    delete("/storage/{storage}", "delete").checks(on("/storage", &["Datastore.Allocate"])).takes(&[STORAGE]),
];
