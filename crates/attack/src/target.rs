//! What is attacked: addresses, people, prey and loot, all of it data that the caller made for this run.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;

/// Everything an attack needs to know about the system before it.
#[derive(Debug, Clone)]
pub struct Target {
    /// The public door.
    pub edge: Door,
    /// Addresses of the guards, by service.
    pub guards: BTreeMap<String, SocketAddr>,
    /// A service that the attacker has taken over.
    pub sibling: Sibling,
    /// User A: a real account with a live session and a valid token.
    pub attacker: Person,
    /// Whom it hits.
    pub victim: Person,
    /// The rightful caller of the administrative operation.
    pub admin: Person,
    /// Further accounts under the attacker's control, used where one account's budget must not be what stops a flood.
    pub crowd: Vec<Person>,
    /// The victim's objects.
    pub reads: Vec<Read>,
    /// The effect on the victim's object.
    pub write: Write,
    /// The administrative operation, with a canary that only it returns.
    pub admin_read: Read,
    /// The operation that is flooded.
    pub flood: Flood,
    /// The sibling service's own operation.
    pub upload: Upload,
    /// Header names that the configuration takes as evidence of ownership, beside the usual ones.
    pub evidence_headers: Vec<String>,
    /// Header names that the configuration takes as key of a budget, beside the usual ones.
    pub limit_headers: Vec<String>,
    /// What was stolen before the attack began.
    pub stolen: Stolen,
    /// Text that makes references and keys of this run unique.
    pub run: String,
}

/// A public TLS listener.
#[derive(Debug, Clone)]
pub struct Door {
    /// Its address; anything but loopback is refused.
    pub address: SocketAddr,
    /// The name that goes into `Host` and the TLS server name.
    pub host: String,
    /// The certificate authority that signed its certificate, PEM.
    pub ca_pem: String,
}

/// Somebody with a token.
#[derive(Clone)]
pub struct Person {
    /// The subject in their tokens.
    pub subject: String,
    /// A valid access token.
    pub access_token: String,
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person")
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}

/// A service in the attacker's hands.
#[derive(Clone)]
pub struct Sibling {
    /// Its name.
    pub service: String,
    /// Its workload certificate, PEM.
    pub certificate_pem: String,
    /// The certificate's key, PEM.
    pub key_pem: String,
    /// An internal token of the victim's, meant for this service.
    pub internal_token: Option<String>,
}

impl fmt::Debug for Sibling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sibling")
            .field("service", &self.service)
            .finish_non_exhaustive()
    }
}

/// An object of the victim's that can be read.
#[derive(Debug, Clone)]
pub struct Read {
    /// Operation, for the report.
    pub operation: String,
    /// The service behind it.
    pub service: String,
    /// Path and query.
    pub path: String,
    /// Text that the answer holds only if the object was served.
    pub canary: String,
}

/// A change of the victim's object.
#[derive(Debug, Clone)]
pub struct Write {
    /// Operation, for the report.
    pub operation: String,
    /// The service behind it.
    pub service: String,
    /// Method, e.g. `POST`.
    pub method: String,
    /// Path.
    pub path: String,
    /// JSON body in which `{reference}` is replaced by a text that [`crate::Witness::money_moved`] can find.
    pub body: String,
    /// Header that must carry a fresh key, if any.
    pub idempotency_header: Option<String>,
}

/// An operation that is cheap to call often.
#[derive(Debug, Clone)]
pub struct Flood {
    /// Operation, as [`crate::Witness::served`] knows it.
    pub operation: String,
    /// Path and query of a GET.
    pub path: String,
    /// Requests that one address may make at once; `None` when the configuration has no such budget.
    pub address_burst: Option<u32>,
    /// Requests that one user may make at once; `None` when the configuration has no such budget.
    pub user_burst: Option<u32>,
}

/// The sibling service's own operation.
#[derive(Debug, Clone)]
pub struct Upload {
    /// Operation, for the report.
    pub operation: String,
    /// Path of a POST.
    pub path: String,
    /// Media type.
    pub content_type: String,
    /// Body.
    pub body: Vec<u8>,
    /// Text that the answer holds only if the body was read.
    pub canary: String,
}

/// What was stolen before the attack began.
#[derive(Clone, Default)]
pub struct Stolen {
    /// The key that signs access tokens (PKCS#8 PEM, P-256).
    pub access_key_pem: Option<String>,
    /// Whether forged subjects are signed with it as well; otherwise it only mints (A36).
    pub forge_with_access_key: bool,
    /// A token of the victim's that was valid once and has expired since.
    pub expired_token: Option<String>,
}

impl fmt::Debug for Stolen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stolen")
            .field("access_key", &self.access_key_pem.is_some())
            .field("expired_token", &self.expired_token.is_some())
            .finish_non_exhaustive()
    }
}
