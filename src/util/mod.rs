//! What every room needs: time, randomness, secrets kept out of text, counted words, XML, named limits.

pub mod clock;
pub mod count;
pub mod limits;
pub mod process;
pub mod random;
pub mod redact;
pub mod remote;
pub mod xml;
