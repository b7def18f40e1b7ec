//! What the two Proxmox adapters have in common: HTTP/1.1 over pinned TLS, directly or through a jump host, with every
//! bound, parameters encoded as Proxmox reads them, names of tasks and their following. What an answer means is the adapters'
//! own.

mod exchange;
pub mod form;
mod pin;
mod trust;
mod upid;
mod verdict;
mod wait;

pub use exchange::{Call, Content, NotAnswered, Peer, Raw, Transport};
pub use pin::{Fingerprint, FingerprintError, PinVerifier};
pub use trust::client_config;
pub use upid::{NotAUpid, TaskName};
pub use verdict::TaskVerdict;
pub use wait::{NotSeen, until_ended};
