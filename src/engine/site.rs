//! The link to a site: how we get to it, and its Proxmox API with one of our two tokens.

use std::sync::Arc;

use super::{Engine, EngineError};
use crate::inventory::model::{Reach, Site};
use crate::pve::{Client, Credentials, Endpoint};
use crate::ssh::{Address, JumpHost, Login, Route, Session, SshError};

/// Our tokens on a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    /// What everyday work needs: machines of our pools, nothing else.
    Everyday,
    /// What preparing a site needs besides: pools, storages, backup jobs.
    SetUp,
}

/// A site within reach.
pub struct SiteLink {
    /// Its API.
    pub pve: Client,
    /// How its machines are reached.
    pub route: Route,
}

impl Token {
    /// The token's name on the node.
    pub fn name(self) -> &'static str {
        match self {
            Token::Everyday => "everyday",
            Token::SetUp => "set-up",
        }
    }

    /// The user that it belongs to. Each token has a user of its own: a token has only what its user has, too, and a
    /// user's grant on `/pool/x` replaces what it inherits from `/pool`, so that one user could not serve both.
    pub fn user(self) -> &'static str {
        match self {
            Token::Everyday => "accolades@pve",
            Token::SetUp => "accolades-setup@pve",
        }
    }

    /// `user@realm!name`.
    pub fn id(self) -> String {
        format!("{}!{}", self.user(), self.name())
    }

    /// The name of its secret in the vault.
    pub fn secret_name(self, site: &Site) -> String {
        format!("site/{}/{}-token", site.id, self.name())
    }
}

/// Why somebody does not answer, with the hint that fits the way to the site: behind WireGuard it is the tunnel that is asked
/// about first.
pub(super) fn unreachable(reach: &Reach, error: &str) -> String {
    match reach {
        Reach::Wireguard => {
            let headline = error.split_once("\n\n").map_or(error, |(headline, _)| headline);
            format!(
                "{headline}\n\nthe site is behind a WireGuard tunnel that this machine keeps: does `wg show` name a recent \
                 handshake? then look at power and network of the site"
            )
        }
        Reach::Direct | Reach::Jump { .. } => error.to_owned(),
    }
}

impl Engine {
    /// How the machines of a site are reached.
    ///
    /// # Errors
    /// When the inventory's host key is not one.
    pub fn route(&self, site: &Site) -> Result<Route, EngineError> {
        match &site.reach {
            Reach::Direct | Reach::Wireguard => Ok(Route::Direct),
            Reach::Jump { host, port, user, host_key } => {
                let login = Login {
                    address: Address { host: host.clone(), port: *port },
                    route: Route::Direct,
                    user: user.clone(),
                    identity: self.identity.clone(),
                    host_key: host_key.parse().map_err(|error| EngineError::Unexpected(format!("{error}")))?,
                };
                Ok(Route::Jump(Arc::new(JumpHost::new(login, self.redactor.clone()))))
            }
        }
    }

    /// The link to a site with one of our tokens.
    ///
    /// # Errors
    /// When the site was never prepared (no token), or the inventory's fingerprint is not one.
    pub async fn link(&self, site: &Site, route: &Route, token: Token) -> Result<SiteLink, EngineError> {
        let name = token.secret_name(site);
        let secret =
            self.vault.get_secret(&name).await?.ok_or_else(|| EngineError::NotPrepared(site.id.to_string()))?;
        self.redactor.learn(&secret);
        let endpoint = Endpoint {
            node: site.node.name.clone(),
            host: site.node.address.clone(),
            port: site.node.api_port,
            pin: site.node.tls_fingerprint.parse().map_err(|error| EngineError::Unexpected(format!("{error}")))?,
            route: route.clone(),
        };
        let credentials =
            Credentials::new(token.id(), secret).map_err(|error| EngineError::Unexpected(error.to_string()))?;
        Ok(SiteLink { pve: Client::new(endpoint, credentials, self.redactor.clone()), route: route.clone() })
    }

    /// A session as root on the node itself.
    ///
    /// # Errors
    /// When it does not answer or does not let us in.
    pub async fn node_session(&self, site: &Site, route: &Route) -> Result<Session, EngineError> {
        let login = Login {
            address: Address { host: site.node.address.clone(), port: site.node.ssh_port },
            route: route.clone(),
            user: "root".to_owned(),
            identity: self.identity.clone(),
            host_key: site.node.ssh_host_key.parse().map_err(|error| EngineError::Unexpected(format!("{error}")))?,
        };
        match Session::open(login, self.redactor.clone()).await {
            Err(error @ SshError::Unreachable { .. }) if site.reach == Reach::Wireguard => {
                Err(EngineError::Unknown(unreachable(&site.reach, &error.to_string())))
            }
            opened => Ok(opened?),
        }
    }
}
