//! Copying a store into an empty one, of the same engine or the other, and proving that the copy is equal.

mod side;
mod tables;

use futures_util::TryStreamExt;
use sha2::{Digest, Sha256};

use super::{Store, StoreError};
use side::Side;
use tables::{Cell, TABLES, Table};

/// What was copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyReport {
    /// Table by table, in the order of copying.
    pub tables: Vec<TableCopy>,
}

/// What was copied of one table, and read back equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableCopy {
    /// The table.
    pub table: &'static str,
    /// Its rows.
    pub rows: u64,
    /// SHA-256 over all of them in the order of their key, the same on both engines.
    pub sha256: String,
}

/// Copies everything. The key file of the secrets is not part of a store: it goes along by hand.
///
/// The source is read at one moment; the target gets everything or nothing, after every table was read back and
/// compared.
///
/// # Errors
/// [`StoreError::NotEmpty`] and [`StoreError::CopyDiffers`], or a failure of either store.
pub async fn copy(from: &Store, to: &Store) -> Result<CopyReport, StoreError> {
    let mut source = Side::reading(from).await?;
    let mut target = Side::writing(to).await?;
    for table in TABLES {
        if digest(&mut target, table).await?.rows > 0 {
            return Err(StoreError::NotEmpty { table: table.name });
        }
    }
    let mut tables = Vec::with_capacity(TABLES.len());
    for table in TABLES {
        let mut rows = source.rows(table);
        while let Some(row) = rows.try_next().await? {
            target.insert(table, row).await?;
        }
        drop(rows);
        let original = digest(&mut source, table).await?;
        if digest(&mut target, table).await? != original {
            return Err(StoreError::CopyDiffers { table: table.name });
        }
        tables.push(original);
    }
    target.commit().await?;
    Ok(CopyReport { tables })
}

async fn digest(side: &mut Side, table: &'static Table) -> Result<TableCopy, StoreError> {
    let mut hash = Sha256::new();
    let mut count = 0;
    let mut rows = side.rows(table);
    while let Some(row) = rows.try_next().await? {
        count += 1;
        row.iter().for_each(|cell| absorb(&mut hash, cell));
    }
    Ok(TableCopy { table: table.name, rows: count, sha256: hex::encode(hash.finalize()) })
}

/// Kind, length, bytes: no two different rows absorb the same.
fn absorb(hash: &mut Sha256, cell: &Cell) {
    match cell {
        Cell::Number(None) | Cell::Text(None) => hash.update(b"-"),
        Cell::Number(Some(number)) => {
            hash.update(b"n");
            hash.update(number.to_be_bytes());
        }
        Cell::Text(Some(text)) => {
            hash.update(b"t");
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        }
    }
}
