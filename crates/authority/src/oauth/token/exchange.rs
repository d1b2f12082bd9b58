//! `grant_type=urn:ietf:params:oauth:grant-type:token-exchange` (RFC 8693): another client's access token for one of one's own.
//!
//! What comes out is never more than what went in: the permissions of the subject's token that this client may carry, no longer
//! than that token, and ended with its session. Who acts stands in `act`, in front of whoever acted before.

use serde_json::{Value, json};
use vauban_audit::{Kind, control};
use vauban_policy::{Client, Denial, ExchangeRule, OauthError};

use super::{answer, own};
use crate::call::{Call, Content, Memory, Reply, Unable};
use crate::identifier::{fresh, token_hash};
use crate::judge::{Claimed, Issued, RegistryRefusal, Vouched};
use crate::line::Authority;
use crate::oauth::parameters::Parameters;
use crate::oauth::{refuse, scope};
use crate::store::Exchange;

/// The value of `grant_type`.
pub(in crate::oauth) const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
/// The only kind of token that is taken and given (RFC 8693 §3).
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// A token that may be exchanged.
struct Presented {
    issued: Issued,
    ends_at: u64,
}

/// Why not: what the client hears, and what the record says.
type Refused = (OauthError, String);

impl Authority {
    pub(super) async fn exchange_token(
        &self,
        call: &mut Call,
        client: &Client,
        parameters: &Parameters,
    ) -> Result<Reply, Denial> {
        call.event.kind = Kind::Exchange;
        let refused = |call: &mut Call, (error, fact): Refused| {
            refuse(call, control::AUTHORITY_GRANT, error, &fact)
        };
        judge_kinds(parameters).map_err(|one| refused(call, one))?;
        let subject = self.presented(parameters.need("subject_token")?).await?;
        let subject = subject.map_err(|refusal| {
            let fact = format!("subject {refusal}");
            refused(call, (OauthError::InvalidRequest, fact))
        })?;
        call.event.subject = Some(subject.issued.subject.clone());
        let actor = match parameters.get("actor_token") {
            Some(token) => Some(self.presented(token).await?.map_err(|refusal| {
                let fact = format!("actor {refusal}");
                refused(call, (OauthError::InvalidRequest, fact))
            })?),
            None => None,
        };
        let judged = self.judge_exchange(client, parameters, &subject, actor.as_ref());
        let (scope, actors) = judged.map_err(|one| refused(call, one))?;
        let now = self.now();
        let session = fresh().map_err(|error| Denial::from(Unable::because(&error)))?;
        let exchange = Exchange {
            parent: &subject.issued.session,
            session: &session,
            client_id: &client.id,
            scope: &scope,
            actors: &actors,
            ends_at: actor.map_or(subject.ends_at, |actor| actor.ends_at.min(subject.ends_at)),
            now,
        };
        let mint = |facts: &_| self.mint_for(facts, &actors, now);
        let Some((facts, access)) = self.store.exchange(&exchange, &mint).await? else {
            let fact = format!("subject {}", RegistryRefusal::Ended);
            return Err(refused(call, (OauthError::InvalidRequest, fact)));
        };
        let fact = format!(
            "a token of `{}` in session `{}`, actors: {}",
            subject.issued.client_id,
            subject.issued.session,
            actors.join(", ")
        );
        call.passed(control::AUTHORITY_GRANT, fact);
        call.about(facts);
        let mut answer = answer(&access, None, now);
        if let Some(members) = answer.as_object_mut() {
            members.insert("issued_token_type".to_owned(), ACCESS_TOKEN.into());
        }
        Ok(Reply::of(Content::Json(answer), Memory::Durable))
    }

    /// What the registry knows of a token, if it vouches for it: the same judge as for every request.
    async fn presented(&self, token: &str) -> Result<Result<Presented, RegistryRefusal>, Unable> {
        let stored = self.store.issued(&token_hash(token.as_bytes())).await?;
        // Nobody says what is in the token but the token itself, so there is nothing to compare.
        let claimed = stored.as_ref().map_or_else(nobody, |stored| Claimed {
            subject: stored.subject.clone(),
            client_id: stored.client_id.clone(),
            tenant: stored.tenant.clone(),
            session: stored.session.clone(),
        });
        let vouched = self
            .parts
            .registry
            .judge(&claimed, stored.as_ref(), self.now());
        Ok(match (vouched, stored) {
            (Ok(Vouched { ends_at, .. }), Some(issued)) => Ok(Presented { issued, ends_at }),
            (Err(refusal), _) => Err(refusal),
            (Ok(_), None) => Err(RegistryRefusal::Unknown),
        })
    }

    /// Scope and actors of the new token. A token that is bound to a key of its holder would be judged here too: it may be
    /// exchanged by who proves that key only, and what comes out is bound again (requirement 22). None is bound yet.
    fn judge_exchange(
        &self,
        client: &Client,
        parameters: &Parameters,
        subject: &Presented,
        actor: Option<&Presented>,
    ) -> Result<(Vec<String>, Vec<String>), Refused> {
        let issued = &subject.issued;
        judge_rules(
            &client.exchange,
            &issued.client_id,
            parameters,
            &self.plan.issuer.audience,
        )?;
        let acts = match actor {
            None => own::own_subject(&client.id),
            Some(actor) if actor.issued.client_id != client.id => {
                let fact = "actor token belongs to another client";
                return Err((OauthError::InvalidRequest, fact.to_owned()));
            }
            // Its own chain would be lost.
            Some(actor) if !actor.issued.actors.is_empty() => {
                let fact = "actor token was itself exchanged";
                return Err((OauthError::InvalidRequest, fact.to_owned()));
            }
            Some(actor) => actor.issued.subject.clone(),
        };
        let mut actors = vec![acts];
        actors.extend(issued.actors.iter().cloned());
        if actors.len() > usize::try_from(self.plan.issuer.actors_max).unwrap_or_default() {
            let fact = "more actors than the plan allows";
            return Err((OauthError::InvalidRequest, fact.to_owned()));
        }
        let held = self.permissions(&issued.roles, &issued.client_id, issued.scope.as_deref());
        let scope = narrowed(client, parameters, &held)?;
        Ok((scope, actors))
    }
}

fn nobody() -> Claimed {
    Claimed {
        subject: String::new(),
        client_id: String::new(),
        tenant: String::new(),
        session: String::new(),
    }
}

/// Access tokens for access tokens; an actor's token comes with its type (RFC 8693 §2.1).
fn judge_kinds(parameters: &Parameters) -> Result<(), Refused> {
    let invalid = |fact: &str| (OauthError::InvalidRequest, fact.to_owned());
    if parameters.get("subject_token").is_none() {
        return Err(invalid("there is no subject token"));
    }
    if parameters.get("subject_token_type") != Some(ACCESS_TOKEN) {
        return Err(invalid("subject token is of a kind that is not exchanged"));
    }
    let actor_type = parameters.get("actor_token_type");
    if parameters.get("actor_token").is_some() != actor_type.is_some() {
        return Err(invalid("actor token and its type go together"));
    }
    if actor_type.is_some_and(|kind| kind != ACCESS_TOKEN) {
        return Err(invalid("actor token is of a kind that is not taken"));
    }
    if parameters
        .get("requested_token_type")
        .is_some_and(|kind| kind != ACCESS_TOKEN)
    {
        return Err(invalid("another kind of token is asked for"));
    }
    Ok(())
}

/// Whose token, and for what: as the plan lists it for this client.
fn judge_rules(
    rules: &[ExchangeRule],
    of: &str,
    parameters: &Parameters,
    usual: &str,
) -> Result<(), Refused> {
    let of_client: Vec<&ExchangeRule> = rules
        .iter()
        .filter(|rule| rule.clients.iter().any(|client| client == of))
        .collect();
    if of_client.is_empty() {
        let fact = format!("the client may not exchange tokens of `{of}`");
        return Err((OauthError::InvalidRequest, fact));
    }
    let mut wanted: Vec<&str> = parameters.all("resource").collect();
    wanted.extend(parameters.get("audience"));
    if wanted.is_empty() {
        wanted.push(usual);
    }
    let listed = |wanted: &&str| {
        *wanted == usual
            && of_client
                .iter()
                .any(|rule| rule.audiences.iter().any(|audience| audience == wanted))
    };
    if wanted.iter().all(listed) {
        Ok(())
    } else {
        let fact = "the client may not exchange for this audience";
        Err((OauthError::InvalidTarget, fact.to_owned()))
    }
}

/// What is asked for, or everything that the subject's token holds and this client may carry.
fn narrowed(
    client: &Client,
    parameters: &Parameters,
    held: &[String],
) -> Result<Vec<String>, Refused> {
    let invalid = |fact: &str| (OauthError::InvalidScope, fact.to_owned());
    let wanted = scope::requested(parameters, client)
        .map_err(|_denial| invalid("scope is more than the client may have"))?;
    let mut scope = match wanted {
        Some(wanted) if !wanted.iter().all(|one| held.contains(one)) => {
            return Err(invalid("scope is more than the subject token holds"));
        }
        Some(wanted) => wanted,
        None => held
            .iter()
            .filter(|one| client.permissions.contains(one))
            .cloned()
            .collect(),
    };
    if scope.is_empty() {
        return Err(invalid(
            "subject token and client have no permission in common",
        ));
    }
    scope.sort_unstable();
    Ok(scope)
}

/// `act` as a document (RFC 8693 §4.1).
pub(in crate::oauth) fn act(actors: &[String]) -> Option<Value> {
    actors.iter().rev().fold(None, |inner, actor| {
        Some(match inner {
            None => json!({ "sub": actor }),
            Some(inner) => json!({ "sub": actor, "act": inner }),
        })
    })
}
