//! Pictures, made here as SVG: each with a title, a description, and colours from the style sheet. The same data stands as
//! a table beside each.

mod bars;
mod calendar;
mod gauge;
mod tiles;

pub use bars::{Bar, Bars};
pub use calendar::{Calendar, Day, Mark};
pub use gauge::Gauge;
pub use tiles::{Tile, Tiles};

/// How something is, as far as is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tone {
    /// As it should be.
    Good,
    /// To be watched.
    Warning,
    /// Not known.
    Unknown,
    /// Not as it should be.
    Bad,
}

impl Tone {
    /// The class that colours it.
    pub fn class(self) -> &'static str {
        match self {
            Tone::Good => "good",
            Tone::Warning => "warn",
            Tone::Unknown => "unknown",
            Tone::Bad => "bad",
        }
    }

    /// A sign beside the colour.
    pub fn sign(self) -> &'static str {
        match self {
            Tone::Good => "✓",
            Tone::Warning => "!",
            Tone::Unknown => "?",
            Tone::Bad => "✕",
        }
    }

    /// Its word.
    pub fn word(self, words: super::words::Words) -> &'static str {
        match self {
            Tone::Good => words.good(),
            Tone::Warning => words.warning(),
            Tone::Unknown => words.unknown(),
            Tone::Bad => words.bad(),
        }
    }
}
