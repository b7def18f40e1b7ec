//! One SQL text, two native pools: the macros that run the same statement on whichever engine the store lives in.
//!
//! `$1` placeholders, `ON CONFLICT` and `RETURNING` mean the same in both, so a statement is written once. The types of
//! the two drivers differ, hence macros rather than functions: each expands its body once per engine.

use sqlx::{PgPool, SqlitePool};

/// Connections to one engine.
#[derive(Debug, Clone)]
pub(super) enum Pool {
    /// Connections to one file.
    Sqlite(SqlitePool),
    /// Connections to a PostgreSQL server.
    Postgres(PgPool),
}

/// Evaluates an expression with `$pool` bound to the engine's pool: `on_pool!(self, |pool| ...)`.
macro_rules! on_pool {
    ($store:expr, |$pool:ident| $body:expr) => {
        match &$store.pool {
            $crate::store::pool::Pool::Sqlite($pool) => $body,
            $crate::store::pool::Pool::Postgres($pool) => $body,
        }
    };
}

/// Evaluates a block inside a transaction and commits: `in_transaction!(self, |tx| { ... })`.
/// Leaving the block with `?` or `return` rolls back.
macro_rules! in_transaction {
    ($store:expr, |$transaction:ident| $body:block) => {
        match &$store.pool {
            $crate::store::pool::Pool::Sqlite(pool) => {
                // The write lock is taken at once: a reading transaction that turns into a writing one can be refused
                // without waiting, whatever the busy timeout.
                let mut $transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
                let value = $body;
                $transaction.commit().await?;
                value
            }
            $crate::store::pool::Pool::Postgres(pool) => {
                let mut $transaction = pool.begin().await?;
                let value = $body;
                $transaction.commit().await?;
                value
            }
        }
    };
}
