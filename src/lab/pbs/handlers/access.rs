//! Tickets, users and tokens.

use serde_json::{Map, Value, json};

use super::{chosen, digest, update};
use crate::pbs::access::{ROOT, Token, User, privileges};
use crate::pbs::call::{Call, Reply, nothing};
use crate::pbs::refusal::Refusal;
use crate::world::keyed::Key;

type Answer = Result<Reply, Refusal>;

/// What is kept of a user besides his password.
const USER: [&str; 6] = ["comment", "email", "enable", "expire", "firstname", "lastname"];

/// What is kept of a token besides its secret.
const TOKEN: [&str; 3] = ["comment", "enable", "expire"];

/// `POST /access/ticket`
pub fn create_ticket(call: &mut Call<'_>) -> Answer {
    for name in ["http-only", "privs", "path", "port", "tfa-challenge"] {
        if call.params.contains_key(name) {
            let text = format!("lab: the parameter `{name}` of POST /access/ticket is not simulated");
            return Err(Refusal { status: 501, text });
        }
    }
    let user = call.word("username");
    let Some(password) = call.text("password").map(str::to_owned) else {
        return Err(Refusal::bad("no password provided"));
    };
    let now_s = call.now.unix_seconds();
    let access = &call.server().access;
    if !access.verify_password(&user, &password, now_s) {
        return Err(Refusal { status: 401, text: "permission check failed.".to_owned() });
    }
    let data = json!({
        "username": user,
        "ticket": access.make_ticket(&user, now_s),
        "CSRFPreventionToken": access.make_csrf_token(&user, now_s),
    });
    let reply = Reply::from(data).beside("status", 200).beside("success", true);
    Ok(Reply { own_form: true, ..reply })
}

/// `DELETE /access/ticket`
pub fn delete_ticket(_: &mut Call<'_>) -> Answer {
    nothing()
}

/// `PUT /access/password`
pub fn set_password(call: &mut Call<'_>) -> Answer {
    let user = call.word("userid");
    let may = call.auth_id == user || call.may("/access/users", &["Permissions.Modify"]);
    if !may || call.auth_id.contains('!') {
        return Err(Refusal::bad("you are not authorized to change the password."));
    }
    let password = call.word("password");
    match call.server_mut().access.users.get_mut(&user) {
        Some(account) => {
            account.password = Some(password);
            nothing()
        }
        None => Err(Refusal::bad(format!("no such user '{user}'"))),
    }
}

/// `GET /access/domains`
pub fn domains(_: &mut Call<'_>) -> Answer {
    Ok(json!([
        { "realm": "pam", "type": "pam", "comment": "Linux PAM standard authentication" },
        { "realm": "pbs", "type": "pbs", "comment": "Proxmox Backup authentication server" },
    ])
    .into())
}

/// `GET /access/roles`
pub fn roles(_: &mut Call<'_>) -> Answer {
    let view =
        |role: &privileges::Role| json!({ "roleid": role.name, "comment": role.comment, "privs": role.privileges });
    Ok(privileges::ROLES.iter().map(view).collect::<Value>().into())
}

/// The digest of users and tokens.
fn users_digest(call: &Call<'_>) -> String {
    let access = &call.server().access;
    let users: Map<String, Value> = access.users.iter().map(|(id, user)| (id.clone(), json!(user.options))).collect();
    let tokens: Map<String, Value> = access.tokens.iter().map(|(id, one)| (id.clone(), json!(one.options))).collect();
    digest(&json!({ "users": users, "tokens": tokens }))
}

fn user_view(id: &str, user: &User) -> Value {
    let mut view = user.options.clone();
    view.insert("userid".to_owned(), json!(id));
    Value::Object(view)
}

fn token_view(id: &str, token: &Token) -> Value {
    let mut view = token.options.clone();
    view.insert("tokenid".to_owned(), json!(id));
    Value::Object(view)
}

/// `GET /access/users`
pub fn list_users(call: &mut Call<'_>) -> Answer {
    let sees_all = call.may("/access/users", &["Sys.Audit"]);
    let own = call.auth_id.split('!').next().unwrap_or_default().to_owned();
    let with_tokens = call.flag("include_tokens") == Some(true);
    let access = &call.server().access;
    let users = access.users.iter().filter(|(id, _)| sees_all || **id == own);
    let list: Vec<Value> = users
        .map(|(id, user)| {
            let mut view = user_view(id, user);
            let tokens: Vec<Value> = tokens_of(call, id).map(|(id, token)| token_view(id, token)).collect();
            if with_tokens && !tokens.is_empty() {
                view["tokens"] = json!(tokens);
            }
            view
        })
        .collect();
    Ok(Reply::from(json!(list)).beside("digest", users_digest(call)))
}

fn tokens_of<'a>(call: &'a Call<'_>, user: &'a str) -> impl Iterator<Item = (&'a String, &'a Token)> {
    let tokens = call.server().access.tokens.iter();
    tokens.filter(move |(id, _)| id.split_once('!').is_some_and(|(owner, _)| owner == user))
}

/// `GET /access/users/{userid}`
pub fn read_user(call: &mut Call<'_>) -> Answer {
    let id = call.word("userid");
    let user = call.server().access.users.get(&id).ok_or_else(|| no_such_user(&id))?;
    Ok(Reply::from(user_view(&id, user)).beside("digest", users_digest(call)))
}

fn no_such_user(id: &str) -> Refusal {
    Refusal::bad(format!("no such user '{id}'"))
}

/// `POST /access/users`
pub fn create_user(call: &mut Call<'_>) -> Answer {
    let id = call.word("userid");
    if call.server().access.users.contains_key(&id) {
        return Err(Refusal::bad(format!("user '{id}' already exists.")));
    }
    let realm = id.rsplit_once('@').map_or("", |(_, realm)| realm);
    if !["pam", "pbs"].contains(&realm) {
        return Err(Refusal::bad(format!("realm '{realm}' does not exist.")));
    }
    let user = User { password: call.text("password").map(str::to_owned), options: chosen(call, &USER) };
    let access = &mut call.server_mut().access;
    access.users.insert(id, user);
    access.forget_seen();
    nothing()
}

/// `PUT /access/users/{userid}`
pub fn update_user(call: &mut Call<'_>) -> Answer {
    call.check_digest(&users_digest(call))?;
    let id = call.word("userid");
    let mut user = call.server().access.users.get(&id).cloned().ok_or_else(|| no_such_user(&id))?;
    update(&mut user.options, call, &USER);
    if user.options.get("enable") == Some(&json!(true)) {
        user.options.remove("enable");
    }
    if let Some(password) = call.text("password") {
        user.password = Some(password.to_owned());
    }
    let access = &mut call.server_mut().access;
    access.users.insert(id, user);
    access.forget_seen();
    nothing()
}

/// `DELETE /access/users/{userid}`: his access entries stay. Root is made again at once.
pub fn delete_user(call: &mut Call<'_>) -> Answer {
    call.check_digest(&users_digest(call))?;
    let id = call.word("userid");
    let access = &mut call.server_mut().access;
    if id != ROOT && access.users.remove(&id).is_none() {
        return Err(Refusal::bad(format!("user '{id}' does not exist.")));
    }
    let prefix = format!("{id}!");
    access.tokens.retain(|token, _| !token.starts_with(&prefix));
    access.entries.retain(|entry| !entry.who.starts_with(&prefix));
    access.forget_seen();
    nothing()
}

fn token_id(call: &Call<'_>) -> (String, String, String) {
    let (user, name) = (call.word("userid"), call.word("token-name"));
    (format!("{user}!{name}"), user, name)
}

/// `GET /access/users/{userid}/token`
pub fn list_tokens(call: &mut Call<'_>) -> Answer {
    let user = call.word("userid");
    let list: Vec<Value> = tokens_of(call, &user)
        .map(|(id, token)| {
            let mut view = token_view(id, token);
            view["token-name"] = json!(id.split_once('!').map_or("", |(_, name)| name));
            view
        })
        .collect();
    Ok(Reply::from(json!(list)).beside("digest", users_digest(call)))
}

/// `GET /access/users/{userid}/token/{token-name}`
pub fn read_token(call: &mut Call<'_>) -> Answer {
    let (id, _, _) = token_id(call);
    let token = call.server().access.tokens.get(&id);
    let token = token.ok_or_else(|| Refusal::bad(format!("no such token '{id}'")))?;
    Ok(Reply::from(token_view(&id, token)).beside("digest", users_digest(call)))
}

fn new_secret(call: &mut Call<'_>, id: &str) -> String {
    let seed = call.seed;
    let server = call.server_mut();
    let number = server.number().to_string();
    Key::new(seed, &[&server.id, "token", id, &number]).uuid()
}

/// `POST /access/users/{userid}/token/{token-name}`: the user need not exist.
pub fn create_token(call: &mut Call<'_>) -> Answer {
    call.check_digest(&users_digest(call))?;
    let (id, user, name) = token_id(call);
    if call.server().access.tokens.contains_key(&id) {
        return Err(Refusal::bad(format!("token '{name}' for user '{user}' already exists.")));
    }
    let secret = new_secret(call, &id);
    let token = Token { secret: secret.clone(), options: chosen(call, &TOKEN) };
    let access = &mut call.server_mut().access;
    access.tokens.insert(id.clone(), token);
    access.forget_seen();
    Ok(json!({ "tokenid": id, "value": secret }).into())
}

/// `PUT /access/users/{userid}/token/{token-name}`
pub fn update_token(call: &mut Call<'_>) -> Answer {
    call.check_digest(&users_digest(call))?;
    let (id, _, _) = token_id(call);
    let token = call.server().access.tokens.get(&id).cloned();
    let mut token = token.ok_or_else(|| Refusal::bad(format!("no such token '{id}'")))?;
    update(&mut token.options, call, &TOKEN);
    let mut data = Value::Null;
    if call.flag("regenerate") == Some(true) {
        token.secret = new_secret(call, &id);
        data = json!({ "secret": token.secret });
    }
    let access = &mut call.server_mut().access;
    access.tokens.insert(id, token);
    access.forget_seen();
    Ok(data.into())
}

/// `DELETE /access/users/{userid}/token/{token-name}`: its access entries go with it.
pub fn delete_token(call: &mut Call<'_>) -> Answer {
    call.check_digest(&users_digest(call))?;
    let (id, user, name) = token_id(call);
    let access = &mut call.server_mut().access;
    if access.tokens.remove(&id).is_none() {
        return Err(Refusal::bad(format!("token '{name}' of user '{user}' does not exist.")));
    }
    access.entries.retain(|entry| entry.who != id);
    access.forget_seen();
    nothing()
}
