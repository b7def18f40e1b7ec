//! Canary secrets: after a whole onboarding by the real binary no secret stands anywhere but where it must.

use std::collections::BTreeMap;
use std::sync::Arc;

use accolades::domain::backup::key::BackupKey;
use accolades::store::secrets::Vault;
use accolades::store::{Scope, Store};
use accolades::util::random::Randomness;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::ExposeSecret;

use crate::technician::{DISK_SERIAL, SERVER_PASSWORD, Technician, store_files};

/// Its encoded form in a URL is another text.
const RELAY_PASSWORD: &str = "canari+Relais/2026";

/// Where YunoHost and postfix keep the relay's password themselves (docs/security.md, "Exceptions").
const RELAY_PLACES: [&str; 2] = ["/etc/yunohost/settings.yml", "/etc/postfix/sasl_passwd"];

/// The key of the remote backups.
const KEY: &str = "instance/ilot/backup-key";

/// Every way in which a secret might be written down.
fn forms(value: &str) -> Vec<String> {
    let encoded = utf8_percent_encode(value, NON_ALPHANUMERIC).to_string();
    let mut forms = vec![value.to_owned(), encoded];
    forms.dedup();
    forms
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

async fn onboard(technician: &Technician) -> String {
    let mut said = String::new();
    let prepare = ["site", "prepare", "friche", "--format", DISK_SERIAL];
    let commands: [(&[&str], &str); 18] = [
        (&["inventory", "accept"], ""),
        (&["secret", "set", "relay"], RELAY_PASSWORD),
        (&["secret", "set", "backup-server/grange/admin"], SERVER_PASSWORD),
        (&["backup-server", "prepare", "grange"], ""),
        (&prepare, ""),
        (&["plan"], ""),
        (&["apply", "ilot", "--json"], ""),
        (&["apply", "ilot"], ""),
        (&["plan", "--json"], ""),
        (&["backup", "run", "ilot"], ""),
        (&["drill", "ilot", "--from", "remote", "--json"], ""),
        (&["watch", "--once", "--json"], ""),
        (&["backup", "list", "--json"], ""),
        (&["key", "list", "--json"], ""),
        (&["drill", "list", "--json"], ""),
        (&["status"], ""),
        (&["secret", "list"], ""),
        (&["store", "check"], ""),
    ];
    for (arguments, stdin) in commands {
        said.push_str(&technician.must(arguments, stdin).await);
    }
    said
}

async fn secrets(store: &Store) -> BTreeMap<String, String> {
    // The key lies beside the store.
    let vault = Vault::open(store, None, Arc::new(Randomness::from_seed(0))).await.expect("the key fits");
    let mut secrets = BTreeMap::new();
    for one in vault.secret_names().await.expect("readable") {
        let value = vault.get_secret(&one.name).await.expect("readable").expect("it was listed");
        secrets.insert(one.name, value.expose_secret().to_owned());
    }
    secrets
}

/// Everything that the lab's machines keep in files, by machine and path.
fn files_of_machines(technician: &Technician) -> Vec<(String, String)> {
    let state = technician.served.lab.lock();
    let mut files = Vec::new();
    for site in state.world.sites.values() {
        let guests = site.pve.vms.iter().filter_map(|(vmid, vm)| Some((format!("guest {vmid}"), vm.guest.as_ref()?)));
        for (name, machine) in guests.chain(std::iter::once(("node".to_owned(), &site.node))) {
            let texts = machine.files.all().filter_map(|(path, entry)| Some((path, entry.content.as_ref()?)));
            files.extend(texts.map(|(path, text)| (format!("{name} {path}"), text.clone())));
        }
    }
    files
}

/// Where Proxmox VE keeps what opens a backup storage: readable by root alone, shown to nobody.
const STORAGE_SECRETS: &str = "node /etc/pve/priv/storage/pbs-ilot";

fn is_allowed(secret: &str, place: &str) -> bool {
    let opens_the_storage = ["backup-server/grange/site/friche", KEY].contains(&secret);
    if opens_the_storage && place.starts_with(STORAGE_SECRETS) {
        return true;
    }
    secret == "relay" && RELAY_PLACES.iter().any(|path| place.contains(&format!(" {path}")))
}

#[tokio::test(flavor = "multi_thread")]
async fn canary_secrets_stand_nowhere_but_where_they_must() {
    let technician = Technician::new(5).await;
    let said = onboard(&technician).await;
    let store = Store::open(&technician.store()).await.expect("the store is whole");
    let secrets = secrets(&store).await;
    let names: Vec<&str> = secrets.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "backup-server/grange/admin",
            "backup-server/grange/monitor-token",
            "backup-server/grange/site/friche",
            "instance/ilot/admin",
            "instance/ilot/backup-key",
            "person/claire-voyer/claire",
            "person/claire-voyer/yves",
            "relay",
            "site/friche/everyday-token",
            "site/friche/set-up-token"
        ],
        "the run had all kinds of secrets"
    );

    let mut places: Vec<(String, Vec<u8>)> = vec![("what the program said".to_owned(), said.into_bytes())];
    places.extend(store_files(&technician).into_iter().map(|path| {
        let bytes = std::fs::read(&path).expect("a file of the store");
        (path.display().to_string(), bytes)
    }));
    for run in store.runs(&Scope::Staff, u32::MAX).await.expect("readable") {
        // SQLite may break a long text over two pages: the journal is looked at as it is read, too.
        let journal = store.journal_of(&Scope::Staff, &run.id).await.expect("readable");
        places.push((format!("run {}", run.id), format!("{run:?} {journal:?}").into_bytes()));
    }
    places.push(("the transcript".to_owned(), technician.served.lab.lock().transcript.lines().into_bytes()));
    places.extend(files_of_machines(&technician).into_iter().map(|(place, text)| (place, text.into_bytes())));

    let key = BackupKey::from_json(&secrets[KEY]).expect("a key");
    let mut found = Vec::new();
    for (name, value) in &secrets {
        let mut forms = forms(value);
        if name == KEY {
            // As it is in its file, and as it is printed.
            forms.push(key.secret_part().expose_secret().to_owned());
            forms.extend(key.lines().iter().map(|line| line[3..].to_owned()));
        }
        for form in forms {
            for (place, bytes) in &places {
                if contains(bytes, &form) && !is_allowed(name, place) {
                    found.push(format!("`{name}` in {place}"));
                }
            }
        }
    }
    assert!(found.is_empty(), "secrets in clear:\n{}", found.join("\n"));
    // The search can find: the one exception is there, in clear.
    let kept = files_of_machines(&technician);
    assert!(
        kept.iter().any(|(place, text)| place.ends_with("/etc/yunohost/settings.yml") && text.contains(RELAY_PASSWORD))
    );
}
