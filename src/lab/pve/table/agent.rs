//! The guest agent of a virtual machine.

use super::common::VM;
use crate::pve::schema::{Method, any_on, flag, get, integer, list, on, post, text};

/// The methods.
pub(super) const METHODS: &[Method] = &[
    get("/nodes/{node}/qemu/{vmid}/agent", "index").for_users().open().takes(&[VM]),
    post("/nodes/{node}/qemu/{vmid}/agent", "agent")
        .checks(any_on("/vms/{vmid}", &["VM.GuestAgent.Unrestricted", "VM.GuestAgent.Unrestricted"]))
        .takes(&[
            VM,
            &[text("command").required().one_of(&[
                "fsfreeze-freeze",
                "fsfreeze-status",
                "fsfreeze-thaw",
                "fstrim",
                "get-fsinfo",
                "get-host-name",
                "get-memory-block-info",
                "get-memory-blocks",
                "get-osinfo",
                "get-time",
                "get-timezone",
                "get-users",
                "get-vcpus",
                "info",
                "network-get-interfaces",
                "ping",
                "shutdown",
                "suspend-disk",
                "suspend-hybrid",
                "suspend-ram",
            ])],
        ]),
    post("/nodes/{node}/qemu/{vmid}/agent/exec", "exec")
        .checks(on("/vms/{vmid}", &["VM.GuestAgent.Unrestricted"]))
        .takes(&[VM, &[list("command").required(), text("input-data").max_length(65536)]]),
    get("/nodes/{node}/qemu/{vmid}/agent/exec-status", "exec-status")
        .checks(on("/vms/{vmid}", &["VM.GuestAgent.Unrestricted"]))
        .takes(&[VM, &[integer("pid").required()]]),
    get("/nodes/{node}/qemu/{vmid}/agent/file-read", "file-read")
        .checks(any_on("/vms/{vmid}", &["VM.GuestAgent.FileRead", "VM.GuestAgent.Unrestricted"]))
        .takes(&[
            VM,
            &[
                integer("count").range(1.0, 16777216.0),
                flag("decode"),
                text("file").required(),
                integer("offset").min(0.0),
            ],
        ]),
    post("/nodes/{node}/qemu/{vmid}/agent/file-write", "file-write")
        .checks(any_on("/vms/{vmid}", &["VM.GuestAgent.FileWrite", "VM.GuestAgent.Unrestricted"]))
        .takes(&[VM, &[text("content").required().max_length(61440), flag("encode"), text("file").required()]]),
    post("/nodes/{node}/qemu/{vmid}/agent/fsfreeze-freeze", "fsfreeze-freeze")
        .checks(any_on("/vms/{vmid}", &["VM.GuestAgent.FileSystemMgmt", "VM.GuestAgent.Unrestricted"]))
        .takes(&[VM]),
    post("/nodes/{node}/qemu/{vmid}/agent/fsfreeze-status", "fsfreeze-status")
        .checks(any_on(
            "/vms/{vmid}",
            &["VM.GuestAgent.Audit", "VM.GuestAgent.FileSystemMgmt", "VM.GuestAgent.Unrestricted"],
        ))
        .takes(&[VM]),
    post("/nodes/{node}/qemu/{vmid}/agent/fsfreeze-thaw", "fsfreeze-thaw")
        .checks(any_on("/vms/{vmid}", &["VM.GuestAgent.FileSystemMgmt", "VM.GuestAgent.Unrestricted"]))
        .takes(&[VM]),
    post("/nodes/{node}/qemu/{vmid}/agent/fstrim", "fstrim")
        .checks(any_on("/vms/{vmid}", &["VM.GuestAgent.FileSystemMgmt", "VM.GuestAgent.Unrestricted"]))
        .takes(&[VM]),
    get("/nodes/{node}/qemu/{vmid}/agent/get-fsinfo", "get-fsinfo")
        .checks(any_on("/vms/{vmid}", &["VM.GuestAgent.Audit", "VM.GuestAgent.Unrestricted"]))
        .takes(&[VM]),
    get("/nodes/{node}/qemu/{vmid}/agent/get-host-name", "get-host-name")
        .checks(any_on("/vms/{vmid}", &["VM.GuestAgent.Audit", "VM.GuestAgent.Unrestricted"]))
        .takes(&[VM]),
    get("/nodes/{node}/qemu/{vmid}/agent/get-memory-block-info", "get-memory-block-info")
        .checks(any_on("/vms/{vmid}", &["VM.GuestAgent.Audit", "VM.GuestAgent.Unrestricted"]))
        .takes(&[VM]),
    get("/nodes/{node}/qemu/{vmid}/agent/get-memory-blocks", "get-memory-blocks")
        .checks(any_on("/vms/{vmid}", &["VM.GuestAgent.Audit", "VM.GuestAgent.Unrestricted"]))
        .takes(&[VM]),
    get("/nodes/{node}/qemu/{vmid}/agent/get-osinfo", "get-osinfo")
        .checks(any_on("/vms/{vmid}", &["VM.GuestAgent.Audit", "VM.GuestAgent.Unrestricted"]))
        .takes(&[VM]),
    get("/nodes/{node}/qemu/{vmid}/agent/get-time", "get-time")
        .checks(any_on("/vms/{vmid}", &["VM.GuestAgent.Audit", "VM.GuestAgent.Unrestricted"]))
        .takes(&[VM]),
    get("/nodes/{node}/qemu/{vmid}/agent/get-timezone", "get-timezone")
        .checks(any_on("/vms/{vmid}", &["VM.GuestAgent.Audit", "VM.GuestAgent.Unrestricted"]))
        .takes(&[VM]),
    get("/nodes/{node}/qemu/{vmid}/agent/get-users", "get-users")
        .checks(any_on("/vms/{vmid}", &["VM.GuestAgent.Audit", "VM.GuestAgent.Unrestricted"]))
        .takes(&[VM]),
    get("/nodes/{node}/qemu/{vmid}/agent/get-vcpus", "get-vcpus")
        .checks(any_on("/vms/{vmid}", &["VM.GuestAgent.Audit", "VM.GuestAgent.Unrestricted"]))
        .takes(&[VM]),
    get("/nodes/{node}/qemu/{vmid}/agent/info", "info")
        .checks(any_on("/vms/{vmid}", &["VM.GuestAgent.Audit", "VM.GuestAgent.Unrestricted"]))
        .takes(&[VM]),
    get("/nodes/{node}/qemu/{vmid}/agent/network-get-interfaces", "network-get-interfaces")
        .checks(any_on("/vms/{vmid}", &["VM.GuestAgent.Audit", "VM.GuestAgent.Unrestricted"]))
        .takes(&[VM]),
    post("/nodes/{node}/qemu/{vmid}/agent/ping", "ping")
        .checks(any_on("/vms/{vmid}", &["VM.GuestAgent.Audit", "VM.GuestAgent.Unrestricted"]))
        .takes(&[VM]),
    post("/nodes/{node}/qemu/{vmid}/agent/set-user-password", "set-user-password")
        .checks(on("/vms/{vmid}", &["VM.GuestAgent.Unrestricted"]))
        .takes(&[
            VM,
            &[flag("crypted"), text("password").required().min_length(5).max_length(1024), text("username").required()],
        ]),
    post("/nodes/{node}/qemu/{vmid}/agent/shutdown", "shutdown")
        .checks(any_on("/vms/{vmid}", &["VM.PowerMgmt", "VM.GuestAgent.Unrestricted"]))
        .takes(&[VM]),
    post("/nodes/{node}/qemu/{vmid}/agent/suspend-disk", "suspend-disk")
        .checks(any_on("/vms/{vmid}", &["VM.PowerMgmt", "VM.GuestAgent.Unrestricted"]))
        .takes(&[VM]),
    post("/nodes/{node}/qemu/{vmid}/agent/suspend-hybrid", "suspend-hybrid")
        .checks(any_on("/vms/{vmid}", &["VM.PowerMgmt", "VM.GuestAgent.Unrestricted"]))
        .takes(&[VM]),
    post("/nodes/{node}/qemu/{vmid}/agent/suspend-ram", "suspend-ram")
        .checks(any_on("/vms/{vmid}", &["VM.PowerMgmt", "VM.GuestAgent.Unrestricted"]))
        .takes(&[VM]),
];
