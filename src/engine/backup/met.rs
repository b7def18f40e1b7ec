//! What stood in the way of a look, from what came back of it.

use crate::domain::backup::health::ObstacleKind;
use crate::engine::EngineError;
use crate::health::matter::Met;
use crate::pve::PveError;
use crate::ssh::SshError;

/// Whether nobody answered, or somebody refused. Only the headline is kept: what to do is said with the finding.
pub(super) fn met(error: &EngineError) -> Met {
    let kind = if is_silence(error) { ObstacleKind::Silent } else { ObstacleKind::Refused };
    let text = error.to_string();
    Met::new(kind, text.lines().next().unwrap_or_default())
}

/// Nobody answered, which says nothing about what is there.
pub(super) fn is_silence(error: &EngineError) -> bool {
    matches!(
        error,
        EngineError::Pve(PveError::Unreachable { .. } | PveError::ProxyGaveUp { .. } | PveError::LostAnswer { .. })
            | EngineError::Ssh(SshError::Unreachable { .. })
            | EngineError::Unknown(_)
    )
}
