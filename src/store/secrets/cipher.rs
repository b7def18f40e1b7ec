//! The key and the encryption of one secret.

use std::sync::Arc;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use secrecy::{ExposeSecret, SecretBox, SecretString};
use sha2::{Digest, Sha256};

use crate::util::random::Randomness;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// Hexadecimal digits of a key's id: enough to tell keys apart.
const KEY_ID_DIGITS: usize = 16;

/// The key of the secrets, wiped from memory at its end.
#[derive(Clone)]
pub(super) struct Key(Arc<SecretBox<[u8; KEY_BYTES]>>);

impl Key {
    /// A new key.
    pub(super) fn generate(randomness: &Randomness) -> Key {
        Key(Arc::new(SecretBox::init_with_mut(|bytes: &mut [u8; KEY_BYTES]| randomness.fill(bytes))))
    }

    /// A key from its hexadecimal digits.
    pub(super) fn from_hex(text: &str) -> Option<Key> {
        let mut bytes = Box::new([0_u8; KEY_BYTES]);
        hex::decode_to_slice(text, bytes.as_mut_slice()).ok()?;
        Some(Key(Arc::new(SecretBox::new(bytes))))
    }

    /// The hexadecimal digits of the key.
    pub(super) fn to_hex(&self) -> SecretString {
        SecretString::from(hex::encode(self.0.expose_secret()))
    }

    /// What the store knows the key by; it says nothing about the key.
    pub(super) fn id(&self) -> String {
        let mut hash = Sha256::new_with_prefix(b"accolades key id\n");
        hash.update(self.0.expose_secret());
        let mut id = hex::encode(hash.finalize());
        id.truncate(KEY_ID_DIGITS);
        id
    }

    /// A key for another purpose, from which this one cannot be computed (HMAC-SHA-256 of the purpose under this key).
    pub(super) fn derived(&self, purpose: &str) -> ring::hmac::Key {
        let own = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, self.0.expose_secret());
        let derived = ring::hmac::sign(&own, format!("accolades derived key\n{purpose}").as_bytes());
        ring::hmac::Key::new(ring::hmac::HMAC_SHA256, derived.as_ref())
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.0.expose_secret().into())
    }
}

/// An encrypted secret, in hexadecimal digits.
pub(super) struct Sealed {
    /// Nonce.
    pub(super) nonce: String,
    /// Ciphertext with its tag.
    pub(super) ciphertext: String,
}

impl Sealed {
    /// Encrypts a secret under a fresh nonce.
    pub(super) fn seal(key: &Key, randomness: &Randomness, name: &str, version: i64, value: &SecretString) -> Sealed {
        let mut nonce = [0_u8; NONCE_BYTES];
        randomness.fill(&mut nonce);
        let associated = associated_data(name, version);
        let payload = Payload { msg: value.expose_secret().as_bytes(), aad: associated.as_bytes() };
        let ciphertext = key
            .cipher()
            .encrypt(&XNonce::from(nonce), payload)
            .expect("a secret is far shorter than the cipher's bound of 256 GiB");
        Sealed { nonce: hex::encode(nonce), ciphertext: hex::encode(ciphertext) }
    }

    /// Decrypts a secret; `None` when key, name, version or text is not the one it was encrypted with.
    pub(super) fn unseal(&self, key: &Key, name: &str, version: i64) -> Option<SecretString> {
        let mut nonce = [0_u8; NONCE_BYTES];
        hex::decode_to_slice(&self.nonce, &mut nonce).ok()?;
        let ciphertext = hex::decode(&self.ciphertext).ok()?;
        let associated = associated_data(name, version);
        let payload = Payload { msg: &ciphertext, aad: associated.as_bytes() };
        let value = key.cipher().decrypt(&XNonce::from(nonce), payload).ok()?;
        String::from_utf8(value).ok().map(SecretString::from)
    }
}

/// The number first: its end is clear whatever the name contains.
fn associated_data(name: &str, version: i64) -> String {
    format!("accolades secret\n{version}\n{name}")
}
