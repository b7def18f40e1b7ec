//! Which certificate a server must show.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use sha2::{Digest, Sha256};

/// SHA-256 of a certificate, as Proxmox shows it: pairs of upper-case hexadecimal digits joined by colons.
///
/// It pins either the node's own certificate or that of the authority which signed it, when the node sends that one
/// along; with an authority the certificate must also be in its time and bear the node's name or address.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

/// The text is no SHA-256 fingerprint.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{0}` is not a SHA-256 fingerprint\n\nexpected 32 pairs of hexadecimal digits joined by colons, as `pvenode cert info` prints them"
)]
pub struct FingerprintError(String);

impl Fingerprint {
    fn of(certificate: &CertificateDer<'_>) -> Fingerprint {
        Fingerprint(Sha256::digest(certificate).into())
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Fingerprint, FingerprintError> {
        let bytes = hex::decode(text.trim().replace(':', "")).ok();
        bytes.and_then(|bytes| bytes.try_into().ok()).map(Fingerprint).ok_or_else(|| FingerprintError(text.to_owned()))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pairs: Vec<String> = self.0.iter().map(|byte| format!("{byte:02X}")).collect();
        out.write_str(&pairs.join(":"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Fingerprint({self})")
    }
}

/// Accepts the pinned certificate and nothing else, and remembers which one it turned away: the error that comes out of
/// the layers above tells only that there was a handshake.
#[derive(Debug)]
pub struct PinVerifier {
    pin: Fingerprint,
    /// Names that a certificate of a pinned authority may bear.
    names: Vec<ServerName<'static>>,
    provider: Arc<CryptoProvider>,
    turned_away: Mutex<Option<Fingerprint>>,
}

impl PinVerifier {
    /// A verifier for a node known under these names.
    pub fn new(pin: Fingerprint, names: &[&str]) -> Arc<PinVerifier> {
        let names = names.iter().filter_map(|name| ServerName::try_from((*name).to_owned()).ok()).collect();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        Arc::new(PinVerifier { pin, names, provider, turned_away: Mutex::new(None) })
    }

    /// TLS settings with this verifier.
    pub fn client_config(self: &Arc<PinVerifier>) -> ClientConfig {
        ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .expect("ring knows the default protocol versions")
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(self) as Arc<dyn ServerCertVerifier>)
            .with_no_client_auth()
    }

    /// The certificate that was turned away last, unless another one was accepted since.
    pub fn turned_away(&self) -> Option<Fingerprint> {
        *self.turned_away.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, turned_away: Option<Fingerprint>) {
        *self.turned_away.lock().unwrap_or_else(PoisonError::into_inner) = turned_away;
    }

    /// Signed by the pinned authority, in its time, for one of the node's names.
    fn is_vouched_for(&self, leaf: &CertificateDer<'_>, sent: &[CertificateDer<'_>], now: UnixTime) -> bool {
        let Some(authority) = sent.iter().find(|one| Fingerprint::of(one) == self.pin) else { return false };
        let mut roots = RootCertStore::empty();
        if roots.add(authority.clone().into_owned()).is_err() {
            return false;
        }
        let Ok(leaf) = ParsedCertificate::try_from(leaf) else { return false };
        let algorithms = self.provider.signature_verification_algorithms.all;
        verify_server_cert_signed_by_trust_anchor(&leaf, &roots, sent, now, algorithms).is_ok()
            && self.names.iter().any(|name| verify_server_name(&leaf, name).is_ok())
    }
}

impl ServerCertVerifier for PinVerifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        sent: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let shown = Fingerprint::of(leaf);
        if shown == self.pin || self.is_vouched_for(leaf, sent, now) {
            self.remember(None);
            return Ok(ServerCertVerified::assertion());
        }
        self.remember(Some(shown));
        Err(CertificateError::ApplicationVerificationFailure.into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_and_written_as_proxmox_has_it() {
        let text = (0..32).map(|n| format!("{n:02X}")).collect::<Vec<_>>().join(":");
        assert_eq!(text.parse::<Fingerprint>().unwrap().to_string(), text);
        assert_eq!(text.to_lowercase().parse::<Fingerprint>().unwrap().to_string(), text);
        for wrong in ["", "AB:CD", &text[3..], "sha256:abc"] {
            assert!(wrong.parse::<Fingerprint>().is_err(), "{wrong}");
        }
    }
}
