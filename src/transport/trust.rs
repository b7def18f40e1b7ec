//! Whom to trust of servers that are not ours: the public authorities, or one certificate by its fingerprint.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};

use super::pin::{Fingerprint, FingerprintError, PinVerifier};

/// TLS settings for a server known as `host`.
///
/// # Errors
/// [`FingerprintError`] when the fingerprint is none.
///
/// # Panics
/// Never: ring knows the default protocol versions.
pub fn client_config(fingerprint: Option<&str>, host: &str) -> Result<Arc<ClientConfig>, FingerprintError> {
    if let Some(fingerprint) = fingerprint {
        let pin: Fingerprint = fingerprint.parse()?;
        return Ok(Arc::new(PinVerifier::new(pin, &[host]).client_config()));
    }
    let mut roots = RootCertStore::empty();
    // Single certificates that cannot be read are the system's matter; without any, no server is trusted.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring knows the default protocol versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}
