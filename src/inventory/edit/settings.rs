//! Single values, named by file and dotted key: a renewed fingerprint, a moved endpoint.

use std::collections::BTreeMap;

use toml_edit::{DocumentMut, Item, TableLike, Value};

use super::{Edit, EditError, document};

/// A value to set.
#[derive(Debug, Clone)]
pub struct Setting<'a> {
    /// Path of the file relative to the inventory's folder.
    pub file: &'a str,
    /// Dotted key, such as `node.tls_fingerprint`; its table must be there.
    pub key: &'a str,
    /// The value.
    pub value: Value,
}

/// Sets values, each where the old one stood; what is written around it on its line stays.
///
/// # Errors
/// [`EditError`]; the inventory's mistakes when the result would not pass the check.
pub fn settings_change(files: &BTreeMap<String, String>, settings: &[Setting<'_>]) -> Result<Edit, EditError> {
    let mut documents: BTreeMap<&str, DocumentMut> = BTreeMap::new();
    for setting in settings {
        if !documents.contains_key(setting.file) {
            documents.insert(setting.file, document(files, setting.file)?);
        }
        let unknown = || EditError::NoTable { path: setting.file.to_owned(), key: setting.key.to_owned() };
        let document = documents.get_mut(setting.file).ok_or_else(unknown)?;
        let (tables, key) = match setting.key.rsplit_once('.') {
            Some((tables, key)) => (tables.split('.').collect(), key),
            None => (Vec::new(), setting.key),
        };
        let mut table: &mut dyn TableLike = document.as_table_mut();
        for name in tables {
            table = table.get_mut(name).and_then(Item::as_table_like_mut).ok_or_else(unknown)?;
        }
        set(table, key, setting.value.clone());
    }
    let changed = documents.into_iter().map(|(path, document)| (path.to_owned(), document.to_string())).collect();
    Edit::of(files, changed)
}

/// Replaces a value where it stands: inserting anew would lose the comment above its key.
fn set(table: &mut dyn TableLike, key: &str, mut value: Value) {
    match table.get_mut(key) {
        Some(item) => {
            if let Some(old) = item.as_value() {
                *value.decor_mut() = old.decor().clone();
            }
            *item = Item::Value(value);
        }
        None => drop(table.insert(key, Item::Value(value))),
    }
}
