//! Asking before something is done.

use std::io::BufRead;

use super::exit::Exit;
use super::failure::Failure;
use super::session::Session;

impl Session {
    /// Asks, and goes on only when the answer is yes. `--yes` answers in advance.
    ///
    /// # Errors
    /// When the answer is no, or nobody is there to answer.
    pub fn confirm(&self, question: &str) -> Result<(), Failure> {
        if self.globals.yes {
            return Ok(());
        }
        self.output.ask(&format!("{question} [y/N] "));
        let mut answer = String::new();
        match std::io::stdin().lock().read_line(&mut answer) {
            Ok(0) | Err(_) => {
                self.output.ask("\n");
                Err(Failure::usage("nobody is there to confirm", "add `--yes` to confirm in advance; nothing was done"))
            }
            Ok(_) if matches!(answer.trim().to_lowercase().as_str(), "y" | "yes" | "o" | "oui") => Ok(()),
            Ok(_) => Err(Failure::new(Exit::Stopped, "not confirmed", "nothing was done")),
        }
    }
}
