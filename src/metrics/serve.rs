//! `GET /metrics` on an address of its own: the figures name sites and instances, so they are not for the portal's visitors.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::Metrics;
use crate::store::Store;
use crate::util::clock::Clock;
use crate::util::limits;

/// What the text is.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("nothing can listen on `{address}`\n\nchoose another address with `--metrics`, or end what listens there")]
pub struct CannotListen {
    address: SocketAddr,
    #[source]
    source: std::io::Error,
}

/// An address that answers with figures.
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
}

#[derive(Clone)]
struct Source {
    metrics: Arc<Metrics>,
    store: Store,
    clock: Clock,
}

impl Listener {
    /// Listens.
    ///
    /// # Errors
    /// When the address is taken or is not this machine's.
    pub async fn bind(address: SocketAddr) -> Result<Listener, CannotListen> {
        let cannot = |source| CannotListen { address, source };
        let socket = TcpListener::bind(address).await.map_err(cannot)?;
        let address = socket.local_addr().map_err(cannot)?;
        Ok(Listener { socket, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `stop` turns true.
    pub async fn serve(self, metrics: Arc<Metrics>, store: Store, clock: Clock, mut stop: watch::Receiver<bool>) {
        let router = Router::new().route("/metrics", get(figures)).with_state(Source { metrics, store, clock });
        let stopped = async move {
            // Nobody left to tell us to stop is the end, too.
            let _ = stop.wait_for(|stop| *stop).await;
        };
        if let Err(error) = axum::serve(self.socket, router).with_graceful_shutdown(stopped).await {
            tracing::warn!(%error, "figures are no longer served");
        }
    }
}

async fn figures(State(source): State<Source>) -> Response {
    let text = source.metrics.text(&source.store, &source.clock);
    match tokio::time::timeout(limits::METRICS_REQUEST_TIMEOUT, text).await {
        Ok(Ok(text)) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Ok(Err(error)) => {
            tracing::warn!(%error, "figures cannot be read");
            (StatusCode::SERVICE_UNAVAILABLE, "the store cannot be read\n").into_response()
        }
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer in time\n").into_response(),
    }
}
