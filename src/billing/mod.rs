//! Billing: issued documents as files.

pub mod facturx;
pub mod papers;
