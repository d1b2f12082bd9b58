//! The bank's services.

use std::fmt;

/// One of the bank's services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    /// Profiles, accounts and statements.
    Accounts,
    /// Transfers.
    Payments,
    /// Image descriptions; opens no database and calls nobody.
    Images,
}

impl Service {
    /// Every service.
    pub const ALL: [Self; 3] = [Self::Accounts, Self::Payments, Self::Images];

    /// The name in the plan.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Payments => "payments",
            Self::Images => "images",
        }
    }

    /// The service of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.name() == name)
    }

    /// The name in the audit: `service-accounts`.
    pub const fn line(self) -> &'static str {
        match self {
            Self::Accounts => "service-accounts",
            Self::Payments => "service-payments",
            Self::Images => "service-images",
        }
    }

    /// The role under which it speaks to PostgreSQL; none where it speaks to no database.
    pub const fn database_role(self) -> Option<&'static str> {
        match self {
            Self::Accounts => Some("svc_accounts"),
            Self::Payments => Some("svc_payments"),
            Self::Images => None,
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
