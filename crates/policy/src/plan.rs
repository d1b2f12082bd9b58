//! The checked plan: what the configuration agreed to, after every mistake in it was refused.
//!
//! Nothing here is text any more. Every name that one part uses for another has been resolved, every operation knows its
//! service, every route knows its operations. Lines read the plan; nobody edits it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::Spot;
use crate::lookup::RouteIndex;
use crate::openapi::Document;
use crate::template::PathTemplate;

/// The whole policy, resolved.
#[derive(Debug)]
pub struct Plan {
    /// The configuration's file, as its mistakes name it.
    pub file: String,
    /// Where this plan runs; `vauban drill` refuses [`Environment::Production`].
    pub environment: Environment,
    /// SPIFFE trust domain, e.g. `bank.internal`.
    pub trust_domain: String,
    /// Every address on which a line listens.
    pub listeners: Vec<Listener>,
    /// Trust zones; a service stands in exactly one.
    pub zones: Vec<Zone>,
    /// Services, the built-in `authority` among them when a route leads to it.
    pub services: Vec<Service>,
    /// Who may call whom; what is not listed is refused.
    pub calls: Vec<Call>,
    /// The issuer of access tokens: the embedded authority.
    pub issuer: Issuer,
    /// Applications that may ask for tokens.
    pub clients: Vec<Client>,
    /// How the authority's private keys are kept.
    pub keys: KeysPlan,
    /// Where `vault:` references lead.
    pub vault: Option<VaultPlan>,
    /// Sizes, times and budgets.
    pub limits: Limits,
    /// Which rules look for hostile input.
    pub waf: Waf,
    /// Routes in the order in which they are written.
    pub routes: Vec<Route>,
    /// Finds the route of a path. Only [`load`](crate::load) makes one, so only `load` makes a plan.
    pub(crate) index: RouteIndex,
}

/// Where a plan runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// A developer's machine, a test or a drill.
    Development,
    /// Real users.
    Production,
}

/// A line of defence: a process boundary.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Line {
    /// The outer gateway.
    Edge,
    /// The authorization server.
    Authority,
    /// The inner line beside the named service.
    Guard(String),
}

/// An address on which a line listens.
#[derive(Debug, Clone)]
pub struct Listener {
    /// Unique name.
    pub name: String,
    /// Who listens.
    pub line: Line,
    /// Socket address; port 0 lets the system choose (the supervisor then hands the socket over).
    pub address: SocketAddr,
    /// Edge only: host names (without port) that `Host` may carry; anything else is refused with 421.
    pub hosts: Vec<String>,
    /// Edge only: the public certificate. Internal listeners use workload certificates.
    pub tls: Option<TlsFiles>,
}

/// A public certificate and its key, by reference.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// Secret reference or path to the PEM chain, e.g. `file:tls/public.pem`.
    pub certificate: SecretRef,
    /// Secret reference to the PEM key.
    pub key: SecretRef,
}

/// A reference to a secret, as text (`file:PATH`, relative to the plan's folder, `env:NAME`, `systemd-creds:NAME`,
/// `vault:MOUNT/PATH#FIELD`, `pkcs11:…`); never the secret itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretRef(pub String);

/// A trust zone.
#[derive(Debug, Clone)]
pub struct Zone {
    /// Unique name.
    pub name: String,
    /// True for zones whose workloads may call nobody (quarantine).
    pub isolated: bool,
}

/// A service and what stands in front of it.
#[derive(Debug)]
pub struct Service {
    /// Unique name; the audience of internal tokens for it.
    pub name: String,
    /// Its trust zone.
    pub zone: String,
    /// What the service offers.
    pub document: Document,
    /// What stands in front of it.
    pub behind: Behind,
}

/// What stands in front of a service.
#[derive(Debug)]
pub enum Behind {
    /// A guard, as it should be.
    Guard(Box<GuardPlan>),
    /// Nothing: the edge forwards plain HTTP to this address (`danger_unguarded`).
    Unguarded {
        /// Address of the service.
        address: SocketAddr,
        /// The operator's reason.
        because: String,
    },
    /// The service is the authority itself.
    Authority,
}

/// The guard beside one service.
#[derive(Debug)]
pub struct GuardPlan {
    /// Name of the guard's listener.
    pub listener: String,
    /// Unix socket of the service, relative to the state directory.
    pub socket: PathBuf,
    /// User that may connect to that socket; `None` is the user that runs the service.
    pub peer_uid: Option<u32>,
    /// Cedar policies, file name and text.
    pub cedar_policy: TextFile,
    /// Cedar schema, file name and text.
    pub cedar_schema: TextFile,
    /// Where stored facts come from.
    pub facts: Facts,
    /// Signs the database context of PostgreSQL's row-level security (key C), by reference.
    pub context_key: Option<SecretRef>,
}

/// A text file that belongs to the plan.
#[derive(Debug, Clone)]
pub struct TextFile {
    /// Path as the configuration names it.
    pub name: String,
    /// Its content.
    pub text: String,
}

/// Where the guard reads stored facts.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The database, opened under a role that can only read.
    pub database: FactsDatabase,
    /// Cedar entity type → its statement.
    pub objects: BTreeMap<String, FactStatement>,
}

/// How the row of one object is read.
#[derive(Debug, Clone)]
pub struct FactStatement {
    /// A `SELECT` with one parameter `$1` (the object's id as text), which yields at most one row with text columns `owner`
    /// and `tenant` and any further attributes.
    pub text: String,
    /// Where its entity stands in the plan's file.
    pub spot: Spot,
}

/// The facts' database.
#[derive(Debug, Clone)]
pub enum FactsDatabase {
    /// An SQLite file, relative to the state directory, opened read-only.
    Sqlite(PathBuf),
    /// PostgreSQL; the reference resolves to a URL with the guard's own read-only role.
    Postgres(SecretRef),
}

/// A declared call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Who calls: the edge or a service.
    pub from: Caller,
    /// The service that is called.
    pub to: String,
    /// Operations that may be called; `None` is every one of the service's.
    pub operations: Option<Vec<String>>,
}

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// The edge.
    Edge,
    /// A service, by name.
    Service(String),
    /// Anybody inside with a certificate (`danger_anyone`).
    Anyone,
}

/// The embedded issuer of access tokens.
#[derive(Debug, Clone)]
pub struct Issuer {
    /// `iss` of access tokens, an https URL.
    pub issuer: String,
    /// `aud` of access tokens.
    pub audience: String,
    /// Life of an access token, seconds (at most 900).
    pub access_token_seconds: u32,
    /// Absolute life of a refresh family, seconds (at most 604 800).
    pub refresh_token_seconds: u32,
    /// How long a refresh token is good unused, seconds.
    pub refresh_idle_seconds: u32,
    /// Life of an internal token, seconds (at most 60).
    pub internal_token_seconds: u32,
    /// Most actors of an exchanged token (RFC 8693 §4.1).
    pub actors_max: u32,
    /// How passwords are hashed.
    pub password: PasswordPlan,
    /// Where users, sessions and tokens are kept.
    pub store: StorePlan,
    /// Role → permissions.
    pub roles: BTreeMap<String, Vec<String>>,
}

/// Where the authority keeps what it vouches for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StorePlan {
    /// PostgreSQL; the reference resolves to a URL. `None` is SQLite in the state directory.
    pub postgres: Option<SecretRef>,
}

/// How passwords are hashed (Argon2id, RFC 9106).
#[derive(Debug, Clone)]
pub struct PasswordPlan {
    /// Time that one hash is tuned to at start, milliseconds (250 to 500).
    pub target_milliseconds: u32,
    /// Memory of one hash, KiB (at least 19 456).
    pub memory_kib: u32,
    /// Hashes computed at once.
    pub concurrency: u32,
    /// Logins that may wait for a turn; further ones get 503.
    pub queue_max: u32,
}

/// How the authority's private keys are kept.
#[derive(Debug, Clone)]
pub struct KeysPlan {
    /// How long readers may keep the public keys, seconds. A new key signs no earlier than this after it was published.
    pub cache_seconds: u32,
    /// Where keys are made.
    pub kept: KeysKept,
}

/// Where the authority's private keys are made and kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeysKept {
    /// Files in the state directory that only their owner may read.
    Plain {
        /// The operator's reason (`danger_plain`); a development plan needs none.
        because: Option<String>,
    },
    /// The same files, encrypted.
    Encrypted {
        /// Reference to the passphrase.
        passphrase: SecretRef,
    },
    /// A PKCS#11 token.
    Token {
        /// Its URI, with the module's path and a reference to the PIN.
        token: SecretRef,
    },
}

/// Where `vault:` references lead.
#[derive(Debug, Clone)]
pub struct VaultPlan {
    /// Host, as its certificate names it.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Reference to the PEM certificates of the CAs that may vouch for it; not secret.
    pub ca: SecretRef,
    /// Reference to the token that opens it.
    pub token: SecretRef,
}

/// An application that may ask for tokens.
#[derive(Debug, Clone)]
pub struct Client {
    /// `client_id`.
    pub id: String,
    /// Permissions that its tokens may carry at most.
    pub permissions: Vec<String>,
    /// How it proves at the token endpoint that it is this client.
    pub authentication: ClientAuthentication,
    /// What it may ask for at the token endpoint.
    pub grants: Vec<Grant>,
    /// Where an authorization response may be sent.
    pub redirect_uris: Vec<RedirectUri>,
    /// Whom it is when it asks for tokens of its own (`client_credentials`).
    pub own: Option<OwnPrincipal>,
    /// Whether it must push its authorization requests (RFC 9126 §6).
    pub pushed_only: bool,
    /// How long a used refresh token gives its successor once more, seconds; 0 for never.
    pub refresh_grace_seconds: u32,
    /// Public keys of `private_key_jwt`.
    pub keys: Vec<ClientKey>,
    /// Whose tokens it may exchange, and for what (RFC 8693).
    pub exchange: Vec<ExchangeRule>,
}

/// What a client may exchange. Tokens of the embedded authority only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExchangeRule {
    /// Clients whose access tokens it may present.
    pub clients: Vec<String>,
    /// What the new token may be for.
    pub audiences: Vec<String>,
}

/// A public key that a client registered, good for one algorithm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientKey {
    /// Its name in the header of an assertion. A client with several keys names each.
    pub kid: Option<String>,
    /// The key.
    pub point: ClientPoint,
}

/// A public key by its coordinates, each 32 bytes in base64url.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientPoint {
    /// P-256, for ES256.
    Es256 {
        /// First coordinate.
        x: String,
        /// Second coordinate.
        y: String,
    },
    /// Ed25519, for `EdDSA`.
    Ed25519 {
        /// The coordinate.
        x: String,
    },
}

/// How a client proves who it is (RFC 6749 §2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// It cannot: a public client (`none`).
    None,
    /// With a secret in the header `Authorization` (`client_secret_basic`).
    SecretBasic,
    /// With a secret in the body (`client_secret_post`).
    SecretPost,
    /// With an assertion that its registered key signed (`private_key_jwt`, RFC 7523).
    PrivateKeyJwt,
}

impl ClientAuthentication {
    /// Whether the authority keeps a secret of such a client.
    pub fn is_by_secret(self) -> bool {
        match self {
            Self::SecretBasic | Self::SecretPost => true,
            Self::None | Self::PrivateKeyJwt => false,
        }
    }
}

/// A way to get tokens at the token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// A code from the authorization endpoint (RFC 6749 §4.1), always with PKCE (RFC 7636).
    AuthorizationCode,
    /// A refresh token (RFC 6749 §6).
    RefreshToken,
    /// The client for itself (RFC 6749 §4.4).
    ClientCredentials,
    /// Another client's token for one of its own (RFC 8693).
    TokenExchange,
}

/// Where an authorization response may be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectUri {
    /// As it is written in the plan.
    pub text: String,
    /// For `http://127.0.0.1/…` and `http://[::1]/…` (RFC 8252 §7.3), where the request may name any port: what stands before the
    /// port and behind it.
    pub loopback: Option<(String, String)>,
}

/// Whom a client is when it acts for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnPrincipal {
    /// Its tenant.
    pub tenant: String,
    /// Its roles.
    pub roles: Vec<String>,
}

impl RedirectUri {
    /// Whether a requested URI is this one: octet for octet, but for the port of a loopback address (RFC 9700 §2.1).
    pub fn admits(&self, requested: &str) -> bool {
        if requested == self.text {
            return true;
        }
        let Some((before, behind)) = &self.loopback else {
            return false;
        };
        let port = requested
            .strip_prefix(before.as_str())
            .and_then(|rest| rest.strip_prefix(':'))
            .and_then(|rest| rest.strip_suffix(behind.as_str()));
        port.is_some_and(|port| {
            port.bytes().all(|byte| byte.is_ascii_digit())
                && !port.starts_with('0')
                && port.parse::<u16>().is_ok()
        })
    }
}

/// Sizes, times and budgets. Reasons stand in `docs/limits.md`.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Request head, bytes.
    pub head_bytes_max: usize,
    /// Request header fields.
    pub headers_max: usize,
    /// Request body, bytes, unless the route says less.
    pub body_bytes_max: usize,
    /// Time to receive a whole head, seconds.
    pub header_seconds: u32,
    /// Time to receive a whole body, seconds.
    pub body_seconds: u32,
    /// Time a line waits for the answer of the next one, seconds.
    pub upstream_seconds: u32,
    /// Connections open at once on one listener.
    pub connections_max: usize,
    /// Budgets of all lines.
    pub budgets: Vec<Budget>,
}

/// How often something may happen (GCRA).
#[derive(Debug, Clone)]
pub struct Budget {
    /// Unique name; part of the denial's audit record.
    pub name: String,
    /// The line that spends it.
    pub at: Line,
    /// Whose budget it is.
    pub key: BudgetKey,
    /// Requests per `seconds`.
    pub requests: u32,
    /// Length of the period, seconds.
    pub seconds: u32,
    /// Requests that may come at once.
    pub burst: u32,
    /// Operations that spend it; `None` is every one.
    pub operations: Option<Vec<String>>,
}

/// Whose budget it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BudgetKey {
    /// The client's address as the edge's socket sees it (at the authority: as the edge reports it).
    Ip,
    /// The verified subject.
    User,
    /// The account name in a login, whether it exists or not.
    Account,
    /// Verified subject and operation.
    Endpoint,
    /// A header that the client writes (`danger_header`): the attacker chooses the key.
    DangerHeader(String),
}

/// A route of the edge.
#[derive(Debug, Clone)]
pub struct Route {
    /// Template, e.g. `/accounts/{id}/statements`.
    pub path: PathTemplate,
    /// How the caller is identified.
    pub authenticate: Authenticate,
    /// Any listed role and all listed permissions.
    pub authorize: Authorize,
    /// Upper-case method → where the operation stands.
    pub operations: BTreeMap<String, OperationRef>,
    /// Smaller body limit of this route, bytes.
    pub body_bytes_max: Option<usize>,
    /// How its requests and answers are inspected.
    pub waf: Inspect,
}

/// How the caller is identified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authenticate {
    /// A bearer access token (RFC 6750, RFC 9068).
    Jwt,
    /// Nobody is asked; the operator says why.
    None {
        /// The operator's reason.
        because: String,
    },
}

/// What an identified caller needs. Empty lists ask for nothing more than an identity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Authorize {
    /// Any of these.
    pub roles: Vec<String>,
    /// All of these.
    pub permissions: Vec<String>,
}

/// The rules that look for hostile input, as words and paths: who reads the files is no matter of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waf {
    /// In the order of loading; empty when the plan inspects nothing.
    pub rules: Vec<RuleSource>,
    /// Lower-case words: what a variable with one of them in its name matched is never written down.
    pub redact: Vec<String>,
    /// What holds for every route that says nothing else.
    pub inspect: Inspect,
    /// Where the block stands.
    pub spot: Spot,
}

/// Rules by their origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleSource {
    /// The small set that is part of the program.
    Baseline,
    /// OWASP CRS, as the distribution installs it.
    Crs,
    /// The baseline, and OWASP CRS between files of ours that let honest prose pass.
    Profile,
    /// A file of `SecLang`.
    File(RuleFile),
}

impl RuleSource {
    /// Whether OWASP CRS is among the rules.
    pub fn has_crs(&self) -> bool {
        matches!(self, Self::Crs | Self::Profile)
    }
}

/// A file of `SecLang` that the plan names.
#[derive(Debug, Clone)]
pub struct RuleFile {
    /// Path, relative to the plan's folder unless it is absolute.
    pub path: String,
    /// Where the plan names it.
    pub spot: Spot,
}

/// Two files are the same wherever they are named.
impl PartialEq for RuleFile {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl Eq for RuleFile {}

/// How one route is inspected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspect {
    /// What follows from what is found.
    pub mode: WafMode,
    /// Paranoia level of CRS, 1 to 4; only with [`RuleSource::Crs`] and [`RuleSource::Profile`].
    pub paranoia: Option<u8>,
    /// Files that are loaded before the rules: exclusions that act while a request runs (`ctl:…`).
    pub before: Vec<RuleFile>,
    /// Files that are loaded after the rules: exclusions that change them (`SecRuleRemoveById`, `SecRuleUpdateTargetById`).
    pub after: Vec<RuleFile>,
}

/// What follows from what the rules find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WafMode {
    /// No rule runs (`danger_off`).
    Off {
        /// The operator's reason.
        because: String,
    },
    /// What is found is recorded, and the request goes on.
    Monitor,
    /// What the rules refuse is refused.
    Block,
}

/// Where an operation stands in the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OperationRef {
    /// Index into [`Plan::services`].
    pub service: usize,
    /// Index into the service's [`Document::operations`].
    pub operation: usize,
}
