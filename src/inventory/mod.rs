//! The inventory: TOML files that say what should be, checked whole, with the place of every mistake.

mod check;
mod conflicts;
mod document;
mod folder;
pub mod mistake;
pub mod model;
mod read;
mod reader;
pub mod render;
pub mod schema;
pub mod sections;

pub use check::check;
pub use folder::{Loaded, content_hash, load, read_files, write_file};
pub use mistake::{Mistake, Mistakes};
pub use render::Drawing;
