//! Public keys, certificate fingerprints and checksums: the forms we pin by.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::refusal::Refusal;

/// Key types that YunoHost's `modern` sshd accepts from an administrator (sheet YunoHost, section 2).
const LOGIN_KEY_TYPES: &[&str] = &[
    "ssh-ed25519",
    "sk-ssh-ed25519@openssh.com",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "ssh-rsa",
];

/// Bytes of an ssh-rsa key's blob from 3072 bits on: the modulus alone is 384.
const RSA_BLOB_LENGTH_MIN: usize = 384;

/// Bytes of an ed25519 public key.
const ED25519_LENGTH: usize = 32;

/// A technician's public key in OpenSSH's form: type, base64, comment. The comment is kept.
///
/// # Errors
/// A [`Refusal`] for garbage, a private key, a type that is not accepted, or RSA below 3072 bits.
pub fn login_key(text: &str) -> Result<String, Refusal> {
    let (kind, blob) = openssh(text)?;
    if !LOGIN_KEY_TYPES.contains(&kind) {
        return Err(
            Refusal::new(format!("keys of type `{kind}` are refused")).hint("make one: `ssh-keygen -t ed25519`")
        );
    }
    if kind == "ssh-rsa" && blob.len() < RSA_BLOB_LENGTH_MIN {
        return Err(
            Refusal::new("this RSA key has less than 3072 bits").hint("make a better one: `ssh-keygen -t ed25519`")
        );
    }
    Ok(text.to_owned())
}

/// A host's ed25519 key in OpenSSH's form, without comment.
///
/// # Errors
/// A [`Refusal`] for garbage or another type.
pub fn host_key(text: &str) -> Result<String, Refusal> {
    let (kind, _) = openssh(text)?;
    if kind != "ssh-ed25519" {
        return Err(Refusal::new(format!("host keys are pinned by `ssh-ed25519`, not `{kind}`"))
            .hint("copy `/etc/ssh/ssh_host_ed25519_key.pub` of that host"));
    }
    Ok(text.split_whitespace().take(2).collect::<Vec<_>>().join(" "))
}

/// Type and decoded blob of an OpenSSH public key whose outer and inner types agree.
fn openssh(text: &str) -> Result<(&str, Vec<u8>), Refusal> {
    if text.contains("PRIVATE KEY") {
        return Err(Refusal::new("this is a private key: it must not be in the inventory")
            .hint("take the file that ends in `.pub`, and make a new key pair: this one has been shown"));
    }
    let garbage = || Refusal::new("this is not an OpenSSH public key").hint("one line: `ssh-ed25519 AAAA... comment`");
    let mut words = text.split_whitespace();
    let (Some(kind), Some(encoded), false) = (words.next(), words.next(), text.contains('\n')) else {
        return Err(garbage());
    };
    let blob = STANDARD.decode(encoded).map_err(|_| {
        Refusal::new("the base64 part of this public key is damaged").hint("copy the whole line of the `.pub` file")
    })?;
    let (inner, rest) = field(&blob).ok_or_else(garbage)?;
    if inner != kind.as_bytes() {
        return Err(Refusal::new(format!("this public key says `{kind}` but its content is of another type"))
            .hint("copy the whole line of the `.pub` file"));
    }
    let whole = match kind {
        "ssh-ed25519" => field(rest).is_some_and(|(key, rest)| key.len() == ED25519_LENGTH && rest.is_empty()),
        _ => field(rest).is_some(),
    };
    if whole { Ok((kind, blob)) } else { Err(garbage()) }
}

/// A length-prefixed field of an SSH blob and what follows it.
fn field(blob: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = blob.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    (length <= rest.len()).then(|| rest.split_at(length))
}

/// The SHA-256 fingerprint of a certificate: 32 pairs of hexadecimal digits joined by colons, returned in upper case.
///
/// # Errors
/// A [`Refusal`] with the count of pairs that were found.
pub fn tls_fingerprint(text: &str) -> Result<String, Refusal> {
    let pairs: Vec<&str> = text.split(':').collect();
    let hexadecimal = |pair: &&str| pair.len() == 2 && pair.bytes().all(|byte| byte.is_ascii_hexdigit());
    if pairs.len() == 32 && pairs.iter().all(hexadecimal) {
        return Ok(text.to_ascii_uppercase());
    }
    let hint = match pairs.iter().filter(|pair| hexadecimal(pair)).count() {
        20 => "this looks like SHA-1, 20 pairs: `pvenode cert info` prints SHA-256, 32 pairs".to_owned(),
        count => format!("32 pairs of hexadecimal digits joined by colons are needed, {count} were found"),
    };
    Err(Refusal::new("this is not the SHA-256 fingerprint of a certificate").hint(hint))
}

/// A SHA-512 checksum: 128 hexadecimal digits, returned in lower case.
///
/// # Errors
/// A [`Refusal`] with the count of digits.
pub fn sha512(text: &str) -> Result<String, Refusal> {
    if text.len() == 128 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(text.to_ascii_lowercase());
    }
    Err(Refusal::new("this is not a SHA-512 checksum").hint(format!(
        "128 hexadecimal digits are needed, {} characters were found; the image's publisher has a `SHA512SUMS` file",
        text.chars().count()
    )))
}
