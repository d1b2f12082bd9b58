//! *Who vouches?* The authority knows users, sessions and every token it issued; it proves passwords, rotates refresh tokens,
//! exchanges access tokens for internal ones, ends sessions at once, and signs the certificates of all lines.
//!
//! It refuses to know what a request is for: it never sees a path, a body or an object of a service, and it does not know the
//! edge or the guards as code, only by their certificates.
//!
//! The rejected alternative was to exchange by verifying the presented token's signature and copying its claims. Then one lie of
//! one JWT library would become an internal token signed by us. Here a token is only a key into the registry of issued tokens,
//! and every fact comes from the stored session.

mod admin;
mod answer;
mod ca;
mod call;
mod endpoint;
mod feed;
mod hasher;
mod identifier;
mod internal;
mod judge;
mod keys;
mod line;
mod oauth;
mod parts;
mod queue;
mod storage;
mod store;
mod throttle;

pub use admin::{
    AdminError, JOIN_TOKEN_SECONDS, NewUser, add_user, change_roles, disable_user, enable_user,
    end_sessions_of, issue_client_secret, issue_join_token, live_sessions, provision,
    reset_password, revoke_session,
};
pub use ca::{CERTIFICATE_SECONDS, CaError};
pub use hasher::{Argon2id, Cost, HashError, HashPassword, PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN};
pub use judge::{
    Callers, Claimed, Issued, JudgeCaller, JudgeRegistry, JudgeRotation, Names, Needed, Registry,
    RegistryRefusal, Rotation, RotationRefusal, StoredRefresh, Vouched,
};
pub use keys::{KeyAccess, KeyState, KeysError, Purpose, Stage, list_keys, retire_key, rotate_key};
pub use line::{RunError, run};
pub use oauth::UnusableKey;
pub use parts::{Parts, Setting, StartError};
pub use storage::{Storage, StorageError};
pub use store::{LiveSession, Sought, StoreError};
pub use throttle::{Budgets, ForeignBudget, Throttle, Throttled};

/// The public operations, for the plan: `("authority", OPENAPI)` is the built-in service.
pub const OPENAPI: &str = include_str!("../openapi.yaml");

/// What the subject of a client begins with, and that of no user.
const CLIENT_SUBJECT: &str = "client:";
/// The line's name in the audit log.
const LINE: &str = "authority";
