//! One integration binary: every suite is a module, so that it links once.

mod architecture;
mod ssh;
mod store;
mod inventory;
