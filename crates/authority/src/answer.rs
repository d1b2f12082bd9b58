//! From arrival to answer: which endpoint, who may call it, what is remembered, and one shape of refusals.

use std::sync::Arc;

use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE,
};
use http::request::Parts as Head;
use http::{HeaderValue, Method, Response, StatusCode};
use serde_json::json;
use vauban_audit::{Event, Kind, Outcome, control};
use vauban_net::{Answer, Arrival, Body, IncomingBody, Peer, task};
use vauban_policy::Denial;

use crate::LINE;
use crate::call::{Call, Content, Memory, Reply, Unable, presented_decision};
use crate::identifier::fresh;
use crate::judge::Needed;
use crate::line::Authority;
use crate::oauth;

/// What the line offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Endpoint<'a> {
    Login,
    Refresh,
    Logout,
    Keys,
    Join,
    Renew,
    Exchange,
    Session(&'a str),
    InternalKeys,
    Revocations,
    Ready,
    Metadata,
    Authorize,
    Agree,
    Token,
    Push,
    Introspect,
    Revoke,
}

/// The line as its server sees it.
#[derive(Debug)]
pub(crate) struct Front(pub(crate) Arc<Authority>);

impl Answer for Front {
    /// Each request is a task of its own: a caller who hangs up must not stop it between the commit and the record.
    async fn answer(&self, arrival: Arrival) -> Response<Body> {
        let authority = Arc::clone(&self.0);
        let answered = task::spawn("answer", async move { authority.answer(arrival).await }).await;
        answered.unwrap_or_else(|_stopped| refusal(&Denial::AuthorityUnavailable, ""))
    }
}

impl Authority {
    async fn answer(&self, arrival: Arrival) -> Response<Body> {
        let Ok(own) = fresh() else {
            // Without random bytes there is no decision id and no token.
            return refusal(&Denial::AuthorityUnavailable, "");
        };
        match arrival {
            Arrival::Request(head, body, peer) => {
                let decision = presented_decision(&head, &peer).unwrap_or(own);
                let mut call = self.call(decision, peer);
                head.method.as_str().clone_into(&mut call.event.method);
                let outcome = self.decide(&mut call, &head, body).await;
                self.finish(call, outcome).await
            }
            Arrival::Refused(refusal, peer) => {
                let call = self.call(own, peer);
                self.finish(call, Err(Denial::Framing(refusal))).await
            }
        }
    }

    fn call(&self, decision: String, peer: Peer) -> Call {
        let mut event = Event::new(self.clock.unix_ms(), LINE, &decision, Kind::Request);
        event.peer = peer
            .spiffe
            .clone()
            .or_else(|| peer.address.map(|address| address.to_string()));
        Call {
            decision,
            peer,
            event,
        }
    }

    async fn decide(
        &self,
        call: &mut Call,
        head: &Head,
        body: IncomingBody,
    ) -> Result<Reply, Denial> {
        let (endpoint, template) = find(&head.method, &head.uri)?;
        template.clone_into(&mut call.event.route);
        if let Some(needed) = endpoint.needed() {
            self.admit(call, needed)?;
        }
        match endpoint {
            Endpoint::Login => self.login(call, head, body).await,
            Endpoint::Refresh => self.refresh(call, head, body).await,
            Endpoint::Logout => self.logout(call, head).await,
            Endpoint::Keys => Ok(self.keys()),
            Endpoint::Join => self.join(call, head, body).await,
            Endpoint::Renew => self.renew(call, head, body).await,
            Endpoint::Exchange => self.exchange(call, head, body).await,
            Endpoint::Session(id) => self.session(id).await,
            Endpoint::InternalKeys => Ok(self.internal_keys()),
            Endpoint::Revocations => self.revocations(),
            Endpoint::Ready => Ok(self.ready()),
            Endpoint::Metadata => Ok(self.metadata()),
            Endpoint::Authorize => self.authorize(call, head).await,
            Endpoint::Agree => self.agree(call, head, body).await,
            Endpoint::Token => self.token(call, head, body).await,
            Endpoint::Push => self.push(call, head, body).await,
            Endpoint::Introspect => self.introspect(call, head, body).await,
            Endpoint::Revoke => self.revoke(call, head, body).await,
        }
    }

    fn admit(&self, call: &mut Call, needed: Needed) -> Result<(), Denial> {
        let caller = call.peer.spiffe.clone();
        let fact = caller
            .clone()
            .unwrap_or_else(|| "no certificate".to_owned());
        if self
            .parts
            .caller
            .judge(caller.as_deref(), needed, &self.names)
        {
            call.passed(control::AUTHORITY_CALLER, fact);
            Ok(())
        } else {
            call.refused(control::AUTHORITY_CALLER, fact);
            Err(Denial::CallerRefused)
        }
    }

    async fn finish(&self, call: Call, outcome: Result<Reply, Denial>) -> Response<Body> {
        let Call {
            decision,
            mut event,
            ..
        } = call;
        let (memory, response) = match outcome {
            Ok(reply) => {
                let response = success(reply.content);
                event.outcome = if reply.denial.is_some() {
                    Outcome::Refused
                } else {
                    Outcome::Allowed
                };
                event.denial = reply.denial.map(|denial| denial.code().to_owned());
                (reply.memory, response)
            }
            Err(denial) => {
                event.outcome = if denial.status() >= 500 {
                    Outcome::Failed
                } else {
                    Outcome::Refused
                };
                event.denial = Some(denial.code().to_owned());
                (Memory::Durable, refusal(&denial, &decision))
            }
        };
        event.status = response.status().as_u16();
        let remembered = match memory {
            Memory::Durable => self.audit.record(event).await,
            Memory::Queued => self.audit.note(&event),
            Memory::None => Ok(()),
        };
        match remembered {
            Ok(()) => response,
            Err(error) => {
                let _reported = Unable::because(&error);
                refusal(&Denial::AuditUnavailable, &decision)
            }
        }
    }
}

impl Endpoint<'_> {
    fn needed(self) -> Option<Needed> {
        match self {
            Self::Login
            | Self::Refresh
            | Self::Logout
            | Self::Keys
            | Self::Exchange
            | Self::Revocations
            | Self::Metadata
            | Self::Authorize
            | Self::Agree
            | Self::Token
            | Self::Push
            | Self::Introspect
            | Self::Revoke => Some(Needed::Edge),
            Self::Session(_) | Self::InternalKeys => Some(Needed::Guard),
            Self::Renew => Some(Needed::Workload),
            // Who joins has no certificate yet; the token is the proof. Who watches over processes has none either, and that we
            // are ready is no secret.
            Self::Join | Self::Ready => None,
        }
    }
}

/// The endpoint of a request and its template; targets are compared octet for octet.
fn find<'a>(method: &Method, uri: &'a http::Uri) -> Result<(Endpoint<'a>, &'static str), Denial> {
    if uri.query().is_some() && uri.path() != oauth::AUTHORIZE {
        return Err(Denial::RouteUnknown);
    }
    let (endpoint, wanted, template) = match uri.path() {
        oauth::AUTHORIZE if *method == Method::POST => {
            (Endpoint::Agree, Method::POST, oauth::AUTHORIZE)
        }
        oauth::AUTHORIZE => (Endpoint::Authorize, Method::GET, oauth::AUTHORIZE),
        oauth::TOKEN => (Endpoint::Token, Method::POST, oauth::TOKEN),
        oauth::PAR => (Endpoint::Push, Method::POST, oauth::PAR),
        oauth::INTROSPECT => (Endpoint::Introspect, Method::POST, oauth::INTROSPECT),
        oauth::REVOKE => (Endpoint::Revoke, Method::POST, oauth::REVOKE),
        oauth::METADATA => (Endpoint::Metadata, Method::GET, oauth::METADATA),
        "/auth/login" => (Endpoint::Login, Method::POST, "/auth/login"),
        "/auth/refresh" => (Endpoint::Refresh, Method::POST, "/auth/refresh"),
        "/auth/logout" => (Endpoint::Logout, Method::POST, "/auth/logout"),
        "/.well-known/jwks.json" => (Endpoint::Keys, Method::GET, "/.well-known/jwks.json"),
        "/internal/join" => (Endpoint::Join, Method::POST, "/internal/join"),
        "/internal/renew" => (Endpoint::Renew, Method::POST, "/internal/renew"),
        "/internal/exchange" => (Endpoint::Exchange, Method::POST, "/internal/exchange"),
        "/internal/keys" => (Endpoint::InternalKeys, Method::GET, "/internal/keys"),
        "/internal/revocations" => (Endpoint::Revocations, Method::GET, "/internal/revocations"),
        "/readyz" => (Endpoint::Ready, Method::GET, "/readyz"),
        path => {
            let id = path
                .strip_prefix("/internal/sessions/")
                .filter(|id| is_session_id(id))
                .ok_or(Denial::RouteUnknown)?;
            (
                Endpoint::Session(id),
                Method::GET,
                "/internal/sessions/{sid}",
            )
        }
    };
    if *method == wanted {
        Ok((endpoint, template))
    } else {
        Err(Denial::MethodRefused {
            allowed: vec![wanted.to_string()],
        })
    }
}

fn is_session_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

fn success(content: Content) -> Response<Body> {
    let mut memory = HeaderValue::from_static("no-store");
    let (status, media, body) = match content {
        Content::Kept(value, seconds) => {
            if let Ok(kept) = HeaderValue::from_str(&format!("public, max-age={seconds}")) {
                memory = kept;
            }
            (
                StatusCode::OK,
                Some("application/json"),
                Body::full(value.to_string()),
            )
        }
        Content::Json(value) => (
            StatusCode::OK,
            Some("application/json"),
            Body::full(value.to_string()),
        ),
        Content::JsonAs(status, value) => (
            status,
            Some("application/json"),
            Body::full(value.to_string()),
        ),
        Content::Page(status, page) => (status, Some("text/html; charset=utf-8"), Body::full(page)),
        Content::SeeOther(uri) => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::SEE_OTHER;
            let headers = response.headers_mut();
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            return match HeaderValue::from_str(&uri) {
                Ok(uri) => {
                    headers.insert(LOCATION, uri);
                    response
                }
                // Registered URIs and our own parameters are ASCII.
                Err(_) => refusal(&Denial::AuthorityUnavailable, ""),
            };
        }
        Content::Done => (StatusCode::OK, None, Body::empty()),
        Content::Nothing => (StatusCode::NO_CONTENT, None, Body::empty()),
        Content::Stream(lines) => (
            StatusCode::OK,
            Some("application/x-ndjson"),
            Body::stream(lines),
        ),
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CACHE_CONTROL, memory);
    if let Some(media) = media {
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(media));
    }
    response
}

fn refusal(denial: &Denial, decision: &str) -> Response<Body> {
    let (media, body) = if let Denial::Oauth(error) = denial {
        let words = json!({ "error": error.word(), "error_description": denial.sentence() });
        ("application/json", words.to_string())
    } else {
        ("application/problem+json", denial.problem(decision))
    };
    let mut response = Response::new(Body::full(body));
    *response.status_mut() =
        StatusCode::from_u16(denial.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
    let mut add = |name: HeaderName, value: Option<String>| {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
            headers.insert(name, value);
        }
    };
    add(WWW_AUTHENTICATE, denial.challenge().map(str::to_owned));
    add(
        RETRY_AFTER,
        denial
            .retry_after_seconds()
            .map(|seconds| seconds.to_string()),
    );
    add(ALLOW, denial.allow());
    response
}

#[cfg(test)]
mod tests;
