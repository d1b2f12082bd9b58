//! Level 1: what was agreed?
//!
//! Configuration text, OpenAPI documents and zones become a checked [`Plan`]; the plan answers which route a canonical path
//! belongs to, what its caller needs, what its operation accepts, and by which words a refusal is said.
//!
//! This crate refuses to know token formats, sockets, files and clocks: text comes in through a closure, and the same text
//! always gives the same plan or the same mistakes.
//!
//! Rejected: `serde` structs for the configuration. A derive stops at the first mistake, loses the column of a value and can
//! neither suggest the key that was meant nor withhold the value of a secret; an own node tree with places can do all three.

mod authorize;
pub mod contract;
mod denial;
mod load;
mod lookup;
mod mistake;
pub mod openapi;
pub mod plan;
mod principal;
mod schema;
mod template;

pub use authorize::authorize;
pub use contract::{Input, Place, Violation};
pub use denial::{Denial, DenialEntry, OauthError};
pub use load::load;
pub use lookup::{RouteIndex, RouteMatch};
pub use mistake::{Mistake, Mistakes, Spot};
pub use openapi::{Document, Evidence, Foreign, Locate, ObjectRule, Operation, Ownership};
pub use plan::{
    Authenticate, Authorize, Behind, Budget, BudgetKey, Call, Caller, Client, ClientAuthentication,
    ClientKey, ClientPoint, Environment, ExchangeRule, FactStatement, Facts, FactsDatabase, Grant,
    GuardPlan, Inspect, Issuer, KeysKept, KeysPlan, Limits, Line, Listener, OperationRef,
    OwnPrincipal, PasswordPlan, Plan, RedirectUri, Route, RuleFile, RuleSource, SecretRef, Service,
    StorePlan, TextFile, TlsFiles, VaultPlan, Waf, WafMode, Zone,
};
pub use principal::Principal;
pub use schema::json_schema;
pub use template::{PathTemplate, Segment, TemplateError};
