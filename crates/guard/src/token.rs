//! Third step: the internal token becomes a principal.

use vauban_audit::control;
use vauban_policy::{Denial, Principal};

use crate::line::GuardLine;
use crate::parts::{Claims, InternalRefusal, Presented};
use crate::peer::Declared;
use crate::read::Asked;
use crate::record::Trail;

/// The header that carries the internal token.
const INTERNAL_TOKEN: &str = "vauban-internal-token";

/// Evidence: the authority vouched for this subject towards this service.
#[derive(Debug)]
pub(crate) struct Identified<'p> {
    declared: Declared<'p>,
    principal: Principal,
    claims: Claims,
}

impl<'p> Identified<'p> {
    /// What was asked.
    pub(crate) fn asked(&self) -> &Asked<'p> {
        self.declared.asked()
    }

    /// Who asks.
    pub(crate) fn principal(&self) -> &Principal {
        &self.principal
    }

    /// What the token said.
    pub(crate) fn claims(&self) -> &Claims {
        &self.claims
    }
}

/// Reads the internal token.
pub(crate) async fn identify<'p>(
    line: &GuardLine,
    declared: Declared<'p>,
    trail: &mut Trail,
) -> Result<Identified<'p>, Denial> {
    let asked = declared.asked();
    let target = asked.target().to_canonical();
    let presented = Presented {
        token: asked.single_header(INTERNAL_TOKEN),
        headers: asked.headers(),
        peer: asked.connected().spiffe(),
        operation: &asked.operation().id,
        target: &target,
        now_unix_s: line.clock.unix_ms() / 1000,
    };
    match line
        .parts
        .token
        .read(presented, line.parts.signature.as_ref())
        .await
    {
        Ok(claims) => {
            trail.passed(
                control::GUARD_TOKEN,
                format!("jti {}, subject {}", claims.jti, claims.subject),
            );
            let principal = principal(&claims);
            trail.principal = Some(principal.clone());
            Ok(Identified {
                declared,
                principal,
                claims,
            })
        }
        Err(refusal) => Err(deny(&refusal, trail)),
    }
}

fn deny(refusal: &InternalRefusal, trail: &mut Trail) -> Denial {
    let denial = match refusal {
        InternalRefusal::Missing => Denial::InternalTokenMissing,
        InternalRefusal::Keys(_) => {
            trail.failed(control::GUARD_TOKEN, refusal.to_string());
            return Denial::AuthorityUnavailable;
        }
        InternalRefusal::TooLong
        | InternalRefusal::Malformed(_)
        | InternalRefusal::Algorithm
        | InternalRefusal::Type
        | InternalRefusal::HeaderMember
        | InternalRefusal::UnknownKey
        | InternalRefusal::Library(_)
        | InternalRefusal::Absent(_)
        | InternalRefusal::Claim(_)
        | InternalRefusal::UnknownClaim
        | InternalRefusal::Issuer
        | InternalRefusal::Audience
        | InternalRefusal::Expired
        | InternalRefusal::NotYet
        | InternalRefusal::LivesTooLong => Denial::InternalTokenInvalid,
    };
    trail.refused(control::GUARD_TOKEN, refusal.to_string());
    denial
}

fn principal(claims: &Claims) -> Principal {
    Principal {
        subject: claims.subject.clone(),
        client_id: claims.client_id.clone(),
        tenant: claims.tenant.clone(),
        session: claims.session.clone(),
        roles: claims.roles.clone(),
        permissions: claims.permissions.clone(),
    }
}
