//! The archive: bytes are written once, when a document is issued, and read from here ever after (R20).
//!
//! What is written for a document is said in one place, [`files_of`]. It derives from the stored document alone, so that a
//! file that a crash kept from being written, or that was lost, comes out the same byte for byte.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::print::Templates;
use crate::store::{InvoiceFile, InvoiceRecord, Scope, Store};

use super::draft::read_document;
use super::journal::Journal;
use super::{BillingError, facturx};

/// Documents are about clients: files are their owner's alone.
const FILE_MODE: u32 = 0o600;

/// What is archived of a document: its PDF and its XML.
const FILES_PER_DOCUMENT: usize = 2;

/// A folder of issued documents, with the issue journal beside them.
#[derive(Debug, Clone)]
pub struct Archive {
    folder: PathBuf,
}

/// What documents are printed with, as it stands on each of them.
pub fn template_sha256() -> String {
    Templates::at_hand().version().to_owned()
}

/// The files of a document: name and bytes.
///
/// # Errors
/// [`BillingError::Printing`] when it cannot be printed.
fn files_of(record: &InvoiceRecord) -> Result<Vec<(String, Vec<u8>)>, BillingError> {
    let number = &record.number;
    let rendered = facturx::render(&read_document(record)?, Templates::at_hand())
        .map_err(|error| BillingError::Printing { number: number.clone(), source: Box::new(error) })?;
    Ok(vec![(format!("{number}.pdf"), rendered.pdf), (format!("{number}.xml"), rendered.xml)])
}

impl Archive {
    /// The archive in a folder.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Archive {
        Archive { folder: folder.into() }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The issue journal beside the documents.
    pub fn journal(&self) -> Journal {
        Journal::in_folder(&self.folder)
    }

    /// Writes a document's files unless they are there, and records their checksums.
    ///
    /// # Errors
    /// [`BillingError::ArchiveDiffers`] when a file is there with other bytes.
    pub async fn keep(&self, store: &Store, record: &InvoiceRecord, at_us: i64) -> Result<(), BillingError> {
        for (name, bytes) in files_of(record)? {
            let sha256 = hex::encode(Sha256::digest(&bytes));
            self.write(&name, &bytes, &sha256)?;
            let size_bytes = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
            let file = InvoiceFile { number: record.number.clone(), name, sha256, size_bytes };
            store.record_invoice_file(&file, at_us).await?;
        }
        Ok(())
    }

    /// Writes the files that a run which was cut short left unwritten; with `lost_too` also those that were archived and
    /// have disappeared. Returns the numbers.
    ///
    /// # Errors
    /// As [`Archive::keep`]; a lost file that comes out otherwise than it was is not written.
    pub async fn complete(&self, store: &Store, at_us: i64, lost_too: bool) -> Result<Vec<String>, BillingError> {
        let recorded = store.invoice_files(&Scope::Staff).await?;
        let numbers = store.invoice_numbers().await?;
        let mut files: BTreeMap<&str, Vec<&InvoiceFile>> = BTreeMap::new();
        for file in &recorded {
            files.entry(&file.number).or_default().push(file);
        }
        let is_whole = |number: &str| {
            let there = |file: &&InvoiceFile| !lost_too || self.folder.join(&file.name).exists();
            files.get(number).is_some_and(|files| files.len() == FILES_PER_DOCUMENT && files.iter().all(there))
        };
        let incomplete: Vec<String> =
            numbers.into_iter().map(|(number, _)| number).filter(|number| !is_whole(number)).collect();
        for number in &incomplete {
            let Some(record) = store.invoice(&Scope::Staff, number).await? else { continue };
            for (name, bytes) in files_of(&record)? {
                let sha256 = hex::encode(Sha256::digest(&bytes));
                let known = files.get(number.as_str()).and_then(|files| files.iter().find(|file| file.name == name));
                if let Some(known) = known.filter(|known| known.sha256 != sha256) {
                    return Err(BillingError::ArchiveDiffers {
                        path: self.folder.join(&name),
                        sha256: known.sha256.clone(),
                    });
                }
            }
            self.keep(store, &record, at_us).await?;
        }
        Ok(incomplete)
    }

    /// The bytes of an archived file, as they were when it was issued.
    ///
    /// # Errors
    /// [`BillingError::ArchiveDiffers`] when the file is another one by now, [`BillingError::File`] when it is gone.
    pub fn read(&self, file: &InvoiceFile) -> Result<Vec<u8>, BillingError> {
        let path = self.folder.join(&file.name);
        let bytes = std::fs::read(&path).map_err(|source| BillingError::File { path: path.clone(), source })?;
        if hex::encode(Sha256::digest(&bytes)) == file.sha256 {
            return Ok(bytes);
        }
        Err(BillingError::ArchiveDiffers { path, sha256: file.sha256.clone() })
    }

    /// Written beside, synced, then renamed: a file is there whole or not at all.
    fn write(&self, name: &str, bytes: &[u8], sha256: &str) -> Result<(), BillingError> {
        let path = self.folder.join(name);
        let failed = |source| BillingError::File { path: path.clone(), source };
        if path.exists() {
            let there = std::fs::read(&path).map_err(failed)?;
            if there == bytes {
                return Ok(());
            }
            return Err(BillingError::ArchiveDiffers { path, sha256: sha256.to_owned() });
        }
        std::fs::create_dir_all(&self.folder).map_err(failed)?;
        let beside = self.folder.join(format!(".{name}.new"));
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(FILE_MODE).open(&beside).map_err(failed)?;
        file.write_all(bytes).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        std::fs::rename(&beside, &path).map_err(failed)?;
        File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(failed)
    }
}
