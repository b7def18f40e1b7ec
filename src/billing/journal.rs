//! The issue journal: every document with its number, outside the store, on the disk before anything is sent (R25).
//!
//! One line of JSON per document, appended, never changed. Each line names the checksum of the line before it, so that a
//! line taken out or put in is noticed.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::store::{InvoiceRecord, Scope, Store};

use super::BillingError;

/// Version of a line.
const LINE_VERSION: u32 = 1;

/// Name of the file within the folder of the archive.
const FILE_NAME: &str = "issued.jsonl";

/// The documents are about clients: the file is its owner's alone.
const FILE_MODE: u32 = 0o600;

/// The file.
#[derive(Debug, Clone)]
pub struct Journal {
    path: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Line {
    version: u32,
    /// SHA-256 of the line before; empty for the first.
    previous: String,
    record: InvoiceRecord,
}

/// What stands in the journal and in the store, one against the other.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Comparison {
    /// In the journal, not in the store: the store is behind.
    pub missing_in_store: Vec<String>,
    /// In the store, not in the journal: a run was cut short before it wrote them.
    pub missing_in_journal: Vec<String>,
}

impl Journal {
    /// The journal of a folder of issued documents.
    pub fn in_folder(folder: &Path) -> Journal {
        Journal { path: folder.join(FILE_NAME) }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it is there.
    pub fn exists(&self) -> bool {
        self.path.exists()
    }

    /// Makes it, empty, with its folder.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn create(&self) -> Result<(), BillingError> {
        let failed = |source| self.failed(source);
        let folder = self.path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(failed)?;
        let file = OpenOptions::new().create(true).append(true).mode(FILE_MODE).open(&self.path).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
    }

    /// Every document in it, in the order of writing. The end of a line that was cut short by a crash is left out: what was
    /// never written whole was never sent.
    ///
    /// # Errors
    /// [`BillingError::JournalDamaged`] when a whole line cannot be read or was put in between.
    pub fn read(&self) -> Result<Vec<InvoiceRecord>, BillingError> {
        Ok(self.lines()?.0)
    }

    /// The documents, and the checksum of the last line.
    fn lines(&self) -> Result<(Vec<InvoiceRecord>, String), BillingError> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((Vec::new(), String::new())),
            Err(error) => return Err(self.failed(error)),
        };
        let mut reader = BufReader::new(file);
        let mut records = Vec::new();
        let mut previous = String::new();
        let mut text = Vec::new();
        for number in 1.. {
            text.clear();
            reader.read_until(b'\n', &mut text).map_err(|error| self.failed(error))?;
            if text.pop() != Some(b'\n') {
                break;
            }
            let damaged = || BillingError::JournalDamaged { path: self.path.clone(), line: number };
            let line: Line = serde_json::from_slice(&text).map_err(|_| damaged())?;
            if line.previous != previous || line.version > LINE_VERSION {
                return Err(damaged());
            }
            previous = hex::encode(Sha256::digest(&text));
            records.push(line.record);
        }
        Ok((records, previous))
    }

    /// Appends documents, and returns once they are on the disk.
    ///
    /// # Errors
    /// When they cannot be written: nothing may be sent then.
    pub fn append(&self, records: &[InvoiceRecord]) -> Result<(), BillingError> {
        if records.is_empty() {
            return Ok(());
        }
        let (_, mut previous) = self.lines()?;
        let failed = |source| self.failed(source);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(FILE_MODE)
            .open(&self.path)
            .map_err(failed)?;
        let end = end_of_last_line(&mut file).map_err(failed)?;
        file.set_len(end).map_err(failed)?;
        file.seek(SeekFrom::Start(end)).map_err(failed)?;
        let mut text = Vec::new();
        for record in records {
            let line = Line { version: LINE_VERSION, previous, record: record.clone() };
            let line = serde_json::to_vec(&line).map_err(|error| failed(error.into()))?;
            previous = hex::encode(Sha256::digest(&line));
            text.extend_from_slice(&line);
            text.push(b'\n');
        }
        file.write_all(&text).map_err(failed)?;
        file.sync_all().map_err(failed)
    }

    /// Compares the journal with a store.
    ///
    /// # Errors
    /// [`BillingError::Diverged`] when both have a number with different contents.
    pub async fn compare(&self, store: &Store) -> Result<Comparison, BillingError> {
        let in_journal: std::collections::BTreeMap<String, String> =
            self.read()?.into_iter().map(|record| (record.number, record.sha256)).collect();
        let in_store: std::collections::BTreeMap<String, String> = store.invoice_numbers().await?.into_iter().collect();
        for (number, sha256) in &in_store {
            if in_journal.get(number).is_some_and(|other| other != sha256) {
                return Err(BillingError::Diverged { number: number.clone() });
            }
        }
        let without = |one: &std::collections::BTreeMap<String, String>,
                       other: &std::collections::BTreeMap<String, String>| {
            one.keys().filter(|number| !other.contains_key(*number)).cloned().collect()
        };
        Ok(Comparison {
            missing_in_store: without(&in_journal, &in_store),
            missing_in_journal: without(&in_store, &in_journal),
        })
    }

    /// Before anything is issued: the store knows every document of the journal, and the journal is brought up to the store
    /// where a run was cut short in between.
    ///
    /// # Errors
    /// [`BillingError::Behind`], [`BillingError::Diverged`], [`BillingError::JournalMissing`].
    pub async fn reconcile(&self, store: &Store) -> Result<(), BillingError> {
        if !self.exists() {
            if !store.invoice_numbers().await?.is_empty() {
                return Err(BillingError::JournalMissing { path: self.path.clone() });
            }
            return self.create();
        }
        let comparison = self.compare(store).await?;
        if let Some(first) = comparison.missing_in_store.first() {
            return Err(BillingError::Behind { count: comparison.missing_in_store.len(), first: first.clone() });
        }
        self.catch_up(store, &comparison).await
    }

    /// Writes what only the store has.
    ///
    /// # Errors
    /// When store or journal fail.
    pub async fn catch_up(&self, store: &Store, comparison: &Comparison) -> Result<(), BillingError> {
        if comparison.missing_in_journal.is_empty() {
            return Ok(());
        }
        let missing: std::collections::BTreeSet<&String> = comparison.missing_in_journal.iter().collect();
        let mut records = store.invoices(&Scope::Staff).await?;
        records.retain(|record| missing.contains(&record.number));
        self.append(&records)
    }

    fn failed(&self, source: std::io::Error) -> BillingError {
        BillingError::File { path: self.path.clone(), source }
    }
}

/// Where the last whole line ends: behind it may stand the beginning of one that a crash cut short.
fn end_of_last_line(file: &mut File) -> std::io::Result<u64> {
    const BLOCK: u64 = 64 * 1024;
    let mut end = file.metadata()?.len();
    let mut block = Vec::new();
    while end > 0 {
        let start = end.saturating_sub(BLOCK);
        file.seek(SeekFrom::Start(start))?;
        block.resize(usize::try_from(end - start).unwrap_or(0), 0);
        file.read_exact(&mut block)?;
        if let Some(place) = block.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + place as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}
