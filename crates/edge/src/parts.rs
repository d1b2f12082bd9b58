//! The controls of the edge, as parts that can be replaced one by one.
//!
//! A part answers with plain data and never gets to make evidence: only the step that asked does. So a part can be opened
//! (the drill does that, to see what stands behind it), and yet no step can be left out.

use std::borrow::Cow;
use std::fmt::Debug;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use vauban_net::Stop;
use vauban_policy::contract::Refusal;
use vauban_policy::{BudgetKey, Input, Operation, Plan, Violation};
use vauban_token::{Claims, Profile, TokenRefusal, Verifier};

use crate::budgets::Budgets;
use crate::contract::Documents;
use crate::exchange::CachedExchange;
use crate::inspect::SecLang;
use crate::keys::AuthorityKeys;
use crate::setting::{Setting, StartError};

#[cfg(test)]
mod tests;

/// A future behind a pointer, so that parts stay replaceable.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Every replaceable control of the edge.
#[derive(Debug, Clone)]
pub struct Parts {
    /// Reads access tokens.
    pub token: Arc<dyn ReadToken>,
    /// Keeps the issuer's public keys fresh.
    pub keys: Arc<dyn KeepKeys>,
    /// Judges roles.
    pub roles: Arc<dyn Judge>,
    /// Judges permissions.
    pub permissions: Arc<dyn Judge>,
    /// Spends the budgets of client addresses (and those keyed by a header).
    pub budget_ip: Arc<dyn Spend>,
    /// Spends the budgets of subjects.
    pub budget_user: Arc<dyn Spend>,
    /// Looks for hostile input.
    pub inspect: Arc<dyn Inspect>,
    /// Judges requests and answers against the service's document.
    pub contract: Arc<dyn JudgeContract>,
    /// Gets internal tokens from the authority.
    pub exchange: Arc<dyn Exchange>,
}

impl Parts {
    /// The parts as the product runs them.
    pub fn shipped(plan: &Arc<Plan>, setting: &Setting) -> Result<Self, StartError> {
        let keys = Arc::new(AuthorityKeys::new(plan, setting));
        let profile = Profile {
            issuer: plan.issuer.issuer.clone(),
            audience: plan.issuer.audience.clone(),
            life_seconds_max: plan.issuer.access_token_seconds,
        };
        let library: Arc<dyn vauban_token::SignatureLibrary> = Arc::<AuthorityKeys>::clone(&keys);
        Ok(Self {
            token: Arc::new(Verifier::new(profile, library)),
            keys,
            roles: Arc::new(AnyOf),
            permissions: Arc::new(AllOf),
            budget_ip: Arc::new(Budgets::of_addresses(plan)?),
            budget_user: Arc::new(Budgets::of_subjects(plan)?),
            inspect: Arc::new(SecLang::new(setting.rules.clone())),
            contract: Arc::new(Documents),
            exchange: Arc::new(CachedExchange::new(plan, setting)),
        })
    }
}

/// Reads an access token.
pub trait ReadToken: Send + Sync + Debug {
    /// The claims of `token` as of `now_unix_s`; `None` stands for a request without any.
    fn read(&self, token: Option<&str>, now_unix_s: u64) -> Result<Claims, TokenRefusal>;
}

impl ReadToken for Verifier {
    fn read(&self, token: Option<&str>, now_unix_s: u64) -> Result<Claims, TokenRefusal> {
        Self::read(self, token.ok_or(TokenRefusal::Missing)?, now_unix_s)
    }
}

/// Keeps the issuer's public keys.
pub trait KeepKeys: Send + Sync + Debug {
    /// Whether any key has been fetched so far.
    fn ready(&self) -> bool;
    /// Fetches the key set because a token names an unknown key; does nothing if the last attempt was too recent.
    fn refresh_for_unknown(&self) -> Pending<'_, ()>;
    /// Fetches now and again until told to stop.
    fn keep(&self, stop: Stop) -> Pending<'_, ()>;
}

/// Compares what a route asks for with what the caller holds.
pub trait Judge: Send + Sync + Debug {
    /// Whether `held` is enough for `required`.
    fn judge(&self, required: &[String], held: &[String]) -> bool;
}

/// Any of the required; nothing required asks for nothing.
#[derive(Debug, Clone, Copy)]
pub struct AnyOf;

impl Judge for AnyOf {
    fn judge(&self, required: &[String], held: &[String]) -> bool {
        required.is_empty() || required.iter().any(|one| held.contains(one))
    }
}

/// All of the required.
#[derive(Debug, Clone, Copy)]
pub struct AllOf;

impl Judge for AllOf {
    fn judge(&self, required: &[String], held: &[String]) -> bool {
        required.iter().all(|one| held.contains(one))
    }
}

/// Spends budgets.
pub trait Spend: Send + Sync + Debug {
    /// Charges every budget that applies to `ask`, or says which one has no room.
    fn spend(&self, ask: &Ask<'_>) -> Result<(), Overspent>;
}

/// How far a request has come when it spends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It has arrived; nothing but its address and headers is known.
    Arrived,
    /// Its operation is known.
    Matched,
    /// Its caller is known, or known to be nobody.
    Identified,
}

/// Who asks to spend, and on what.
#[derive(Clone, Copy)]
pub struct Ask<'a> {
    /// How far the request has come; a budget is charged at exactly one stage.
    pub stage: Stage,
    /// The client's address as the socket sees it.
    pub address: IpAddr,
    /// The verified subject, once there is one.
    pub subject: Option<&'a str>,
    /// The operation, once it is known.
    pub operation: Option<&'a str>,
    /// A request header by lower-case name.
    pub header: &'a dyn Fn(&str) -> Option<&'a str>,
    /// Monotonic time.
    pub now_ms: u64,
}

impl Debug for Ask<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Ask")
            .field("address", &self.address)
            .field("operation", &self.operation)
            .finish_non_exhaustive()
    }
}

/// A budget that has no room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overspent {
    /// The budget's name in the plan.
    pub budget: String,
    /// Whose kind of budget it is.
    pub key: BudgetKey,
    /// Seconds until the same request could pass; at least 1.
    pub retry_after_seconds: u32,
}

/// Looks for hostile input.
pub trait Inspect: Send + Sync + Debug {
    /// Begins with a request's head, and says what it found there.
    fn begin(&self, arrived: &Arrived<'_>) -> (Ruling, Box<dyn Inspection>);
}

/// The inspection of one request. It ends when it is dropped.
pub trait Inspection: Send + Debug {
    /// Looks at the whole body; empty when there is none.
    fn body(&mut self, bytes: &[u8]) -> Ruling;
    /// Looks at the answer.
    fn answer(&mut self, leaving: &Leaving<'_>) -> Ruling;
}

/// A request's head.
#[derive(Clone, Copy)]
pub struct Arrived<'a> {
    /// How the route is inspected.
    pub way: &'a vauban_policy::Inspect,
    /// Template of the route.
    pub route: &'a str,
    /// The method.
    pub method: &'a str,
    /// Path and query as they were sent.
    pub target: &'a str,
    /// Version of HTTP.
    pub version: http::Version,
    /// All headers as they were sent.
    pub headers: &'a http::HeaderMap,
    /// The client's address and port, as the socket sees them.
    pub client: (IpAddr, u16),
    /// Decision id of the request.
    pub decision: &'a str,
    /// Seconds since the epoch.
    pub now_unix_s: u64,
}

impl Debug for Arrived<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Arrived")
            .field("decision", &self.decision)
            .finish_non_exhaustive()
    }
}

/// An answer that is about to leave.
#[derive(Clone, Copy)]
pub struct Leaving<'a> {
    /// The status.
    pub status: u16,
    /// The headers that the client will get.
    pub headers: &'a http::HeaderMap,
    /// The whole body.
    pub body: &'a [u8],
}

impl Debug for Leaving<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Leaving")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// What an inspection says about one phase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ruling {
    /// Nothing was found.
    Nothing,
    /// Something was found, and it goes on.
    Noted(Found),
    /// It must not go on.
    Refused(Found),
}

/// What an inspection found. It is for the record, and holds nothing that is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What it was decided on.
    pub fact: Cow<'static, str>,
    /// The rules that found something, the gravest first.
    pub findings: Vec<vauban_audit::Finding>,
    /// How many more there were.
    pub more: u32,
}

impl<F: Into<Cow<'static, str>>> From<F> for Found {
    fn from(fact: F) -> Self {
        Self {
            fact: fact.into(),
            findings: Vec::new(),
            more: 0,
        }
    }
}

/// Judges requests and answers against the operation's contract.
pub trait JudgeContract: Send + Sync + Debug {
    /// Whether the request is one that the operation takes.
    fn request(&self, operation: &Operation, input: &Input<'_>) -> Result<(), Refusal>;
    /// Whether the answer is one that the operation gives.
    fn answer(
        &self,
        operation: &Operation,
        status: u16,
        content_type: Option<&str>,
        body: &[u8],
    ) -> Result<(), Vec<Violation>>;
}

/// Gets an internal token for one service.
pub trait Exchange: Send + Sync + Debug {
    /// Exchanges the presented token for an internal one.
    fn exchange<'a>(
        &'a self,
        ask: Presented<'a>,
    ) -> Pending<'a, Result<InternalToken, ExchangeFault>>;
    /// Follows the authority's revocations until told to stop.
    fn follow(&self, stop: Stop) -> Pending<'_, ()>;
}

/// What the edge shows the authority.
#[derive(Clone, Copy)]
pub struct Presented<'a> {
    /// The access token as presented.
    pub token: &'a str,
    /// The service that is to be called.
    pub audience: &'a str,
    /// What the edge read in the token; the authority compares, and believes none of it.
    pub claims: &'a Claims,
    /// Decision id of the request.
    pub decision: &'a str,
}

impl Debug for Presented<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Presented")
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}

/// An internal token, ready to be sent.
#[derive(Clone)]
pub struct InternalToken {
    /// The header value; marked sensitive.
    pub value: http::HeaderValue,
    /// Whether it came from the cache.
    pub cached: bool,
}

impl Debug for InternalToken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("InternalToken")
            .field("cached", &self.cached)
            .finish_non_exhaustive()
    }
}

/// Why there is no internal token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeFault {
    /// The authority refused: it knows no such token, or another one than the edge read.
    #[error("authority refused the exchange")]
    Refused,
    /// The authority could not be asked, or answered something else.
    #[error("authority could not be asked")]
    Unavailable,
}
