//! One integration binary: every suite is a module, so that it links once.

mod architecture;
mod replay_yunohost;
mod yunohost_grammar;
mod yunohost_sheet;
