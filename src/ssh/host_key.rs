//! The public key by which a server is known.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use sha2::{Digest, Sha256};

/// A server's public key. It comes from the inventory (nodes, jump hosts) or from the guest agent (guests), never from
/// the connection that it is to vouch for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostKey {
    algorithm: String,
    blob: Vec<u8>,
}

/// The text is no OpenSSH public key.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{text}` is not an OpenSSH public key\n\nexpected `ssh-ed25519 AAAA...`, as in `/etc/ssh/ssh_host_ed25519_key.pub`"
)]
pub struct HostKeyError {
    text: String,
}

impl HostKey {
    /// The key in the form that the protocol carries: its algorithm's name leads it.
    pub(super) fn from_blob(blob: &[u8]) -> Option<HostKey> {
        let length = usize::try_from(u32::from_be_bytes(blob.get(..4)?.try_into().ok()?)).ok()?;
        let algorithm = std::str::from_utf8(blob.get(4..4 + length)?).ok()?.to_owned();
        Some(HostKey { algorithm, blob: blob.to_vec() })
    }

    /// `SHA256:...`, as `ssh-keygen -l` prints it.
    pub fn fingerprint(&self) -> String {
        format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(&self.blob)))
    }

    /// The order in which to ask for host keys: this key's kind first, the others behind it, so that a server without
    /// this kind still shows a key whose fingerprint the refusal can name.
    pub(super) fn preferred_algorithms(&self) -> String {
        const KNOWN: [&str; 6] = [
            "ssh-ed25519",
            "ecdsa-sha2-nistp256",
            "ecdsa-sha2-nistp384",
            "ecdsa-sha2-nistp521",
            "rsa-sha2-512",
            "rsa-sha2-256",
        ];
        let is_ours = |name: &&str| match self.algorithm.as_str() {
            "ssh-rsa" => name.starts_with("rsa-sha2"),
            algorithm => **name == *algorithm,
        };
        let (ours, others): (Vec<&str>, Vec<&str>) = KNOWN.iter().partition(|name| is_ours(name));
        [ours, others].concat().join(",")
    }
}

impl FromStr for HostKey {
    type Err = HostKeyError;

    /// Reads `algorithm base64 [comment]`.
    fn from_str(text: &str) -> Result<HostKey, HostKeyError> {
        let mut words = text.split_whitespace();
        let algorithm = words.next();
        words
            .next()
            .and_then(|encoded| STANDARD.decode(encoded).ok())
            .and_then(|blob| HostKey::from_blob(&blob))
            .filter(|key| Some(key.algorithm.as_str()) == algorithm)
            .ok_or_else(|| HostKeyError { text: text.trim().to_owned() })
    }
}

impl fmt::Display for HostKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.algorithm, STANDARD.encode(&self.blob))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Made for this test with `ssh-keygen -t ed25519`; the fingerprint is what `ssh-keygen -l` printed for it.
    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAb5NHrFfnG7UYB+pxX3n4tVnEA1TxkpOPG4dp2AndhD";
    const FINGERPRINT: &str = "SHA256:UsEv5c6IrhXzYsKIjvWM0pnbtxmuFIIYcgYspRxHoek";

    #[test]
    fn a_key_survives_reading_and_writing_without_its_comment() {
        let key: HostKey = format!("{KEY} root@pve1\n").parse().unwrap();
        assert_eq!(key.to_string(), KEY);
        assert_eq!(key.fingerprint(), FINGERPRINT);
    }

    #[test]
    fn a_text_that_is_no_key_is_refused() {
        for text in ["", "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-rsa !!!!", &KEY.replace("ssh-ed25519", "ssh-rsa")] {
            assert!(text.parse::<HostKey>().is_err(), "{text}");
        }
    }

    #[test]
    fn its_own_kind_is_asked_for_first() {
        let key: HostKey = KEY.parse().unwrap();
        assert!(key.preferred_algorithms().starts_with("ssh-ed25519,"));
        assert!(key.preferred_algorithms().ends_with("rsa-sha2-256"));
    }
}
