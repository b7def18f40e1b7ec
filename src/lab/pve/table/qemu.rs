//! Virtual machines: creation, configuration, power, snapshots.

use super::common::{NODE, VM};
use super::vm_options::VM_OPTIONS;
use super::vm_properties::MACHINE;
use crate::pve::schema::{Check, Method, Param, any_on, delete, flag, get, integer, on, on_with, post, put, text};

/// What a change takes besides the options.
const CHANGE: &[Param] = &[
    text("delete").format("pve-configid-list"),
    text("digest").max_length(40),
    flag("force").requires("delete"),
    text("revert").format("pve-configid-list"),
    flag("skiplock"),
];

/// Every key that can hold a disk, in the order in which Proxmox lists them.
#[rustfmt::skip]
const DISKS: &[&str] = &[
    "ide0", "ide1", "ide2", "ide3", "scsi0", "scsi1", "scsi2", "scsi3", "scsi4", "scsi5",
    "scsi6", "scsi7", "scsi8", "scsi9", "scsi10", "scsi11", "scsi12", "scsi13", "scsi14", "scsi15",
    "scsi16", "scsi17", "scsi18", "scsi19", "scsi20", "scsi21", "scsi22", "scsi23", "scsi24", "scsi25",
    "scsi26", "scsi27", "scsi28", "scsi29", "scsi30", "virtio0", "virtio1", "virtio2", "virtio3", "virtio4",
    "virtio5", "virtio6", "virtio7", "virtio8", "virtio9", "virtio10", "virtio11", "virtio12", "virtio13", "virtio14",
    "virtio15", "sata0", "sata1", "sata2", "sata3", "sata4", "sata5", "efidisk0", "tpmstate0",
];

/// The methods.
pub(super) const METHODS: &[Method] = &[
    get("/nodes/{node}/qemu", "vmlist").for_users().takes(&[NODE, &[flag("full")]]),
    post("/nodes/{node}/qemu", "create_vm").for_users().takes(&[
        NODE,
        VM_OPTIONS,
        &[
            text("archive").max_length(255),
            integer("bwlimit").min(0.0),
            flag("force").requires("archive"),
            flag("ha-managed"),
            text("import-working-storage").format("pve-storage-id"),
            flag("live-restore"),
            text("pool").format("pve-poolid"),
            flag("start"),
            text("storage").format("pve-storage-id"),
            flag("unique").requires("archive"),
            integer("vmid").required().format("pve-vmid").range(100.0, 999999999.0),
        ],
    ]),
    get("/nodes/{node}/qemu/{vmid}", "vmdiridx").for_users().takes(&[VM]),
    delete("/nodes/{node}/qemu/{vmid}", "destroy_vm")
        .checks(on("/vms/{vmid}", &["VM.Allocate"]))
        .takes(&[VM, &[flag("destroy-unreferenced-disks"), flag("purge"), flag("skiplock")]]),
    post("/nodes/{node}/qemu/{vmid}/clone", "clone_vm")
        .checks(Check::All(&[
            on("/vms/{vmid}", &["VM.Clone"]),
            Check::Any(&[on("/vms/{newid}", &["VM.Allocate"]), on_with("pool", "/pool/{pool}", &["VM.Allocate"])]),
        ]))
        .takes(&[
            VM,
            &[
                integer("bwlimit").min(0.0),
                text("description"),
                text("format").one_of(&["raw", "qcow2", "vmdk"]),
                flag("full"),
                text("name").format("dns-name"),
                integer("newid").required().format("pve-vmid").range(100.0, 999999999.0),
                text("pool").format("pve-poolid"),
                text("snapname").format("pve-configid").max_length(40),
                text("storage").format("pve-storage-id"),
                text("target").format("pve-node"),
            ],
        ]),
    get("/nodes/{node}/qemu/{vmid}/cloudinit", "cloudinit_pending")
        .checks(on("/vms/{vmid}", &["VM.Audit"]))
        .takes(&[VM]),
    put("/nodes/{node}/qemu/{vmid}/cloudinit", "cloudinit_update")
        .checks(on("/vms/{vmid}", &["VM.Config.Cloudinit"]))
        .takes(&[VM]),
    get("/nodes/{node}/qemu/{vmid}/cloudinit/dump", "cloudinit_generated_config_dump")
        .checks(on("/vms/{vmid}", &["VM.Audit"]))
        .takes(&[VM, &[text("type").required().one_of(&["user", "network", "meta"])]]),
    get("/nodes/{node}/qemu/{vmid}/config", "vm_config")
        .checks(on("/vms/{vmid}", &["VM.Audit"]))
        .takes(&[VM, &[flag("current"), text("snapshot").format("pve-configid").max_length(40)]]),
    post("/nodes/{node}/qemu/{vmid}/config", "update_vm_async")
        .checks(any_on(
            "/vms/{vmid}",
            &[
                "VM.Config.Disk",
                "VM.Config.CDROM",
                "VM.Config.CPU",
                "VM.Config.Memory",
                "VM.Config.Network",
                "VM.Config.HWType",
                "VM.Config.Options",
                "VM.Config.Cloudinit",
            ],
        ))
        .takes(&[
            VM,
            VM_OPTIONS,
            CHANGE,
            &[integer("background_delay").range(1.0, 30.0), text("import-working-storage").format("pve-storage-id")],
        ]),
    put("/nodes/{node}/qemu/{vmid}/config", "update_vm")
        .checks(any_on(
            "/vms/{vmid}",
            &[
                "VM.Config.Disk",
                "VM.Config.CDROM",
                "VM.Config.CPU",
                "VM.Config.Memory",
                "VM.Config.Network",
                "VM.Config.HWType",
                "VM.Config.Options",
                "VM.Config.Cloudinit",
            ],
        ))
        .takes(&[VM, VM_OPTIONS, CHANGE]),
    get("/nodes/{node}/qemu/{vmid}/feature", "vm_feature").checks(on("/vms/{vmid}", &["VM.Audit"])).takes(&[
        VM,
        &[
            text("feature").required().one_of(&["snapshot", "clone", "copy"]),
            text("snapname").format("pve-configid").max_length(40),
        ],
    ]),
    post("/nodes/{node}/qemu/{vmid}/move_disk", "move_vm_disk").checks(on("/vms/{vmid}", &["VM.Config.Disk"])).takes(
        &[
            VM,
            &[
                integer("bwlimit").min(0.0),
                flag("delete"),
                text("digest").max_length(40),
                text("disk").required().one_of(DISKS).or_numbered("unused", 256),
                text("format").one_of(&["raw", "qcow2", "vmdk"]),
                text("storage").format("pve-storage-id"),
                text("target-digest").max_length(40),
                text("target-disk").one_of(DISKS).or_numbered("unused", 256),
                integer("target-vmid").format("pve-vmid").range(100.0, 999999999.0),
            ],
        ],
    ),
    get("/nodes/{node}/qemu/{vmid}/pending", "vm_pending").checks(on("/vms/{vmid}", &["VM.Audit"])).takes(&[VM]),
    put("/nodes/{node}/qemu/{vmid}/resize", "resize_vm").checks(on("/vms/{vmid}", &["VM.Config.Disk"])).takes(&[
        VM,
        &[
            text("digest").max_length(40),
            text("disk").required().one_of(DISKS),
            text("size").required().matching(r"\+?\d+(\.\d+)?[KMGT]?"),
            flag("skiplock"),
        ],
    ]),
    get("/nodes/{node}/qemu/{vmid}/snapshot", "snapshot_list").checks(on("/vms/{vmid}", &["VM.Audit"])).takes(&[VM]),
    post("/nodes/{node}/qemu/{vmid}/snapshot", "snapshot").checks(on("/vms/{vmid}", &["VM.Snapshot"])).takes(&[
        VM,
        &[text("description"), text("snapname").required().format("pve-configid").max_length(40), flag("vmstate")],
    ]),
    get("/nodes/{node}/qemu/{vmid}/snapshot/{snapname}", "snapshot_cmd_idx")
        .for_users()
        .takes(&[VM, &[text("snapname").required().format("pve-configid").max_length(40)]]),
    delete("/nodes/{node}/qemu/{vmid}/snapshot/{snapname}", "delsnapshot")
        .checks(on("/vms/{vmid}", &["VM.Snapshot"]))
        .takes(&[VM, &[flag("force"), text("snapname").required().format("pve-configid").max_length(40)]]),
    get("/nodes/{node}/qemu/{vmid}/snapshot/{snapname}/config", "get_snapshot_config")
        .checks(any_on("/vms/{vmid}", &["VM.Snapshot", "VM.Snapshot.Rollback", "VM.Audit"]))
        .takes(&[VM, &[text("snapname").required().format("pve-configid").max_length(40)]]),
    put("/nodes/{node}/qemu/{vmid}/snapshot/{snapname}/config", "update_snapshot_config")
        .checks(on("/vms/{vmid}", &["VM.Snapshot"]))
        .takes(&[VM, &[text("description"), text("snapname").required().format("pve-configid").max_length(40)]]),
    post("/nodes/{node}/qemu/{vmid}/snapshot/{snapname}/rollback", "rollback")
        .checks(any_on("/vms/{vmid}", &["VM.Snapshot", "VM.Snapshot.Rollback"]))
        .takes(&[VM, &[text("snapname").required().format("pve-configid").max_length(40), flag("start")]]),
    get("/nodes/{node}/qemu/{vmid}/status", "vmcmdidx").for_users().takes(&[VM]),
    get("/nodes/{node}/qemu/{vmid}/status/current", "vm_status").checks(on("/vms/{vmid}", &["VM.Audit"])).takes(&[VM]),
    post("/nodes/{node}/qemu/{vmid}/status/reboot", "vm_reboot")
        .checks(on("/vms/{vmid}", &["VM.PowerMgmt"]))
        .takes(&[VM, &[integer("timeout").min(0.0)]]),
    post("/nodes/{node}/qemu/{vmid}/status/reset", "vm_reset")
        .checks(on("/vms/{vmid}", &["VM.PowerMgmt"]))
        .takes(&[VM, &[flag("skiplock")]]),
    post("/nodes/{node}/qemu/{vmid}/status/resume", "vm_resume")
        .checks(on("/vms/{vmid}", &["VM.PowerMgmt"]))
        .takes(&[VM, &[flag("nocheck"), flag("skiplock")]]),
    post("/nodes/{node}/qemu/{vmid}/status/shutdown", "vm_shutdown")
        .checks(on("/vms/{vmid}", &["VM.PowerMgmt"]))
        .takes(&[VM, &[flag("forceStop"), flag("keepActive"), flag("skiplock"), integer("timeout").min(0.0)]]),
    post("/nodes/{node}/qemu/{vmid}/status/start", "vm_start").checks(on("/vms/{vmid}", &["VM.PowerMgmt"])).takes(&[
        VM,
        &[
            text("force-cpu"),
            text("machine").of(&[MACHINE]),
            text("migratedfrom").format("pve-node"),
            text("migration_network").format("CIDR"),
            text("migration_type").one_of(&["secure", "insecure"]),
            text("nets-host-mtu").matching(r"net\d+=\d+(,net\d+=\d+)*"),
            flag("skiplock"),
            text("stateuri").max_length(128),
            text("targetstorage").format("storage-pair-list"),
            integer("timeout").min(0.0),
            flag("with-conntrack-state"),
        ],
    ]),
    post("/nodes/{node}/qemu/{vmid}/status/stop", "vm_stop").checks(on("/vms/{vmid}", &["VM.PowerMgmt"])).takes(&[
        VM,
        &[
            flag("keepActive"),
            text("migratedfrom").format("pve-node"),
            flag("overrule-shutdown"),
            flag("skiplock"),
            integer("timeout").min(0.0),
        ],
    ]),
    post("/nodes/{node}/qemu/{vmid}/status/suspend", "vm_suspend").checks(on("/vms/{vmid}", &["VM.PowerMgmt"])).takes(
        &[VM, &[flag("skiplock"), text("statestorage").format("pve-storage-id").requires("todisk"), flag("todisk")]],
    ),
    post("/nodes/{node}/qemu/{vmid}/template", "template")
        .checks(on("/vms/{vmid}", &["VM.Allocate"]))
        .takes(&[VM, &[text("disk").one_of(DISKS)]]),
    put("/nodes/{node}/qemu/{vmid}/unlink", "unlink")
        .checks(on("/vms/{vmid}", &["VM.Config.Disk"]))
        .takes(&[VM, &[flag("force"), text("idlist").required().format("pve-configid-list")]]),
];
