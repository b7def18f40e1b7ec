//! Preparing a backup server of ours, against a small server that keeps what it is told: every step reads back, a second run
//! writes nothing, what somebody changed is put right.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use accolades::domain::backup::names;
use accolades::domain::ids::{BackupServerId, SiteId};
use accolades::engine::{Engine, EngineError};
use accolades::inventory::model::Inventory;
use accolades::ssh::Identity as SshIdentity;
use accolades::store::Store;
use accolades::store::secrets::Vault;
use accolades::util::clock::Clock;
use accolades::util::random::Randomness;
use accolades::util::redact::Redactor;
use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use serde_json::{Map, Value, json};

use crate::pve::node::{Identity, Node, Reply, Request};
use crate::rehearsal::example_files;

const PASSWORD: &str = "canary-admin-password";

/// What the server keeps.
#[derive(Default)]
struct Kept {
    users: Vec<String>,
    tokens: BTreeMap<String, Vec<String>>,
    made: usize,
    acl: Vec<(String, String, String)>,
    namespaces: Vec<String>,
    options: Map<String, Value>,
    jobs: BTreeMap<String, Vec<Map<String, Value>>>,
    rules: Vec<Map<String, Value>>,
    owners: BTreeMap<String, String>,
    writes: Vec<String>,
}

fn form(request: &Request) -> Map<String, Value> {
    if request.header("content-type") == Some("application/json") {
        return serde_json::from_str(&request.body).expect("JSON");
    }
    let query = request.target.split_once('?').map_or("", |(_, query)| query);
    let text = if request.body.is_empty() { query } else { &request.body };
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    text.split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (decode(name), json!(decode(value))))
        .collect()
}

fn text(form: &Map<String, Value>, name: &str) -> String {
    form.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

impl Kept {
    fn answer(&mut self, request: &Request) -> Reply {
        let path = request.target.split('?').next().unwrap_or_default();
        let path = percent_decode_str(path.strip_prefix("/api2/json").unwrap_or(path)).decode_utf8_lossy().into_owned();
        let form = form(request);
        if request.method != "GET" && path != "/access/ticket" {
            self.writes.push(format!("{} {path}", request.method));
        }
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let nothing = || Reply::data(Value::Null);
        match (request.method.as_str(), parts.as_slice()) {
            ("POST", ["access", "ticket"]) => {
                Reply::data(json!({ "ticket": "PBS:t", "CSRFPreventionToken": "csrf-value", "username": "root@pam" }))
            }
            ("GET", ["version"]) => Reply::data(json!({ "version": "4.2", "release": "3", "repoid": "x" })),
            ("GET", ["admin", "datastore"]) => Reply::data(json!([{ "store": "communs", "comment": null }])),
            ("GET", ["config", "datastore", _]) => Reply::data(json!(self.options)),
            ("PUT", ["config", "datastore", _]) => {
                self.options.insert("gc-schedule".to_owned(), form["gc-schedule"].clone());
                self.options.insert("verify-new".to_owned(), json!(text(&form, "verify-new") == "true"));
                nothing()
            }
            ("GET", ["admin", "datastore", _, "namespace"]) => {
                let all = std::iter::once(String::new()).chain(self.namespaces.iter().cloned());
                Reply::data(all.map(|ns| json!({ "ns": ns })).collect())
            }
            ("POST", ["admin", "datastore", _, "namespace"]) => {
                let (parent, name) = (text(&form, "parent"), text(&form, "name"));
                let whole = if parent.is_empty() { name } else { format!("{parent}/{name}") };
                self.namespaces.push(whole.clone());
                Reply::data(json!(whole))
            }
            ("GET", ["admin", "datastore", _, "groups"]) => {
                let groups = self.owners.get(&text(&form, "ns")).map(|owner| {
                    json!({ "backup-type": "vm", "backup-id": "1002", "backup-count": 1, "last-backup": 1, "owner": owner, "files": [] })
                });
                Reply::data(groups.into_iter().collect())
            }
            ("POST", ["admin", "datastore", _, "change-owner"]) => {
                self.owners.insert(text(&form, "ns"), text(&form, "new-owner"));
                nothing()
            }
            ("GET", ["access", "users"]) => Reply::data(self.users.iter().map(|id| json!({ "userid": id })).collect()),
            ("POST", ["access", "users"]) => {
                self.users.push(text(&form, "userid"));
                nothing()
            }
            ("GET", ["access", "users", user, "token"]) => {
                let tokens = self.tokens.get(*user).cloned().unwrap_or_default();
                Reply::data(
                    tokens
                        .iter()
                        .map(|name| json!({ "tokenid": format!("{user}!{name}"), "token-name": name }))
                        .collect(),
                )
            }
            ("POST", ["access", "users", user, "token", name]) => {
                self.tokens.entry((*user).to_owned()).or_default().push((*name).to_owned());
                self.made += 1;
                Reply::data(
                    json!({ "tokenid": format!("{user}!{name}"), "value": format!("token-value-{}", self.made) }),
                )
            }
            ("PUT", ["access", "users", _, "token", _]) => {
                self.made += 1;
                Reply::data(json!({ "secret": format!("token-value-{}", self.made) }))
            }
            ("GET", ["access", "acl"]) => {
                let entry = |(path, role, to): &(String, String, String)| json!({ "path": path, "roleid": role, "ugid": to, "ugid_type": "user", "propagate": true });
                Reply::data(self.acl.iter().map(entry).collect())
            }
            ("PUT", ["access", "acl"]) => {
                self.acl.push((text(&form, "path"), text(&form, "role"), text(&form, "auth-id")));
                nothing()
            }
            ("GET", ["config", "traffic-control"]) => Reply::data(json!(self.rules)),
            ("POST", ["config", "traffic-control"]) => {
                self.rules.push(form);
                nothing()
            }
            ("DELETE", ["config", "traffic-control", name]) => {
                self.rules.retain(|rule| text(rule, "name") != *name);
                nothing()
            }
            ("GET", ["config", "remote"]) => Reply::data(json!([])),
            ("GET", ["config", kind]) => Reply::data(json!(self.jobs.get(*kind).cloned().unwrap_or_default())),
            ("POST", ["config", kind]) => {
                self.jobs.entry((*kind).to_owned()).or_default().push(form);
                nothing()
            }
            ("PUT", ["config", kind, id]) => {
                let jobs = self.jobs.get_mut(*kind).expect("there are jobs");
                let job = jobs.iter_mut().find(|job| text(job, "id") == *id).expect("the job is there");
                for gone in form.get("delete").and_then(Value::as_array).into_iter().flatten() {
                    job.shift_remove(gone.as_str().expect("a name"));
                }
                job.extend(form.into_iter().filter(|(name, _)| name != "delete"));
                nothing()
            }
            _ => Reply::status("404 Not Found", &format!("Path '{path}' not found.")),
        }
    }
}

struct Stage {
    engine: Engine,
    inventory: Inventory,
    kept: Arc<Mutex<Kept>>,
    _folder: tempfile::TempDir,
}

async fn stage() -> Stage {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let kept: Arc<Mutex<Kept>> = Arc::default();
    let shared = kept.clone();
    let node = Node::start_answering(Identity::named("127.0.0.1"), move |request| {
        shared.lock().expect("nobody panicked").answer(&request)
    })
    .await;
    let mut files = example_files();
    let server = files.get_mut("backup-servers/grange.toml").expect("the example has it");
    *server = format!(
        "version = 1\nname = \"La Grange\"\nhost = \"127.0.0.1\"\nport = {}\ntls_fingerprint = \"{}\"\ndatastore = \"communs\"\nnamespace = \"coop\"\n\n[[traffic]]\nwhen = \"mon..fri 8:00-18:30\"\nin_kib_per_second = 512\n",
        node.port, node.fingerprint
    );
    let inventory = accolades::inventory::check(&files).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let folder = tempfile::tempdir().expect("a folder");
    let store =
        Store::open(&format!("sqlite:{}", folder.path().join("store.sqlite").display())).await.expect("a store");
    let randomness = Arc::new(Randomness::from_seed(1));
    let vault = Vault::open(&store, None, randomness.clone()).await.expect("a vault");
    let grange = BackupServerId::new("grange").expect("an id");
    vault.put_secret(&names::admin_secret(&grange), &SecretString::from(PASSWORD), 0).await.expect("set");
    let (sender, _) = tokio::sync::mpsc::unbounded_channel();
    let engine = Engine {
        store,
        vault,
        clock: Clock::System,
        randomness,
        redactor: Arc::new(Redactor::default()),
        playbooks: Arc::default(),
        identity: SshIdentity::KeyText(SecretString::from("")),
        by: "nadia".to_owned(),
        events: sender,
    };
    Stage { engine, inventory, kept, _folder: folder }
}

impl Stage {
    async fn prepare(&self) -> Result<usize, EngineError> {
        let server = self.inventory.backup_servers.values().next().expect("one server");
        self.engine.prepare_server(&self.inventory, server).await
    }

    fn kept<T>(&self, look: impl FnOnce(&mut Kept) -> T) -> T {
        look(&mut self.kept.lock().expect("nobody panicked"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn server_prepare_gives_each_site_a_token_that_may_only_add() {
    let stage = stage().await;
    assert!(stage.prepare().await.unwrap_or_else(|error| panic!("{error}")) > 0);
    stage.kept(|kept| {
        let site = names::site_auth_id(&SiteId::new("friche").expect("an id"));
        let rights: Vec<_> = kept.acl.iter().filter(|(_, _, to)| *to == site).collect();
        assert_eq!(rights, [&("/datastore/communs/coop/ilot".to_owned(), "DatastoreBackup".to_owned(), site.clone())]);
        // A token has only what its user has, too.
        assert!(kept.acl.iter().any(|(path, _, to)| path.ends_with("/ilot") && *to == "accolades-friche@pbs"));
        assert!(kept.namespaces.contains(&"coop/lilas".to_owned()), "{:?}", kept.namespaces);
        assert_eq!(kept.options["verify-new"], true);
        assert_eq!(kept.jobs["prune"].len(), 2, "the third instance writes to a partner");
        assert_eq!(kept.jobs["verify"][0]["outdated-after"], 30);
        assert_eq!(kept.rules[0]["rate-in"], "512 KiB");
    });
    let grange = BackupServerId::new("grange").expect("an id");
    let secret = names::site_token_secret(&grange, &SiteId::new("friche").expect("an id"));
    assert!(stage.engine.vault.get_secret(&secret).await.expect("read").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn server_prepare_again_writes_nothing() {
    let stage = stage().await;
    stage.prepare().await.unwrap_or_else(|error| panic!("{error}"));
    stage.kept(|kept| kept.writes.clear());
    assert_eq!(stage.prepare().await.unwrap_or_else(|error| panic!("{error}")), 0);
    stage.kept(|kept| assert!(kept.writes.is_empty(), "{:?}", kept.writes));
}

#[tokio::test(flavor = "multi_thread")]
async fn server_prepare_puts_right_what_somebody_changed() {
    let stage = stage().await;
    stage.prepare().await.unwrap_or_else(|error| panic!("{error}"));
    stage.kept(|kept| {
        let verify = &mut kept.jobs.get_mut("verify").expect("a job")[0];
        verify.shift_remove("outdated-after");
        let prune = &mut kept.jobs.get_mut("prune").expect("jobs")[0];
        prune.insert("disable".to_owned(), json!(true));
        prune.insert("keep-last".to_owned(), json!(1000));
        kept.options.insert("verify-new".to_owned(), json!(false));
        // The instance stood at another site when this group was begun.
        kept.owners.insert("coop/ilot".to_owned(), "accolades-valsonne@pbs!backup".to_owned());
    });
    assert_eq!(stage.prepare().await.unwrap_or_else(|error| panic!("{error}")), 4);
    stage.kept(|kept| {
        assert_eq!(kept.jobs["verify"][0]["outdated-after"], 30);
        assert!(!kept.jobs["prune"][0].contains_key("keep-last") && !kept.jobs["prune"][0].contains_key("disable"));
        assert_eq!(kept.options["verify-new"], true);
        assert_eq!(kept.owners["coop/ilot"], "accolades-friche@pbs!backup");
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn server_prepare_renews_a_token_whose_value_was_lost_under_its_name() {
    let stage = stage().await;
    stage.prepare().await.unwrap_or_else(|error| panic!("{error}"));
    let grange = BackupServerId::new("grange").expect("an id");
    let secret = names::site_token_secret(&grange, &SiteId::new("friche").expect("an id"));
    stage.engine.vault.delete_secret(&secret).await.expect("lost");
    stage.kept(|kept| kept.writes.clear());
    stage.prepare().await.unwrap_or_else(|error| panic!("{error}"));
    stage.kept(|kept| assert_eq!(kept.writes, ["PUT /access/users/accolades-friche@pbs/token/backup"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn server_prepare_stops_at_a_token_that_may_do_more() {
    let stage = stage().await;
    stage.prepare().await.unwrap_or_else(|error| panic!("{error}"));
    stage.kept(|kept| {
        for to in ["accolades-friche@pbs", "accolades-friche@pbs!backup"] {
            kept.acl.push(("/datastore/communs".to_owned(), "DatastoreAdmin".to_owned(), to.to_owned()));
        }
    });
    let error = stage.prepare().await.expect_err("a stolen node could destroy backups");
    assert!(matches!(&error, EngineError::Conflict(_)), "{error}");
    assert!(!error.to_string().contains(PASSWORD));
}
