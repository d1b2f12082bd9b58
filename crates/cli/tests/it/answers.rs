//! What a client of the bank gets, by name.

use serde_json::json;

use crate::house::{House, bearer, fed};

#[test]
fn own_statements_are_200() {
    let house = House::shared();
    let answer = house.get("/accounts/500101/statements", &house.token("alice"));
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(!answer.json()["statements"].as_array().unwrap().is_empty());
}

#[test]
fn foreign_statements_are_404_and_equal_to_missing_ones() {
    let house = House::shared();
    let token = house.token("alice");
    let foreign = house.get("/accounts/500201/statements", &token);
    let missing = house.get("/accounts/599999/statements", &token);
    assert_eq!(
        (foreign.status, foreign.code()),
        (404, "object.foreign_hidden".to_owned())
    );
    let strip = |answer: &crate::house::Answer| {
        let mut json = answer.json();
        json.as_object_mut().unwrap().remove("decision");
        json
    };
    assert_eq!(strip(&foreign), strip(&missing));
}

#[test]
fn a_profile_is_its_owners_or_an_administrators_of_the_same_tenant() {
    let house = House::shared();
    for (who, id, status) in [
        ("alice", 1001, 200),
        ("alice", 1002, 403),
        ("alice", 1004, 403),
        ("carol", 1001, 200),
        ("carol", 1004, 403),
        ("erin", 1004, 200),
        ("erin", 1001, 403),
    ] {
        let answer = house.get(&format!("/api/v1/user/profile/{id}"), &house.token(who));
        assert_eq!(answer.status, status, "{who} reads {id}: {answer:?}");
    }
}

#[test]
fn the_administrators_list_needs_the_role() {
    let house = House::shared();
    let user = house.get("/api/v1/admin/profiles", &house.token("alice"));
    assert_eq!((user.status, user.code()), (403, "role.missing".to_owned()));
    let admin = house.get("/api/v1/admin/profiles", &house.token("carol"));
    assert_eq!(admin.status, 200, "{admin:?}");
    assert!(
        !admin.text.contains("1004"),
        "another tenant's profile: {}",
        admin.text
    );
}

#[test]
fn a_transfer_is_booked_once_for_one_key() {
    let house = House::shared();
    let token = house.token("alice");
    let first = house.transfer(&token, "once-key-1", 500_101, 500_201, 7);
    assert_eq!(first.status, 201, "{first:?}");
    let again = house.transfer(&token, "once-key-1", 500_101, 500_201, 7);
    assert_eq!((again.status, again.json()), (201, first.json()));
    let other = house.transfer(&token, "once-key-1", 500_101, 500_201, 8);
    assert_eq!(other.status, 422, "{other:?}");
}

#[test]
fn a_transfer_from_a_foreign_account_is_404() {
    let house = House::shared();
    let answer = house.transfer(&house.token("alice"), "foreign-key-1", 500_201, 500_101, 7);
    assert_eq!(
        (answer.status, answer.code()),
        (404, "object.foreign_hidden".to_owned())
    );
}

#[test]
fn unknown_fields_are_named_and_refused() {
    let house = House::shared();
    let body = json!({
        "from_account": 500_101, "to_account": 500_201, "amount_cents": 1, "reference": "x", "owner_id": 1001,
    });
    let headers = [
        bearer(&house.token("alice")),
        "idempotency-key: unknown-field".to_owned(),
    ];
    let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
    let answer = house.curl("POST", "/transfers", &headers, Some(&body.to_string()));
    assert_eq!(
        (answer.status, answer.code()),
        (400, "contract.violated".to_owned())
    );
    assert!(answer.text.contains("owner_id"), "{}", answer.text);
}

#[test]
fn unknown_routes_methods_and_parameters_are_refused() {
    let house = House::shared();
    let token = house.token("alice");
    for (method, path, status, code) in [
        ("GET", "/nothing", 404, "route.unknown"),
        ("DELETE", "/accounts", 405, "method.refused"),
        ("GET", "/accounts?debug=1", 400, "contract.violated"),
        (
            "GET",
            "/accounts/500101/statements?limit=none",
            400,
            "contract.violated",
        ),
        ("GET", "/accounts/x/statements", 400, "contract.violated"),
    ] {
        let answer = house.curl(method, path, &[&bearer(&token)], None);
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (status, code),
            "{method} {path}"
        );
    }
}

#[test]
fn odd_paths_have_no_second_reading() {
    let house = House::shared();
    let token = house.token("alice");
    for path in [
        "/accounts/../accounts/500101/statements",
        "/accounts/%2e%2e/accounts",
        "//accounts",
        "/accounts/500101%2fstatements",
        "/accounts/500101/statements;x=1",
        "/accounts/500101/statements%00",
        "/accounts\\500101",
    ] {
        let answer = house.curl("GET", path, &[&bearer(&token)], None);
        assert_eq!(answer.status, 400, "{path}: {answer:?}");
    }
}

#[test]
fn every_answer_carries_the_security_headers_and_no_server() {
    let house = House::shared();
    let token = house.token("alice");
    for answer in [
        house.get("/accounts", &token),
        house.get("/accounts", "nonsense"),
        house.get("/nothing", &token),
        house.curl("GET", "/a//b", &[], None),
    ] {
        assert_eq!(
            answer.header("strict-transport-security"),
            "max-age=31536000; includeSubDomains",
            "{answer:?}"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(
            answer
                .header("content-security-policy")
                .contains("default-src 'none'")
        );
        assert!(!answer.headers.contains_key("server"), "{answer:?}");
        assert_eq!(answer.decision().len(), 26, "{answer:?}");
    }
}

#[test]
fn a_logged_out_token_is_dead_at_once() {
    let house = House::shared();
    let token = house.login("dave").access;
    assert_eq!(house.get("/accounts", &token).status, 200);
    let out = house.curl("POST", "/auth/logout", &[&bearer(&token)], None);
    assert_eq!(out.status, 204, "{out:?}");
    let after = house.get("/accounts", &token);
    assert_eq!(after.status, 401, "{after:?}");
}

#[test]
fn a_replayed_refresh_token_ends_the_session() {
    let house = House::shared();
    let first = house.login("bob");
    let refresh = |token: &str| {
        let body = json!({ "refresh_token": token, "client_id": "bank-web" });
        house.curl("POST", "/auth/refresh", &[], Some(&body.to_string()))
    };
    let second = refresh(&first.refresh);
    assert_eq!(second.status, 200, "{second:?}");
    let second = crate::house::tokens(&second);
    let replay = refresh(&first.refresh);
    assert_eq!(
        (replay.status, replay.code()),
        (401, "refresh.reused".to_owned())
    );
    assert_eq!(house.get("/accounts", &second.access).status, 401);
    assert_eq!(refresh(&second.refresh).status, 401);
}

#[test]
fn a_wrong_password_and_an_unknown_name_look_alike() {
    let house = House::shared();
    let ask = |name: &str| {
        let body = json!({ "username": name, "password": "not the password at all", "client_id": "bank-web" });
        house.curl("POST", "/auth/login", &[], Some(&body.to_string()))
    };
    let (known, unknown) = (ask("erin"), ask("nobody-of-that-name"));
    let shape = |answer: &crate::house::Answer| {
        (answer.status, answer.code(), answer.json()["title"].clone())
    };
    assert_eq!(shape(&known), shape(&unknown));
    assert_eq!(
        (known.status, known.code()),
        (401, "login.refused".to_owned())
    );
}

#[test]
fn plain_http_and_old_tls_get_nothing() {
    let house = House::shared();
    for arguments in [
        vec![format!("http://localhost:{}/accounts", house.port)],
        vec![
            "--insecure".to_owned(),
            "--tls-max".to_owned(),
            "1.1".to_owned(),
            format!("https://localhost:{}/accounts", house.port),
        ],
    ] {
        let mut command = std::process::Command::new("curl");
        command
            .args(["--silent", "--max-time", "10"])
            .args(&arguments);
        let output = fed(command, b"");
        assert!(!output.status.success(), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_host_that_is_not_ours_is_refused() {
    let house = House::shared();
    let answer = house.curl("GET", "/accounts", &["host: evil.example"], None);
    assert_eq!(
        (answer.status, answer.code()),
        (421, "host.unknown".to_owned())
    );
}

/// Requirement 36 (RFC 9700 §4.13).
#[test]
fn identity_headers_from_outside_change_nothing() {
    let house = House::shared();
    let token = house.token("alice");
    let answer = house.curl(
        "GET",
        "/accounts/500201/statements",
        &[
            &bearer(&token),
            "vauban-subject: 1002",
            "vauban-internal-token: x",
            "x-user-id: 1002",
            "x-forwarded-for: 127.0.0.1",
            "connection: close, authorization",
        ],
        None,
    );
    assert!([400, 404].contains(&answer.status), "{answer:?}");
    let answer = house.curl(
        "GET",
        "/accounts/500201/statements",
        &[&bearer(&token), "vauban-subject: 1002", "x-user-id: 1002"],
        None,
    );
    assert_eq!(answer.code(), "object.foreign_hidden");
}

#[test]
fn a_flood_of_one_user_meets_his_budget() {
    let house = House::start();
    let token = house.login("bob").access;
    let mut command = std::process::Command::new("curl");
    command
        .args(["--silent", "--parallel", "--parallel-max", "16", "--cacert"])
        .arg(house.state.join("tls/public-ca.pem"))
        .args(["--output", "/dev/null", "--header", &bearer(&token)])
        .args(["--write-out", "%{http_code} %header{retry-after}\n"])
        .arg(format!(
            "https://localhost:{}/accounts?n=[1-400]",
            house.port
        ));
    let output = fed(command, b"");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let refused: Vec<&str> = said
        .lines()
        .filter(|line| line.starts_with("429"))
        .collect();
    assert!(
        !refused.is_empty(),
        "400 requests at once were all let through"
    );
    for line in refused {
        let seconds: u32 = line.split(' ').nth(1).unwrap().parse().unwrap();
        assert!(seconds >= 1, "{line}");
    }
}
