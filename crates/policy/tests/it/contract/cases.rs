//! The cases, as tables.

/// Query, headers, what is said.
pub(super) type Parameters = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static [&'static str],
);

pub(super) const PARAMETERS: &[Parameters] = &[
    ("", &[("page-token", "abcd")], &[]),
    (
        "limit=1&state=open&state=paid&fields=a,b&since=2026-01-31&all=true",
        &[("Page-Token", "abcd")],
        &[],
    ),
    ("", &[], &["header /Page-Token is missing"]),
    (
        "",
        &[("Page-Token", "abc")],
        &["header /Page-Token is shorter than 4 characters"],
    ),
    (
        "",
        &[("Page-Token", "abcd"), ("Trace", "123456789")],
        &["header /Trace is longer than 8 characters"],
    ),
    (
        "limit=0",
        &[("Page-Token", "abcd")],
        &["query /limit is less than 1"],
    ),
    (
        "limit=101",
        &[("Page-Token", "abcd")],
        &["query /limit is more than 100"],
    ),
    (
        "limit=1e1",
        &[("Page-Token", "abcd")],
        &["query /limit is not an integer"],
    ),
    (
        "limit=1&limit=2",
        &[("Page-Token", "abcd")],
        &["query /limit is given more than once"],
    ),
    (
        "limit=",
        &[("Page-Token", "abcd")],
        &["query /limit is not an integer"],
    ),
    (
        "state=open&state=lost",
        &[("Page-Token", "abcd")],
        &["query /state/1 is none of [\"open\",\"paid\"]"],
    ),
    (
        "state=open&state=open&state=open",
        &[("Page-Token", "abcd")],
        &["query /state has more than 2 values"],
    ),
    (
        "fields=a,B",
        &[("Page-Token", "abcd")],
        &["query /fields/1 does not match `^[a-z]+$`"],
    ),
    (
        "since=2026-02-30",
        &[("Page-Token", "abcd")],
        &["query /since is not of format `date`"],
    ),
    (
        "all=yes",
        &[("Page-Token", "abcd")],
        &["query /all is neither `true` nor `false`"],
    ),
    (
        "debug=1&debug=2&Limit=1",
        &[("Page-Token", "abcd")],
        &[
            "query /debug is not a parameter of this operation",
            "query /Limit is not a parameter of this operation",
        ],
    ),
    (
        "limit=x&debug=1",
        &[],
        &[
            "query /limit is not an integer",
            "header /Page-Token is missing",
            "query /debug is not a parameter of this operation",
        ],
    ),
];

/// Content type, body, what is said.
pub(super) type Body = (Option<&'static str>, &'static str, &'static [&'static str]);

const JSON: Option<&str> = Some("application/json");

const GOOD: &str = r#"{"buyer":{"profile":7},"lines":[{"sku":"a","count":1}]}"#;

pub(super) const BODIES: &[Body] = &[
    (JSON, GOOD, &[]),
    (Some("Application/JSON; charset=UTF-8"), GOOD, &[]),
    (
        Some("application/json; charset=latin1"),
        GOOD,
        &["media type"],
    ),
    (Some("text/plain"), GOOD, &["media type"]),
    (None, GOOD, &["media type"]),
    (None, "", &["body  is missing"]),
    (JSON, "", &["body  is missing"]),
    (JSON, "{", &["body  is not JSON"]),
    (JSON, "[]", &["body  has the wrong type"]),
    (
        JSON,
        r#"{"buyer":{"profile":7},"lines":[{"sku":"a","count":1}],"admin":true}"#,
        &["body /admin is not a field of this object"],
    ),
    (
        JSON,
        r#"{"buyer":{"profile":7,"role":"x"},"lines":[{"sku":"a","count":1}]}"#,
        &["body /buyer/role is not a field of this object"],
    ),
    (
        JSON,
        r#"{"buyer":{"profile":7},"lines":[{"sku":"a","count":1,"price":0}]}"#,
        &["body /lines/0/price is not a field of this object"],
    ),
    (
        JSON,
        r#"{"buyer":{"profile":7},"state":"paid","lines":[{"sku":"a","count":1}]}"#,
        &["body /state is not a field of this object"],
    ),
    (
        JSON,
        r#"{"buyer":{"profile":7},"secret":"s","lines":[{"sku":"a","count":1}]}"#,
        &[],
    ),
    (
        JSON,
        r#"{"buyer":{"profile":7},"lines":[{"sku":"a"}]}"#,
        &["body /lines/0/count is missing"],
    ),
    (
        JSON,
        r#"{"buyer":{"profile":"7"},"lines":[{"sku":"abcde","count":1.5}]}"#,
        &[
            "body /buyer/profile has the wrong type",
            "body /lines/0/count has the wrong type",
            "body /lines/0/sku is longer than 4 characters",
        ],
    ),
    (
        JSON,
        r#"{"buyer":{"profile":7,"email":"x"},"lines":[{"sku":"a","count":2147483648}]}"#,
        &[
            "body /buyer/email is not of format `email`",
            "body /lines/0/count is more than 2147483647",
        ],
    ),
    (
        JSON,
        r#"{"buyer":{"profile":7,"friend":{"profile":0}},"lines":[{"sku":"a","count":1}]}"#,
        &["body /buyer/friend/profile is less than 1"],
    ),
    // What is wrong in one part does not make its other fields look unknown.
    (
        JSON,
        r#"{"buyer":{"profile":0},"secret":"s","lines":[{"sku":"a","count":1}]}"#,
        &["body /buyer/profile is less than 1"],
    ),
    (
        JSON,
        r#"{"buyer":{"profile":7,"profile":8},"lines":[{"sku":"a","count":1}]}"#,
        &["body /buyer/profile is given twice"],
    ),
];

/// Operation, status, content type, body, what is said.
pub(super) type Answer = (
    &'static str,
    u16,
    Option<&'static str>,
    &'static str,
    &'static [&'static str],
);

pub(super) const ANSWERS: &[Answer] = &[
    (
        "listOrders",
        200,
        JSON,
        r#"[{"buyer":{"profile":7},"state":"paid","lines":[{"sku":"a","count":1}]}]"#,
        &[],
    ),
    (
        "listOrders",
        200,
        JSON,
        "[1]",
        &["body /0 has the wrong type"],
    ),
    (
        "listOrders",
        200,
        Some("text/html"),
        "[]",
        &["body  has a media type that is not declared"],
    ),
    ("listOrders", 200, JSON, "", &["body  is missing"]),
    (
        "listOrders",
        404,
        Some("application/problem+json"),
        r#"{"code":"x"}"#,
        &[],
    ),
    (
        "listOrders",
        404,
        Some("application/problem+json"),
        r#"{"trace":"x","code":"x"}"#,
        &["body /trace is not a field of this object"],
    ),
    ("listOrders", 500, None, "", &[]),
    (
        "listOrders",
        500,
        JSON,
        "{}",
        &["body  status 500 has no body"],
    ),
    (
        "createOrder",
        201,
        JSON,
        r#"{"buyer":{"profile":7},"state":"paid","lines":[{"sku":"a","count":1}]}"#,
        &[],
    ),
    (
        "createOrder",
        201,
        JSON,
        r#"{"buyer":{"profile":7},"secret":"s","lines":[{"sku":"a","count":1}]}"#,
        &["body /secret is not a field of this object"],
    ),
    (
        "createOrder",
        200,
        JSON,
        r#"{"buyer":{"profile":7},"state":"paid","lines":[{"sku":"a","count":1}]}"#,
        &["body  status 200 is not declared"],
    ),
    ("createOrder", 202, None, "", &[]),
    (
        "clearOrders",
        204,
        None,
        "x",
        &["body  status 204 has no body"],
    ),
];
