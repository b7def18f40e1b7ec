//! What is true, from what is on record: no site is asked. The sweep (`engine::backup::sweep`) writes looks; here they are
//! read back and judged, for whoever may see them.

pub mod backups;
pub(crate) mod matter;
mod mend;
pub mod reach;
mod schedule;
pub mod services;
pub mod standing;
