//! JSON Schema of the configuration, for editors.
//!
//! It says what a key may hold; what names refer to, only [`load`](crate::load) can say. A test holds that both refuse the
//! same unknown keys.

use serde_json::{Map, Value, json};

/// A key of an object: name, schema, must it be there?
type Key = (&'static str, Value, bool);

/// JSON Schema (2020-12) of `vauban.yaml`.
pub fn json_schema() -> Value {
    let list = |schema: Value| json!({ "type": "array", "items": schema });
    let mut root = object(vec![
        ("version", json!({ "const": 1 }), true),
        (
            "environment",
            json!({ "enum": ["development", "production"] }),
            true,
        ),
        (
            "trust_domain",
            text("SPIFFE trust domain, e.g. `bank.internal`"),
            true,
        ),
        ("listeners", list(listener()), true),
        ("zones", list(zone()), true),
        ("services", list(service()), true),
        ("calls", list(call()), true),
        (
            "issuers",
            json!({ "type": "array", "items": issuer(), "minItems": 1, "maxItems": 1 }),
            true,
        ),
        ("clients", list(client()), true),
        ("keys", keys(), false),
        ("vault", vault(), false),
        ("limits", limits(), true),
        ("waf", waf(), true),
        ("routes", list(route()), true),
    ]);
    if let Value::Object(root) = &mut root {
        root.insert(
            "$schema".to_owned(),
            json!("https://json-schema.org/draft/2020-12/schema"),
        );
        root.insert("title".to_owned(), json!("vauban.yaml"));
    }
    root
}

fn object(keys: Vec<Key>) -> Value {
    let mut required = Vec::new();
    let mut properties = Map::new();
    for (key, schema, needed) in keys {
        if needed {
            required.push(key);
        }
        properties.insert(key.to_owned(), schema);
    }
    json!({ "type": "object", "additionalProperties": false, "required": required, "properties": properties })
}

fn text(description: &str) -> Value {
    json!({ "type": "string", "minLength": 1, "description": description })
}

fn name(description: &str) -> Value {
    json!({ "type": "string", "pattern": "^[a-z][a-z0-9-]{0,62}$", "description": description })
}

fn texts(description: &str) -> Value {
    json!({ "type": "array", "items": { "type": "string", "minLength": 1 }, "uniqueItems": true, "description": description })
}

fn some_texts(description: &str) -> Value {
    let mut list = texts(description);
    if let Value::Object(list) = &mut list {
        list.insert("minItems".to_owned(), json!(1));
    }
    list
}

fn number(low: u64, high: u64, description: &str) -> Value {
    json!({ "type": "integer", "minimum": low, "maximum": high, "description": description })
}

fn secret(description: &str) -> Value {
    json!({ "type": "string", "pattern": "^(file:.+|env:[A-Za-z0-9_]+|systemd-creds:[A-Za-z0-9._-]+|vault:[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)+#[A-Za-z0-9._-]+)$", "description": description })
}

fn line() -> Value {
    json!({ "type": "string", "pattern": "^(edge|authority|guard:.+)$", "description": "`edge`, `authority` or `guard:SERVICE`" })
}

fn listener() -> Value {
    object(vec![
        ("name", name("unique name"), true),
        ("line", line(), true),
        (
            "address",
            text("IP address and port; port 0 lets the system choose"),
            true,
        ),
        (
            "hosts",
            some_texts("edge only: hosts that `Host` may name"),
            false,
        ),
        (
            "tls",
            object(vec![
                ("certificate", secret("reference to the PEM chain"), true),
                ("key", secret("reference to the PEM key"), true),
            ]),
            false,
        ),
    ])
}

fn zone() -> Value {
    let isolated =
        json!({ "type": "boolean", "description": "true: its workloads may call nobody" });
    object(vec![
        ("name", name("unique name"), true),
        ("isolated", isolated, true),
    ])
}

fn service() -> Value {
    let mut service = object(vec![
        (
            "name",
            name("unique name; audience of internal tokens"),
            true,
        ),
        ("zone", text("its trust zone"), true),
        (
            "openapi",
            text("its OpenAPI 3.1 document, YAML or JSON"),
            true,
        ),
        ("guard", guard(), false),
        (
            "danger_unguarded",
            object(vec![
                ("address", text("IP address and port of the service"), true),
                ("because", text("the reason"), true),
            ]),
            false,
        ),
    ]);
    if let Value::Object(service) = &mut service {
        service.insert(
            "oneOf".to_owned(),
            json!([{ "required": ["guard"] }, { "required": ["danger_unguarded"] }]),
        );
    }
    service
}

fn guard() -> Value {
    let mut database = object(vec![
        ("sqlite", text("file in the state directory"), false),
        (
            "postgres",
            secret("reference to a URL with the guard's own read-only role"),
            false,
        ),
    ]);
    if let Value::Object(database) = &mut database {
        database.insert("minProperties".to_owned(), json!(1));
        database.insert("maxProperties".to_owned(), json!(1));
    }
    let statement = text("one SELECT with the parameter `$1`, which yields `owner` and `tenant`");
    let facts = object(vec![
        ("database", database, true),
        (
            "objects",
            json!({ "type": "object", "additionalProperties": statement }),
            true,
        ),
    ]);
    let cedar = object(vec![
        ("policy", text("Cedar policies"), true),
        ("schema", text("Cedar schema"), true),
    ]);
    object(vec![
        ("listener", text("its listener"), true),
        (
            "socket",
            text("Unix socket of the service in the state directory"),
            true,
        ),
        (
            "peer_uid",
            number(
                0,
                u64::from(u32::MAX),
                "user that may connect to the socket",
            ),
            false,
        ),
        ("cedar", cedar, true),
        ("facts", facts, true),
        (
            "context_key",
            secret("reference to the key of the signed database context; PostgreSQL only"),
            false,
        ),
    ])
}

fn call() -> Value {
    object(vec![
        ("from", text("`edge`, a service, or `danger_anyone`"), true),
        ("to", text("the called service"), true),
        (
            "operations",
            some_texts("operations that may be called; without the key, all"),
            false,
        ),
    ])
}

fn issuer() -> Value {
    let password = object(vec![
        (
            "target_milliseconds",
            number(250, 500, "time of one hash"),
            true,
        ),
        (
            "memory_kib",
            number(19_456, 4_194_304, "memory of one hash"),
            true,
        ),
        ("concurrency", number(1, 256, "hashes at once"), true),
        ("queue_max", number(1, 4096, "logins that may wait"), true),
    ]);
    let postgres = secret("reference to `postgres://ROLE:PASSWORD@HOST/DATABASE`");
    let store = object(vec![("postgres", postgres, true)]);
    let roles = json!({
        "type": "object",
        "minProperties": 1,
        "propertyNames": { "pattern": "^[A-Za-z0-9_.-]{1,64}$" },
        "additionalProperties": texts("permissions of the role"),
    });
    object(vec![
        ("name", json!({ "const": "authority" }), true),
        (
            "issuer",
            json!({ "type": "string", "pattern": "^https://[^?#@ ]*[^?#@ /]$" }),
            true,
        ),
        ("audience", text("`aud` of access tokens"), true),
        (
            "access_token_seconds",
            number(1, 900, "life of an access token"),
            true,
        ),
        (
            "refresh_token_seconds",
            number(1, 604_800, "life of a refresh family"),
            true,
        ),
        (
            "actors_max",
            number(
                1,
                4,
                "most actors of an exchanged token (RFC 8693 §4.1); 3 when it is not said",
            ),
            false,
        ),
        (
            "refresh_idle_seconds",
            number(
                60,
                604_800,
                "how long a refresh token is good unused; 86400 when it is not said",
            ),
            false,
        ),
        (
            "internal_token_seconds",
            number(1, 60, "life of an internal token"),
            true,
        ),
        ("password", password, true),
        ("store", store, false),
        ("roles", roles, true),
    ])
}

fn exchange_rule() -> Value {
    object(vec![
        ("issuer", json!({ "const": "authority" }), true),
        (
            "clients",
            texts("clients whose access tokens it may exchange (RFC 8693)"),
            true,
        ),
        ("audiences", texts("what the new token may be for"), true),
    ])
}

fn client() -> Value {
    let id = json!({ "type": "string", "pattern": "^[A-Za-z0-9_.-]{1,64}$" });
    object(vec![
        ("id", id, true),
        (
            "permissions",
            texts("permissions that its tokens may carry"),
            true,
        ),
        (
            "authentication",
            json!({
                "enum": ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"],
                "description": "how it proves who it is (RFC 6749 §2.3)",
            }),
            false,
        ),
        (
            "grants",
            json!({ "type": "array", "items": { "enum": ["authorization_code", "refresh_token", "client_credentials", "token_exchange"] } }),
            false,
        ),
        (
            "redirect_uris",
            texts("where authorization responses may go, compared octet for octet"),
            false,
        ),
        ("tenant", text("tenant of its own tokens"), false),
        ("roles", texts("roles of its own tokens"), false),
        (
            "pushed_only",
            json!({ "type": "boolean", "description": "it pushes every authorization request (RFC 9126)" }),
            false,
        ),
        (
            "exchange",
            json!({ "type": "array", "items": exchange_rule() }),
            false,
        ),
        (
            "refresh_grace_seconds",
            number(
                0,
                300,
                "how long a used refresh token gives its successor once more; 0 for never; at most 30 for a public client",
            ),
            false,
        ),
        (
            "keys",
            json!({ "type": "array", "maxItems": 8, "items": client_key() }),
            false,
        ),
    ])
}

fn client_key() -> Value {
    let coordinate = json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]{43}$" });
    object(vec![
        ("kid", text("its name in the header of an assertion"), false),
        ("kty", json!({ "enum": ["EC", "OKP"] }), true),
        ("crv", json!({ "enum": ["P-256", "Ed25519"] }), true),
        ("alg", json!({ "enum": ["ES256", "EdDSA"] }), true),
        ("use", json!({ "enum": ["sig"] }), false),
        ("x", coordinate.clone(), true),
        ("y", coordinate, false),
    ])
}

fn keys() -> Value {
    let token = json!({
        "type": "string",
        "pattern": "^pkcs11:[^?]*token=[^?]+\\?(.*&)?(module-path=/.*&pin-source=.+|pin-source=.+&module-path=/.*)$",
        "description": "RFC 7512 URI of a token, with `module-path` and `pin-source`",
    });
    let mut keys = object(vec![
        (
            "cache_seconds",
            number(60, 3600, "how long readers may keep the public keys"),
            true,
        ),
        (
            "passphrase",
            secret("reference to the passphrase of key files"),
            false,
        ),
        ("pkcs11", token, false),
        (
            "danger_plain",
            text("key files are not encrypted; the reason"),
            false,
        ),
    ]);
    if let Value::Object(keys) = &mut keys {
        keys.insert(
            "oneOf".to_owned(),
            json!([{ "required": ["passphrase"] }, { "required": ["pkcs11"] }, { "required": ["danger_plain"] }]),
        );
    }
    keys
}

fn vault() -> Value {
    let address = json!({ "type": "string", "pattern": "^https://[^/?#@ ]+$" });
    object(vec![
        ("address", address, true),
        (
            "ca",
            secret("reference to the PEM certificates of its CA"),
            true,
        ),
        (
            "token",
            secret("reference to the token that opens it"),
            true,
        ),
    ])
}

fn limits() -> Value {
    object(vec![
        (
            "head_bytes_max",
            number(1024, 1_048_576, "request head"),
            true,
        ),
        ("headers_max", number(8, 128, "request header fields"), true),
        (
            "body_bytes_max",
            number(1, 67_108_864, "request body"),
            true,
        ),
        ("header_seconds", number(1, 300, "time for a head"), true),
        ("body_seconds", number(1, 3600, "time for a body"), true),
        (
            "upstream_seconds",
            number(1, 3600, "time for the next line's answer"),
            true,
        ),
        (
            "connections_max",
            number(1, 1_048_576, "open connections of one listener"),
            true,
        ),
        (
            "budgets",
            json!({ "type": "array", "items": budget() }),
            true,
        ),
    ])
}

fn budget() -> Value {
    let header = object(vec![(
        "danger_header",
        text("a header that the client writes"),
        true,
    )]);
    let key = json!({ "oneOf": [{ "enum": ["ip", "user", "account", "endpoint"] }, header] });
    object(vec![
        ("name", name("unique name"), true),
        ("at", line(), true),
        ("key", key, true),
        (
            "requests",
            number(1, 1_000_000, "requests per period"),
            true,
        ),
        ("seconds", number(1, 86_400, "length of the period"), true),
        ("burst", number(1, 1_000_000, "requests at once"), true),
        (
            "operations",
            some_texts("operations that spend it; without the key, all"),
            false,
        ),
    ])
}

fn route() -> Value {
    let methods = json!({
        "type": "array",
        "minItems": 1,
        "uniqueItems": true,
        "items": { "enum": ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] },
    });
    let none = object(vec![("none", text("the reason"), true)]);
    let mut authorize = object(vec![
        ("roles", texts("any of these"), false),
        ("permissions", texts("all of these"), false),
    ]);
    if let Value::Object(authorize) = &mut authorize {
        authorize.insert("minProperties".to_owned(), json!(1));
    }
    let mut route = object(vec![
        ("path", json!({ "type": "string", "pattern": "^/" }), true),
        ("methods", methods, true),
        (
            "authenticate",
            json!({ "oneOf": [{ "const": "jwt" }, none] }),
            true,
        ),
        ("authorize", authorize, false),
        (
            "body_bytes_max",
            number(0, 67_108_864, "smaller limit of this route"),
            false,
        ),
        ("waf", waf_of_route(), false),
    ]);
    if let Value::Object(route) = &mut route {
        let jwt = json!({ "properties": { "authenticate": { "const": "jwt" } } });
        route.insert("if".to_owned(), jwt);
        route.insert("then".to_owned(), json!({ "required": ["authorize"] }));
        route.insert(
            "else".to_owned(),
            json!({ "properties": { "authorize": false } }),
        );
    }
    route
}

fn waf() -> Value {
    let rules = "`baseline` (built in), `crs` (installed OWASP CRS), or SecLang files";
    let file = "one SecLang file; short for `rules` with it alone";
    let redact =
        "further words: what a variable with one of them in its name matched is not recorded";
    let mut keys = vec![
        ("rules", some_texts(rules), false),
        ("modsecurity_rules_file", text(file), false),
        ("redact", texts(redact), false),
    ];
    keys.extend(inspect());
    let mut waf = object(keys);
    if let Value::Object(waf) = &mut waf {
        waf.insert(
            "oneOf".to_owned(),
            json!([
                { "required": ["danger_off"], "maxProperties": 1 },
                { "required": ["mode", "rules"], "properties": { "danger_off": false } },
                { "required": ["mode", "modsecurity_rules_file"], "properties": { "danger_off": false } },
            ]),
        );
    }
    waf
}

fn waf_of_route() -> Value {
    let mut waf = object(inspect());
    if let Value::Object(waf) = &mut waf {
        waf.insert("if".to_owned(), json!({ "required": ["danger_off"] }));
        waf.insert("then".to_owned(), json!({ "maxProperties": 1 }));
    }
    waf
}

/// What both the plan and a route can say.
fn inspect() -> Vec<Key> {
    let exclusions = object(vec![
        ("before", texts("SecLang files before the rules"), false),
        ("after", texts("SecLang files after the rules"), false),
    ]);
    vec![
        ("mode", json!({ "enum": ["monitor", "block"] }), false),
        (
            "paranoia",
            number(1, 4, "paranoia level of `crs` and `profile`"),
            false,
        ),
        ("exclusions", exclusions, false),
        (
            "danger_off",
            text("nothing is inspected; the reason"),
            false,
        ),
    ]
}
