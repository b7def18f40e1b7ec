//! Reading playbook files, with the mistakes that would only show in the middle of an onboarding.

use super::model::{Condition, PLAYBOOK_VERSION, Playbook, Step};

/// A playbook that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PlaybookError {
    /// Not TOML, an unknown key, a wrong type.
    #[error("`{file}` is not a playbook: {source}")]
    Syntax {
        /// The file.
        file: String,
        /// What the TOML reader says, with line and caret.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// Another version of the format.
    #[error("`{file}` has version {found}, this program reads version {PLAYBOOK_VERSION}")]
    Version {
        /// The file.
        file: String,
        /// Its version.
        found: u32,
    },
    /// A step that could not be executed rightly.
    #[error("`{file}`, step `{step}`: {problem}")]
    Step {
        /// The file.
        file: String,
        /// The step's id.
        step: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A file could not be read.
    #[error("`{file}` cannot be read")]
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// Reads one playbook.
///
/// # Errors
/// See [`PlaybookError`]; nothing is guessed.
pub fn parse(file: &str, text: &str) -> Result<Playbook, PlaybookError> {
    let syntax = |source| PlaybookError::Syntax { file: file.to_owned(), source: Box::new(source) };
    let playbook: Playbook = toml::from_str(text).map_err(syntax)?;
    if playbook.version != PLAYBOOK_VERSION {
        return Err(PlaybookError::Version { file: file.to_owned(), found: playbook.version });
    }
    for (at, step) in playbook.steps.iter().enumerate() {
        let twice = playbook.steps[..at].iter().any(|other| other.id == step.id);
        let problem = if twice { Some("its id is used twice in this file") } else { problem_of(step) };
        if let Some(problem) = problem {
            return Err(PlaybookError::Step { file: file.to_owned(), step: step.id.clone(), problem });
        }
    }
    Ok(playbook)
}

/// Exit 0 of a YunoHost command is not success: a step without a verification is refused here, for good.
fn problem_of(step: &Step) -> Option<&'static str> {
    let of_cause = || step.other_cause.iter().flat_map(|cause| &cause.check);
    let conditions =
        || step.check.iter().chain(&step.verify).chain(step.ready.iter().map(|one| &one.check)).chain(of_cause());
    if step.check.is_empty() {
        return Some("it has no check, so nothing would tell whether it is already done");
    }
    if conditions().any(|condition| condition.comparisons() != 1) {
        return Some(
            "each condition has exactly one of equals, contains, lacks, same_as, contains_all, present, exit, admin_login",
        );
    }
    if conditions().any(|condition| condition.read.is_empty() && condition.admin_login.is_none()) {
        return Some("a condition reads nothing");
    }
    if step.other_cause.as_ref().is_some_and(|cause| cause.check.is_empty()) {
        return Some("its other cause has no check, so nothing would tell whether it is the cause");
    }
    if step.apply.is_empty() {
        return Some("it runs nothing");
    }
    if step.apply.iter().any(|command| command.run.is_empty()) {
        return Some("a command is empty");
    }
    if step.together && step.each.is_none() {
        return Some("`together` needs `each`");
    }
    None
}

impl Condition {
    fn comparisons(&self) -> usize {
        [
            self.equals.is_some(),
            self.contains.is_some(),
            self.lacks.is_some(),
            self.same_as.is_some(),
            self.contains_all.is_some(),
            self.present.is_some(),
            self.exit.is_some(),
            self.admin_login.is_some(),
        ]
        .into_iter()
        .filter(|set| *set)
        .count()
    }
}
