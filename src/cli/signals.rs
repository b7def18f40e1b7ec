//! Being asked to stop.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Turns true with the first interruption or termination; what is under way is brought to its end.
pub fn stop_on_signal() -> watch::Receiver<bool> {
    stop_on_signal_or_word().1
}

/// The same, with the means to say so for another reason.
pub fn stop_on_signal_or_word() -> (watch::Sender<bool>, watch::Receiver<bool>) {
    let (sender, stop) = watch::channel(false);
    let word = sender.clone();
    tokio::spawn(async move {
        // Without the handler of one signal the other one still works.
        let Ok(mut terminated) = signal(SignalKind::terminate()) else { return };
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminated.recv() => {}
        }
        // Nobody left to be told is the end already.
        let _ = sender.send(true);
        // Kept so that whoever waits for a change is not told that there will never be one.
        sender.closed().await;
    });
    (word, stop)
}
