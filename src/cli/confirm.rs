//! Asking before something is done.

use std::io::BufRead;

use super::exit::Exit;
use super::failure::Failure;
use super::session::Session;

impl Session {
    /// Asks for a name to be typed, before something is lost for good. `--yes` does not answer this.
    ///
    /// # Errors
    /// When something else is typed, or nobody is there to type.
    pub fn confirm_name(&self, loss: &str, name: &str) -> Result<(), Failure> {
        self.output.ask(&format!("{loss}\ntype `{name}` to go on: "));
        let mut answer = String::new();
        match std::io::stdin().lock().read_line(&mut answer) {
            Ok(count) if count > 0 && answer.trim() == name => Ok(()),
            Ok(count) if count > 0 => Err(Failure::new(Exit::Stopped, "another name was typed", "nothing was done")),
            _ => Err(Failure::usage("nobody is there to type the name", "nothing was done")),
        }
    }

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
