//! The controls of this line as parts: plain data in, plain data out.
//!
//! A part gives an opinion; only the step that asked turns the opinion into evidence. So a drill can replace a part by one
//! that always agrees, and the steps, which are the wiring that ships, stay what they are.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use http::HeaderMap;

/// A decision that may have to ask somebody.
pub type Answering<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Every control of a guard. [`Parts::shipped`] is what the product runs.
#[derive(Debug, Clone)]
pub struct Parts {
    /// Who may call.
    pub peer: Arc<dyn JudgePeer>,
    /// What the internal token says.
    pub token: Arc<dyn ReadInternal>,
    /// Whether the token's signature holds: the adapter around the library.
    pub signature: Arc<dyn VerifySignature>,
    /// Whether the session is live and is the token's.
    pub session: Arc<dyn JudgeSession>,
    /// How often an operation may be asked for.
    pub budget: Arc<dyn Spend>,
    /// Whose the object is.
    pub ownership: Arc<dyn JudgeOwner>,
    /// What is stored about an object.
    pub facts: Arc<dyn ReadFacts>,
}

/// Decides who may call this service.
pub trait JudgePeer: Send + Sync + Debug {
    /// `spiffe` is what the connection's certificate says; `operation` is `None` before the request was read. Returns the
    /// fact that it was decided on.
    fn judge(&self, spiffe: Option<&str>, operation: Option<&str>) -> Result<String, PeerRefusal>;
}

/// Why a caller is refused: the fact, for the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerRefusal {
    /// What it was decided on.
    pub fact: String,
}

/// A request as the token part sees it.
#[derive(Debug, Clone, Copy)]
pub struct Presented<'a> {
    /// The internal token, when exactly one was sent.
    pub token: Option<&'a str>,
    /// Every header of the request.
    pub headers: &'a HeaderMap,
    /// The caller's SPIFFE id.
    pub peer: Option<&'a str>,
    /// The service's operation.
    pub operation: &'a str,
    /// Canonical path and query.
    pub target: &'a str,
    /// Now, seconds since 1970.
    pub now_unix_s: u64,
}

/// What an internal token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// `sub`.
    pub subject: String,
    /// `client_id`.
    pub client_id: String,
    /// `tenant`.
    pub tenant: String,
    /// `sid`.
    pub session: String,
    /// `jti`.
    pub jti: String,
    /// `roles`.
    pub roles: Vec<String>,
    /// `permissions`.
    pub permissions: Vec<String>,
    /// `iat`.
    pub issued_at: u64,
    /// `exp`.
    pub expires_at: u64,
}

/// Reads the internal token.
pub trait ReadInternal: Send + Sync + Debug {
    /// The claims, or why there are none; `signature` decides on the signature.
    fn read<'a>(
        &'a self,
        presented: Presented<'a>,
        signature: &'a dyn VerifySignature,
    ) -> Answering<'a, Result<Claims, InternalRefusal>>;
}

/// Why an internal token is refused. The words are for the audit, never for the caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InternalRefusal {
    /// None was sent.
    #[error("no internal token")]
    Missing,
    /// More bytes than the profile allows.
    #[error("token longer than 8192 bytes")]
    TooLong,
    /// Not three base64url parts of strict JSON objects.
    #[error("malformed: {0}")]
    Malformed(&'static str),
    /// `alg` is not `EdDSA`.
    #[error("`alg` is not `EdDSA`")]
    Algorithm,
    /// `typ` is not `vauban-int+jwt`.
    #[error("`typ` is not `vauban-int+jwt`")]
    Type,
    /// The header has a member beyond `alg`, `typ` and `kid`.
    #[error("header member not in the profile")]
    HeaderMember,
    /// No key of the authority has this `kid`.
    #[error("`kid` names no key of the authority")]
    UnknownKey,
    /// The library refuses.
    #[error("library refuses: {0}")]
    Library(#[from] LibraryRefusal),
    /// A claim is absent.
    #[error("claim `{0}` is absent")]
    Absent(&'static str),
    /// A claim is of another type, or out of its bounds.
    #[error("claim `{0}` is not as the profile says")]
    Claim(&'static str),
    /// The payload has a claim that is not in the profile.
    #[error("claim not in the profile")]
    UnknownClaim,
    /// `iss` is not the authority's internal issuer.
    #[error("`iss` is not the internal issuer")]
    Issuer,
    /// `aud` is not this service.
    #[error("`aud` is not this service")]
    Audience,
    /// `exp` has passed.
    #[error("expired")]
    Expired,
    /// `iat` lies in the future.
    #[error("`iat` lies in the future")]
    NotYet,
    /// `exp` lies more than 60 seconds after `iat`.
    #[error("lives longer than 60 seconds")]
    LivesTooLong,
    /// The keys cannot be had.
    #[error("keys of the authority: {0}")]
    Keys(#[from] KeyError),
}

/// The keys of the authority cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct KeyError(pub String);

/// A public key of the authority (Ed25519).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// `kid`.
    pub kid: String,
    /// The 32 bytes.
    pub bytes: [u8; 32],
}

/// What the library is told to expect.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// `iss`.
    pub issuer: &'a str,
    /// `aud`.
    pub audience: &'a str,
    /// Now, seconds since 1970.
    pub now_unix_s: u64,
}

/// Decides whether a compact token was signed with a key: the adapter around the library.
pub trait VerifySignature: Send + Sync + Debug {
    /// Agrees, or says why not.
    fn verify(
        &self,
        token: &str,
        key: &PublicKey,
        expected: &Expected<'_>,
    ) -> Result<(), LibraryRefusal>;
}

/// Why the library refused. Nothing of the token is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LibraryRefusal {
    /// The key cannot be used.
    #[error("key cannot be used")]
    Key,
    /// The signature is not the key's.
    #[error("signature does not verify")]
    Signature,
    /// What was signed is not what the library was told to expect.
    #[error("{0}")]
    Content(String),
}

/// Decides whether the session is live and is the token's.
pub trait JudgeSession: Send + Sync + Debug {
    /// Returns the fact that it was decided on.
    fn judge<'a>(&'a self, claims: &'a Claims) -> Answering<'a, Result<String, SessionRefusal>>;
}

/// Why a session does not carry a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionRefusal {
    /// It ended, or never was.
    Ended,
    /// What is stored differs from what the token says; names the first difference.
    Mismatch(&'static str),
    /// The authority does not answer.
    Unavailable(String),
}

/// A request as the budget part sees it.
#[derive(Debug, Clone, Copy)]
pub struct Spending<'a> {
    /// The verified subject.
    pub subject: &'a str,
    /// The service's operation.
    pub operation: &'a str,
    /// Monotonic time, milliseconds.
    pub now_ms: u64,
}

/// Counts requests against the budgets of this guard.
pub trait Spend: Send + Sync + Debug {
    /// Returns the fact that it was decided on; `None` when no budget counts the operation.
    fn spend(&self, spending: &Spending<'_>) -> Result<Option<String>, Exhausted>;
}

/// A budget is used up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exhausted {
    /// The budget's name.
    pub budget: String,
    /// True for a budget of a user over every operation, false for one of an endpoint.
    pub per_user: bool,
    /// When to come back.
    pub retry_after_seconds: u32,
}

/// Reads what is stored about an object.
pub trait ReadFacts: Send + Sync + Debug {
    /// Opens the database and prepares every statement; what is missing is said at start and not at the first request.
    fn prepare(&self) -> Answering<'_, Result<(), FactsError>>;

    /// The row of the object, or `None` when there is none. `id` is canonical.
    fn read<'a>(
        &'a self,
        entity: &'a str,
        id: &'a str,
    ) -> Answering<'a, Result<Option<Row>, FactsError>>;
}

/// Facts cannot be read; for the operator, never for the caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FactsError(pub String);

/// What is stored about one object: column → value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// The columns of the statement.
    pub columns: BTreeMap<String, Fact>,
}

/// One stored value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// Text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A truth value (PostgreSQL; SQLite stores 0 and 1).
    Boolean(bool),
    /// NULL.
    Null,
}

/// What ownership is asked.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// The verified subject.
    pub subject: &'a str,
    /// Its tenant.
    pub tenant: &'a str,
    /// Its roles.
    pub roles: &'a [String],
    /// Its permissions.
    pub permissions: &'a [String],
    /// SPIFFE id of the caller; empty when an opened peer part let one through without.
    pub caller: &'a str,
    /// Cedar action.
    pub action: &'a str,
    /// What is asked about.
    pub about: Asking<'a>,
}

/// What an operation is about.
#[derive(Debug, Clone)]
pub enum Asking<'a> {
    /// One object.
    Object(NamedObject<'a>),
    /// The service itself.
    Service {
        /// Name of the service.
        name: &'a str,
        /// Its zone.
        zone: &'a str,
    },
}

/// The object that a request names.
#[derive(Debug, Clone)]
pub struct NamedObject<'a> {
    /// Cedar entity type.
    pub entity: &'a str,
    /// The id as the request writes it; `None` when the request names none.
    pub id: Option<String>,
    /// True when the operation's document declares the id as an integer.
    pub integer: bool,
    /// The owner that the request claims (`danger_header` evidence); `None` asks what is stored.
    pub claimed_owner: Option<ClaimedOwner>,
}

/// Evidence that the caller writes about itself (`danger_header`).
#[derive(Debug, Clone)]
pub struct ClaimedOwner {
    /// The header.
    pub header: String,
    /// What it says; `None` when it was not sent.
    pub owner: Option<String>,
}

/// Decides whether the subject may act on the object.
pub trait JudgeOwner: Send + Sync + Debug {
    /// Decides on what `facts` has stored.
    fn judge<'a>(
        &'a self,
        question: &'a Question<'a>,
        facts: &'a dyn ReadFacts,
    ) -> Answering<'a, Verdict>;
}

/// What ownership answers; each carries the fact it was decided on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The subject may.
    Allowed(String),
    /// Not the subject's, or no such object.
    Foreign(String),
    /// The policy could not be evaluated without errors.
    Undecided(String),
    /// The facts could not be read.
    Unavailable(String),
}
