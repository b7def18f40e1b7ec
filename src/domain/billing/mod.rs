//! What is charged, when, and how it rounds (rules R1 to R31, `docs/billing.md`): pure, every moment is an argument.

pub mod arithmetic;
pub mod assemble;
pub mod charge;
mod consent;
pub mod credit;
pub mod decimal;
pub mod difference;
pub mod document;
pub mod duration;
pub mod exact;
pub mod late;
pub mod lawful;
pub mod mandate;
pub mod month;
pub mod owed;
pub mod remittance;
pub mod returns;
mod seats;
pub mod seller;
pub mod span;
pub mod support;
pub mod target;
pub mod terms;
pub mod vat;
pub mod words;
pub mod years;
pub mod zone;
