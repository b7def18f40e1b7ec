//! Keeping secrets out of text (invariant 4): whatever we write passes here when it may quote a remote's words.

use std::sync::RwLock;

use secrecy::{ExposeSecret, SecretString};

/// What stands where a secret stood.
pub const MASK: &str = "[secret]";

/// Shorter values are not searched for: masking every `1` of a text would hide the text, not the secret.
const SECRET_LENGTH_MIN: usize = 6;

/// Knows the secrets of this process and removes them from text.
#[derive(Default)]
pub struct Redactor(RwLock<Vec<SecretString>>);

impl Redactor {
    /// Adds a secret to look for.
    pub fn learn(&self, secret: &SecretString) {
        if secret.expose_secret().len() < SECRET_LENGTH_MIN {
            return;
        }
        let mut known = self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        if !known.iter().any(|one| one.expose_secret() == secret.expose_secret()) {
            known.push(secret.clone());
            // Longest first, so that a secret that contains another is masked whole.
            known.sort_by_key(|one| std::cmp::Reverse(one.expose_secret().len()));
        }
    }

    /// The text with every known secret masked.
    pub fn clean(&self, text: &str) -> String {
        let known = self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        known.iter().fold(text.to_owned(), |text, secret| text.replace(secret.expose_secret(), MASK))
    }
}
