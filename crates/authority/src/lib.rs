//! *Who vouches?* The authority knows users, sessions and every token it issued; it proves passwords, rotates refresh tokens,
//! exchanges access tokens for internal ones, ends sessions at once, and signs the certificates of all lines.
//!
//! It refuses to know what a request is for: it never sees a path, a body or an object of a service, and it does not know the
//! edge or the guards as code, only by their certificates.
//!
//! The rejected alternative was to exchange by verifying the presented token's signature and copying its claims. Then one lie of
//! one JWT library would become an internal token signed by us. Here a token is only a key into the registry of issued tokens,
//! and every fact comes from the stored session.

/// The public operations, for the plan: `("authority", OPENAPI)` is the built-in service.
pub const OPENAPI: &str = include_str!("../openapi.yaml");
