//! Seventh step: what the database will hold the service to, signed with key C.
//!
//! `kid.uid.tenant.admin.exp.hexmac`: the service passes it on and cannot forge it, so an injected statement of the service
//! stays inside the rows of the subject for whom the guard decided.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use vauban_policy::{Denial, Principal};
use vauban_secret::Secret;

use crate::line::GuardLine;
use crate::ownership::Owned;
use crate::read::Asked;
use crate::setting::StartError;

#[cfg(test)]
mod tests;

/// The name of key C inside the database.
const KID: &str = "1";
/// Seconds that a context holds: longer than any statement may run, too short to be worth stealing.
const LIFE_SECONDS: u64 = 30;
/// The role that is an administrator to the database.
const ADMIN_ROLE: &str = "admin";

/// Signs contexts for one service.
pub(crate) struct ContextKey {
    mac: Hmac<Sha256>,
    role: String,
}

impl std::fmt::Debug for ContextKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ContextKey")
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

impl ContextKey {
    /// Reads a key of 32 bytes in hexadecimal.
    pub(crate) fn read(secret: &Secret, service: &str) -> Result<Self, StartError> {
        let refuse = || StartError::ContextKey {
            service: service.to_owned(),
            message: "not 64 hexadecimal digits\nhint: `openssl rand -hex 32` makes one".to_owned(),
        };
        let text = secret
            .expose_text()
            .map(str::trim)
            .filter(|text| text.len() == 64)
            .ok_or_else(refuse)?;
        let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
        let digits = digits.ok_or_else(refuse)?;
        let bytes = digits
            .chunks_exact(2)
            .map(|pair| pair.iter().fold(0, |byte, digit| byte * 16 + digit));
        let bytes: Option<Vec<u8>> = bytes.map(|byte| u8::try_from(byte).ok()).collect();
        let mac = Hmac::<Sha256>::new_from_slice(&bytes.ok_or_else(refuse)?)
            .map_err(|_length| refuse())?;
        Ok(Self {
            mac,
            role: format!("svc_{service}"),
        })
    }

    /// The signed context, or `None` when a name could be taken apart otherwise than it was put together.
    fn sign(&self, principal: &Principal, now_unix_s: u64) -> Option<String> {
        let good = |text: &str, upper: bool| {
            let fine = |b: u8| {
                b.is_ascii_lowercase()
                    || b.is_ascii_digit()
                    || b == b'-'
                    || (upper && b.is_ascii_uppercase())
            };
            !text.is_empty() && text.bytes().all(fine)
        };
        if !good(&principal.subject, true) || !good(&principal.tenant, false) {
            return None;
        }
        let admin = u8::from(principal.roles.iter().any(|role| role == ADMIN_ROLE));
        let expires_at = now_unix_s.saturating_add(LIFE_SECONDS);
        let mut context = format!(
            "{KID}.{}.{}.{admin}.{expires_at}",
            principal.subject, principal.tenant
        );
        let mut mac = self.mac.clone();
        mac.update(context.as_bytes());
        mac.update(b"|");
        mac.update(self.role.as_bytes());
        context.push('.');
        for byte in mac.finalize().into_bytes() {
            write!(context, "{byte:02x}").ok()?;
        }
        Some(context)
    }
}

/// Evidence: every decision is made; what remains is to pass the request on.
#[derive(Debug)]
pub(crate) struct Sealed<'p> {
    owned: Owned<'p>,
    context: Option<String>,
}

impl<'p> Sealed<'p> {
    /// What was asked.
    pub(crate) fn asked(&self) -> &Asked<'p> {
        self.owned.asked()
    }

    /// Who asks.
    pub(crate) fn principal(&self) -> &Principal {
        self.owned.principal()
    }

    /// The signed context, where the data line has one.
    pub(crate) fn context(&self) -> Option<&str> {
        self.context.as_deref()
    }
}

/// Signs the context where a key is set.
pub(crate) fn seal<'p>(line: &GuardLine, owned: Owned<'p>) -> Result<Sealed<'p>, Denial> {
    let Some(key) = &line.context_key else {
        return Ok(Sealed {
            owned,
            context: None,
        });
    };
    let context = key
        .sign(owned.principal(), line.clock.unix_ms() / 1000)
        .ok_or(Denial::DecisionError)?;
    Ok(Sealed {
        owned,
        context: Some(context),
    })
}
