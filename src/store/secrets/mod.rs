//! Secrets, encrypted at rest: the store has the ciphertexts, a file on this machine has the key.
//!
//! XChaCha20-Poly1305 with a random nonce per writing; name and version of the secret are authenticated with it, so that
//! a ciphertext cannot stand in for another one. The store also knows which key it is encrypted under, by its id.

mod cipher;
mod key_file;
mod rotation;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::SecretString;

use crate::util::random::Randomness;

use super::{Store, StoreError};
use cipher::{Key, Sealed};

/// A failure of the vault.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A database has no folder of its own for the key.
    #[error("the key of the secrets has no place\n\nname its file: it is not kept in the database that it protects")]
    NoKeyFile,
    /// The key is gone while secrets are there.
    #[error(
        "the key file `{}` does not exist, and the store has secrets encrypted under it\n\nrestore the key file from its backup; without it the secrets are lost and must be set again in a new store", .path.display()
    )]
    MissingKey {
        /// Where the key should be.
        path: PathBuf,
    },
    /// Others than the owner may read the key.
    #[error("the key file `{}` has mode {mode:o}: others may read it\n\nchmod 600 it", .path.display())]
    KeyReadableByOthers {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file is not a key.
    #[error("`{}` is not a key: 64 hexadecimal digits are expected\n\nrestore the key file from its backup", .path.display())]
    NotAKey {
        /// The key file.
        path: PathBuf,
    },
    /// The key is not the one the secrets are encrypted under.
    #[error(
        "the key in `{}` is not the one that the secrets are encrypted under\n\nif the key was rotated on another machine, copy its key file here", .path.display()
    )]
    WrongKey {
        /// The key file.
        path: PathBuf,
    },
    /// A ciphertext was changed, or belongs to another name.
    #[error("the secret `{name}` was tampered with or is damaged\n\nset it again")]
    Tampered {
        /// The secret's name.
        name: String,
    },
    /// The key file could not be read or written.
    #[error("the key file `{}` could not be read or written", .path.display())]
    File {
        /// The key file.
        path: PathBuf,
        /// The system's words.
        #[source]
        source: std::io::Error,
    },
}

// The macros of the store use `?` on the driver's errors.
impl From<sqlx::Error> for VaultError {
    fn from(source: sqlx::Error) -> VaultError {
        VaultError::Store(source.into())
    }
}

/// What may be listed of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretName {
    /// Its name.
    pub name: String,
    /// When it was set.
    pub set_at_us: i64,
    /// When it was handed over.
    pub handed_over_at_us: Option<i64>,
}

/// The answer to handing a secret over.
#[derive(Debug)]
pub enum HandOver {
    /// This once.
    Now(SecretString),
    /// It was handed over before.
    Already {
        /// When.
        at_us: i64,
    },
    /// There is no secret of this name.
    Unknown,
}

/// The secrets of a store, with the key that opens them.
#[derive(Clone)]
pub struct Vault {
    store: Store,
    key: Key,
    key_file: PathBuf,
    randomness: Arc<Randomness>,
}

type Row = (i64, String, String);

// Writes nothing but waits for a rotation under way, and shows whether the key is still the store's.
const HOLD_KEY: &str = "UPDATE vault SET key_id = key_id WHERE key_id = $1";
const PUT_VERSION: &str = "
    INSERT INTO secrets (name, version, nonce, ciphertext, set_at_us) VALUES ($1, 1, '', '', $2)
    ON CONFLICT (name) DO UPDATE
    SET version = secrets.version + 1, set_at_us = excluded.set_at_us, handed_over_at_us = NULL
    RETURNING version";
const PUT_CIPHERTEXT: &str = "UPDATE secrets SET nonce = $2, ciphertext = $3 WHERE name = $1";
const SELECT: &str = "SELECT version, nonce, ciphertext FROM secrets WHERE name = $1";
const SELECT_NAMES: &str = "SELECT name, set_at_us, handed_over_at_us FROM secrets ORDER BY name";
const DELETE: &str = "DELETE FROM secrets WHERE name = $1";
const HAND_OVER: &str = "
    UPDATE secrets SET handed_over_at_us = $2 WHERE name = $1 AND handed_over_at_us IS NULL
    RETURNING version, nonce, ciphertext";
const SELECT_HAND_OVER: &str = "SELECT handed_over_at_us FROM secrets WHERE name = $1";

impl Vault {
    /// Opens the secrets of a store with the key in `key_file`: by default beside the SQLite file, with `.key` after its
    /// name. The key is made on first use.
    ///
    /// # Errors
    /// When the key is missing while there are secrets, readable by others, not a key or not the right one.
    pub async fn open(
        store: &Store,
        key_file: Option<&Path>,
        randomness: Arc<Randomness>,
    ) -> Result<Vault, VaultError> {
        let key_file = match (key_file, store.file()) {
            (Some(path), _) => path.to_owned(),
            (None, Some(mut file)) => {
                file.as_mut_os_string().push(".key");
                file
            }
            (None, None) => return Err(VaultError::NoKeyFile),
        };
        let key = rotation::settle(store, &key_file, &randomness).await?;
        Ok(Vault { store: store.clone(), key, key_file, randomness })
    }

    /// Sets a secret. A new value may be handed over again.
    ///
    /// # Errors
    /// [`VaultError::WrongKey`] when the key was rotated meanwhile.
    pub async fn put_secret(&self, name: &str, value: &SecretString, at_us: i64) -> Result<(), VaultError> {
        in_transaction!(self.store, |tx| {
            let held = sqlx::query(HOLD_KEY).bind(self.key.id()).execute(&mut *tx).await?.rows_affected();
            if held == 0 {
                return Err(VaultError::WrongKey { path: self.key_file.clone() });
            }
            let version = sqlx::query_scalar(PUT_VERSION).bind(name).bind(at_us).fetch_one(&mut *tx).await?;
            let sealed = Sealed::seal(&self.key, &self.randomness, name, version, value);
            sqlx::query(PUT_CIPHERTEXT)
                .bind(name)
                .bind(&sealed.nonce)
                .bind(&sealed.ciphertext)
                .execute(&mut *tx)
                .await?;
        });
        Ok(())
    }

    /// The secret of this name.
    ///
    /// # Errors
    /// [`VaultError::Tampered`] when it cannot be opened although the key is right.
    pub async fn get_secret(&self, name: &str) -> Result<Option<SecretString>, VaultError> {
        let row: Option<Row> =
            on_pool!(self.store, |pool| sqlx::query_as(SELECT).bind(name).fetch_optional(pool).await?);
        match row {
            Some(row) => self.unseal(name, row).await.map(Some),
            None => Ok(None),
        }
    }

    /// Names and dates of all secrets.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn secret_names(&self) -> Result<Vec<SecretName>, VaultError> {
        let rows: Vec<(String, i64, Option<i64>)> =
            on_pool!(self.store, |pool| sqlx::query_as(SELECT_NAMES).fetch_all(pool).await?);
        Ok(rows
            .into_iter()
            .map(|(name, set_at_us, handed_over_at_us)| SecretName { name, set_at_us, handed_over_at_us })
            .collect())
    }

    /// Removes a secret; whether there was one.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn delete_secret(&self, name: &str) -> Result<bool, VaultError> {
        let deleted = on_pool!(self.store, |pool| sqlx::query(DELETE).bind(name).execute(pool).await?.rows_affected());
        Ok(deleted == 1)
    }

    /// Gives a generated password once. It is marked before it is given: a crash in between costs a password that can be
    /// set again, never a second giving.
    ///
    /// # Errors
    /// As [`Vault::get_secret`]; nothing is marked then.
    pub async fn hand_over(&self, name: &str, at_us: i64) -> Result<HandOver, VaultError> {
        Ok(in_transaction!(self.store, |tx| {
            let row: Option<Row> = sqlx::query_as(HAND_OVER).bind(name).bind(at_us).fetch_optional(&mut *tx).await?;
            match row {
                Some(row) => HandOver::Now(self.unseal(name, row).await?),
                None => {
                    let first: Option<Option<i64>> =
                        sqlx::query_scalar(SELECT_HAND_OVER).bind(name).fetch_optional(&mut *tx).await?;
                    first.flatten().map_or(HandOver::Unknown, |at_us| HandOver::Already { at_us })
                }
            }
        }))
    }

    /// Encrypts every secret under a new key and puts it in the place of the old one.
    ///
    /// # Errors
    /// When a secret cannot be opened or the key file cannot be written: the old key goes on then.
    pub async fn rotate_key(&mut self) -> Result<(), VaultError> {
        self.key = rotation::rotate(&self.store, &self.key, &self.key_file, &self.randomness).await?;
        Ok(())
    }

    /// A key for authenticating something outside of the store. It follows from the vault's key: after a rotation it is
    /// another one, and what the old one made is worth nothing any more.
    pub fn derived_key(&self, purpose: &str) -> ring::hmac::Key {
        self.key.derived(purpose)
    }

    async fn unseal(&self, name: &str, (version, nonce, ciphertext): Row) -> Result<SecretString, VaultError> {
        match (Sealed { nonce, ciphertext }).unseal(&self.key, name, version) {
            Some(value) => Ok(value),
            // Told apart, because the remedies differ.
            None if rotation::key_id_of(&self.store).await? != Some(self.key.id()) => {
                Err(VaultError::WrongKey { path: self.key_file.clone() })
            }
            None => Err(VaultError::Tampered { name: name.to_owned() }),
        }
    }
}
