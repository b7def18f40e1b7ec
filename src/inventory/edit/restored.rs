//! An instance whose machine was replaced by a restored one: it has another VM id, and sometimes another place.

use std::collections::BTreeMap;

use ipnet::Ipv4Net;
use jiff::civil::Date;
use toml_edit::{ArrayOfTables, Item, Table, value};

use super::{Edit, EditError, Setting, day, document, separate_table, settings_change};
use crate::domain::ids::{InstanceId, SiteId, VmId};

/// Where a restored machine stands from now on, when that is not where the instance was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPlace {
    /// First day.
    pub from: Date,
    /// The site.
    pub site: SiteId,
    /// Its address there.
    pub address4: Ipv4Net,
}

/// Writes the VM id of the restored machine.
///
/// # Errors
/// [`EditError`]; the inventory's mistakes when the result would not pass the check.
pub fn restored(files: &BTreeMap<String, String>, instance: &InstanceId, vmid: VmId) -> Result<Edit, EditError> {
    let file = format!("instances/{instance}.toml");
    settings_change(files, &[Setting { file: &file, key: "vmid", value: i64::from(vmid.0).into() }])
}

/// Writes the VM id of a machine that was restored at another site, and its place there. A place that begins on that very
/// day is replaced: two cannot.
///
/// # Errors
/// As [`restored`].
pub fn restored_elsewhere(
    files: &BTreeMap<String, String>,
    instance: &InstanceId,
    vmid: VmId,
    place: &NewPlace,
) -> Result<Edit, EditError> {
    let path = format!("instances/{instance}.toml");
    let moved = restored(files, instance, vmid)?;
    let mut document = document(&moved.files, &path)?;
    let placements = document
        .as_table_mut()
        .entry("placements")
        .or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()))
        .as_array_of_tables_mut()
        .ok_or_else(|| EditError::Inline { path: path.clone(), key: "placements" })?;
    let begins = |table: &Table| table.get("from").and_then(Item::as_datetime).map(ToString::to_string);
    placements.retain(|one| begins(one) != Some(place.from.to_string()));
    let mut table = separate_table();
    table["from"] = day(place.from);
    table["site"] = value(place.site.as_str());
    table["address4"] = value(place.address4.to_string());
    placements.push(table);
    Edit::of(files, BTreeMap::from([(path, document.to_string())]))
}
