//! What proves that a backup can be restored, as files: the record of each drill as it was hashed, and for a proven one a
//! certificate for each client, in French.

pub mod certificate;
mod files;
mod french;

pub use files::{FILE_VERSION, FileError, certificate, record, write};
pub use french::{app as app_name, count as grouped};
