//! Nextcloud inside an instance: its accounts, apps, configuration and files, and its command line `occ`.

pub mod http;
pub mod occ;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use http::nextcloud_http;
pub use occ::occ;

/// A person in the directory (LDAP) who may use the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Account name.
    pub uid: String,
    /// Full name.
    pub name: String,
    /// Main address.
    pub mail: String,
}

/// The state of one installed Nextcloud.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextcloudState {
    /// Version of the program, for example `33.0.4`.
    pub version: String,
    /// Whether only administrators get an answer.
    pub maintenance: bool,
    /// Whether the code is newer than the database.
    pub needs_upgrade: bool,
    /// Apps that are on, with their version.
    pub apps: BTreeMap<String, String>,
    /// Apps that are there but off, with their version.
    pub apps_off: BTreeMap<String, String>,
    /// `oc_appconfig`: app, key, value.
    pub app_config: BTreeMap<String, BTreeMap<String, String>>,
    /// `config.php`, nested keys joined by spaces as `occ` takes them.
    pub system_config: BTreeMap<String, String>,
    /// Members of the group `admin`.
    pub admins: BTreeSet<String>,
    /// Everyone the directory ever showed: account to name and address. Someone who left it stays as a remnant.
    pub known: BTreeMap<String, (String, String)>,
    /// Files by owner: path below the owner's folder to size in bytes.
    pub files: BTreeMap<String, BTreeMap<String, u64>>,
}

/// Apps that come with the server and are on after an installation by the package, with their version.
const APPS_ON: &[(&str, &str)] = &[
    ("activity", "6.0.0"),
    ("calendar", "6.2.0"),
    ("cloud_federation_api", "1.17.0"),
    ("contacts", "8.3.0"),
    ("dav", "1.36.0"),
    ("federatedfilesharing", "1.23.0"),
    ("files", "2.5.0"),
    ("files_sharing", "1.25.1"),
    ("files_trashbin", "1.23.0"),
    ("files_versions", "1.26.0"),
    ("lookup_server_connector", "1.21.0"),
    ("notifications", "6.0.0"),
    ("oauth2", "1.21.0"),
    ("password_policy", "5.0.0"),
    ("provisioning_api", "1.23.0"),
    ("serverinfo", "5.0.0"),
    ("settings", "1.16.0"),
    ("theming", "2.8.0"),
    ("twofactor_backupcodes", "1.22.0"),
    ("updatenotification", "1.23.0"),
    ("user_ldap", "1.24.0"),
    ("viewer", "6.0.0"),
    ("workflowengine", "2.15.0"),
];

/// Apps that come with the server and are off.
const APPS_OFF: &[(&str, &str)] = &[
    ("admin_audit", "1.23.0"),
    ("encryption", "2.21.0"),
    ("files_external", "1.25.1"),
    ("suspicious_login", "11.0.0"),
    ("twofactor_nextcloud_notification", "7.0.0"),
    ("twofactor_totp", "15.0.0"),
];

impl NextcloudState {
    /// A Nextcloud as its package leaves it. The administrator is the LDAP user: the installer deletes the local one.
    pub fn installed(version: &str, admin: &str, domain: &str, path: &str, data_dir: &str) -> NextcloudState {
        let apps = |list: &[(&str, &str)]| {
            list.iter().map(|(id, version)| ((*id).to_owned(), (*version).to_owned())).collect()
        };
        let mut state = NextcloudState {
            version: version.to_owned(),
            apps: apps(APPS_ON),
            apps_off: apps(APPS_OFF),
            admins: BTreeSet::from([admin.to_owned()]),
            ..NextcloudState::default()
        };
        let base = path.trim_end_matches('/');
        for (key, value) in [
            ("trusted_domains 0", "localhost".to_owned()),
            ("trusted_domains 1", domain.to_owned()),
            ("overwrite.cli.url", format!("https://{domain}{base}")),
            ("overwriteprotocol", "https".to_owned()),
            ("datadirectory", format!("{data_dir}/data")),
            ("dbtype", "mysql".to_owned()),
            ("installed", "true".to_owned()),
            ("logtimezone", "Etc/UTC".to_owned()),
            ("updatechecker", "false".to_owned()),
            ("version", format!("{version}.1")),
        ] {
            state.system_config.insert(key.to_owned(), value);
        }
        state
    }

    /// Follows the directory: who is in it is known from now on.
    pub fn follow(&mut self, directory: &[Person]) {
        for person in directory {
            self.known.insert(person.uid.clone(), (person.name.clone(), person.mail.clone()));
        }
    }

    /// Moves the instance to another address, as `app change-url` does.
    pub fn move_to(&mut self, domain: &str, path: &str) {
        let base = path.trim_end_matches('/');
        self.system_config.insert("trusted_domains 1".to_owned(), domain.to_owned());
        self.system_config.insert("overwrite.cli.url".to_owned(), format!("https://{domain}{base}"));
    }

    /// Writes a file of a user (a client that uploads).
    pub fn put_file(&mut self, owner: &str, path: &str, bytes: u64) {
        self.files.entry(owner.to_owned()).or_default().insert(path.to_owned(), bytes);
    }

    /// The tables of its database that hold what is known here, with their numbers of rows.
    pub(crate) fn tables(&self) -> Vec<(String, u64)> {
        let files: usize = self.files.values().map(BTreeMap::len).sum();
        let settings: usize = self.app_config.values().map(BTreeMap::len).sum();
        [
            ("oc_appconfig", settings + self.apps.len() + self.apps_off.len()),
            ("oc_filecache", files + self.files.len()),
            ("oc_group_user", self.admins.len()),
            ("oc_ldap_user_mapping", self.known.len()),
        ]
        .into_iter()
        .map(|(name, rows)| (name.to_owned(), rows as u64))
        .collect()
    }

    /// Its people's files by absolute path.
    pub(crate) fn data_files(&self) -> Vec<String> {
        let Some(folder) = self.system_config.get("datadirectory") else { return Vec::new() };
        let of = |(owner, files): (&String, &BTreeMap<String, u64>)| {
            files
                .keys()
                .map(|path| format!("{folder}/{owner}/files/{}", path.trim_start_matches('/')))
                .collect::<Vec<_>>()
        };
        self.files.iter().flat_map(of).collect()
    }

    /// What `status.php` and `occ status` show.
    pub(crate) fn status(&self) -> serde_json::Map<String, serde_json::Value> {
        let serde_json::Value::Object(status) = serde_json::json!({
            "installed": true,
            "maintenance": self.maintenance,
            "needsDbUpgrade": self.needs_upgrade,
            "version": format!("{}.1", self.version),
            "versionstring": self.version,
            "edition": "",
            "productname": "Nextcloud",
            "extendedSupport": false,
        }) else {
            unreachable!("the literal above is an object")
        };
        status
    }
}
