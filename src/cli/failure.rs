//! What stops a command, and the one way of telling it: what happened, why, and after a blank line what to do next.

use std::error::Error;
use std::fmt::Write as _;

use super::exit::Exit;
use super::output::Output;
use crate::acceptance::StandingError;
use crate::billing::BillingError;
use crate::dolibarr::DolibarrError;
use crate::domain::refusal::Refusal;
use crate::engine::EngineError;
use crate::inventory::edit::EditError;
use crate::inventory::{Drawing, Mistakes};
use crate::metrics::CannotListen;
use crate::platform::PlatformError;
use crate::post::PostError;
use crate::print::PrintError;
use crate::proof::FileError;
use crate::store::StoreError;
use crate::store::secrets::VaultError;
use crate::util::clock::ClockError;
use crate::yunohost::playbook::read::PlaybookError;

/// Why a command did not do what it was asked for.
#[derive(Debug)]
pub struct Failure {
    exit: Exit,
    what: What,
}

#[derive(Debug)]
enum What {
    /// In our own words, the hint after a blank line.
    Said(String),
    /// An error of another room, with its causes.
    Error(Box<dyn Error + Send + Sync>),
    /// Mistakes of the inventory, with their places.
    Mistakes(Mistakes),
}

impl Failure {
    /// A failure in our own words. `hint` says what to do next.
    pub fn new(exit: Exit, what: impl std::fmt::Display, hint: impl std::fmt::Display) -> Failure {
        Failure { exit, what: What::Said(format!("{what}\n\n{hint}")) }
    }

    /// The command line asks for something that cannot be.
    pub fn usage(what: impl std::fmt::Display, hint: impl std::fmt::Display) -> Failure {
        Failure::new(Exit::Usage, what, hint)
    }

    /// A file of the technician's could not be read or written.
    pub fn file(path: &std::path::Path, error: &std::io::Error) -> Failure {
        Failure::new(
            Exit::Configuration,
            format!("`{}` cannot be read or written: {error}", path.display()),
            "check that it exists, and whose it is",
        )
    }

    fn error(exit: Exit, error: impl Error + Send + Sync + 'static) -> Failure {
        Failure { exit, what: What::Error(Box::new(error)) }
    }

    /// The exit code.
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// Tells the failure on standard error.
    pub fn tell(&self, output: &Output) {
        match &self.what {
            What::Said(text) => output.error(&with_hint(text, &[])),
            What::Error(error) => output.error(&with_hint(&error.to_string(), &causes(error.as_ref()))),
            What::Mistakes(mistakes) => {
                let drawing = if output.colours_errors() { Drawing::Colour } else { Drawing::Plain };
                output.always(&mistakes.render(drawing));
            }
        }
    }
}

/// The headlines of what lies below an error. One that only repeats what was said is left out.
fn causes(error: &(dyn Error + 'static)) -> Vec<String> {
    let mut said = error.to_string();
    let mut causes = Vec::new();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let text = inner.to_string();
        let headline = text.split_once("\n\n").map_or(text.as_str(), |(headline, _)| headline);
        if !said.contains(headline) {
            causes.push(headline.to_owned());
            said.push_str(headline);
        }
        cause = inner.source();
    }
    causes
}

/// Headline, causes, and the hint after a blank line.
fn with_hint(text: &str, causes: &[String]) -> String {
    let (headline, hint) = text.split_once("\n\n").map_or((text, None), |(headline, hint)| (headline, Some(hint)));
    let mut out = headline.to_owned();
    for cause in causes {
        // Writing to a String cannot fail.
        let _ = write!(out, "\n  because: {}", cause.replace('\n', "\n           "));
    }
    if let Some(hint) = hint {
        let _ = write!(out, "\n\nhint: {hint}");
    }
    out
}

impl From<Mistakes> for Failure {
    fn from(mistakes: Mistakes) -> Failure {
        Failure { exit: Exit::Configuration, what: What::Mistakes(mistakes) }
    }
}

impl From<EditError> for Failure {
    fn from(error: EditError) -> Failure {
        match error {
            EditError::Mistakes(mistakes) => mistakes.into(),
            other => Failure::error(Exit::Configuration, other),
        }
    }
}

impl From<StandingError> for Failure {
    fn from(error: StandingError) -> Failure {
        match error {
            StandingError::Mistakes(mistakes) => mistakes.into(),
            StandingError::Store(error) => error.into(),
        }
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Failure {
        Failure::error(error.class().into(), error)
    }
}

impl From<CannotListen> for Failure {
    fn from(error: CannotListen) -> Failure {
        Failure::error(Exit::Configuration, error)
    }
}

impl From<PrintError> for Failure {
    fn from(error: PrintError) -> Failure {
        Failure::error(Exit::Configuration, error)
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Failure {
        match error {
            FileError::Print(error) => error.into(),
            other => Failure::error(Exit::Configuration, other),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        let exit = match &error {
            StoreError::Open { .. } | StoreError::Address { .. } | StoreError::Newer { .. } => Exit::Configuration,
            StoreError::Conflict { .. } | StoreError::History { .. } | StoreError::NotEmpty { .. } => Exit::Conflict,
            StoreError::NoVersion { .. } => Exit::Bug,
            StoreError::Database { .. } | StoreError::Unreadable { .. } | StoreError::CopyDiffers { .. } => {
                Exit::Stopped
            }
        };
        Failure::error(exit, error)
    }
}

impl From<BillingError> for Failure {
    fn from(error: BillingError) -> Failure {
        let exit = match &error {
            BillingError::AlreadyRunning { .. }
            | BillingError::Behind { .. }
            | BillingError::Diverged { .. }
            | BillingError::JournalDamaged { .. }
            | BillingError::ArchiveDiffers { .. } => Exit::Conflict,
            BillingError::JournalMissing { .. }
            | BillingError::Seller { .. }
            | BillingError::Unreadable { .. }
            | BillingError::Paper(_) => Exit::Configuration,
            BillingError::Refused { .. } => Exit::Usage,
            BillingError::File { .. } | BillingError::Printing { .. } => Exit::Stopped,
            BillingError::Store(_) => Exit::Bug,
        };
        match error {
            BillingError::Store(error) => error.into(),
            other => Failure::error(exit, other),
        }
    }
}

impl From<PostError> for Failure {
    fn from(error: PostError) -> Failure {
        let exit = match &error {
            PostError::Store(_) | PostError::Vault(_) | PostError::Clock(_) => Exit::Bug,
            PostError::NoPassword | PostError::Address { .. } | PostError::TooLarge { .. } => Exit::Configuration,
            PostError::File { .. } => Exit::Stopped,
            PostError::Server(_) => Exit::Unreachable,
        };
        match error {
            PostError::Store(error) => error.into(),
            PostError::Vault(error) => error.into(),
            PostError::Clock(error) => error.into(),
            other => Failure::error(exit, other),
        }
    }
}

impl From<PlatformError> for Failure {
    fn from(error: PlatformError) -> Failure {
        let exit = match &error {
            PlatformError::Unreachable { .. } | PlatformError::Busy { .. } => Exit::Unreachable,
            PlatformError::Denied { .. } | PlatformError::Address { .. } | PlatformError::Foreign { .. } => {
                Exit::Configuration
            }
            PlatformError::Refused { .. } => Exit::Conflict,
            PlatformError::File { .. } => Exit::Stopped,
        };
        Failure::error(exit, error)
    }
}

impl From<DolibarrError> for Failure {
    fn from(error: DolibarrError) -> Failure {
        let exit = match &error {
            DolibarrError::Unreachable { .. } => Exit::Unreachable,
            DolibarrError::Refused { .. } | DolibarrError::Unreadable { .. } => Exit::Configuration,
            DolibarrError::Differs { .. } => Exit::Conflict,
            DolibarrError::Store(_) => Exit::Bug,
        };
        match error {
            DolibarrError::Store(error) => error.into(),
            other => Failure::error(exit, other),
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Failure {
        let hint = refusal.hint.unwrap_or_else(|| "nothing was done".to_owned());
        Failure::usage(refusal.problem, hint)
    }
}

impl From<VaultError> for Failure {
    fn from(error: VaultError) -> Failure {
        match error {
            VaultError::Store(error) => error.into(),
            other => Failure::error(Exit::Configuration, other),
        }
    }
}

impl From<ClockError> for Failure {
    fn from(error: ClockError) -> Failure {
        Failure::error(Exit::Unreachable, error)
    }
}

impl From<PlaybookError> for Failure {
    fn from(error: PlaybookError) -> Failure {
        Failure::error(Exit::Configuration, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the door does not open\n\nknock")]
    struct Door(#[source] std::io::Error);

    #[test]
    fn a_cause_stands_between_what_happened_and_what_to_do() {
        let error = Door(std::io::Error::other("the key is bent"));
        let text = with_hint(&error.to_string(), &causes(&error));
        assert_eq!(text, "the door does not open\n  because: the key is bent\n\nhint: knock");
    }
}
