//! Dolibarr inside an instance: its database, the directory synchronisation and its REST interface.

pub mod http;
pub mod sql;
mod statement;
mod tables;

use serde::{Deserialize, Serialize};

pub use sql::{SqlError, SqlResult};
use tables::Table;

use super::nextcloud::Person;
use std::collections::BTreeMap;

/// The state of one installed Dolibarr.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DolibarrState {
    /// Version of the program, for example `22.0.4`.
    pub version: String,
    /// Login of the administrator chosen at installation.
    pub admin: String,
    tables: BTreeMap<String, Table>,
}

/// Modules that the API can switch on: name in the API, numeric id, and whether it declares rights.
pub(crate) const MODULES: &[(&str, u32)] = &[
    ("modUser", 0),
    ("modSociete", 1),
    ("modPropale", 20),
    ("modCommande", 25),
    ("modFacture", 30),
    ("modProduct", 50),
    ("modService", 53),
    ("modContrat", 54),
    ("modFicheinter", 70),
    ("modExpenseReport", 770),
    ("modBanque", 85),
    ("modProjet", 400),
    ("modAgenda", 2400),
    ("modApi", 2610),
    ("modCron", 2300),
    ("modLdap", 200),
    ("modAdherent", 310),
    ("modDon", 700),
    ("modTax", 500),
    ("modFournisseur", 40),
    ("modStock", 52),
    ("modECM", 2500),
];

/// Rights of the modules a small organisation uses: id, label, module, permission, sub-permission.
const RIGHTS: &[(u32, &str, &str, &str, &str)] = &[
    (11, "Read invoices", "facture", "lire", ""),
    (12, "Create and update invoices", "facture", "creer", ""),
    (13, "Unvalidate invoices", "facture", "invoice_advance", "unvalidate"),
    (14, "Validate invoices", "facture", "invoice_advance", "validate"),
    (15, "Send invoices by email", "facture", "invoice_advance", "send"),
    (16, "Issue payments of invoices", "facture", "paiement", ""),
    (19, "Delete invoices", "facture", "supprimer", ""),
    (21, "Read commercial proposals", "propale", "lire", ""),
    (22, "Create and update commercial proposals", "propale", "creer", ""),
    (27, "Delete commercial proposals", "propale", "supprimer", ""),
    (31, "Read products", "produit", "lire", ""),
    (32, "Create and update products", "produit", "creer", ""),
    (34, "Delete products", "produit", "supprimer", ""),
    (81, "Read orders", "commande", "lire", ""),
    (82, "Create and update orders", "commande", "creer", ""),
    (111, "Read bank accounts and transactions", "banque", "lire", ""),
    (112, "Create and update transactions", "banque", "modifier", ""),
    (121, "Read third parties", "societe", "lire", ""),
    (122, "Create and update third parties", "societe", "creer", ""),
    (125, "Delete third parties", "societe", "supprimer", ""),
    (251, "Read information of other users", "user", "user", "lire"),
    (252, "Read permissions of other users", "user", "user_advance", "readperms"),
    (253, "Create and update users", "user", "user", "creer"),
    (281, "Read contacts", "societe", "contact", "lire"),
    (282, "Create and update contacts", "societe", "contact", "creer"),
    (2610, "Generate and modify the API key of users", "api", "apikey", "generate"),
];

/// The constant that says whom of the directory Dolibarr takes over, and what the package puts there.
const LDAP_FILTER: &str = "LDAP_FILTER_CONNECTION";
const EVERY_ACCOUNT: &str = "&(objectClass=posixAccount)";

/// Whom of the directory a Dolibarr takes over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// Every account.
    Everybody,
    /// Those who have this permission of YunoHost's, for example `dolibarr.main`.
    Permitted(String),
    /// Nobody: the filter is one that is not simulated.
    NotSimulated(String),
}

impl DolibarrState {
    /// The tables with their numbers of rows.
    pub(crate) fn row_counts(&self) -> Vec<(String, u64)> {
        self.tables.iter().map(|(name, table)| (name.clone(), table.rows.len() as u64)).collect()
    }

    /// A Dolibarr as its package leaves it: only the LDAP module on (sheet YunoHost, section 7), the administrator
    /// and every user of the directory, who have no rights at all.
    pub fn installed(version: &str, admin: &str, directory: &[Person]) -> DolibarrState {
        let mut state = DolibarrState { version: version.to_owned(), admin: admin.to_owned(), tables: tables::empty() };
        for (name, value) in [
            ("MAIN_VERSION_FIRST_INSTALL", version),
            ("MAIN_VERSION_LAST_INSTALL", version),
            ("MAIN_MODULE_USER", "1"),
            ("MAIN_MODULE_LDAP", "1"),
            ("MAIN_LANG_DEFAULT", "auto"),
            ("MAIN_AUTHENTICATION_MODE", "http,ldap"),
            ("LDAP_USER_DN", "ou=users,dc=yunohost,dc=org"),
            (LDAP_FILTER, EVERY_ACCOUNT),
            ("LDAP_SYNCHRO_ACTIVE", "ldap2dolibarr"),
        ] {
            state.put_const(name, value);
        }
        for (id, label, module, permission, sub) in RIGHTS {
            state.put_right(*id, label, module, permission, sub);
        }
        state.synchronise(directory);
        state
    }

    /// Takes over the users that are not known yet, as at installation and in the `post_user_create` hook.
    /// Nobody is ever removed (sheet YunoHost, section 7).
    pub fn synchronise(&mut self, directory: &[Person]) {
        for person in directory {
            if self.user(&person.uid).is_some() {
                continue;
            }
            let (first, last) = person.name.split_once(' ').unwrap_or(("", &person.name));
            let admin = if person.uid == self.admin { "1" } else { "0" };
            self.table_mut("llx_user").insert_pairs(&[
                ("login", &person.uid),
                ("firstname", first),
                ("lastname", last),
                ("email", &person.mail),
                ("admin", admin),
                ("statut", "1"),
                ("entity", "0"),
            ]);
        }
    }

    /// Whom it takes over.
    pub fn taken(&self) -> Taken {
        let filter = self.constant(LDAP_FILTER).unwrap_or(EVERY_ACCOUNT);
        let permission = filter
            .strip_prefix(EVERY_ACCOUNT)
            .and_then(|rest| rest.strip_prefix("(permission=cn="))
            .and_then(|rest| rest.strip_suffix(",ou=permission,dc=yunohost,dc=org)"));
        match permission {
            Some(permission) => Taken::Permitted(permission.to_owned()),
            None if filter == EVERY_ACCOUNT => Taken::Everybody,
            None => Taken::NotSimulated(filter.to_owned()),
        }
    }

    /// The value of a constant.
    pub fn constant(&self, name: &str) -> Option<&str> {
        self.tables.get("llx_const")?.find("name", name)?.get("value")?.as_deref()
    }

    /// Whether a module is on, by its API name such as `modApi`.
    pub fn module_enabled(&self, module: &str) -> bool {
        let name = module_const(module);
        self.constant(&name).is_some_and(|value| value == "1")
    }

    /// Switches a module on or off, as its own page and the API do.
    pub fn switch_module(&mut self, module: &str, on: bool) {
        let name = module_const(module);
        self.table_mut("llx_const").remove_where("name", &name);
        if on {
            self.put_const(&name, "1");
        }
    }

    fn put_const(&mut self, name: &str, value: &str) {
        self.table_mut("llx_const").remove_where("name", name);
        self.table_mut("llx_const").insert_pairs(&[
            ("name", name),
            ("entity", "1"),
            ("value", value),
            ("type", "chaine"),
            ("visible", "0"),
        ]);
    }

    fn put_right(&mut self, id: u32, label: &str, module: &str, permission: &str, sub: &str) {
        let mut pairs = vec![
            ("id", id.to_string()),
            ("entity", "1".to_owned()),
            ("libelle", label.to_owned()),
            ("module", module.to_owned()),
            ("perms", permission.to_owned()),
            ("type", "r".to_owned()),
            ("enabled", "1".to_owned()),
        ];
        if !sub.is_empty() {
            pairs.push(("subperms", sub.to_owned()));
        }
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.table_mut("llx_rights_def").insert_pairs(&pairs);
    }

    fn user(&self, login: &str) -> Option<&tables::Row> {
        self.tables.get("llx_user")?.find("login", login)
    }

    fn table_mut(&mut self, name: &str) -> &mut Table {
        self.tables.get_mut(name).expect("every table is made at installation")
    }
}

/// `modFacture` is the constant `MAIN_MODULE_FACTURE`.
fn module_const(module: &str) -> String {
    format!("MAIN_MODULE_{}", module.strip_prefix("mod").unwrap_or(module).to_uppercase())
}
