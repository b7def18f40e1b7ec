//! Opening a store: where it is, how its connections behave, and an address that can be shown.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection};

use crate::util::limits;

use super::pool::Pool;
use super::{Engine, Store, StoreError, migrate};

/// The state is about clients: the file is its owner's alone.
const FILE_MODE: u32 = 0o600;

impl Store {
    /// Opens a store, creates it when it does not exist and brings its tables up to date.
    ///
    /// `sqlite:PATH` or a plain path is a file; `postgres://USER:PASSWORD@HOST:PORT/NAME` is a database that exists (the
    /// password may also come from `PGPASSWORD` or `~/.pgpass`).
    ///
    /// # Errors
    /// [`StoreError::Address`] for anything else, [`StoreError::Open`] when it cannot be reached, [`StoreError::Newer`]
    /// and [`StoreError::History`] when another program wrote it.
    pub async fn open(url: &str) -> Result<Store, StoreError> {
        let pool = match address(url)? {
            Address::File(path) => open_file(path).await?,
            Address::Server(options) => open_server(options).await?,
        };
        migrate::migrate(&pool).await?;
        Ok(Store { pool })
    }

    /// Which engine the store lives in.
    pub fn engine(&self) -> Engine {
        match &self.pool {
            Pool::Sqlite(_) => Engine::Sqlite,
            Pool::Postgres(_) => Engine::Postgres,
        }
    }

    /// The file of a SQLite store.
    pub fn file(&self) -> Option<std::path::PathBuf> {
        match &self.pool {
            Pool::Sqlite(pool) => Some(pool.connect_options().get_filename().to_owned()),
            Pool::Postgres(_) => None,
        }
    }

    /// Closes every connection once what uses it has ended; a SQLite store is one file again afterwards.
    pub async fn close(&self) {
        on_pool!(self, |pool| pool.close().await);
    }
}

enum Address<'a> {
    File(&'a Path),
    Server(Box<PgConnectOptions>),
}

fn address(url: &str) -> Result<Address<'_>, StoreError> {
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        // An address that cannot be parsed is not shown: where its password would stand is unknown.
        let options = url.parse().map_err(|source| StoreError::Open { url: "postgres://...".to_owned(), source })?;
        return Ok(Address::Server(Box::new(options)));
    }
    let path = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")).unwrap_or(url);
    if path.is_empty() || path.contains("://") || path == ":memory:" {
        let scheme = path.split_once("://").map_or(path, |(scheme, _)| scheme);
        return Err(StoreError::Address { url: scheme.to_owned() });
    }
    Ok(Address::File(Path::new(path)))
}

async fn open_file(path: &Path) -> Result<Pool, StoreError> {
    let failed = |source| StoreError::Open { url: path.display().to_string(), source };
    // Created here rather than by SQLite, for the sake of its permissions (the files beside it inherit them).
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(FILE_MODE)
        .open(path)
        .map_err(|error| failed(sqlx::Error::Io(error)))?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        // Full: a journal entry that was confirmed survives a power cut, not only a crash.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(limits::STORE_BUSY_TIMEOUT);
    // A connection to a file does not die unseen: it is not asked whether it lives before every statement.
    let pool = SqlitePoolOptions::new()
        .test_before_acquire(false)
        .max_connections(limits::STORE_CONNECTIONS_MAX)
        .acquire_timeout(limits::STORE_CONNECT_TIMEOUT)
        .connect_with(options)
        .await
        .map_err(failed)?;
    Ok(Pool::Sqlite(pool))
}

async fn open_server(options: Box<PgConnectOptions>) -> Result<Pool, StoreError> {
    let url = shown(&options);
    // Said explicitly, because a server may be configured to confirm what is not on its disk yet.
    let options = options.options([("synchronous_commit", "on")]).application_name("accolades");
    // Once by hand: the pool would wait for a server that refuses, and then only say that it has waited.
    let first = tokio::time::timeout(limits::STORE_CONNECT_TIMEOUT, options.connect())
        .await
        .unwrap_or_else(|_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())))
        .map_err(|source| StoreError::Open { url, source })?;
    first.close().await?;
    let pool = PgPoolOptions::new()
        .max_connections(limits::STORE_CONNECTIONS_MAX)
        .acquire_timeout(limits::STORE_CONNECT_TIMEOUT)
        .connect_lazy_with(options);
    Ok(Pool::Postgres(pool))
}

/// A server's address without its password.
fn shown(options: &PgConnectOptions) -> String {
    let user = options.get_username();
    let database = options.get_database().unwrap_or(user);
    match options.get_socket() {
        Some(socket) => format!("postgres://{user}@{}/{database}", socket.display()),
        None => format!("postgres://{user}@{}:{}/{database}", options.get_host(), options.get_port()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a confirmed entry's surviving a power cut rests on; no test can cut the power.
    #[tokio::test]
    async fn store_file_is_durable_and_checks_its_references() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("s").display().to_string()).await.expect("a new store");
        let Pool::Sqlite(pool) = &store.pool else { panic!("a file is SQLite's") };
        for (pragma, expected) in
            [("PRAGMA synchronous", 2), ("PRAGMA foreign_keys", 1), ("PRAGMA busy_timeout", 10_000)]
        {
            let value: i64 = sqlx::query_scalar(pragma).fetch_one(pool).await.expect(pragma);
            assert_eq!(value, expected, "{pragma}");
        }
        let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(pool).await.expect("a mode");
        assert_eq!(mode, "wal");
    }
}
