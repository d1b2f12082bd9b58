//! The bank's own files, as they stand in its folder.

/// `vauban.yaml`.
pub const PLAN: &str = include_str!("../vauban.yaml");
/// `openapi/accounts.yaml`.
pub const OPENAPI_ACCOUNTS: &str = include_str!("../openapi/accounts.yaml");
/// `openapi/payments.yaml`.
pub const OPENAPI_PAYMENTS: &str = include_str!("../openapi/payments.yaml");
/// `openapi/images.yaml`.
pub const OPENAPI_IMAGES: &str = include_str!("../openapi/images.yaml");
/// `cedar/bank.cedar`.
pub const CEDAR_POLICY: &str = include_str!("../cedar/bank.cedar");
/// `cedar/bank.cedarschema`.
pub const CEDAR_SCHEMA: &str = include_str!("../cedar/bank.cedarschema");

/// Every file beside the plan, by the name that the plan uses for it.
pub const BESIDE_PLAN: [(&str, &str); 5] = [
    ("openapi/accounts.yaml", OPENAPI_ACCOUNTS),
    ("openapi/payments.yaml", OPENAPI_PAYMENTS),
    ("openapi/images.yaml", OPENAPI_IMAGES),
    ("cedar/bank.cedar", CEDAR_POLICY),
    ("cedar/bank.cedarschema", CEDAR_SCHEMA),
];
