//! Billing: issued documents as files.

pub mod facturx;
