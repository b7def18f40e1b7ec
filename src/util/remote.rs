//! The two questions that every failure of a remote call answers before anybody tries again.

/// Whether the remote may have acted on the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// Nothing reached it, or it refused: its state is as before.
    No,
    /// It may have acted: read its state before deciding.
    Maybe,
}

/// Whether trying again can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// At once.
    Now,
    /// After a while: the cause passes by itself.
    After,
    /// Not before somebody changed something.
    Never,
}
