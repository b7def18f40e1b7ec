//! The co-operative's own Dolibarr, over its REST interface: what was issued and paid is shown there too, once.
//!
//! Everything is looked for before it is made: a third party by its SIREN, an invoice by our number (`ref_ext`), a payment by
//! its mark (`num_payment`). An answer that is lost on a write decides nothing: the next call reads first.

mod client;
mod push;

pub use client::{Dolibarr, DolibarrError};
pub use push::{Pushed, Pushing, push};

/// The secret that is the key of the interface.
pub const KEY: &str = "dolibarr";
