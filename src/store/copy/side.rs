//! One side of a copy: a transaction on either engine that reads and writes whole rows.

use futures_util::future::ready;
use futures_util::stream::{BoxStream, StreamExt, TryStreamExt};
use sqlx::{AssertSqlSafe, Postgres, Row, Sqlite, Transaction};

use crate::store::pool::Pool;
use crate::store::{Store, StoreError};

use super::tables::{Cell, Kind, Table};

/// A transaction.
pub(super) enum Side {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

macro_rules! cells {
    ($row:expr, $table:expr) => {
        $table
            .columns
            .iter()
            .enumerate()
            .map(|(place, (_, kind))| {
                Ok(match kind {
                    Kind::Number => Cell::Number($row.try_get(place)?),
                    Kind::Text => Cell::Text($row.try_get(place)?),
                })
            })
            .collect::<Result<Vec<Cell>, StoreError>>()
    };
}

macro_rules! bound {
    ($table:expr, $cells:expr) => {{
        // The text is made of constants only.
        let mut query = sqlx::query(AssertSqlSafe($table.insert()));
        for cell in $cells {
            query = match cell {
                Cell::Number(number) => query.bind(number),
                Cell::Text(text) => query.bind(text),
            };
        }
        query
    }};
}

impl Side {
    /// Sees the store as it is at this moment, whatever others write meanwhile.
    pub(super) async fn reading(store: &Store) -> Result<Side, StoreError> {
        Ok(match &store.pool {
            Pool::Sqlite(pool) => Side::Sqlite(pool.begin().await?),
            Pool::Postgres(pool) => {
                Side::Postgres(pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?)
            }
        })
    }

    /// Writes to the store, all or nothing.
    pub(super) async fn writing(store: &Store) -> Result<Side, StoreError> {
        Ok(match &store.pool {
            Pool::Sqlite(pool) => Side::Sqlite(pool.begin_with("BEGIN IMMEDIATE").await?),
            Pool::Postgres(pool) => Side::Postgres(pool.begin().await?),
        })
    }

    /// The rows of a table in the order of its key.
    pub(super) fn rows<'a>(&'a mut self, table: &'static Table) -> BoxStream<'a, Result<Vec<Cell>, StoreError>> {
        let select = AssertSqlSafe(table.select());
        match self {
            Side::Sqlite(tx) => sqlx::query(select)
                .fetch(&mut **tx)
                .map_err(StoreError::from)
                .and_then(move |row| ready(cells!(row, table)))
                .boxed(),
            Side::Postgres(tx) => sqlx::query(select)
                .fetch(&mut **tx)
                .map_err(StoreError::from)
                .and_then(move |row| ready(cells!(row, table)))
                .boxed(),
        }
    }

    /// Writes one row.
    pub(super) async fn insert(&mut self, table: &Table, row: Vec<Cell>) -> Result<(), StoreError> {
        match self {
            Side::Sqlite(tx) => {
                bound!(table, row).execute(&mut **tx).await?;
            }
            Side::Postgres(tx) => {
                bound!(table, row).execute(&mut **tx).await?;
            }
        }
        Ok(())
    }

    /// Keeps what was written.
    pub(super) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Side::Sqlite(tx) => tx.commit().await?,
            Side::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}
