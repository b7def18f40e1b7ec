//! What stands on backed-up disks, each text once however many archives hold it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// Texts by their SHA-256 in hexadecimal.
#[derive(Debug, Clone, Default)]
pub struct Contents(BTreeMap<String, Arc<str>>);

impl Contents {
    /// Keeps a text; the answer is its key.
    pub fn add(&mut self, text: Arc<str>) -> String {
        let key = hash(&text);
        self.0.entry(key.clone()).or_insert(text);
        key
    }

    /// A text by its key.
    pub fn get(&self, key: &str) -> Option<&Arc<str>> {
        self.0.get(key)
    }

    /// Whether a text is still what it was when it was added.
    pub fn is_intact(&self, key: &str) -> bool {
        self.0.get(key).is_some_and(|text| hash(text) == key)
    }

    /// Damages a text, as a disk that rots does.
    pub fn damage(&mut self, key: &str) {
        if let Some(text) = self.0.get_mut(key) {
            *text = format!("\u{0}{}", text.get(1..).unwrap_or_default()).into();
        }
    }

    /// Forgets every text that no longer has one of these keys.
    pub fn retain(&mut self, keys: &BTreeSet<String>) {
        self.0.retain(|key, _| keys.contains(key));
    }

    /// How many texts there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn hash(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

impl Serialize for Contents {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_map(self.0.iter().map(|(key, text)| (key, &**text)))
    }
}

impl<'de> Deserialize<'de> for Contents {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Contents, D::Error> {
        let texts = BTreeMap::<String, String>::deserialize(input)?;
        Ok(Contents(texts.into_iter().map(|(key, text)| (key, text.into())).collect()))
    }
}
