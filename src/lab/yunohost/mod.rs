//! YunoHost 12.1 as its command line answers: grammar, state, words and quirks.

pub mod apps;
pub mod backups;
pub mod cli_log;
pub mod context;
pub mod diagnosis;
mod dispatch;
pub mod dolibarr;
mod domains;
mod duration;
pub mod firewall;
pub mod grammar;
pub mod job;
pub mod journal;
pub mod lock;
mod neighbours;
pub mod nextcloud;
pub mod operation_log;
mod panel;
mod passwords;
mod postinstall;
pub mod printer;
pub mod regenconf;
pub mod reply;
mod run;
pub mod services;
mod settings;
pub mod state;
pub mod tools;
mod users;
pub mod view;
mod when;
pub mod words;
mod yaml;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use duration::estimate_duration_us;
pub use run::{INSTALLED_PATH, run};
pub use users::permissions::{
    absolute_url, add_app_permissions, label, move_app_permissions, remove_app_permissions, users_of,
};

/// Where `tools reboot|shutdown --force` leave word for whoever runs the machine: `reboot` or `poweroff`.
pub const POWER_PATH: &str = "/run/systemd/power-request";

/// The version that is simulated.
pub const VERSION: &str = "12.1.25";

/// What YunoHost keeps on a machine. Whether the post-installation was done is told by `/etc/yunohost/installed`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Yunohost {
    /// Apps, catalogue, backups and tools.
    pub apps: apps::Apps,
    /// The people, in the order in which they were created.
    pub users: Vec<state::User>,
    /// Groups in order: the special ones, then users' own and others as they came.
    pub groups: Vec<state::Group>,
    /// Who may use what, by name (`mail.main`).
    pub permissions: BTreeMap<String, state::Permission>,
    /// Domains in the order in which they were added.
    pub domains: Vec<state::Domain>,
    /// The main domain.
    pub main_domain: String,
    /// The first domain: its name is that of the authority that signs the server's own certificates.
    pub first_domain: String,
    /// Settings that differ from their default.
    pub settings: BTreeMap<String, Value>,
    /// Whether administrators use `sudo` without a password.
    pub passwordless_sudo: bool,
    /// Fingerprint of root's password; empty while there is none.
    pub root_password: String,
    /// Configuration files as they were written.
    pub regenconf: regenconf::RegenConf,
    /// Services.
    pub services: services::Services,
    /// The firewall.
    pub firewall: firewall::Firewall,
    /// Diagnosis reports and filters.
    pub diagnosis: diagnosis::Diagnosis,
    /// Packages of Debian, migrations, hooks.
    pub tools: tools::Tools,
    /// What the machine is made of.
    pub hardware: tools::Hardware,
    /// The journal of operations, oldest first.
    pub operations: Vec<journal::Operation>,
    /// The command in the background that holds the lock.
    pub lock_holder: Option<lock::Holder>,
}

impl Yunohost {
    /// What is there once the packages are installed, before the post-installation.
    pub fn installed() -> Yunohost {
        Yunohost {
            apps: apps::Apps::default(),
            services: services::Services::default(),
            firewall: firewall::Firewall::default(),
            diagnosis: diagnosis::Diagnosis::default(),
            tools: tools::Tools::default(),
            hardware: tools::Hardware::default(),
            operations: Vec::new(),
            users: Vec::new(),
            groups: users::groups::first_groups(),
            permissions: users::permissions::first_permissions(),
            domains: Vec::new(),
            main_domain: String::new(),
            first_domain: String::new(),
            settings: BTreeMap::new(),
            passwordless_sudo: false,
            root_password: String::new(),
            regenconf: regenconf::RegenConf::default(),
            lock_holder: None,
        }
    }

    /// A setting as text: booleans as `1` or `0` (`ssh_port`, `ssh_password_authentication`, ...).
    pub fn setting(&self, key: &str) -> String {
        settings::text(self, key)
    }

    /// The port of the SSH server as the settings have it.
    pub fn ssh_port(&self) -> u16 {
        self.setting("ssh_port").parse().unwrap_or(22)
    }
}

impl Default for Yunohost {
    fn default() -> Yunohost {
        Yunohost::installed()
    }
}
