//! The seeded source of randomness: from the operating system in production, from a seed in a lab or a test.

use std::sync::Mutex;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use secrecy::SecretString;

/// Characters of a generated password: letters and digits that cannot be mistaken for one another when read aloud.
/// No `#`: YunoHost's relay password must not contain it (sheet YunoHost, section 4).
const PASSWORD_ALPHABET: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// A cryptographic generator that is shared by a run.
pub struct Randomness(Mutex<ChaCha20Rng>);

impl Randomness {
    /// Seeded by the operating system.
    ///
    /// # Panics
    /// When the operating system has no randomness to give: nothing secret may be made then.
    pub fn from_system() -> Randomness {
        let mut seed = [0_u8; 32];
        getrandom::fill(&mut seed).expect("the operating system gives random bytes");
        Randomness(Mutex::new(ChaCha20Rng::from_seed(seed)))
    }

    /// Seeded by a number: the same number gives the same values, for labs and tests only.
    pub fn from_seed(seed: u64) -> Randomness {
        Randomness(Mutex::new(ChaCha20Rng::seed_from_u64(seed)))
    }

    /// Fills a buffer.
    pub fn fill(&self, buffer: &mut [u8]) {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).fill_bytes(buffer);
    }

    /// A password of four groups of five characters (about 115 bits), easy to copy from paper.
    pub fn password(&self) -> SecretString {
        let mut text = String::with_capacity(23);
        for position in 0..20 {
            if position > 0 && position % 5 == 0 {
                text.push('-');
            }
            text.push(self.pick(PASSWORD_ALPHABET) as char);
        }
        SecretString::from(text)
    }

    /// A lower-case hexadecimal token of `bytes` random bytes.
    pub fn hex(&self, bytes: usize) -> String {
        let mut buffer = vec![0_u8; bytes];
        self.fill(&mut buffer);
        hex::encode(buffer)
    }

    fn pick(&self, alphabet: &[u8]) -> u8 {
        // Rejection keeps every character equally likely.
        let bound = 256 - 256 % alphabet.len();
        loop {
            let mut byte = [0_u8];
            self.fill(&mut byte);
            if usize::from(byte[0]) < bound {
                return alphabet[usize::from(byte[0]) % alphabet.len()];
            }
        }
    }
}
