//! Packages and the catalogue: manifests as data, and how their scripts behave.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha1::Digest as _;

use crate::os::Files;

/// One version of a package.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Package {
    /// The manifest as it is in `manifest.toml`.
    pub manifest: Map<String, Value>,
    /// What its scripts do.
    pub behaviour: Behaviour,
}

/// What the scripts of a package do and say.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Behaviour {
    /// The program that is installed.
    pub program: Program,
    /// Whether the scripts report their progress like those of a real application, or only their own name.
    pub reports_progress: bool,
    /// Whether there is a `change_url` script.
    pub changes_url: bool,
    /// The install script always fails with these words.
    pub install_error: Option<String>,
    /// The upgrade script always fails: the step it is at, and its words.
    pub upgrade_error: Option<(String, String)>,
    /// Shown after an installation, before and after an upgrade.
    pub notice_after_install: Option<String>,
    /// Shown before an upgrade to this version from an older one.
    pub notice_before_upgrade: Option<String>,
    /// Shown after an upgrade to this version.
    pub notice_after_upgrade: Option<String>,
    /// The configuration panel.
    pub config_panel: Vec<PanelSection>,
    /// How long an installation takes, in milliseconds.
    pub install_ms: u64,
}

/// Programs that have a life of their own in the lab.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Program {
    /// Nothing but its files.
    #[default]
    Plain,
    /// Nextcloud.
    Nextcloud,
    /// Dolibarr.
    Dolibarr,
}

/// A section of the panel `main`, with yes-or-no settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PanelSection {
    /// Id, for example `maintenance`.
    pub id: String,
    /// Title.
    pub name: String,
    /// Setting, question, default.
    pub options: Vec<(String, String, bool)>,
}

/// An entry of the catalogue.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Listed {
    /// The package that is downloaded.
    pub package: Package,
    /// The version that the catalogue names, when it is not that of the package.
    pub announced: Option<String>,
    /// Quality, 0 to 8.
    pub level: i64,
    /// `working`, `inprogress` or `notworking`.
    pub state: String,
    /// Category.
    pub category: String,
    /// Subcategories.
    pub subtags: Vec<String>,
}

/// The catalogue.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Catalog {
    /// Entries by app id.
    pub apps: BTreeMap<String, Listed>,
    /// Categories: id and description.
    pub categories: Vec<(String, String)>,
    /// Antifeatures: id and description.
    pub antifeatures: Vec<(String, String)>,
}

/// What the internet holds of packages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AppSources {
    /// The catalogue as it is published now.
    pub catalog: Catalog,
    /// Repositories by address: the newest package, when it is newer than the catalogue's.
    pub repositories: BTreeMap<String, Package>,
}

impl Default for AppSources {
    /// The lab's own catalogue.
    fn default() -> AppSources {
        AppSources { catalog: Catalog::of_the_lab(), repositories: BTreeMap::new() }
    }
}

/// Where the catalogue's packages are kept.
pub fn repository_url(id: &str) -> String {
    format!("https://github.com/YunoHost-Apps/{id}_ynh")
}

impl Package {
    /// A package from the text of its manifest.
    ///
    /// # Errors
    /// What is wrong with the TOML.
    pub fn from_manifest(text: &str, behaviour: Behaviour) -> Result<Package, toml::de::Error> {
        Ok(Package { manifest: toml::from_str(text)?, behaviour })
    }

    /// A package in a folder of the machine: `manifest.toml`, and `scripts/lab.json` for what its scripts do.
    pub fn from_folder(files: &Files, folder: &str) -> Option<Package> {
        let manifest = files.read(&format!("{folder}/manifest.toml"))?;
        let behaviour = files.read(&format!("{folder}/scripts/lab.json"));
        let behaviour = behaviour.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        Package::from_manifest(manifest, behaviour).ok()
    }

    /// App id.
    pub fn id(&self) -> &str {
        self.text("id")
    }

    /// Name for people.
    pub fn name(&self) -> &str {
        self.text("name")
    }

    /// Version, for example `33.0.4~ynh1`.
    pub fn version(&self) -> &str {
        self.text("version")
    }

    /// Description in English.
    pub fn description(&self) -> &str {
        self.manifest.get("description").and_then(|text| text["en"].as_str()).unwrap_or_default()
    }

    /// The version of the program inside, without the package's own number.
    pub fn upstream_version(&self) -> &str {
        self.version().split('~').next().unwrap_or_default()
    }

    /// A value of `[integration]`.
    pub fn integration(&self, name: &str) -> &Value {
        self.manifest.get("integration").map_or(&Value::Null, |section| &section[name])
    }

    /// The questions of the installation, in order.
    pub fn questions(&self) -> Vec<(&str, &Map<String, Value>)> {
        let questions = self.manifest.get("install").and_then(Value::as_object);
        questions.into_iter().flatten().filter_map(|(id, one)| Some((id.as_str(), one.as_object()?))).collect()
    }

    /// The resources, in order; those that the lab does not provide (sources, packages of Debian) are left out.
    pub fn resources(&self) -> Vec<(&str, &Value)> {
        const PROVIDED: &[&str] = &["system_user", "install_dir", "data_dir", "permissions", "ports", "database"];
        let resources = self.manifest.get("resources").and_then(Value::as_object);
        resources
            .into_iter()
            .flatten()
            .map(|(id, one)| (id.as_str(), one))
            .filter(|(id, _)| PROVIDED.contains(id))
            .collect()
    }

    /// The commit that this version is.
    pub fn revision(&self) -> String {
        hex::encode(sha1::Sha1::digest(format!("{}|{}", self.id(), self.version())))
    }

    /// The question of this type, when there is exactly one.
    pub fn only_question(&self, kind: &str) -> Option<&str> {
        let mut found = self.questions().into_iter().filter(|(_, one)| one.get("type").is_some_and(|one| one == kind));
        let first = found.next()?.0;
        found.next().is_none().then_some(first)
    }

    fn text(&self, name: &str) -> &str {
        self.manifest.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

impl Listed {
    /// The version that the catalogue names.
    pub fn version(&self) -> &str {
        self.announced.as_deref().unwrap_or_else(|| self.package.version())
    }

    /// Whether the catalogue says it does not work.
    pub fn is_broken(&self) -> bool {
        self.state != "working" || self.level <= 0
    }

    /// Whether upgrades are held back: level below 5 or not working (sheet YunoHost, section 4).
    pub fn is_bad(&self) -> bool {
        self.state != "working" || self.level < 5
    }
}

impl Catalog {
    /// The catalogue of the lab's own internet: Nextcloud and Dolibarr.
    pub fn of_the_lab() -> Catalog {
        let nextcloud = Behaviour {
            program: Program::Nextcloud,
            reports_progress: true,
            changes_url: true,
            config_panel: vec![
                section("maintenance", "Maintenance", "maintenance_mode", "Enable maintenance mode", false),
                section(
                    "addressbook",
                    "Address book configuration",
                    "system_addressbook_exposed",
                    "Enable address book",
                    true,
                ),
                section("notify_push", "High Performance Backend", "enable_notify_push", "Enable notify push", false),
                section("forward_email", "Forward emails", "enable_forward_email", "Enable email forwarding", false),
            ],
            install_ms: 90_000,
            ..Behaviour::default()
        };
        let dolibarr = Behaviour {
            program: Program::Dolibarr,
            reports_progress: true,
            changes_url: true,
            install_ms: 45_000,
            ..Behaviour::default()
        };
        let listed = |text: &str, behaviour, category: &str, subtags: &[&str]| Listed {
            package: Package::from_manifest(text, behaviour).expect("the lab's own manifests are read in a test"),
            announced: None,
            level: 8,
            state: "working".to_owned(),
            category: category.to_owned(),
            subtags: subtags.iter().map(|one| (*one).to_owned()).collect(),
        };
        let apps = BTreeMap::from([
            (
                "nextcloud".to_owned(),
                listed(include_str!("packages/nextcloud.toml"), nextcloud, "synchronization", &["files"]),
            ),
            (
                "dolibarr".to_owned(),
                listed(include_str!("packages/dolibarr.toml"), dolibarr, "productivity_and_management", &["erp"]),
            ),
        ]);
        Catalog { apps, categories: Vec::new(), antifeatures: Vec::new() }
    }
}

fn section(id: &str, name: &str, setting: &str, ask: &str, default: bool) -> PanelSection {
    PanelSection {
        id: id.to_owned(),
        name: name.to_owned(),
        options: vec![(setting.to_owned(), ask.to_owned(), default)],
    }
}

/// Compares versions number by number (`33.0.10~ynh1` is newer than `33.0.9~ynh3`).
pub fn compare_versions(left: &str, right: &str) -> std::cmp::Ordering {
    let numbers = |text: &str| -> Vec<u64> {
        text.split(|one: char| !one.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect()
    };
    numbers(left).cmp(&numbers(right))
}
