//! How a backup server refuses: a status and one plain text.

/// A refusal in the server's own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Status: 400 for nearly everything.
    pub status: u16,
    /// The text, which is the whole body.
    pub text: String,
}

impl Refusal {
    /// The usual one: 400.
    pub fn bad(text: impl Into<String>) -> Refusal {
        Refusal { status: 400, text: text.into() }
    }

    /// 403.
    pub fn forbidden(text: impl Into<String>) -> Refusal {
        Refusal { status: 403, text: text.into() }
    }

    /// 403 with nothing but these words.
    pub fn check_failed() -> Refusal {
        Refusal::forbidden("permission check failed")
    }

    /// 400 for one parameter.
    pub fn param(name: &str, text: &str) -> Refusal {
        Refusal::bad(format!("parameter verification failed - '{name}': {text}"))
    }

    /// What a folder says that is not there.
    pub fn no_such_entry() -> Refusal {
        Refusal::bad(NO_SUCH_ENTRY)
    }
}

/// The words of a listing that finds no folder.
pub const NO_SUCH_ENTRY: &str = "ENOENT: No such file or directory";

/// The words of an operation that finds no file.
pub const NO_SUCH_FILE: &str = "No such file or directory (os error 2)";
