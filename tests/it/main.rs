//! One integration binary: every suite is a module, so that it links once.

mod architecture;
mod inventory;
mod ssh;
mod store;
mod onboarding;
mod rehearsal;
mod pve;
mod ssh;
mod store;
mod pve_calendar;
mod pve_fixture;
mod pve_table;
mod replay_pve;
mod replay_yunohost;
mod inventory;
