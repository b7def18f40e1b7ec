//! Users, tokens, roles, permissions and pools.

use crate::pve::schema::{Check, Groups, Method, any_on, delete, flag, get, integer, on, post, put, text};

/// The methods.
pub(super) const METHODS: &[Method] = &[
    get("/access", "index").for_users(),
    get("/access/acl", "read_acl").for_users(),
    put("/access/acl", "update_acl").checks(Check::ModifyPermissions("{path}")).takes(&[&[
        flag("delete"),
        text("groups").format("pve-groupid-list"),
        text("path").required(),
        flag("propagate"),
        text("roles").required().format("pve-roleid-list"),
        text("tokens").format("pve-tokenid-list"),
        text("users").format("pve-userid-list"),
    ]]),
    get("/access/domains", "index").for_all(),
    get("/access/groups", "index").for_users(),
    post("/access/groups", "create_group")
        .checks(on("/access/groups", &["Group.Allocate"]))
        .takes(&[&[text("comment"), text("groupid").required().format("pve-groupid")]]),
    get("/access/groups/{groupid}", "read_group")
        .checks(any_on("/access/groups", &["Sys.Audit", "Group.Allocate"]))
        .takes(&[&[text("groupid").required().format("pve-groupid")]]),
    put("/access/groups/{groupid}", "update_group")
        .checks(on("/access/groups", &["Group.Allocate"]))
        .takes(&[&[text("comment"), text("groupid").required().format("pve-groupid")]]),
    delete("/access/groups/{groupid}", "delete_group")
        .checks(on("/access/groups", &["Group.Allocate"]))
        .takes(&[&[text("groupid").required().format("pve-groupid")]]),
    put("/access/password", "change_password")
        .checks(Check::Any(&[
            Check::OwnUser,
            Check::All(&[
                Check::UserOfRealm,
                Check::GroupOfUser { privileges: &["User.Modify"], groups: Groups::Ignored },
            ]),
        ]))
        .ticket_only()
        .takes(&[&[
            text("confirmation-password").min_length(5).max_length(64),
            text("password").required().min_length(8).max_length(64),
            text("userid").required().format("pve-userid").max_length(64),
        ]]),
    get("/access/permissions", "permissions").for_users().takes(&[&[
        text("path"),
        text("userid")
            .matching(r"(?:^(?:[^\s:/]+)\@(?:[A-Za-z][A-Za-z0-9\.\-_]+)(?:!(?:[A-Za-z][A-Za-z0-9\.\-_]+))?$)"),
    ]]),
    get("/access/roles", "index").for_users(),
    post("/access/roles", "create_role")
        .checks(on("/access", &["Sys.Modify"]))
        .takes(&[&[text("privs").format("pve-priv-list"), text("roleid").required().format("pve-roleid")]]),
    get("/access/roles/{roleid}", "read_role").for_users().takes(&[&[text("roleid").required().format("pve-roleid")]]),
    put("/access/roles/{roleid}", "update_role").checks(on("/access", &["Sys.Modify"])).takes(&[&[
        flag("append").requires("privs"),
        text("privs").format("pve-priv-list"),
        text("roleid").required().format("pve-roleid"),
    ]]),
    delete("/access/roles/{roleid}", "delete_role")
        .checks(on("/access", &["Sys.Modify"]))
        .takes(&[&[text("roleid").required().format("pve-roleid")]]),
    get("/access/ticket", "get_ticket").for_all(),
    post("/access/ticket", "create_ticket").for_all().ticket_only().takes(&[&[
        flag("new-format"),
        text("otp"),
        text("password").required(),
        text("path").max_length(64).requires("privs"),
        text("privs").format("pve-priv-list").max_length(64).requires("path"),
        text("realm").format("pve-realm").max_length(32),
        text("tfa-challenge"),
        text("username").required().max_length(64),
    ]]),
    get("/access/users", "index").for_users().takes(&[&[flag("enabled"), flag("full")]]),
    post("/access/users", "create_user")
        .checks(Check::All(&[
            Check::UserOfRealm,
            Check::GroupOfUser { privileges: &["User.Modify"], groups: Groups::OfNewUser },
        ]))
        .takes(&[&[
            text("comment").max_length(2048),
            text("email").format("email-opt").max_length(254),
            flag("enable"),
            integer("expire").min(0.0),
            text("firstname").max_length(1024),
            text("groups").format("pve-groupid-list"),
            text("keys").matching("[0-9a-zA-Z!=]{0,4096}"),
            text("lastname").max_length(1024),
            text("password").min_length(8).max_length(64),
            text("userid").required().format("pve-userid").max_length(64),
        ]]),
    get("/access/users/{userid}", "read_user")
        .checks(Check::GroupOfUser { privileges: &["User.Modify", "Sys.Audit"], groups: Groups::Ignored })
        .takes(&[&[text("userid").required().format("pve-userid").max_length(64)]]),
    put("/access/users/{userid}", "update_user")
        .checks(Check::GroupOfUser { privileges: &["User.Modify"], groups: Groups::OfExistingUser })
        .takes(&[&[
            flag("append").requires("groups"),
            text("comment").max_length(2048),
            text("email").format("email-opt").max_length(254),
            flag("enable"),
            integer("expire").min(0.0),
            text("firstname").max_length(1024),
            text("groups").format("pve-groupid-list"),
            text("keys").matching("[0-9a-zA-Z!=]{0,4096}"),
            text("lastname").max_length(1024),
            text("userid").required().format("pve-userid").max_length(64),
        ]]),
    delete("/access/users/{userid}", "delete_user")
        .checks(Check::All(&[
            Check::UserOfRealm,
            Check::GroupOfUser { privileges: &["User.Modify"], groups: Groups::Ignored },
        ]))
        .takes(&[&[text("userid").required().format("pve-userid").max_length(64)]]),
    get("/access/users/{userid}/token", "token_index")
        .checks(Check::Any(&[
            Check::OwnUser,
            Check::GroupOfUser { privileges: &["User.Modify"], groups: Groups::Ignored },
        ]))
        .takes(&[&[text("userid").required().format("pve-userid").max_length(64)]]),
    get("/access/users/{userid}/token/{tokenid}", "read_token")
        .checks(Check::Any(&[
            Check::OwnUser,
            Check::GroupOfUser { privileges: &["User.Modify"], groups: Groups::Ignored },
        ]))
        .takes(&[&[
            text("tokenid").required().matching(r"(?:[A-Za-z][A-Za-z0-9\.\-_]+)"),
            text("userid").required().format("pve-userid").max_length(64),
        ]]),
    post("/access/users/{userid}/token/{tokenid}", "generate_token")
        .checks(Check::Any(&[
            Check::OwnUser,
            Check::GroupOfUser { privileges: &["User.Modify"], groups: Groups::Ignored },
        ]))
        .takes(&[&[
            text("comment"),
            integer("expire").min(0.0),
            flag("privsep"),
            text("tokenid").required().matching(r"(?:[A-Za-z][A-Za-z0-9\.\-_]+)"),
            text("userid").required().format("pve-userid").max_length(64),
        ]]),
    put("/access/users/{userid}/token/{tokenid}", "update_token_info")
        .checks(Check::Any(&[
            Check::OwnUser,
            Check::GroupOfUser { privileges: &["User.Modify"], groups: Groups::Ignored },
        ]))
        .takes(&[&[
            text("comment"),
            text("delete").format("pve-configid-list"),
            integer("expire").min(0.0),
            flag("privsep"),
            flag("regenerate"),
            text("tokenid").required().matching(r"(?:[A-Za-z][A-Za-z0-9\.\-_]+)"),
            text("userid").required().format("pve-userid").max_length(64),
        ]]),
    delete("/access/users/{userid}/token/{tokenid}", "remove_token")
        .checks(Check::Any(&[
            Check::OwnUser,
            Check::GroupOfUser { privileges: &["User.Modify"], groups: Groups::Ignored },
        ]))
        .takes(&[&[
            text("tokenid").required().matching(r"(?:[A-Za-z][A-Za-z0-9\.\-_]+)"),
            text("userid").required().format("pve-userid").max_length(64),
        ]]),
    get("/pools", "index").for_users().takes(&[&[
        text("poolid").format("pve-poolid"),
        text("type").one_of(&["qemu", "lxc", "storage"]).requires("poolid"),
    ]]),
    post("/pools", "create_pool")
        .checks(on("/pool/{poolid}", &["Pool.Allocate"]))
        .takes(&[&[text("comment"), text("poolid").required().format("pve-poolid")]]),
    put("/pools", "update_pool").checks(on("/pool/{poolid}", &["Pool.Allocate"])).takes(&[&[
        flag("allow-move"),
        text("comment"),
        flag("delete"),
        text("poolid").required().format("pve-poolid"),
        text("storage").format("pve-storage-id-list"),
        text("vms").format("pve-vmid-list"),
    ]]),
    delete("/pools", "delete_pool")
        .checks(on("/pool/{poolid}", &["Pool.Allocate"]))
        .takes(&[&[text("poolid").required().format("pve-poolid")]]),
    get("/pools/{poolid}", "read_pool")
        .checks(on("/pool/{poolid}", &["Pool.Audit"]))
        .takes(&[&[text("poolid").required().format("pve-poolid"), text("type").one_of(&["qemu", "lxc", "storage"])]]),
    put("/pools/{poolid}", "update_pool_deprecated").checks(on("/pool/{poolid}", &["Pool.Allocate"])).takes(&[&[
        flag("allow-move"),
        text("comment"),
        flag("delete"),
        text("poolid").required().format("pve-poolid"),
        text("storage").format("pve-storage-id-list"),
        text("vms").format("pve-vmid-list"),
    ]]),
    delete("/pools/{poolid}", "delete_pool_deprecated")
        .checks(on("/pool/{poolid}", &["Pool.Allocate"]))
        .takes(&[&[text("poolid").required().format("pve-poolid")]]),
];
