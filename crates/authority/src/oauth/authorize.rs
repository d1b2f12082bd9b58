//! `GET` and `POST /oauth/authorize`: a user agrees, and the client gets a code (RFC 6749 §4.1).
//!
//! Until client and redirect URI are known to belong together, an error is a page of ours; after that it goes back to the
//! client, always with 303 so that no password is ever posted again (RFC 9700 §4.12).

mod page;
pub(super) mod request;

use http::StatusCode;
use http::request::Parts as Head;
use vauban_audit::{Kind, control};
use vauban_net::IncomingBody;
use vauban_policy::{Client, Denial, OauthError};
use vauban_secret::Secret;
use zeroize::Zeroizing;

use self::page::Notice;
use self::request::{Request, Return};
use super::parameters::Parameters;
use crate::call::{Call, Content, Memory, Reply, Unable};
use crate::hasher::PASSWORD_BYTES_MAX;
use crate::identifier::{fresh, token_hash};
use crate::line::Authority;
use crate::store::{NewGrant, SessionFacts, Stage, UserRow};

const OPERATION: &str = "authorize";
const NAME_BYTES_MAX: usize = 128;
/// How long a user may take to log in, seconds.
const LOGIN_SECONDS: u64 = 600;
/// Life of a code, seconds (requirement 7: at most 60).
const CODE_SECONDS: u64 = 60;
/// What pushed requests are called (RFC 9126 §2.2).
pub(super) const REQUEST_URI: &str = "urn:ietf:params:oauth:request_uri:";

impl Authority {
    /// `GET`: judges the request and shows the form.
    pub(crate) async fn authorize(&self, call: &mut Call, head: &Head) -> Result<Reply, Denial> {
        OPERATION.clone_into(&mut call.event.operation);
        self.spend_source(call, head, OPERATION)?;
        let Ok(parameters) = Parameters::parse(head.uri.query().unwrap_or_default()) else {
            return Ok(stay(call, "a parameter is malformed or comes twice"));
        };
        let Some(client) = parameters.get("client_id").and_then(|id| self.client(id)) else {
            return Ok(stay(call, "client is unknown"));
        };
        call.event.client_id = Some(client.id.clone());
        let request = match parameters.get("request_uri") {
            Some(uri) => match self.pushed_request(client, uri).await? {
                Some(request) => request,
                None => return Ok(stay(call, "pushed request is unknown, used or too old")),
            },
            None => match self.plain_request(call, &parameters, client) {
                Ok(request) => request,
                Err(reply) => return Ok(*reply),
            },
        };
        let handle = Secret::random().map_err(|error| Denial::from(Unable::because(&error)))?;
        let expires_at = self.now() + LOGIN_SECONDS;
        let hash = token_hash(handle.expose());
        let text = serde_json::to_string(&request)
            .map_err(|error| Denial::from(Unable::because(&error)))?;
        self.store
            .keep_request(&hash, Stage::Login, &client.id, &text, expires_at)
            .await
            .map_err(Unable::from)?;
        call.passed(control::AUTHORITY_GRANT, "the request keeps the rules");
        let handle = handle.expose_text().unwrap_or_default();
        let page = page::login(&client.id, handle, Notice::None);
        Ok(Reply::of(
            Content::Page(StatusCode::OK, page),
            Memory::Queued,
        ))
    }

    fn plain_request(
        &self,
        call: &mut Call,
        parameters: &Parameters,
        client: &Client,
    ) -> Result<Request, Box<Reply>> {
        let back =
            request::return_of(parameters, client).map_err(|fact| Box::new(stay(call, fact)))?;
        if client.pushed_only {
            let fact = "the client must push its requests";
            return Err(Box::new(self.back(
                call,
                &back,
                OauthError::InvalidRequest,
                fact,
            )));
        }
        let audience = &self.plan.issuer.audience;
        request::judge(parameters, client, &back, audience)
            .map_err(|(error, fact)| Box::new(self.back(call, &back, error, fact)))
    }

    /// A pushed request is used up by being looked at (RFC 9126 §4).
    async fn pushed_request(&self, client: &Client, uri: &str) -> Result<Option<Request>, Denial> {
        let Some(handle) = uri.strip_prefix(REQUEST_URI) else {
            return Ok(None);
        };
        let hash = token_hash(handle.as_bytes());
        let text = self
            .store
            .take_request(&hash, Stage::Pushed, Some(&client.id), self.now())
            .await
            .map_err(Unable::from)?;
        read(text)
    }

    /// `POST`: the form comes back.
    pub(crate) async fn agree(
        &self,
        call: &mut Call,
        head: &Head,
        body: IncomingBody,
    ) -> Result<Reply, Denial> {
        call.is(Kind::Login, OPERATION);
        let parameters = Parameters::form(head, body).await?;
        let (Some(handle), Some(username), Some(password)) = (
            parameters.get("login"),
            parameters.get("username"),
            parameters.get("password"),
        ) else {
            return Ok(stay(call, "the form is not whole"));
        };
        if username.len() > NAME_BYTES_MAX || password.len() > PASSWORD_BYTES_MAX {
            return Ok(stay(call, "the form is not one of ours"));
        }
        let hash = token_hash(handle.as_bytes());
        let waiting = self
            .store
            .waiting_request(&hash, self.now())
            .await
            .map_err(Unable::from)?;
        let Some(request) = read(waiting)? else {
            return Ok(stay(call, "the login is unknown, used or too old"));
        };
        call.event.client_id = Some(request.client_id.clone());
        let source = call.source(head)?;
        let name = (username, Zeroizing::new(password.to_owned()));
        match self.prove(call, source, name, true).await {
            Ok(user) => self.grant(call, &hash, user).await,
            Err(Denial::LoginRefused) => {
                let page = page::login(&request.client_id, handle, Notice::Refused);
                let content = Content::Page(StatusCode::UNAUTHORIZED, page);
                Ok(Reply::refused(content, Denial::LoginRefused))
            }
            Err(denial @ Denial::LoginThrottled { .. }) => {
                let page = page::login(&request.client_id, handle, Notice::Throttled);
                let content = Content::Page(StatusCode::TOO_MANY_REQUESTS, page);
                Ok(Reply::refused(content, denial))
            }
            Err(denial) => Err(denial),
        }
    }

    /// The user is known: the login is used up, a session begins, and a code goes to the client.
    async fn grant(
        &self,
        call: &mut Call,
        hash: &[u8; 32],
        user: UserRow,
    ) -> Result<Reply, Denial> {
        let now = self.now();
        let taken = self
            .store
            .take_request(hash, Stage::Login, None, now)
            .await
            .map_err(Unable::from)?;
        let Some(request) = read(taken)? else {
            return Ok(stay(call, "the login is unknown, used or too old"));
        };
        let back = Return {
            redirect_uri: request.redirect_uri.clone(),
            state: request.state.clone(),
        };
        let facts = SessionFacts {
            session: fresh().map_err(|error| Denial::from(Unable::because(&error)))?,
            subject: user.subject,
            client_id: request.client_id.clone(),
            tenant: user.tenant,
            roles: user.roles,
            scope: request.scope.clone(),
            ends_at: now + u64::from(self.plan.issuer.refresh_token_seconds),
        };
        let code = Secret::random().map_err(|error| Denial::from(Unable::because(&error)))?;
        let grant = NewGrant {
            facts: &facts,
            changes: user.changes,
            now,
            code: token_hash(code.expose()),
            code_expires_at: now + CODE_SECONDS,
            redirect_uri: &request.redirect_uri,
            challenge: &request.challenge,
        };
        if !self.store.begin_grant(&grant).await.map_err(Unable::from)? {
            let fact = "user was disabled or changed meanwhile";
            return Ok(self.back(call, &back, OauthError::AccessDenied, fact));
        }
        call.passed(control::AUTHORITY_GRANT, "a code for the client");
        call.about(facts);
        let code = code.expose_text().unwrap_or_default();
        let uri = back.with(&self.plan.issuer.issuer, &[("code", code)]);
        Ok(Reply::of(Content::SeeOther(uri), Memory::Durable))
    }

    /// An error for the client.
    fn back(&self, call: &mut Call, back: &Return, error: OauthError, fact: &str) -> Reply {
        call.refused(control::AUTHORITY_GRANT, fact.to_owned());
        let uri = back.with(&self.plan.issuer.issuer, &[("error", error.word())]);
        Reply::refused(Content::SeeOther(uri), Denial::Oauth(error))
    }
}

/// An error that stays here: nobody is sent to an address that nobody registered.
fn stay(call: &mut Call, fact: &str) -> Reply {
    call.refused(control::AUTHORITY_GRANT, fact.to_owned());
    let page = page::refused(&call.decision);
    let content = Content::Page(StatusCode::BAD_REQUEST, page);
    Reply::refused(content, Denial::Oauth(OauthError::InvalidRequest))
}

fn read(text: Option<String>) -> Result<Option<Request>, Denial> {
    text.map(|text| serde_json::from_str(&text))
        .transpose()
        .map_err(|error| Unable::because(&error).into())
}
