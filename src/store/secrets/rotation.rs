//! Which key is the right one: its making, its change, and what a crash in between leaves.
//!
//! The store decides: it names the id of its key, and changes it in the transaction that encrypts everything anew. A key
//! is written beside its place first, under a name with its id, and put in place after that transaction. Whoever finds
//! the old key in place and the new one beside it finishes the change.

use std::path::Path;

use crate::store::Store;
use crate::util::random::Randomness;

use super::cipher::{Key, Sealed};
use super::{VaultError, key_file};

const SELECT_KEY: &str = "SELECT key_id FROM vault";
// A store without secrets takes any key.
const CLAIM: &str = "
    INSERT INTO vault (id, key_id) VALUES (1, $1)
    ON CONFLICT (id) DO UPDATE SET key_id = excluded.key_id
    WHERE vault.key_id = $2 AND NOT EXISTS (SELECT 1 FROM secrets)";
const CHANGE_KEY: &str = "UPDATE vault SET key_id = $2 WHERE key_id = $1";
const SELECT_ALL: &str = "SELECT name, version, nonce, ciphertext FROM secrets ORDER BY name";
const REPLACE: &str = "UPDATE secrets SET nonce = $2, ciphertext = $3 WHERE name = $1";

/// The id of the key that the store's secrets are encrypted under.
pub(super) async fn key_id_of(store: &Store) -> Result<Option<String>, VaultError> {
    Ok(on_pool!(store, |pool| sqlx::query_scalar(SELECT_KEY).fetch_optional(pool).await?))
}

/// The store's key: the one in place, one left by a change that was cut short, or a new one for a store without secrets.
pub(super) async fn settle(store: &Store, path: &Path, randomness: &Randomness) -> Result<Key, VaultError> {
    // Another program may declare its key between our reading and our declaring: then its key is looked for.
    for _ in 0..2 {
        let wanted = key_id_of(store).await?;
        if let Some(wanted) = &wanted
            && let Some(key) = find(path, wanted)?
        {
            return Ok(key);
        }
        if let Some(key) = declare(store, path, wanted.as_deref(), randomness).await? {
            return Ok(key);
        }
    }
    let path = path.to_owned();
    Err(if path.exists() { VaultError::WrongKey { path } } else { VaultError::MissingKey { path } })
}

/// The key of this id, in its place or beside it.
fn find(path: &Path, wanted: &str) -> Result<Option<Key>, VaultError> {
    let is_wanted = |key: &Key| key.id() == wanted;
    if let Some(key) = key_file::read(path)?.filter(is_wanted) {
        return Ok(Some(key));
    }
    let aside = key_file::aside(path, wanted);
    let Some(key) = key_file::read(&aside)?.filter(is_wanted) else { return Ok(None) };
    key_file::put_in_place(&aside, path)?;
    Ok(Some(key))
}

/// Makes the key in place, or a new one, the store's; `None` when the store has another one.
async fn declare(
    store: &Store,
    path: &Path,
    before: Option<&str>,
    randomness: &Randomness,
) -> Result<Option<Key>, VaultError> {
    if let Some(key) = key_file::read(path)? {
        return Ok(claim(store, &key, before).await?.then_some(key));
    }
    let key = Key::generate(randomness);
    let aside = key_file::write_aside(path, &key)?;
    if claim(store, &key, before).await? {
        key_file::put_in_place(&aside, path)?;
        return Ok(Some(key));
    }
    key_file::discard(&aside)?;
    Ok(None)
}

/// Declares a key as the store's, in the place of `before` if the store has no secrets; whether that was possible.
async fn claim(store: &Store, key: &Key, before: Option<&str>) -> Result<bool, VaultError> {
    let claimed =
        on_pool!(store, |pool| { sqlx::query(CLAIM).bind(key.id()).bind(before).execute(pool).await?.rows_affected() });
    Ok(claimed == 1)
}

/// Encrypts everything under a new key and puts it in place.
pub(super) async fn rotate(store: &Store, old: &Key, path: &Path, randomness: &Randomness) -> Result<Key, VaultError> {
    let new = Key::generate(randomness);
    let aside = key_file::write_aside(path, &new)?;
    // After a failure the new key stays beside the old one: whether the transaction was committed may be unknown, and
    // the next opening finds out.
    if !encrypt_anew(store, old, &new, randomness).await? {
        key_file::discard(&aside)?;
        return Err(VaultError::WrongKey { path: path.to_owned() });
    }
    key_file::put_in_place(&aside, path)?;
    Ok(new)
}

/// Whether the store was still under the old key, and is under the new one now.
async fn encrypt_anew(store: &Store, old: &Key, new: &Key, randomness: &Randomness) -> Result<bool, VaultError> {
    in_transaction!(store, |tx| {
        let changed = sqlx::query(CHANGE_KEY).bind(old.id()).bind(new.id()).execute(&mut *tx).await?.rows_affected();
        if changed == 0 {
            return Ok(false);
        }
        let rows: Vec<(String, i64, String, String)> = sqlx::query_as(SELECT_ALL).fetch_all(&mut *tx).await?;
        for (name, version, nonce, ciphertext) in rows {
            let Some(value) = (Sealed { nonce, ciphertext }).unseal(old, &name, version) else {
                return Err(VaultError::Tampered { name });
            };
            let sealed = Sealed::seal(new, randomness, &name, version, &value);
            sqlx::query(REPLACE).bind(&name).bind(&sealed.nonce).bind(&sealed.ciphertext).execute(&mut *tx).await?;
        }
    });
    Ok(true)
}
