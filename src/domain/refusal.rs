//! Why a text is refused, and what to write instead: the common answer of every validator.

/// A value that a rule refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct Refusal {
    /// What is wrong: lower case, the value in backticks.
    pub problem: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl Refusal {
    /// A refusal without advice.
    pub fn new(problem: impl Into<String>) -> Refusal {
        Refusal { problem: problem.into(), hint: None }
    }

    /// The same refusal with advice.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Refusal {
        Refusal { hint: Some(hint.into()), ..self }
    }
}
