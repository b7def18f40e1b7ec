//! The history of the store's tables: plain SQL files, applied once each, in order, and never changed afterwards.

use sha2::{Digest, Sha256};

use super::StoreError;
use super::pool::Pool;

/// One step of the history, in both dialects.
struct Migration {
    version: i64,
    sqlite: &'static str,
    postgres: &'static str,
}

const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        sqlite: include_str!("migrations/sqlite/0001_first.sql"),
        postgres: include_str!("migrations/postgres/0001_first.sql"),
    },
    Migration {
        version: 2,
        sqlite: include_str!("migrations/sqlite/0002_backups.sql"),
        postgres: include_str!("migrations/postgres/0002_backups.sql"),
    },
    Migration {
        version: 3,
        sqlite: include_str!("migrations/sqlite/0003_drills.sql"),
        postgres: include_str!("migrations/postgres/0003_drills.sql"),
    },
    Migration {
        version: 4,
        sqlite: include_str!("migrations/sqlite/0004_billing.sql"),
        postgres: include_str!("migrations/postgres/0004_billing.sql"),
    },
    Migration {
        version: 5,
        sqlite: include_str!("migrations/sqlite/0005_outbox.sql"),
        postgres: include_str!("migrations/postgres/0005_outbox.sql"),
    },
    Migration {
        version: 6,
        sqlite: include_str!("migrations/sqlite/0006_books.sql"),
        postgres: include_str!("migrations/postgres/0006_books.sql"),
    },
    Migration {
        version: 7,
        sqlite: include_str!("migrations/sqlite/0007_portal.sql"),
        postgres: include_str!("migrations/postgres/0007_portal.sql"),
    },
    Migration {
        version: 8,
        sqlite: include_str!("migrations/sqlite/0008_jobs.sql"),
        postgres: include_str!("migrations/postgres/0008_jobs.sql"),
    },
    Migration {
        version: 9,
        sqlite: include_str!("migrations/sqlite/0009_shares.sql"),
        postgres: include_str!("migrations/postgres/0009_shares.sql"),
    },
    Migration {
        version: 10,
        sqlite: include_str!("migrations/sqlite/0010_platform.sql"),
        postgres: include_str!("migrations/postgres/0010_platform.sql"),
    },
    Migration {
        version: 11,
        sqlite: include_str!("migrations/sqlite/0011_indexes.sql"),
        postgres: include_str!("migrations/postgres/0011_indexes.sql"),
    },
];

/// Any number, the same in every program that opens the store: only one of them migrates at a time.
const POSTGRES_LOCK: i64 = 0x6163_636f_6c61_6465;

const CREATE: &str = "CREATE TABLE IF NOT EXISTS schema_versions (version BIGINT PRIMARY KEY, sha256 TEXT NOT NULL)";
const APPLIED: &str = "SELECT version, sha256 FROM schema_versions ORDER BY version";
const RECORD: &str = "INSERT INTO schema_versions (version, sha256) VALUES ($1, $2)";

/// Brings the tables up to date, all of it or nothing.
pub(super) async fn migrate(pool: &Pool) -> Result<(), StoreError> {
    match pool {
        Pool::Sqlite(pool) => {
            // Two programs that open a new file at once: the second waits for the first and finds the work done.
            let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?;
            sqlx::query(CREATE).execute(&mut *tx).await?;
            let applied = sqlx::query_as(APPLIED).fetch_all(&mut *tx).await?;
            for step in pending(&applied, |step| step.sqlite)? {
                sqlx::raw_sql(step.sqlite).execute(&mut *tx).await?;
                sqlx::query(RECORD).bind(step.version).bind(checksum(step.sqlite)).execute(&mut *tx).await?;
            }
            tx.commit().await?;
        }
        Pool::Postgres(pool) => {
            let mut tx = pool.begin().await?;
            sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(POSTGRES_LOCK).execute(&mut *tx).await?;
            sqlx::query(CREATE).execute(&mut *tx).await?;
            let applied = sqlx::query_as(APPLIED).fetch_all(&mut *tx).await?;
            for step in pending(&applied, |step| step.postgres)? {
                sqlx::raw_sql(step.postgres).execute(&mut *tx).await?;
                sqlx::query(RECORD).bind(step.version).bind(checksum(step.postgres)).execute(&mut *tx).await?;
            }
            tx.commit().await?;
        }
    }
    Ok(())
}

fn checksum(sql: &str) -> String {
    hex::encode(Sha256::digest(sql))
}

/// The steps that are still to do, once the steps that were done are known to be ours.
fn pending(
    applied: &[(i64, String)],
    dialect: impl Fn(&Migration) -> &'static str,
) -> Result<Vec<&'static Migration>, StoreError> {
    let known = MIGRATIONS.iter().map(|step| step.version).max().unwrap_or(0);
    if let Some((found, _)) = applied.last().filter(|(version, _)| *version > known) {
        return Err(StoreError::Newer { found: *found, known });
    }
    for (version, sha256) in applied {
        let step = MIGRATIONS.iter().find(|step| step.version == *version);
        if step.is_none_or(|step| *sha256 != checksum(dialect(step))) {
            return Err(StoreError::History { version: *version });
        }
    }
    let is_done = |step: &&Migration| applied.iter().any(|(version, _)| *version == step.version);
    Ok(MIGRATIONS.iter().filter(|step| !is_done(step)).collect())
}
