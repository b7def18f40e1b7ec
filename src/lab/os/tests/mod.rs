//! The sentences of the sheets about machines, and the programs family by family.

mod booting;
mod disks;
mod installer;
mod login;
mod programs;
mod units;
mod yunohost;
