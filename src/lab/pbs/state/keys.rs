//! Client-side encryption: the key file, what is computed from a key, and the data under it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// What the fingerprint of a key is made from besides the key.
const FINGERPRINT_WORDS: &[u8] = b"Proxmox Backup Encryption Key Fingerprint";

/// Salt and rounds of the key that names chunks.
const NAMING_SALT: &[u8] = b"_id_key";
const NAMING_ROUNDS: u32 = 10;

/// A key of clients; the server never sees it.
#[derive(Clone, PartialEq, Eq)]
pub struct EncryptionKey {
    secret: [u8; 32],
    /// Derived from it: names chunks and signs manifests.
    naming: [u8; 32],
}

impl std::fmt::Debug for EncryptionKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "EncryptionKey({})", self.fingerprint())
    }
}

impl EncryptionKey {
    /// A key from its 32 bytes.
    pub fn new(secret: [u8; 32]) -> EncryptionKey {
        let mut naming = [0; 32];
        pbkdf2::pbkdf2_hmac::<Sha256>(&secret, NAMING_SALT, NAMING_ROUNDS, &mut naming);
        EncryptionKey { secret, naming }
    }

    /// Reads a key file without a password: JSON with `data` in base64 and, when it says so, the right `fingerprint`.
    pub fn parse(file: &str) -> Option<EncryptionKey> {
        let file: Value = serde_json::from_str(file).ok()?;
        if !file.get("kdf").is_none_or(Value::is_null) {
            return None;
        }
        let data = STANDARD.decode(file.get("data")?.as_str()?).ok()?;
        let key = EncryptionKey::new(data.try_into().ok()?);
        let said = file.get("fingerprint").filter(|said| !said.is_null());
        said.is_none_or(|said| said.as_str() == Some(key.fingerprint().as_str())).then_some(key)
    }

    /// The key file, made at this time (RFC 3339).
    pub fn file(&self, made: &str) -> String {
        json!({
            "kdf": Value::Null,
            "created": made,
            "modified": made,
            "data": STANDARD.encode(self.secret),
            "fingerprint": self.fingerprint(),
        })
        .to_string()
    }

    /// The whole fingerprint: 32 pairs with colons.
    pub fn fingerprint(&self) -> String {
        let words = Sha256::digest(FINGERPRINT_WORDS);
        pairs(&Sha256::new().chain_update(words).chain_update(self.naming).finalize())
    }

    /// What a chunk with this content is called under this key.
    pub fn digest(&self, content: &[u8]) -> String {
        hex::encode(Sha256::new().chain_update(content).chain_update(self.naming).finalize())
    }

    /// Content as it is stored. The same content gives the same bytes: the lab draws nothing at random here.
    pub fn seal(&self, content: &[u8]) -> Vec<u8> {
        let nonce = nonce(&self.digest(content));
        let sealed = self.cipher().encrypt(&nonce, content).unwrap_or_default();
        [nonce.as_slice(), &sealed].concat()
    }

    /// The content of what [`EncryptionKey::seal`] made; `None` under another key.
    pub fn open(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, rest) = sealed.split_at_checked(12)?;
        let nonce: [u8; 12] = nonce.try_into().ok()?;
        self.cipher().decrypt(&Nonce::from(nonce), rest).ok()
    }

    fn cipher(&self) -> ChaCha20Poly1305 {
        ChaCha20Poly1305::new(&self.secret.into())
    }
}

/// The start of a fingerprint, as messages about keys show it.
pub fn short(fingerprint: &str) -> &str {
    fingerprint.get(..23).unwrap_or(fingerprint)
}

fn nonce(digest: &str) -> Nonce {
    let mut bytes = [0; 12];
    let hash = Sha256::digest(digest.as_bytes());
    bytes.copy_from_slice(&hash[..12]);
    Nonce::from(bytes)
}

fn pairs(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lab_pbs_keys_open_what_they_sealed_and_nothing_else() {
        let key = EncryptionKey::new([7; 32]);
        let sealed = key.seal(b"a guest's disk");
        assert!(!sealed.windows(5).any(|part| part == b"guest"));
        assert_eq!(key.open(&sealed).as_deref(), Some(b"a guest's disk".as_slice()));
        assert_eq!(EncryptionKey::new([8; 32]).open(&sealed), None);
    }

    #[test]
    fn lab_pbs_keys_read_their_file_and_refuse_another_fingerprint() {
        let key = EncryptionKey::new([7; 32]);
        let file = key.file("2026-11-18T11:06:40Z");
        assert_eq!(EncryptionKey::parse(&file), Some(key.clone()));
        assert_eq!(EncryptionKey::parse("{\"x\":1}"), None);
        assert_eq!(EncryptionKey::parse(&file.replace(&key.fingerprint(), "00:11")), None);
    }

    #[test]
    fn lab_pbs_keys_have_the_fingerprint_that_the_real_program_computes() {
        // Derived by hand with another implementation of the same formula.
        let secret: Vec<u8> = (0..32).collect();
        let key = EncryptionKey::new(secret.try_into().expect("32 bytes"));
        assert_eq!(key.fingerprint(), KNOWN_FINGERPRINT);
        assert_eq!(key.digest(b"Proxmox Backup chunk digest test vector"), KNOWN_DIGEST);
    }

    const KNOWN_FINGERPRINT: &str =
        "0e:ab:d4:46:0b:6e:b9:ca:34:50:23:de:e2:b7:78:c7:90:e5:4a:16:83:b9:65:9c:0a:57:ae:19:90:90:15:9b";
    const KNOWN_DIGEST: &str = "2c292dda7d7c3cd5561b8f4a56635dddbb82d6878359111fa290eadbc511f3ee";
}
