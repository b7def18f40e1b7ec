//! Other servers: their configuration, what is on them, and copying once.

use serde_json::{Map, Value, json};

use super::{chosen, digest, update};
use crate::pbs::access::namespace_path;
use crate::pbs::call::{Call, Reply, nothing};
use crate::pbs::content::{self, visible_namespaces};
use crate::pbs::refusal::Refusal;
use crate::pbs::rules;
use crate::pbs::state::{BackupServer, Remote};
use crate::pbs::tasks::{self, About};
use crate::pbs::work::source::reach_remote;
use crate::pbs::work::{Sync, Work};

type Answer = Result<Reply, Refusal>;

/// What is kept of a remote besides its password.
const OPTIONS: [&str; 6] = ["auth-id", "comment", "fingerprint", "host", "name", "port"];

fn remote_digest(call: &Call<'_>) -> String {
    let all: Map<String, Value> =
        call.server().remotes.iter().map(|(name, remote)| (name.clone(), json!(remote.options))).collect();
    digest(&Value::Object(all))
}

/// `GET /config/remote`
pub fn list(call: &mut Call<'_>) -> Answer {
    let remotes = call.server().remotes.iter();
    let seen = remotes.filter(|(name, _)| call.may(&format!("/remote/{name}"), &["Remote.Audit"]));
    let list: Vec<Value> = seen.map(|(_, remote)| json!(remote.options)).collect();
    Ok(Reply::from(json!(list)).beside("digest", remote_digest(call)))
}

fn lookup(call: &Call<'_>, name: &str) -> Result<Remote, Refusal> {
    let remote = call.server().remotes.get(name).cloned();
    remote.ok_or_else(|| Refusal::bad(format!("no such remote '{name}'")))
}

/// `GET /config/remote/{name}`
pub fn read(call: &mut Call<'_>) -> Answer {
    let remote = lookup(call, &call.word("name"))?;
    Ok(Reply::from(json!(remote.options)).beside("digest", remote_digest(call)))
}

/// `POST /config/remote`
pub fn create(call: &mut Call<'_>) -> Answer {
    let name = call.word("name");
    if call.server().remotes.contains_key(&name) {
        return Err(Refusal::param("name", &format!("remote '{name}' already exists.")));
    }
    let remote = Remote { options: chosen(call, &OPTIONS), password: call.word("password") };
    call.server_mut().remotes.insert(name, remote);
    nothing()
}

/// `PUT /config/remote/{name}`
pub fn change(call: &mut Call<'_>) -> Answer {
    call.check_digest(&remote_digest(call))?;
    let name = call.word("name");
    let mut remote = lookup(call, &name)?;
    update(&mut remote.options, call, &OPTIONS);
    if let Some(password) = call.text("password") {
        password.clone_into(&mut remote.password);
    }
    call.server_mut().remotes.insert(name, remote);
    nothing()
}

/// `DELETE /config/remote/{name}`
pub fn delete(call: &mut Call<'_>) -> Answer {
    let name = call.word("name");
    for (id, job) in &call.server().jobs.sync {
        let text = |key: &str| job.options.get(key).and_then(Value::as_str).unwrap_or_default();
        if text("remote") == name {
            let why = format!("remote '{name}' is used by sync job '{id}' (datastore '{}')", text("store"));
            return Err(Refusal::param("name", &why));
        }
    }
    call.check_digest(&remote_digest(call))?;
    lookup(call, &name)?;
    call.server_mut().remotes.remove(&name);
    nothing()
}

/// Connects to the remote in the path, and asks.
fn scan(call: &mut Call<'_>, ask: impl FnOnce(&BackupServer, &str) -> Result<Value, Refusal>) -> Answer {
    let name = call.word("name");
    lookup(call, &name)?;
    let failed = |text: &str| Refusal { status: 500, text: format!("failed to scan remote '{name}' - {text}") };
    let now = call.now;
    match reach_remote(call.servers, call.address, &name, now) {
        Ok((address, auth_id)) => {
            let server = call.servers.0.get(&address).ok_or_else(|| failed("client error (Connect)"))?;
            Ok(ask(server, &auth_id).map_err(|refusal| failed(&refusal.text))?.into())
        }
        Err(why) => Err(failed(&why.text)),
    }
}

/// `GET /config/remote/{name}/scan`
pub fn scan_datastores(call: &mut Call<'_>) -> Answer {
    scan(call, |server, auth_id| {
        let names = rules::visible_datastores(server, auth_id);
        Ok(names.iter().map(|name| super::datastores::datastore_view(&server.datastores[name])).collect())
    })
}

/// `GET /config/remote/{name}/scan/{store}`
pub fn scan_index(_: &mut Call<'_>) -> Answer {
    Ok(["groups", "namespaces"].iter().map(|name| json!({ "subdir": name })).collect::<Value>().into())
}

/// `GET /config/remote/{name}/scan/{store}/groups`
pub fn scan_groups(call: &mut Call<'_>) -> Answer {
    let (store, namespace) = (call.word("store"), call.word("namespace"));
    scan(call, |server, auth_id| Ok(json!(content::groups(server, auth_id, &store, &namespace)?)))
}

/// `GET /config/remote/{name}/scan/{store}/namespaces`
pub fn scan_namespaces(call: &mut Call<'_>) -> Answer {
    let store = call.word("store");
    scan(call, |server, auth_id| {
        let list = visible_namespaces(server, auth_id, &store, "", 7)?;
        Ok(list.into_iter().map(|ns| json!({ "ns": ns })).collect())
    })
}

/// `POST /pull`
pub fn pull(call: &mut Call<'_>) -> Answer {
    copy(call, false)
}

/// `POST /push`
pub fn push(call: &mut Call<'_>) -> Answer {
    copy(call, true)
}

fn copy(call: &mut Call<'_>, push: bool) -> Answer {
    for name in ["decryption-keys", "encryption-key"] {
        if call.params.contains_key(name) {
            return Err(Refusal { status: 501, text: format!("lab: the parameter `{name}` is not simulated") });
        }
    }
    let mut options = call.params.clone();
    options.insert("owner".to_owned(), json!(call.auth_id));
    let work = Sync { push, ..Sync::from_options(&options) };
    let path = namespace_path(&work.store, &work.namespace);
    let wanted: &[&str] = if push { &["Datastore.Read"] } else { &["Datastore.Backup"] };
    let held = call.server().access.privileges(&call.auth_id, &path);
    if !held.has_any(wanted) || (work.remove_vanished && !push && !held.has_any(&["Datastore.Prune"])) {
        return Err(Refusal::bad(format!("permission check failed, '{}' is missing access", call.auth_id)));
    }
    if work.remote.is_none() && work.store == work.remote_store {
        return Err(Refusal::bad("can't sync to same datastore"));
    }
    rules::store(call.server(), &work.store, !push)?;
    if let Some(remote) = &work.remote {
        lookup(call, remote)?;
        let place = format!("/remote/{remote}/{}", work.remote_store);
        call.demand(&place, &[if push { "Remote.DatastoreBackup" } else { "Remote.Read" }])?;
    }
    let (seed, now, owner, store) = (call.seed, call.now, call.auth_id.clone(), work.store.clone());
    let work = Work::Sync(Box::new(work));
    let lasts_us = work.lasts_us(call.servers, call.address);
    let about = About { kind: "sync", id: Some(&store), owner: &owner };
    Ok(json!(tasks::start(call.server_mut(), seed, now, about, work, lasts_us)).into())
}
