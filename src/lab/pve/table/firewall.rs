//! The firewall of a virtual machine.

use super::common::VM;
use crate::pve::schema::{Method, delete, flag, get, integer, on, post, put, text};

/// The methods.
pub(super) const METHODS: &[Method] = &[
    get("/nodes/{node}/qemu/{vmid}/firewall", "index").for_users().takes(&[VM]),
    get("/nodes/{node}/qemu/{vmid}/firewall/ipset", "ipset_index")
        .checks(on("/vms/{vmid}", &["VM.Audit"]))
        .takes(&[VM]),
    post("/nodes/{node}/qemu/{vmid}/firewall/ipset", "create_ipset")
        .checks(on("/vms/{vmid}", &["VM.Config.Network"]))
        .takes(&[
            VM,
            &[
                text("comment"),
                text("digest").max_length(64),
                text("name").required().matching(r"[A-Za-z][A-Za-z0-9\-\_]+").min_length(2).max_length(64),
                text("rename").matching(r"[A-Za-z][A-Za-z0-9\-\_]+").min_length(2).max_length(64),
            ],
        ]),
    get("/nodes/{node}/qemu/{vmid}/firewall/options", "get_options")
        .checks(on("/vms/{vmid}", &["VM.Audit"]))
        .takes(&[VM]),
    put("/nodes/{node}/qemu/{vmid}/firewall/options", "set_options")
        .checks(on("/vms/{vmid}", &["VM.Config.Network"]))
        .takes(&[
            VM,
            &[
                text("delete").format("pve-configid-list"),
                flag("dhcp"),
                text("digest").max_length(64),
                flag("enable"),
                flag("ipfilter"),
                text("log_level_in")
                    .one_of(&["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug", "nolog"]),
                text("log_level_out")
                    .one_of(&["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug", "nolog"]),
                flag("macfilter"),
                flag("ndp"),
                text("policy_in").one_of(&["ACCEPT", "REJECT", "DROP"]),
                text("policy_out").one_of(&["ACCEPT", "REJECT", "DROP"]),
                flag("radv"),
            ],
        ]),
    get("/nodes/{node}/qemu/{vmid}/firewall/rules", "get_rules").checks(on("/vms/{vmid}", &["VM.Audit"])).takes(&[VM]),
    post("/nodes/{node}/qemu/{vmid}/firewall/rules", "create_rule")
        .checks(on("/vms/{vmid}", &["VM.Config.Network"]))
        .takes(&[
            VM,
            &[
                text("action").required().matching(r"[A-Za-z][A-Za-z0-9\-\_]+").min_length(2).max_length(20),
                text("comment"),
                text("dest").format("pve-fw-addr-spec").max_length(512),
                text("digest").max_length(64),
                text("dport").format("pve-fw-dport-spec"),
                integer("enable").min(0.0),
                text("icmp-type").format("pve-fw-icmp-type-spec"),
                text("iface").format("pve-iface").min_length(2).max_length(20),
                text("log").one_of(&["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug", "nolog"]),
                text("macro").max_length(128),
                integer("pos").min(0.0),
                text("proto").format("pve-fw-protocol-spec"),
                text("source").format("pve-fw-addr-spec").max_length(512),
                text("sport").format("pve-fw-sport-spec"),
                text("type").required().one_of(&["in", "out", "forward", "group"]),
            ],
        ]),
    get("/nodes/{node}/qemu/{vmid}/firewall/rules/{pos}", "get_rule")
        .checks(on("/vms/{vmid}", &["VM.Audit"]))
        .takes(&[VM, &[integer("pos").min(0.0)]]),
    put("/nodes/{node}/qemu/{vmid}/firewall/rules/{pos}", "update_rule")
        .checks(on("/vms/{vmid}", &["VM.Config.Network"]))
        .takes(&[
            VM,
            &[
                text("action").matching(r"[A-Za-z][A-Za-z0-9\-\_]+").min_length(2).max_length(20),
                text("comment"),
                text("delete").format("pve-configid-list"),
                text("dest").format("pve-fw-addr-spec").max_length(512),
                text("digest").max_length(64),
                text("dport").format("pve-fw-dport-spec"),
                integer("enable").min(0.0),
                text("icmp-type").format("pve-fw-icmp-type-spec"),
                text("iface").format("pve-iface").min_length(2).max_length(20),
                text("log").one_of(&["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug", "nolog"]),
                text("macro").max_length(128),
                integer("moveto").min(0.0),
                integer("pos").min(0.0),
                text("proto").format("pve-fw-protocol-spec"),
                text("source").format("pve-fw-addr-spec").max_length(512),
                text("sport").format("pve-fw-sport-spec"),
                text("type").one_of(&["in", "out", "forward", "group"]),
            ],
        ]),
    delete("/nodes/{node}/qemu/{vmid}/firewall/rules/{pos}", "delete_rule")
        .checks(on("/vms/{vmid}", &["VM.Config.Network"]))
        .takes(&[VM, &[text("digest").max_length(64), integer("pos").min(0.0)]]),
];
