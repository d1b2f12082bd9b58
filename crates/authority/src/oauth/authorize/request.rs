//! An authorization request, judged (RFC 6749 §4.1.1, RFC 7636 §4.3).

use serde::{Deserialize, Serialize};
use vauban_policy::{Client, Denial, Grant, OauthError};

use super::super::parameters::Parameters;
use super::super::scope;

/// Longest `state`, bytes.
const STATE_BYTES_MAX: usize = 1024;
/// Bytes of a challenge: SHA-256 in base64url.
const CHALLENGE_BYTES: usize = 43;

/// A request that keeps every rule, as it waits for its user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::oauth) struct Request {
    pub(in crate::oauth) client_id: String,
    pub(in crate::oauth) redirect_uri: String,
    pub(in crate::oauth) state: Option<String>,
    pub(in crate::oauth) challenge: String,
    pub(in crate::oauth) scope: Option<Vec<String>>,
}

/// Where an error may go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::oauth) struct Return {
    pub(in crate::oauth) redirect_uri: String,
    pub(in crate::oauth) state: Option<String>,
}

/// The redirect URI of a request: a registered one, or none at all (RFC 9700 §4.1.3). Before it is known, no error leaves by
/// redirection.
pub(in crate::oauth) fn return_of(
    parameters: &Parameters,
    client: &Client,
) -> Result<Return, &'static str> {
    let redirect_uri = match (parameters.get("redirect_uri"), &*client.redirect_uris) {
        (Some(asked), registered) => {
            if !registered.iter().any(|one| one.admits(asked)) {
                return Err("redirect URI is not registered");
            }
            asked
        }
        (None, [only]) => &only.text,
        (None, _) => return Err("no redirect URI"),
    };
    let state = parameters.get("state");
    if state.is_some_and(|state| state.len() > STATE_BYTES_MAX) {
        return Err("state is too long");
    }
    Ok(Return {
        redirect_uri: redirect_uri.to_owned(),
        state: state.map(str::to_owned),
    })
}

/// Everything else that a request must say.
pub(in crate::oauth) fn judge(
    parameters: &Parameters,
    client: &Client,
    back: &Return,
    audience: &str,
) -> Result<Request, (OauthError, &'static str)> {
    let oauth = |denial: Denial, fact| {
        let error = if let Denial::Oauth(error) = denial {
            error
        } else {
            OauthError::InvalidRequest
        };
        (error, fact)
    };
    match parameters.get("response_type") {
        Some("code") => {}
        Some(_) => {
            return Err((
                OauthError::UnsupportedResponseType,
                "response type is not `code`",
            ));
        }
        None => return Err((OauthError::InvalidRequest, "no response type")),
    }
    if !client.grants.contains(&Grant::AuthorizationCode) {
        return Err((
            OauthError::UnauthorizedClient,
            "the client may not ask for codes",
        ));
    }
    // Objects signed by the client are not read, and must not look as if they were.
    if parameters.get("request").is_some() {
        return Err((OauthError::InvalidRequest, "request objects are not read"));
    }
    if parameters
        .get("response_mode")
        .is_some_and(|mode| mode != "query")
    {
        return Err((OauthError::InvalidRequest, "response mode is not `query`"));
    }
    // RFC 7636 §4.3: without a method it would be `plain`, which proves nothing to whoever reads the request.
    if parameters.get("code_challenge_method") != Some("S256") {
        return Err((OauthError::InvalidRequest, "challenge method is not `S256`"));
    }
    let challenge = parameters
        .get("code_challenge")
        .filter(|text| is_challenge(text))
        .ok_or((OauthError::InvalidRequest, "no challenge of S256"))?;
    scope::judge_resources(parameters, audience)
        .map_err(|denial| oauth(denial, "resource is none of ours"))?;
    let scope = scope::requested(parameters, client)
        .map_err(|denial| oauth(denial, "scope is more than the client may have"))?;
    Ok(Request {
        client_id: client.id.clone(),
        redirect_uri: back.redirect_uri.clone(),
        state: back.state.clone(),
        challenge: challenge.to_owned(),
        scope,
    })
}

fn is_challenge(text: &str) -> bool {
    text.len() == CHALLENGE_BYTES
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

impl Return {
    /// The redirect URI with further parameters, and always with our issuer (RFC 9207 §2).
    pub(in crate::oauth) fn with(&self, issuer: &str, pairs: &[(&str, &str)]) -> String {
        let mut uri = self.redirect_uri.clone();
        let mut separator = if uri.contains('?') { '&' } else { '?' };
        let state = self.state.as_deref().map(|state| ("state", state));
        let all = pairs.iter().copied().chain(state).chain([("iss", issuer)]);
        for (name, value) in all {
            uri.push(separator);
            uri.push_str(name);
            uri.push('=');
            vauban_http::encode_component(value, &mut uri);
            separator = '&';
        }
        uri
    }
}

#[cfg(test)]
mod tests;
