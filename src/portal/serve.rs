//! The portal as a server: it answers until it is told to stop, then brings to its end what is under way.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::util::limits;

use super::{Portal, router};

/// Answers at a socket until `stop` turns true.
///
/// # Errors
/// When the socket fails.
pub async fn serve(listener: TcpListener, portal: Arc<Portal>, stop: watch::Receiver<bool>) -> std::io::Result<()> {
    let service = router(&portal).into_make_service_with_connect_info::<SocketAddr>();
    let told = |mut stop: watch::Receiver<bool>| async move {
        // Whoever could tell is gone: that is the end as well.
        let _ = stop.wait_for(|stopped| *stopped).await;
    };
    let server = axum::serve(listener, service).with_graceful_shutdown(told(stop.clone()));
    let patience = async {
        told(stop).await;
        tokio::time::sleep(limits::PORTAL_STOP_TIMEOUT).await;
    };
    let served = tokio::select! {
        served = server => served,
        // Somebody keeps a connection open and says nothing: that holds up nobody.
        () = patience => Ok(()),
    };
    portal.letters_written().await;
    served
}
