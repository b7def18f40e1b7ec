//! The packages of the recorder as data, from the facts in the recording's first line: its own inventions, and
//! Nextcloud and Dolibarr with its trivial scripts.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::LazyLock;

use accolades::lab::os::Files;
use accolades::lab::yunohost::apps::package::{
    AppSources, Behaviour, Catalog, Listed, Package, PanelSection, compare_versions, repository_url,
};
use serde_json::{Map, Value, json};

/// The folder of YunoHost's contract.
fn contracts() -> Option<PathBuf> {
    Some(crate::contracts::folder()?.join("yunohost"))
}

/// The lines of the recording, read once; the first one explains the others.
pub fn recording() -> Option<&'static [Value]> {
    static LINES: LazyLock<Option<Vec<Value>>> = LazyLock::new(|| {
        let text = std::fs::read_to_string(contracts()?.join("recorded/yunohost-cli.jsonl")).expect("readable");
        Some(text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect())
    });
    LINES.as_deref()
}

/// The recorder's packages.
pub struct Packages {
    folder: PathBuf,
    /// What the recording says of each package, by id.
    pub facts: Map<String, Value>,
    descriptions: Value,
}

impl Packages {
    /// The packages of the recording; `None` without the contracts.
    pub fn of_contracts() -> Option<Packages> {
        let lines = recording()?;
        let (head, steps) = lines.split_first().expect("a first line");
        let catalog = steps.iter().find(|step| step["session"] == "app-catalog").expect("the catalogue is recorded");
        let catalog: Value = serde_json::from_str(catalog["stdout"].as_str().expect("text")).expect("JSON");
        Some(Packages {
            folder: contracts()?,
            facts: head["packages"].as_object().cloned().expect("packages"),
            descriptions: catalog["apps"].clone(),
        })
    }

    /// The version of each package in the first catalogue.
    pub fn first_versions(&self) -> BTreeMap<String, String> {
        let first = |facts: &Value| facts["versions"].as_object().and_then(|all| all.keys().next().cloned());
        self.facts.iter().map(|(id, facts)| (id.clone(), first(facts).expect("one version"))).collect()
    }

    /// The internet of the recorder: the first catalogue, and the newest packages in their repositories.
    pub fn sources(&self) -> AppSources {
        let repositories = self.facts.keys().map(|id| (repository_url(id), self.newest(id))).collect();
        AppSources { catalog: self.catalog(&self.first_versions()), repositories }
    }

    /// Puts the packages as folders under `/root/pkg`, and one that has no manifest.
    pub fn put_folders(&self, files: &mut Files) {
        for (id, facts) in &self.facts {
            for (name, _) in facts["versions"].as_object().into_iter().flatten() {
                let package = self.of_version(id, name).package;
                let folder = format!("/root/pkg/{id}_{}_ynh", package.version().replace('~', "_"));
                let manifest = toml::to_string(&package.manifest).expect("TOML");
                let behaviour = serde_json::to_string(&package.behaviour).expect("JSON");
                files.write(&format!("{folder}/manifest.toml"), manifest);
                files.write(&format!("{folder}/scripts/lab.json"), behaviour);
            }
        }
        files.make_folder("/root/pkg/pasdemanifest_ynh", 0o755, "root");
    }

    fn of_version(&self, id: &str, catalog_name: &str) -> Listed {
        let facts = &self.facts[id];
        let version = &facts["versions"][catalog_name];
        let manifest_version = version["manifest_version"].as_str().unwrap_or(catalog_name);
        let mut manifest = self.manifest(id, facts);
        manifest.insert("version".to_owned(), json!(manifest_version));
        manifest["integration"]["yunohost"] = version["yunohost"].clone();
        Listed {
            package: Package { manifest, behaviour: behaviour(id, facts, version, manifest_version) },
            announced: (manifest_version != catalog_name).then(|| catalog_name.to_owned()),
            level: facts["level"].as_i64().unwrap_or_default(),
            state: facts["state"].as_str().unwrap_or_default().to_owned(),
            category: match id {
                "nextcloud" => "synchronization",
                "dolibarr" => "productivity_and_management",
                _ => "small_utilities",
            }
            .to_owned(),
            subtags: if id == "nextcloud" { vec!["files".to_owned()] } else { Vec::new() },
        }
    }

    /// The real manifests of Nextcloud and Dolibarr without sources and Debian packages; made up for the others.
    fn manifest(&self, id: &str, facts: &Value) -> Map<String, Value> {
        let real = std::fs::read_to_string(self.folder.join(format!("{id}.manifest.toml")));
        if let Ok(text) = real {
            let mut manifest = Package::from_manifest(&text, Behaviour::default()).expect("TOML").manifest;
            let resources = manifest["resources"].as_object_mut().expect("a table");
            resources.retain(|name, _| name != "sources" && name != "apt");
            return manifest;
        }
        let english = self.descriptions[id]["description"].as_str().unwrap_or_default();
        let rest = id.trim_start_matches("demo");
        let name = format!("Demo {}{}", rest[..1].to_uppercase(), &rest[1..]);
        let mut install = facts["install"].as_object().cloned().unwrap_or_default();
        for (question, text) in [
            ("language", "Language of the instance"),
            ("seats", "Number of seats"),
            ("contact", "Contact address"),
            ("title", "Title"),
            ("beta", "Enable beta features"),
        ] {
            if let Some(one) = install.get_mut(question) {
                one["ask"] = json!({"en": text});
            }
        }
        let mut resources = Map::new();
        for name in facts["resources"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let options = if name == "permissions" { facts["permissions"].clone() } else { json!({}) };
            resources.insert(name.to_owned(), options);
        }
        let Value::Object(manifest) = json!({
            "packaging_format": 2,
            "id": id,
            "name": name,
            "description": {"en": english, "fr": format!("{english} (fr)")},
            "version": "",
            "maintainers": [],
            "upstream": {"license": "MIT"},
            "integration": {
                "yunohost": "", "helpers_version": "2.1", "architectures": "all",
                "multi_instance": facts["multi_instance"], "ldap": false, "sso": false,
                "disk": facts["disk"], "ram": facts["ram"],
            },
            "install": install,
            "resources": resources,
        }) else {
            unreachable!("the literal is an object")
        };
        manifest
    }

    /// The catalogue that offers these versions.
    pub fn catalog(&self, versions: &BTreeMap<String, String>) -> Catalog {
        Catalog {
            apps: versions.iter().map(|(id, version)| (id.clone(), self.of_version(id, version))).collect(),
            categories: vec![
                ("synchronization".to_owned(), "Files sync, contact, calendar, password managers…".to_owned()),
                ("productivity_and_management".to_owned(), "Project management, human resource management…".to_owned()),
            ],
            antifeatures: vec![("tracking".to_owned(), "Tracks you.".to_owned())],
        }
    }

    fn newest(&self, id: &str) -> Package {
        let versions = self.facts[id]["versions"].as_object().expect("versions");
        // The newest that runs on this YunoHost is at the head of a repository.
        let usable = versions.iter().filter(|(_, one)| one["yunohost"] == ">= 12.1.25");
        let last = usable.map(|(name, _)| name.clone()).max_by(|one, other| compare_versions(one, other));
        self.of_version(id, &last.expect("one version")).package
    }
}

fn behaviour(id: &str, facts: &Value, version: &Value, manifest_version: &str) -> Behaviour {
    let real = matches!(id, "nextcloud" | "dolibarr");
    let upstream = manifest_version.split('~').next().unwrap_or_default();
    let section = |id: &str, name: &str, option: &str, ask: &str, default: bool| PanelSection {
        id: id.to_owned(),
        name: name.to_owned(),
        options: vec![(option.to_owned(), ask.to_owned(), default)],
    };
    let upgrade_error = version["upgrade"].as_str().map(|_| match id {
        "nextcloud" => ("Upgrading Nextcloud...".to_owned(), format!("Unable to upgrade Nextcloud to {upstream}")),
        _ => ("Upgrading database...".to_owned(), format!("Database migration to {upstream} failed")),
    });
    let notices = version["notices"].is_string();
    Behaviour {
        reports_progress: real,
        changes_url: facts["change_url"] == json!(true),
        install_error: facts["install_script"].as_str().map(|_| "the download of the archive failed".to_owned()),
        upgrade_error,
        notice_before_upgrade: notices.then(|| "Third-party apps may be disabled by this upgrade.".to_owned()),
        notice_after_upgrade: notices.then(|| {
            "Note that if you've installed any third-party applications, they have probably been disabled.".to_owned()
        }),
        config_panel: if id == "nextcloud" {
            vec![
                section("maintenance", "Maintenance", "maintenance_mode", "Enable maintenance mode", false),
                section(
                    "addressbook",
                    "Address book configuration",
                    "system_addressbook_exposed",
                    "Enable address book",
                    true,
                ),
            ]
        } else {
            Vec::new()
        },
        ..Behaviour::default()
    }
}
