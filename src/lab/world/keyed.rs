//! Randomness of the world: the same seed and the same key give the same value, however often it is asked for.

use std::ops::RangeInclusive;

use sha2::{Digest, Sha256};

/// What a random choice is about: the world's seed, then the entity and the operation
/// (`["pve1", "vm", "101", "net0"]`), hashed together.
#[derive(Debug, Clone, Copy)]
pub struct Key([u8; 32]);

impl Key {
    /// A key from a seed and its parts.
    pub fn new(seed: u64, parts: &[&str]) -> Key {
        let mut hash = Sha256::new();
        hash.update(seed.to_be_bytes());
        for part in parts {
            // The length keeps ("ab", "c") and ("a", "bc") apart.
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        Key(hash.finalize().into())
    }

    /// 32 bytes that look random.
    pub fn bytes(self) -> [u8; 32] {
        self.0
    }

    /// A number in a range.
    pub fn number(self, range: RangeInclusive<u64>) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.bytes();
        let span = range.end() - range.start() + 1;
        range.start() + u64::from_be_bytes([a, b, c, d, e, f, g, h]) % span
    }

    /// A version 4 UUID.
    pub fn uuid(self) -> String {
        let mut bytes = self.bytes();
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let text = hex::encode(&bytes[..16]);
        format!("{}-{}-{}-{}-{}", &text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..])
    }

    /// A network card's address below a three-byte prefix such as `BC:24:11`.
    pub fn mac(self, prefix: &str) -> String {
        let [a, b, c, ..] = self.bytes();
        format!("{prefix}:{a:02X}:{b:02X}:{c:02X}")
    }

    /// A SHA-256 fingerprint as TLS programs print it: 32 pairs with colons.
    pub fn fingerprint(self) -> String {
        self.bytes().map(|byte| format!("{byte:02X}")).join(":")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lab_world_a_key_gives_the_same_value_however_often_it_is_asked() {
        let key = Key::new(7, &["pve1", "vm", "101", "net0"]);
        assert_eq!(key.mac("BC:24:11"), key.mac("BC:24:11"));
        assert_ne!(key.bytes(), Key::new(8, &["pve1", "vm", "101", "net0"]).bytes());
        assert_ne!(Key::new(7, &["ab", "c"]).bytes(), Key::new(7, &["a", "bc"]).bytes());
    }

    #[test]
    fn lab_world_a_uuid_is_of_version_4() {
        let uuid = Key::new(1, &["x"]).uuid();
        assert_eq!(uuid.len(), 36);
        assert_eq!(uuid.as_bytes()[14], b'4');
        assert!(matches!(uuid.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
    }
}
