//! `grant_type=refresh_token` (RFC 6749 §6): rotated at each use, and a second use ends the family (RFC 9700 §4.14.2).

use vauban_audit::{Kind, control};
use vauban_policy::{Client, Denial, OauthError};

use super::answer;
use crate::call::{Call, Content, Memory, Reply, Unable};
use crate::endpoint::AGAIN;
use crate::judge::RotationRefusal;
use crate::line::Authority;
use crate::oauth::parameters::Parameters;
use crate::oauth::{refuse, scope};
use crate::store::{Rotate, Rotated};
use vauban_secret::Secret;

impl Authority {
    pub(super) async fn rotate(
        &self,
        call: &mut Call,
        client: &Client,
        parameters: &Parameters,
    ) -> Result<Reply, Denial> {
        call.event.kind = Kind::Refresh;
        let presented = Secret::from(parameters.need("refresh_token")?);
        let wanted = scope::requested(parameters, client)?;
        let successor = Secret::random().map_err(|error| Denial::from(Unable::because(&error)))?;
        let now = self.now();
        let attempt = Rotate {
            judge: &*self.parts.rotation,
            presented: presented.expose(),
            successor: successor.expose(),
            client_id: &client.id,
            scope: wanted.as_deref(),
            times: self.refresh_times(Some(client)),
            decision: &call.decision,
            now,
        };
        let rotated = self
            .store
            .rotate(&attempt, &|facts| self.mint_access(facts, now))
            .await?;
        match rotated {
            Rotated::Done(facts, access) => {
                call.passed(
                    control::AUTHORITY_ROTATION,
                    "first use of this refresh token",
                );
                call.about(facts);
                let content = Content::Json(answer(&access, Some(&successor), now));
                Ok(Reply::of(content, Memory::Durable))
            }
            Rotated::Again(facts, access, successor) => {
                call.passed(control::AUTHORITY_ROTATION, AGAIN);
                call.about(facts);
                let content = Content::Json(answer(&access, Some(&successor), now));
                Ok(Reply::of(content, Memory::Durable))
            }
            Rotated::Refused(refusal, facts) => {
                if let Some(facts) = facts {
                    call.about(facts);
                }
                if refusal == RotationRefusal::Reused {
                    self.feed.settle().await?;
                }
                let error = match refusal {
                    RotationRefusal::Scope => OauthError::InvalidScope,
                    RotationRefusal::Unknown
                    | RotationRefusal::Client
                    | RotationRefusal::Reused
                    | RotationRefusal::Ended
                    | RotationRefusal::Expired => OauthError::InvalidGrant,
                };
                let fact = refusal.to_string();
                Err(refuse(call, control::AUTHORITY_ROTATION, error, &fact))
            }
        }
    }
}
