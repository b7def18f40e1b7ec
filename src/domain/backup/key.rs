//! The key under which an instance's remote backups are encrypted, in the form that Proxmox keeps (sheet Proxmox, 9d), and
//! in a form that a person can type from paper.
//!
//! It is made by us and saved by us before any node gets it: a key that only a node has is lost with the node, and every
//! backup with it.

use std::fmt;
use std::num::NonZeroU32;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;

/// Lines of a key on paper, each with its own check.
const LINES: usize = 4;
const LINE_BYTES: usize = KEY_BYTES / LINES;
/// Bytes of a line's check.
const CHECK_BYTES: usize = 2;

/// What a fingerprint is computed over, before the key's own part.
const FINGERPRINT_INPUT: &[u8] = b"Proxmox Backup Encryption Key Fingerprint";
/// Salt and rounds with which Proxmox derives the part that names a key. The key itself is random: nothing is stretched.
const NAME_SALT: &[u8] = b"_id_key";
const NAME_ROUNDS: NonZeroU32 = NonZeroU32::MIN.saturating_add(9);

/// A key. It is shown by its fingerprint only.
#[derive(Clone, PartialEq, Eq)]
pub struct BackupKey {
    bytes: [u8; KEY_BYTES],
    created: Timestamp,
}

/// Proxmox's own form.
#[derive(Serialize, Deserialize)]
struct KeyFile {
    kdf: Option<serde_json::Value>,
    created: Timestamp,
    modified: Timestamp,
    data: String,
    #[serde(default)]
    fingerprint: Option<String>,
}

/// Why a text is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAKey {
    /// Neither of the two forms.
    #[error("this is not a backup key\n\nexpected Proxmox's JSON, or the four lines of a recovery sheet")]
    Form,
    /// It is locked with a password.
    #[error(
        "this key is locked with a password\n\nunlock it with `proxmox-backup-client key change-passphrase --kdf none`, then import it again"
    )]
    Locked,
    /// A line of a sheet was mistyped.
    #[error("line {line} of the sheet is not as printed\n\nread it again; digits are 0 to 9 and a to f")]
    Line {
        /// Which, from 1.
        line: usize,
    },
    /// The key is not the one that its fingerprint names.
    #[error("key and fingerprint do not belong together: {got} and {stated}")]
    Fingerprint {
        /// Of the key.
        got: String,
        /// As written.
        stated: String,
    },
}

impl BackupKey {
    /// A key of random bytes.
    pub fn new(bytes: [u8; KEY_BYTES], created: Timestamp) -> BackupKey {
        // Proxmox writes whole seconds.
        BackupKey { bytes, created: Timestamp::from_second(created.as_second()).unwrap_or(created) }
    }

    /// Reads a key: Proxmox's JSON, or the lines of a recovery sheet.
    ///
    /// # Errors
    /// [`NotAKey`].
    pub fn read(text: &str, now: Timestamp) -> Result<BackupKey, NotAKey> {
        if text.trim_start().starts_with('{') { BackupKey::from_json(text) } else { BackupKey::from_lines(text, now) }
    }

    /// Reads Proxmox's form. A fingerprint in it is compared.
    ///
    /// # Errors
    /// [`NotAKey`].
    pub fn from_json(text: &str) -> Result<BackupKey, NotAKey> {
        let file: KeyFile = serde_json::from_str(text.trim()).map_err(|_| NotAKey::Form)?;
        if file.kdf.is_some() {
            return Err(NotAKey::Locked);
        }
        let bytes = STANDARD.decode(&file.data).ok().and_then(|bytes| bytes.try_into().ok()).ok_or(NotAKey::Form)?;
        let key = BackupKey { bytes, created: file.created };
        match file.fingerprint {
            Some(stated) if !key.is_named(&stated) => Err(NotAKey::Fingerprint { got: key.fingerprint(), stated }),
            _ => Ok(key),
        }
    }

    /// Proxmox's form, on one line.
    pub fn to_json(&self) -> SecretString {
        let file = KeyFile {
            kdf: None,
            created: self.created,
            modified: self.created,
            data: STANDARD.encode(self.bytes),
            fingerprint: Some(self.fingerprint()),
        };
        SecretString::from(serde_json::to_string(&file).expect("texts and times are JSON"))
    }

    /// The part of Proxmox's form that is secret by itself, for whoever looks for it in texts.
    pub fn secret_part(&self) -> SecretString {
        SecretString::from(STANDARD.encode(self.bytes))
    }

    /// The fingerprint, as Proxmox shows it: 32 pairs of lower-case hexadecimal digits joined by colons.
    pub fn fingerprint(&self) -> String {
        let mut name = [0_u8; KEY_BYTES];
        ring::pbkdf2::derive(ring::pbkdf2::PBKDF2_HMAC_SHA256, NAME_ROUNDS, NAME_SALT, &self.bytes, &mut name);
        let mut hasher = Sha256::new();
        hasher.update(Sha256::digest(FINGERPRINT_INPUT));
        hasher.update(name);
        let pairs: Vec<String> = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        pairs.join(":")
    }

    /// Whether this is its fingerprint, whole or its first eight pairs as Proxmox shows it in lists.
    pub fn is_named(&self, fingerprint: &str) -> bool {
        let own = self.fingerprint();
        let stated = fingerprint.trim().to_ascii_lowercase();
        stated == own || (stated.len() == 8 * 3 - 1 && own.starts_with(&stated))
    }

    /// When it was made.
    pub fn created(&self) -> Timestamp {
        self.created
    }

    /// The key as it is printed: four lines, each of four groups of four digits and a check of its own.
    pub fn lines(&self) -> Vec<String> {
        let line = |(index, bytes): (usize, &[u8])| {
            let digits = hex::encode(bytes);
            let groups: Vec<&str> = (0..digits.len()).step_by(4).map(|at| &digits[at..at + 4]).collect();
            format!("{}: {}  {}", index + 1, groups.join(" "), check(index, bytes))
        };
        self.bytes.chunks(LINE_BYTES).enumerate().map(line).collect()
    }

    /// Reads the lines of a recovery sheet as somebody typed them: blanks, case and the numbers in front do not matter.
    ///
    /// # Errors
    /// [`NotAKey::Line`] names the line that is wrong.
    pub fn from_lines(text: &str, now: Timestamp) -> Result<BackupKey, NotAKey> {
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        if lines.len() != LINES {
            return Err(NotAKey::Form);
        }
        let mut bytes = [0_u8; KEY_BYTES];
        for (index, (line, into)) in lines.iter().zip(bytes.chunks_mut(LINE_BYTES)).enumerate() {
            let wrong = || NotAKey::Line { line: index + 1 };
            let digits = line.split_once(':').map_or(*line, |(_, digits)| digits);
            let digits: String = digits.split_whitespace().collect::<String>().to_ascii_lowercase();
            let decoded = hex::decode(&digits).map_err(|_| wrong())?;
            if decoded.len() != LINE_BYTES + CHECK_BYTES {
                return Err(wrong());
            }
            let (part, stated) = decoded.split_at(LINE_BYTES);
            if check(index, part) != hex::encode(stated) {
                return Err(wrong());
            }
            into.copy_from_slice(part);
        }
        Ok(BackupKey::new(bytes, now))
    }
}

/// The check of a line: it tells a mistyped line, and lines that changed places.
fn check(index: usize, bytes: &[u8]) -> String {
    let mut hasher = Sha256::new();
    hasher.update([u8::try_from(index + 1).unwrap_or(u8::MAX)]);
    hasher.update(bytes);
    hex::encode(&hasher.finalize()[..CHECK_BYTES])
}

impl fmt::Debug for BackupKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "BackupKey({})", self.fingerprint())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_795_000_000, 0);
    /// Computed with Proxmox's own steps in another language.
    const FINGERPRINT: &str =
        "0e:ab:d4:46:0b:6e:b9:ca:34:50:23:de:e2:b7:78:c7:90:e5:4a:16:83:b9:65:9c:0a:57:ae:19:90:90:15:9b";

    fn key() -> BackupKey {
        let bytes: Vec<u8> = (0..32).collect();
        BackupKey::new(bytes.try_into().unwrap(), NOW)
    }

    #[test]
    fn a_key_has_the_form_and_the_fingerprint_of_proxmox() {
        assert_eq!(key().fingerprint(), FINGERPRINT);
        let json = key().to_json();
        let value: serde_json::Value = serde_json::from_str(json.expose_secret()).unwrap();
        assert_eq!(
            value,
            serde_json::json!({
                "kdf": null, "created": "2026-11-18T11:06:40Z", "modified": "2026-11-18T11:06:40Z",
                "data": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "fingerprint": FINGERPRINT,
            })
        );
        assert!(!json.expose_secret().contains('\n'));
        assert_eq!(BackupKey::from_json(json.expose_secret()), Ok(key()));
        assert!(key().is_named(FINGERPRINT) && key().is_named(&FINGERPRINT.to_uppercase()));
        assert!(key().is_named("0e:ab:d4:46:0b:6e:b9:ca") && !key().is_named("0e:ab") && !key().is_named(""));
    }

    #[test]
    fn the_lines_of_a_sheet_are_typed_back() {
        assert_eq!(key().lines()[0], "1: 0001 0203 0405 0607  a850");
        let printed = key().lines().join("\n");
        assert_eq!(BackupKey::from_lines(&printed, NOW), Ok(key()));
        let typed =
            "0001 0203 04050607A850\n\n 2: 08090a0b 0c0d0e0f 98a5\n1011121314151617 9faf\n4:18191A1B1C1D1E1F91d1\n";
        assert_eq!(BackupKey::read(typed, NOW), Ok(key()));
    }

    #[test]
    fn a_mistyped_line_is_named() {
        let lines = key().lines();
        let wrong = |line: usize, text: &str| {
            let mut lines = lines.clone();
            lines[line - 1] = text.to_owned();
            assert_eq!(BackupKey::from_lines(&lines.join("\n"), NOW), Err(NotAKey::Line { line }), "{text}");
        };
        wrong(2, "2: 0809 0a0b 0c0d 0e0e  98a5");
        wrong(3, "3: 1011 1213 1415 161O  9faf");
        wrong(4, "4: 1819 1a1b 1c1d 1e1f");
        let swapped = [&lines[1], &lines[0], &lines[2], &lines[3]].map(String::as_str).join("\n");
        assert_eq!(BackupKey::from_lines(&swapped, NOW), Err(NotAKey::Line { line: 1 }));
        assert_eq!(BackupKey::from_lines(&lines[..3].join("\n"), NOW), Err(NotAKey::Form));
    }

    #[test]
    fn a_key_that_is_none_or_locked_or_another_one_is_refused() {
        assert_eq!(BackupKey::read("", NOW), Err(NotAKey::Form));
        assert_eq!(BackupKey::read("{}", NOW), Err(NotAKey::Form));
        let json = key().to_json();
        let json = json.expose_secret();
        let locked = json.replace("\"kdf\":null", "\"kdf\":{\"Scrypt\":{\"n\":65536}}");
        assert_eq!(BackupKey::read(&locked, NOW), Err(NotAKey::Locked));
        let other = json.replace("AAECAw", "BBECAw");
        assert!(matches!(BackupKey::read(&other, NOW), Err(NotAKey::Fingerprint { .. })));
        assert!(!format!("{:?}", key()).contains("AAEC") && !format!("{:?}", key()).contains("0001"));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_key_survives_paper(bytes in any::<[u8; 32]>()) {
            let key = BackupKey::new(bytes, NOW);
            prop_assert_eq!(BackupKey::read(&key.lines().join("\n"), NOW), Ok(key.clone()));
            prop_assert_eq!(BackupKey::read(key.to_json().expose_secret(), NOW), Ok(key));
        }
    }
}
