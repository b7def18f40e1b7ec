//! Second factors: six digits of an application (RFC 6238, SHA-1, thirty seconds) and recovery codes.

use jiff::Timestamp;
use qrcodegen::{QrCode, QrCodeEcc};
use secrecy::{ExposeSecret, SecretString};

use crate::store::secrets::{Vault, VaultError};
use crate::util::limits;

use super::session::micros;
use super::{Portal, Problem};

/// Seconds of a time step.
const STEP_S: i64 = 30;
/// Steps before and after the present one whose code is taken: clocks of telephones are off by a little.
const STEPS_OFF_MAX: i64 = 1;
/// Bytes of a secret, as many as SHA-1 gives.
const SECRET_BYTES: usize = 20;
/// What a code is taken modulo: six digits.
const DIGITS: u32 = 1_000_000;
/// Bytes of a recovery code: 80 bits, sixteen letters.
const RECOVERY_BYTES: usize = 10;

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Letters and digits as applications and people type them (RFC 4648, without padding).
pub fn base32(bytes: &[u8]) -> String {
    let mut out = String::new();
    let (mut held, mut bits) = (0_u32, 0);
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            out.push(BASE32[(held >> bits) as usize & 31] as char);
        }
    }
    if bits > 0 {
        out.push(BASE32[(held << (5 - bits)) as usize & 31] as char);
    }
    out
}

/// The code of a time step.
pub fn code(secret: &[u8], step: i64) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let mac = ring::hmac::sign(&key, &step.to_be_bytes());
    let mac = mac.as_ref();
    let at = usize::from(mac[mac.len() - 1] & 15);
    let word = u32::from_be_bytes([mac[at] & 0x7f, mac[at + 1], mac[at + 2], mac[at + 3]]);
    format!("{:06}", word % DIGITS)
}

/// The time step of a moment.
pub fn step(at: Timestamp) -> i64 {
    at.as_second().div_euclid(STEP_S)
}

/// The step whose code this is, around a moment.
fn matching(secret: &[u8], typed: &str, at: Timestamp) -> Option<i64> {
    let now = step(at);
    (now - STEPS_OFF_MAX..=now + STEPS_OFF_MAX).find(|step| code(secret, *step) == typed)
}

/// What is typed, without what people put between.
fn tidy(typed: &str) -> String {
    typed.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// What an application for codes reads from the square.
pub fn address(house: &str, account: &str, secret: &[u8]) -> String {
    let encode =
        |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    format!("otpauth://totp/{}:{}?secret={}&issuer={}", encode(house), encode(account), base32(secret), encode(house))
}

/// The dark squares of a QR code as an SVG path, with the number of squares on a side, margin included.
pub fn square(text: &str) -> Result<(String, i32), Problem> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).map_err(|_| Problem::Bug)?;
    let mut path = String::new();
    for y in 0..code.size() {
        for x in (0..code.size()).filter(|x| code.get_module(*x, y)) {
            path.push_str(&format!("M{} {}h1v1h-1z", x + QUIET, y + QUIET));
        }
    }
    Ok((path, code.size() + 2 * QUIET))
}

/// Light squares around the dark ones.
const QUIET: i32 = 4;

/// The name under which the vault keeps a subject's secret.
fn secret_name(subject: &str) -> String {
    format!("portal/factor/{subject}")
}

/// The same until it was tried once.
fn new_secret_name(subject: &str) -> String {
    format!("portal/factor-new/{subject}")
}

/// Forgets the secrets of a subject, tried or not.
///
/// # Errors
/// When the store cannot be written.
pub(super) async fn forget_secrets(vault: &Vault, subject: &str) -> Result<(), VaultError> {
    vault.delete_secret(&secret_name(subject)).await?;
    vault.delete_secret(&new_secret_name(subject)).await?;
    Ok(())
}

impl Portal {
    /// The secret that a subject is about to add: the same until it was tried.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub(super) async fn factor_to_add(&self, subject: &str, now: Timestamp) -> Result<Vec<u8>, Problem> {
        let name = new_secret_name(subject);
        if let Some(known) = self.vault.get_secret(&name).await? {
            return hex::decode(known.expose_secret()).map_err(|_| Problem::Bug);
        }
        let mut secret = vec![0_u8; SECRET_BYTES];
        self.randomness.fill(&mut secret);
        self.vault.put_secret(&name, &SecretString::from(hex::encode(&secret)), now.as_microsecond()).await?;
        Ok(secret)
    }

    /// Adds the second factor when the code fits; the recovery codes, which are shown once.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub(super) async fn add_factor(
        &self,
        subject: &str,
        typed: &str,
        now: Timestamp,
    ) -> Result<Option<Vec<String>>, Problem> {
        let secret = self.factor_to_add(subject, now).await?;
        let Some(step) = matching(&secret, &tidy(typed), now) else { return Ok(None) };
        let codes: Vec<String> = (0..limits::PORTAL_RECOVERY_CODES).map(|_| self.recovery_code()).collect();
        let hashes: Vec<String> = codes.iter().map(|code| self.code_hash(subject, &tidy(code))).collect();
        let at_us = now.as_microsecond();
        self.vault.put_secret(&secret_name(subject), &SecretString::from(hex::encode(&secret)), at_us).await?;
        self.store.set_factor(subject, step, &hashes, at_us).await?;
        self.vault.delete_secret(&new_secret_name(subject)).await?;
        Ok(Some(codes))
    }

    fn recovery_code(&self) -> String {
        let mut bytes = [0_u8; RECOVERY_BYTES];
        self.randomness.fill(&mut bytes);
        let letters = base32(&bytes);
        let groups: Vec<&str> = (0..letters.len()).step_by(4).map(|at| &letters[at..at + 4]).collect();
        groups.join("-")
    }

    /// Whether somebody is asked for a second factor.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) async fn has_factor(&self, subject: &str) -> Result<bool, Problem> {
        Ok(self.store.factor(subject).await?.is_some())
    }

    /// Takes six digits of the application or a recovery code, each once.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub(super) async fn takes_factor(&self, subject: &str, typed: &str, now: Timestamp) -> Result<bool, Problem> {
        let typed = tidy(typed);
        let Some(secret) = self.vault.get_secret(&secret_name(subject)).await? else { return Ok(false) };
        if self.store.factor(subject).await?.is_none() {
            return Ok(false);
        }
        let secret = hex::decode(secret.expose_secret()).map_err(|_| Problem::Bug)?;
        if let Some(step) = matching(&secret, &typed, now) {
            return Ok(self.store.use_factor_step(subject, step).await?);
        }
        let hash = self.code_hash(subject, &typed);
        Ok(self.store.use_recovery_code(subject, &hash, now.as_microsecond()).await?)
    }

    /// Counts an attempt; [`Problem::TooOften`] when there were too many in this window.
    ///
    /// # Errors
    /// When there were too many, or the store cannot be written.
    pub(super) async fn allow(&self, name: &str, max: i64, now: Timestamp) -> Result<(), Problem> {
        let window = micros(limits::PORTAL_ATTEMPTS_WINDOW);
        // Hashed, so that the store does not collect addresses of people who are no contacts of anybody.
        let name = self.code_hash("attempts", name);
        let count = self.store.count_attempt(&name, window, now.as_microsecond()).await?;
        if count > max { Err(Problem::TooOften) } else { Ok(()) }
    }
}
