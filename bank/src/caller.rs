//! Who asks, in the guard's words. A service has no other way to learn it and believes nobody else.

use http::HeaderMap;

#[cfg(test)]
mod tests;

/// Longest text that the guard says about a caller; the signed context is the longest of them.
const TEXT_BYTES_MAX: usize = 512;

/// Who asks. Made only from a whole and sound set of the guard's headers.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    subject: i64,
    tenant: String,
    decision: String,
    operation: String,
    context: Option<String>,
}

impl Caller {
    /// Reads the guard's headers. The error says which one does not hold.
    pub(crate) fn read(headers: &HeaderMap) -> Result<Self, &'static str> {
        let decision = one(headers, "vauban-decision", is_decision).ok_or("vauban-decision")?;
        let subject = one(headers, "vauban-subject", |text| owner(text).is_some())
            .and_then(owner)
            .ok_or("vauban-subject")?;
        let tenant = one(headers, "vauban-tenant", is_tenant).ok_or("vauban-tenant")?;
        one(headers, "vauban-roles", is_roles).ok_or("vauban-roles")?;
        let operation = one(headers, "vauban-operation", is_operation).ok_or("vauban-operation")?;
        let context = if headers.contains_key("vauban-db-context") {
            Some(one(headers, "vauban-db-context", is_context).ok_or("vauban-db-context")?)
        } else {
            None
        };
        Ok(Self {
            subject,
            tenant: tenant.to_owned(),
            decision: decision.to_owned(),
            operation: operation.to_owned(),
            context: context.map(str::to_owned),
        })
    }

    /// The subject, a number in this bank.
    pub(crate) const fn subject(&self) -> i64 {
        self.subject
    }

    /// The tenant.
    pub(crate) fn tenant(&self) -> &str {
        &self.tenant
    }

    /// The decision's id.
    pub(crate) fn decision(&self) -> &str {
        &self.decision
    }

    /// The operation that the guard decided about.
    pub(crate) fn operation(&self) -> &str {
        &self.operation
    }

    /// The signed context for PostgreSQL.
    pub(crate) fn context(&self) -> Option<&str> {
        self.context.as_deref()
    }
}

/// The number that rows know a subject by. An application that acts for itself owns no rows: it is 0, which nobody's number is.
fn owner(subject: &str) -> Option<i64> {
    if subject.strip_prefix("client:").is_some_and(is_client) {
        return Some(0);
    }
    number(subject)
}

fn is_client(name: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    (1..=64).contains(&name.len()) && name.bytes().all(good)
}

/// The decision's id, where it is needed before the rest was read.
pub(crate) fn decision_of(headers: &HeaderMap) -> &str {
    one(headers, "vauban-decision", is_decision).unwrap_or_default()
}

/// The subject, where it is needed before the rest was read.
pub(crate) fn subject_of(headers: &HeaderMap) -> &str {
    one(headers, "vauban-subject", |_| true).unwrap_or_default()
}

/// A whole number in its only writing: digits, no leading zero, at most 999 999 999 999.
pub(crate) fn number(text: &str) -> Option<i64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    if !plain || text.len() > 12 {
        return None;
    }
    text.parse().ok()
}

/// The value of a header that stands exactly once and holds.
fn one<'h>(
    headers: &'h HeaderMap,
    name: &str,
    holds: impl FnOnce(&str) -> bool,
) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let text = values.next()?.to_str().ok()?;
    let alone = values.next().is_none();
    (alone && text.len() <= TEXT_BYTES_MAX && holds(text)).then_some(text)
}

fn is_decision(text: &str) -> bool {
    text.len() == 26
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
}

fn is_tenant(text: &str) -> bool {
    (1..=32).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase() || byte == b'-')
}

fn is_roles(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"_.,-".contains(&byte))
}

fn is_operation(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn is_context(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase() || b".-".contains(&byte))
}
