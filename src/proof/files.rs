//! The files of a drill: its record, and the clients' certificates.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::certificate::{Source, TEMPLATE};
use crate::inventory::model::{Client, Inventory};
use crate::print::{self, PrintError};
use crate::store::KeptDrill;

/// Version of the file that holds a record.
pub const FILE_VERSION: u32 = 1;

/// Why a file of a drill was not written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The certificate could not be printed.
    #[error(transparent)]
    Print(#[from] PrintError),
    /// A file or folder could not be written.
    #[error("`{}` cannot be written: {source}\n\ncheck that its folder exists, and whose it is", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// A client's certificate as a PDF; none unless the backup was proven.
///
/// # Errors
/// When the template does not print.
pub fn certificate(kept: &KeptDrill, client: &Client, inventory: &Inventory) -> Result<Option<Vec<u8>>, PrintError> {
    let zone = inventory.cooperative_zone();
    let source = Source { kept, client, inventory, zone: &zone };
    let Some(certificate) = source.certificate() else { return Ok(None) };
    let data = serde_json::to_value(&certificate).expect("texts and lists only");
    print::pdf(TEMPLATE, &data, &source.identity()).map(Some)
}

/// The record as it was hashed, beside its hash: `jq -cSj .record FILE | sha256sum` gives the same.
pub fn record(kept: &KeptDrill) -> String {
    format!("{{\"version\":{FILE_VERSION},\"hash\":\"{}\",\"record\":{}}}\n", kept.hash, kept.record.canonical())
}

/// Writes the record, and a certificate for each client when the backup was proven, into a folder for each instance.
/// Gives the files.
///
/// # Errors
/// When a file cannot be written or a certificate not be printed.
pub fn write(inventory: &Inventory, kept: &KeptDrill, out: &Path) -> Result<Vec<PathBuf>, FileError> {
    let drill = &kept.record;
    let folder = out.join(drill.instance.as_str());
    fs::create_dir_all(&folder).map_err(|source| FileError::File { path: folder.clone(), source })?;
    let began = Timestamp::from_microsecond(drill.began_at_us).unwrap_or_default();
    let day = began.to_zoned(inventory.cooperative_zone()).date();
    let stem = format!("{day}-{}-{}", drill.from.as_str(), drill.id);
    let mut files = Vec::new();
    let mut put = |name: String, content: &[u8]| {
        let path = folder.join(name);
        // Whole or not at all: a record that is cut short would look like one that was changed.
        let made = path.with_extension("new");
        let written = fs::write(&made, content).and_then(|()| fs::rename(&made, &path));
        written.map_err(|source| FileError::File { path: path.clone(), source })?;
        files.push(path);
        Ok::<(), FileError>(())
    };
    put(format!("{stem}.json"), record(kept).as_bytes())?;
    for client in drill.clients.iter().filter_map(|id| inventory.clients.get(id)) {
        if let Some(pdf) = certificate(kept, client, inventory)? {
            put(format!("{stem}-{}.pdf", client.id), &pdf)?;
        }
    }
    Ok(files)
}
