//! The lab: a simulated world of Proxmox nodes and YunoHost guests behind real TLS, HTTP and SSH.
//!
//! It is the product's conscience: written from the behaviour of the real programs, quirks included, and never
//! sharing a wire type with the clients it tests (invariant 3). The world model (`world`, `os`, `yunohost`) knows no
//! protocol; `pve`, `pbs` and `net` put the protocols around it.

pub mod calendar;
pub mod declared;
pub mod net;
pub mod os;
pub mod pbs;
pub mod platform;
pub mod pve;
pub mod wire;
pub mod world;
pub mod yunohost;
