//! One integration binary: every suite is a module, so that it links once.

mod architecture;
mod canary;
mod cli;
mod faults;
mod inventory;
mod killed;
mod lab_pve;
mod onboarding;
mod pve;
mod pve_behaviour;
mod pve_calendar;
mod pve_fixture;
mod pve_rights;
mod pve_robust;
mod pve_table;
mod recorded_packages;
mod rehearsal;
mod replay_pve;
mod replay_yunohost;
mod replay_yunohost_apps;
mod ssh;
mod store;
mod technician;
mod yunohost_apps_sheet;
mod yunohost_grammar;
mod yunohost_sheet;
