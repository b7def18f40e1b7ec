//! What lies outside the sites: names, images, the installer, the app catalogue.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::yunohost::apps::package::AppSources;

/// The rest of the internet as the simulated machines see it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Internet {
    /// Published DNS records: (name, type) to values, for example `("lilas.example", "A")`.
    #[serde(with = "pairs")]
    pub dns: BTreeMap<(String, String), Vec<String>>,
    /// Files that can be downloaded, by URL.
    pub downloads: BTreeMap<String, Download>,
    /// What the app catalogue and the packages' repositories hold.
    #[serde(default)]
    pub apps: AppSources,
    /// Whether YunoHost's app catalogue answers.
    pub catalog_reachable: bool,
    /// Whether Let's Encrypt and YunoHost's diagnosis servers answer.
    pub validators_reachable: bool,
}

/// A file that can be downloaded.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Download {
    /// Size in bytes.
    pub size_bytes: u64,
    /// SHA-512 in hexadecimal.
    pub sha512: String,
    /// What it is: `debian-12` (a cloud image), `debian-13`, `yunohost-installer`, ...
    pub kind: String,
}

mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    type Records = BTreeMap<(String, String), Vec<String>>;

    pub fn serialize<S: Serializer>(records: &Records, out: S) -> Result<S::Ok, S::Error> {
        records.iter().collect::<Vec<_>>().serialize(out)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Records, D::Error> {
        Ok(Vec::<((String, String), Vec<String>)>::deserialize(input)?.into_iter().collect())
    }
}
