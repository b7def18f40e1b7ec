//! Keys and certificates of the lab, the same for the same seed where a client pins them.

use rcgen::{CertificateParams, KeyPair};
use russh::keys::ssh_key::private::{Ed25519Keypair, Ed25519PrivateKey};
use russh::keys::ssh_key::{LineEnding, PrivateKey};
use sha2::{Digest, Sha256};

/// 32 bytes for one purpose of one seed.
pub fn seed_of(seed: u64, purpose: &str) -> [u8; 32] {
    Sha256::new().chain_update(seed.to_be_bytes()).chain_update(purpose).finalize().into()
}

/// The SSH key of 32 private bytes.
pub fn ssh_key(private: &[u8; 32]) -> PrivateKey {
    PrivateKey::from(Ed25519Keypair::from(Ed25519PrivateKey::from_bytes(private)))
}

/// Its public half as OpenSSH writes it, without a comment.
///
/// # Panics
/// Never: an ed25519 key always has that form.
pub fn public_text(key: &PrivateKey) -> String {
    key.public_key().to_openssh().expect("an ed25519 key has an OpenSSH form")
}

/// The private key as OpenSSH writes it to a file.
///
/// # Panics
/// Never: an ed25519 key always has that form.
pub fn private_text(key: &PrivateKey) -> String {
    key.to_openssh(LineEnding::LF).expect("an ed25519 key has an OpenSSH form").to_string()
}

/// A certificate signed by itself, with its key, as a node has it before it is given another.
pub struct NodeCertificate {
    /// DER of the certificate.
    pub certificate: rustls::pki_types::CertificateDer<'static>,
    /// DER of the private key (PKCS 8).
    pub key: Vec<u8>,
    /// SHA-256 as Proxmox shows it.
    pub fingerprint: String,
    /// The certificate as a PEM file.
    pub pem: String,
}

/// Makes a node's certificate. Its key is fresh with each lab: pins are told by the lab when it starts.
///
/// # Errors
/// When the crypto provider refuses, which it has no reason to.
pub fn node_certificate(node: &str) -> Result<NodeCertificate, rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut parameters = CertificateParams::new(vec![node.to_owned(), "localhost".to_owned()])?;
    parameters.distinguished_name.push(rcgen::DnType::CommonName, format!("{node}.lab"));
    let made = parameters.self_signed(&key)?;
    let (pem, certificate) = (made.pem(), made.der().clone());
    let digest = Sha256::digest(&certificate);
    let fingerprint = digest.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":");
    Ok(NodeCertificate { certificate, key: key.serialize_der(), fingerprint, pem })
}
