//! Who was identified, in the words that every line shares.

/// The caller that a line has identified. Edge and guard each map their own reading of their own token to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Subject, e.g. `1001`.
    pub subject: String,
    /// Application that asked for the token.
    pub client_id: String,
    /// Tenant of the subject.
    pub tenant: String,
    /// Session at the authority.
    pub session: String,
    /// Roles of the subject.
    pub roles: Vec<String>,
    /// Permissions of the token.
    pub permissions: Vec<String>,
}
