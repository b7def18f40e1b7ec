//! API tokens.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{DONE, elements, existing_user, locked, number, required, some_text};
use crate::pve::access::{Access, Token};
use crate::pve::call::{Call, Refusal};
use crate::world::{Site, Surroundings};

pub(super) fn list(site: &mut Site, _: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let user = existing_user(&mut site.pve.access, &required(call, "userid")).map_err(Refusal::died)?;
    Ok(user.tokens.iter().map(named).collect())
}

pub(super) fn read(site: &mut Site, _: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    existing(&mut site.pve.access, call).map(|token| shown(token)).map_err(Refusal::died)
}

/// Makes a token; its secret is shown here and never again.
pub(super) fn create(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let (user, name) = (required(call, "userid"), required(call, "tokenid"));
    let access = &mut site.pve.access;
    let owner = existing_user(access, &user).map_err(Refusal::died)?;
    if owner.tokens.contains_key(&name) {
        return Err(Refusal::param("tokenid", "Token already exists."));
    }
    let value = secret(around, &site.id, &user, &name, "");
    let token = access.add_token(&user, &name, call.text("privsep").is_none_or(|text| text == "1"), &value);
    token.expire = number(call, "expire");
    token.comment = some_text(call, "comment");
    Ok(json!({ "full-tokenid": format!("{user}!{name}"), "value": value, "info": shown(token) }))
}

/// Changes a token; `regenerate` makes a new secret and shows it.
pub(super) fn update(site: &mut Site, around: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let (user, name) = (required(call, "userid"), required(call, "tokenid"));
    let id = site.id.clone();
    let token = existing(&mut site.pve.access, call).map_err(Refusal::died)?;
    for setting in elements(call, "delete") {
        match setting.as_str() {
            "comment" => token.comment = None,
            "expire" => token.expire = None,
            "privsep" => token.privsep = true,
            _ => return Err(Refusal::param("delete", format!("unknown option '{setting}'"))),
        }
    }
    if let Some(privsep) = call.text("privsep") {
        token.privsep = privsep == "1";
    }
    token.expire = number(call, "expire").or(token.expire);
    token.comment = some_text(call, "comment").or(token.comment.take());
    let mut answer = shown(token);
    if call.flag("regenerate") {
        token.value = secret(around, &id, &user, &name, &token.value);
        answer["value"] = json!(token.value);
        answer["full-tokenid"] = json!(format!("{user}!{name}"));
    }
    Ok(answer)
}

pub(super) fn delete(site: &mut Site, _: Surroundings<'_>, call: &Call) -> Result<Value, Refusal> {
    let access = &mut site.pve.access;
    existing(access, call).map_err(Refusal::died)?;
    let (user, name) = (required(call, "userid"), required(call, "tokenid"));
    locked("deleting token failed", || existing_user(access, &user).map(|owner| owner.tokens.remove(&name)))?;
    for entries in access.acl.values_mut() {
        entries.tokens.remove(&format!("{user}!{name}"));
    }
    DONE
}

fn existing<'a>(access: &'a mut Access, call: &Call) -> Result<&'a mut Token, String> {
    let (user, name) = (required(call, "userid"), required(call, "tokenid"));
    let owner = existing_user(access, &user)?;
    owner.tokens.get_mut(&name).ok_or_else(|| format!("no such token '{name}' for user '{user}'"))
}

/// A token without its secret.
pub(super) fn shown(token: &Token) -> Value {
    let mut shown = json!({ "privsep": u8::from(token.privsep), "expire": token.expire.unwrap_or_default() });
    if let Some(comment) = &token.comment {
        shown["comment"] = json!(comment);
    }
    shown
}

/// A token without its secret, with its name.
pub(super) fn named((name, token): (&String, &Token)) -> Value {
    let mut shown = shown(token);
    shown["tokenid"] = json!(name);
    shown
}

/// A secret in the form of a UUID, different for every token, moment and predecessor.
fn secret(around: Surroundings<'_>, site: &str, user: &str, name: &str, before: &str) -> String {
    let key = format!("{}:{site}:{user}!{name}:{}:{before}", around.seed, around.now.0);
    let digits = hex::encode(Sha256::digest(key));
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..32]].join("-")
}
