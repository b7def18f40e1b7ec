//! Passwords of the co-operative's people: argon2id with the parameters that OWASP names first for it (19 MiB, two passes),
//! a few at once, away from the threads that answer.

use std::sync::LazyLock;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};

use super::{Portal, Problem};

/// Bytes of a salt.
const SALT_BYTES: usize = 16;

/// A hash that no password was made for: a name that does not exist takes as long as one that does.
static NOBODY: LazyLock<String> = LazyLock::new(|| hash(b"nobody has this password", &[0; SALT_BYTES]));

fn hash(password: &[u8], salt: &[u8]) -> String {
    let hashed: PasswordHash =
        Argon2::default().hash_password_with_salt(password, salt).expect("lengths are within argon2's bounds");
    hashed.to_string()
}

impl Portal {
    /// The hash of a password, in PHC form.
    ///
    /// # Errors
    /// When the portal stops.
    pub(super) async fn hash_password(&self, password: String) -> Result<String, Problem> {
        let mut salt = [0_u8; SALT_BYTES];
        self.randomness.fill(&mut salt);
        let _turn = self.hashing.acquire().await.map_err(|_| Problem::Unavailable)?;
        tokio::task::spawn_blocking(move || hash(password.as_bytes(), &salt)).await.map_err(|_| Problem::Bug)
    }

    /// Whether a password is the one of a hash; of none, after the same work, never.
    ///
    /// # Errors
    /// When the portal stops.
    pub(super) async fn is_password(&self, password: String, known: Option<String>) -> Result<bool, Problem> {
        let _turn = self.hashing.acquire().await.map_err(|_| Problem::Unavailable)?;
        let verify = move || {
            let is_somebody = known.is_some();
            let known = known.as_deref().unwrap_or(&NOBODY);
            let fits = PasswordHash::new(known)
                .is_ok_and(|known| Argon2::default().verify_password(password.as_bytes(), &known).is_ok());
            fits && is_somebody
        };
        tokio::task::spawn_blocking(verify).await.map_err(|_| Problem::Bug)
    }
}
