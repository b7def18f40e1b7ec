//! Preparing a site.
