//! First step: who is at the other end of the connection, and may they call this service at all.
//!
//! It runs twice, because who may call *which operation* can only be asked once the request was read. Nothing of the request
//! is read for a caller that nobody declared.

use vauban_audit::control;
use vauban_net::Peer;
use vauban_policy::Denial;

use crate::line::GuardLine;
use crate::read::Asked;
use crate::record::Trail;

/// Evidence: the peer is declared as a caller of this service.
#[derive(Debug)]
pub(crate) struct Connected {
    spiffe: Option<String>,
}

impl Connected {
    /// What the peer's certificate says.
    pub(crate) fn spiffe(&self) -> Option<&str> {
        self.spiffe.as_deref()
    }
}

/// Evidence: the peer is declared as a caller of this operation.
#[derive(Debug)]
pub(crate) struct Declared<'p> {
    asked: Asked<'p>,
}

impl<'p> Declared<'p> {
    /// What it asked.
    pub(crate) fn asked(&self) -> &Asked<'p> {
        &self.asked
    }
}

/// May this peer call the service?
pub(crate) fn connect(
    line: &GuardLine,
    peer: &Peer,
    trail: &mut Trail,
) -> Result<Connected, Denial> {
    trail.peer.clone_from(&peer.spiffe);
    match line.parts.peer.judge(peer.spiffe.as_deref(), None) {
        Ok(_fact) => Ok(Connected {
            spiffe: peer.spiffe.clone(),
        }),
        Err(refusal) => {
            trail.refused(control::GUARD_PEER, refusal.fact);
            Err(Denial::PeerUndeclared)
        }
    }
}

/// May it call this operation?
pub(crate) fn declare<'p>(
    line: &GuardLine,
    asked: Asked<'p>,
    trail: &mut Trail,
) -> Result<Declared<'p>, Denial> {
    match line
        .parts
        .peer
        .judge(asked.connected().spiffe(), Some(&asked.operation().id))
    {
        Ok(fact) => {
            trail.passed(control::GUARD_PEER, fact);
            Ok(Declared { asked })
        }
        Err(refusal) => {
            trail.refused(control::GUARD_PEER, refusal.fact);
            Err(Denial::PeerUndeclared)
        }
    }
}
