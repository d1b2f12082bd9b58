//! Scopes: permissions of the plan, asked for by name (RFC 6749 §3.3).

use vauban_policy::{Client, Denial, OauthError};

use super::parameters::Parameters;

/// Most permissions in one request.
const SCOPES_MAX: usize = 64;

/// What a request narrows itself to; `None` asks for all that user and client have in common.
///
/// A permission that this client can never have is refused rather than left out, so that a misspelt one is found.
pub(super) fn requested(
    parameters: &Parameters,
    client: &Client,
) -> Result<Option<Vec<String>>, Denial> {
    let Some(text) = parameters.get("scope") else {
        return Ok(None);
    };
    let mut scope: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let known = client.permissions.iter().any(|own| own == word);
        if !known || scope.len() == SCOPES_MAX {
            return Err(Denial::Oauth(OauthError::InvalidScope));
        }
        if !scope.iter().any(|own| own == word) {
            scope.push(word.to_owned());
        }
    }
    Ok(Some(scope))
}

/// Every resource that is named is the one that our tokens are for (RFC 8707 §2.1).
pub(super) fn judge_resources(parameters: &Parameters, audience: &str) -> Result<(), Denial> {
    if parameters.all("resource").all(|one| one == audience) {
        Ok(())
    } else {
        Err(Denial::Oauth(OauthError::InvalidTarget))
    }
}
