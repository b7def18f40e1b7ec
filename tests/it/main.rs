//! One integration binary: every suite is a module, so that it links once.

mod architecture;
mod recorded_packages;
mod replay_yunohost;
mod replay_yunohost_apps;
mod yunohost_apps_sheet;
mod yunohost_grammar;
mod yunohost_sheet;
