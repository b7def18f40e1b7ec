//! Users, tokens, access entries.

use super::common::{ACL_PATH, COMMENT, DIGEST, ONE_LINE, SAFE_ID, USER, auth_id};
use crate::pbs::access::privileges::ROLE_NAMES;
use crate::pbs::handlers::{access, acl, general};
use crate::pbs::schema::{Method, Param, delete, flag, get, integer, list, post, put, text};

const USERS: &str = "/access/users";

const USERID: &[Param] = &[text("userid").required().min_length(3).max_length(64).matching(USER)];

const TOKEN_NAME: &[Param] = &[text("token-name").required().matching(SAFE_ID)];

const ACCOUNT: &[Param] = &[flag("enable"), integer("expire").min(0.0)];

const PERSON: &[Param] = &[
    text("email").min_length(2).max_length(64).matching(ONE_LINE),
    text("firstname").min_length(2).max_length(64).matching(ONE_LINE),
    text("lastname").min_length(2).max_length(64).matching(ONE_LINE),
];

/// The methods.
pub const METHODS: &[Method] = &[
    get("/access", general::access).open(),
    get("/access/acl", acl::list)
        .takes(&[&[flag("exact"), text("path").min_length(1).max_length(128).matching(ACL_PATH)]]),
    put("/access/acl", acl::update).takes(&[
        &[
            auth_id("auth-id"),
            flag("delete"),
            text("group").min_length(3).max_length(64).matching(r"(?:[^\s:/[:cntrl:]]+)"),
            text("path").required().min_length(1).max_length(128).matching(ACL_PATH),
            flag("propagate"),
            text("role").required().one_of(&ROLE_NAMES),
        ],
        DIGEST,
    ]),
    get("/access/domains", access::domains).for_all(),
    put("/access/password", access::set_password).takes(&[
        &[
            text("confirmation-password").min_length(1).max_length(1024).matching(ONE_LINE),
            text("password").required().min_length(8).max_length(64).matching(ONE_LINE),
        ],
        USERID,
    ]),
    get("/access/permissions", acl::permissions)
        .takes(&[&[auth_id("auth-id"), text("path").min_length(1).max_length(128).matching(ACL_PATH)]]),
    get("/access/roles", access::roles),
    delete("/access/ticket", access::delete_ticket).for_all(),
    post("/access/ticket", access::create_ticket).for_all().takes(&[&[
        flag("http-only"),
        text("password"),
        text("path"),
        integer("port").range(0.0, 65535.0),
        text("privs"),
        text("tfa-challenge"),
        text("username").required().min_length(3).max_length(64).matching(USER),
    ]]),
    get("/access/users", access::list_users).takes(&[&[flag("include_tokens")]]),
    post("/access/users", access::create_user).on(USERS, &["Permissions.Modify"]).takes(&[
        ACCOUNT,
        PERSON,
        &[text("password").min_length(8).max_length(64).matching(ONE_LINE)],
        USERID,
        COMMENT,
    ]),
    delete("/access/users/{userid}", access::delete_user)
        .on_or_self(USERS, &["Permissions.Modify"])
        .takes(&[DIGEST, USERID]),
    get("/access/users/{userid}", access::read_user).on_or_self(USERS, &["Sys.Audit"]).takes(&[USERID]),
    put("/access/users/{userid}", access::update_user).on_or_self(USERS, &["Permissions.Modify"]).takes(&[
        ACCOUNT,
        PERSON,
        &[
            list("delete").one_of(&["comment", "firstname", "lastname", "email"]),
            text("password").min_length(1).max_length(1024).matching(ONE_LINE),
        ],
        USERID,
        COMMENT,
        DIGEST,
    ]),
    get("/access/users/{userid}/token", access::list_tokens).on_or_self(USERS, &["Sys.Audit"]).takes(&[USERID]),
    delete("/access/users/{userid}/token/{token-name}", access::delete_token)
        .on_or_self(USERS, &["Permissions.Modify"])
        .takes(&[DIGEST, TOKEN_NAME, USERID]),
    get("/access/users/{userid}/token/{token-name}", access::read_token)
        .on_or_self(USERS, &["Sys.Audit"])
        .takes(&[TOKEN_NAME, USERID]),
    post("/access/users/{userid}/token/{token-name}", access::create_token)
        .on_or_self(USERS, &["Permissions.Modify"])
        .takes(&[ACCOUNT, COMMENT, DIGEST, TOKEN_NAME, USERID]),
    put("/access/users/{userid}/token/{token-name}", access::update_token)
        .on_or_self(USERS, &["Permissions.Modify"])
        .takes(&[
            ACCOUNT,
            COMMENT,
            DIGEST,
            TOKEN_NAME,
            USERID,
            &[list("delete").one_of(&["comment"]), flag("regenerate")],
        ]),
];
