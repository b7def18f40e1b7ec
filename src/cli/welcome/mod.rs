//! The welcome sheet: what a client needs on the first day, on paper, in French and in plain words.

mod sheet;

pub use sheet::{Card, Password, Sheet, people};
