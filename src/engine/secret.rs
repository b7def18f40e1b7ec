//! Secrets of a run: taken from the vault, or made and kept there before they are sent anywhere.

use secrecy::SecretString;

use super::{Engine, EngineError};

/// Secrets of these kinds are made by us when they are first needed; all others are set by a person.
const GENERATED: [&str; 3] = ["instance/", "person/", "departed/"];

impl Engine {
    /// The secret of this name. A generated one is stored first: an answer that is lost must not lose the password.
    ///
    /// # Errors
    /// [`EngineError::MissingSecret`] when a person has to set it.
    pub async fn secret(&self, name: &str) -> Result<SecretString, EngineError> {
        if let Some(known) = self.vault.get_secret(name).await? {
            self.redactor.learn(&known);
            return Ok(known);
        }
        if !GENERATED.iter().any(|prefix| name.starts_with(prefix)) {
            return Err(EngineError::MissingSecret(name.to_owned()));
        }
        let made = self.randomness.password();
        self.vault.put_secret(name, &made, self.now_us().await?).await?;
        self.redactor.learn(&made);
        Ok(made)
    }
}
