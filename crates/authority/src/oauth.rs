//! The OAuth 2 endpoints that clients of others speak to: RFC 6749 with the rules of OAuth 2.1 and RFC 9700.
//!
//! Only codes with PKCE, refresh tokens and client credentials. There is no implicit grant and no password grant, and nothing
//! can switch them on.

mod assertion;
mod authorize;
mod client;
mod introspect;
mod metadata;
mod parameters;
mod pushed;
mod revoke;
mod scope;
mod token;

pub(crate) use assertion::ClientKeys;
pub use assertion::UnusableKey;
use vauban_policy::{Denial, OauthError};

use crate::call::Call;

/// Where each endpoint is, below the issuer.
pub(crate) const AUTHORIZE: &str = "/oauth/authorize";
pub(crate) const TOKEN: &str = "/oauth/token";
pub(crate) const PAR: &str = "/oauth/par";
pub(crate) const INTROSPECT: &str = "/oauth/introspect";
pub(crate) const REVOKE: &str = "/oauth/revoke";
pub(crate) const METADATA: &str = "/.well-known/oauth-authorization-server";

/// Refuses, and says in the record why. The client learns the code only.
fn refuse(call: &mut Call, control: &'static str, error: OauthError, fact: &str) -> Denial {
    call.refused(control, fact.to_owned());
    Denial::Oauth(error)
}
