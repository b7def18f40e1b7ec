//! One integration binary: every suite is a module, so that it links once.

mod architecture;
mod inventory;
mod ssh;
mod store;
