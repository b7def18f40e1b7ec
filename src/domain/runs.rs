//! How runs of the engine end: who writes it down and who reads it say it with the same words.

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunOutcome {
    /// Everything that it was for is so.
    Settled,
    /// Some of it is; the rest waits or went wrong.
    Partial,
    /// A backup was made, and was seen to lie where it belongs.
    Saved,
    /// No backup was made.
    Failed,
    /// It met something and ended before its work was done.
    Stopped,
    /// Its process was killed, or its lease ended.
    CutShort,
    /// In a word that this program does not write: an older or a newer one did. It is shown as it is, and not interpreted.
    Other(String),
}

impl RunOutcome {
    /// Those that this program writes.
    pub const KNOWN: [RunOutcome; 6] = [
        RunOutcome::Settled,
        RunOutcome::Partial,
        RunOutcome::Saved,
        RunOutcome::Failed,
        RunOutcome::Stopped,
        RunOutcome::CutShort,
    ];

    /// Of work that is done whole or stops.
    pub fn of_whole(is_done: bool) -> RunOutcome {
        if is_done { RunOutcome::Settled } else { RunOutcome::Stopped }
    }

    /// The word that the store, figures and scripts see.
    pub fn word(&self) -> &str {
        match self {
            RunOutcome::Settled => "settled",
            RunOutcome::Partial => "partial",
            RunOutcome::Saved => "saved",
            RunOutcome::Failed => "failed",
            RunOutcome::Stopped => "stopped",
            RunOutcome::CutShort => "cut-short",
            RunOutcome::Other(word) => word,
        }
    }

    /// Reads any word back.
    pub fn from_word(word: String) -> RunOutcome {
        RunOutcome::KNOWN.into_iter().find(|one| one.word() == word).unwrap_or(RunOutcome::Other(word))
    }
}

#[cfg(test)]
mod tests {
    use super::RunOutcome;

    #[test]
    fn every_word_is_read_back_and_an_unknown_one_stays_readable() {
        for one in RunOutcome::KNOWN {
            assert_eq!(RunOutcome::from_word(one.word().to_owned()), one);
        }
        let other = RunOutcome::from_word("abandoned".to_owned());
        assert_eq!((other.word(), &other), ("abandoned", &RunOutcome::Other("abandoned".to_owned())));
    }
}
