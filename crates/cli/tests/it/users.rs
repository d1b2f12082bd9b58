//! What an operator does with users while the lines run.

use std::process::{Command, Output};

use serde_json::json;

use crate::house::{House, Tokens, VAUBAN, fed, text, tokens};

const PASSWORD: &str = "correct horse battery staple";

/// `vauban user …` on this house, with this standard input.
fn user(house: &House, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(VAUBAN);
    command
        .arg("user")
        .args(arguments)
        .arg("--state")
        .arg(&house.state);
    if ["add", "roles"].contains(&arguments[0]) {
        command.arg("--config").arg(house.state.join("vauban.yaml"));
    }
    fed(command, input.as_bytes())
}

fn check(house: &House, arguments: &[&str], input: &str, said: &str) {
    let output = user(house, arguments, input);
    assert_eq!(text(&output), format!("{said}\n"), "{arguments:?}");
    assert!(output.status.success(), "{arguments:?}");
}

/// Logs in; waits out the login budget. `None` when the authority refuses.
fn login(house: &House, password: &str) -> Option<Tokens> {
    login_as(house, "frank", password)
}

fn login_as(house: &House, name: &str, password: &str) -> Option<Tokens> {
    let body = json!({"username": name, "password": password, "client_id": "bank-web"});
    for _ in 0..40 {
        let answer = house.curl("POST", "/auth/login", &[], Some(&body.to_string()));
        match answer.status {
            200 => return Some(tokens(&answer)),
            401 => return None,
            status => assert!([429, 503].contains(&status), "{answer:?}"),
        }
        let seconds: u64 = answer.header("retry-after").parse().unwrap_or(1);
        std::thread::park_timeout(std::time::Duration::from_secs(seconds));
    }
    panic!("the login budget never refilled");
}

fn is_live(house: &House, tokens: &Tokens) -> bool {
    let status = house.get("/accounts", &tokens.access).status;
    assert!([200, 401].contains(&status), "{status}");
    status == 200
}

#[test]
fn a_role_that_the_plan_does_not_know_is_refused() {
    let house = House::shared();
    let add = [
        "add",
        "grace",
        "--subject",
        "2002",
        "--tenant",
        "north",
        "--role",
        "user",
        "--role",
        "teller",
    ];
    let roles = ["roles", "1001", "--role", "teller"];
    for arguments in [&add[..], &roles[..]] {
        let output = user(house, arguments, PASSWORD);
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(
            text(&output),
            "error: unknown role: `teller`\n  hint: the plan knows `admin`, `user`\n"
        );
    }
}

#[test]
fn a_user_is_added_changed_and_comes_back() {
    let house = House::shared();
    let add = [
        "add",
        "frank",
        "--subject",
        "2001",
        "--tenant",
        "north",
        "--role",
        "user",
    ];
    check(house, &add, &format!("{PASSWORD}\n"), "added `frank`");
    let first = login(house, PASSWORD).unwrap();
    assert!(is_live(house, &first));

    let new = "another horse, another battery";
    let said = "reset the password of `2001`; every session has ended";
    check(house, &["password", "2001"], &format!("{new}\n"), said);
    assert!(!is_live(house, &first));
    assert!(login(house, PASSWORD).is_none());
    let second = login(house, new).unwrap();

    let said = "changed the roles of `2001`; every session has ended";
    check(house, &["roles", "2001", "--role", "admin"], "", said);
    assert!(!is_live(house, &second));

    let said = "disabled `2001`; every session has ended";
    check(house, &["disable", "2001"], "", said);
    assert!(login(house, new).is_none());
    check(house, &["enable", "2001"], "", "enabled `2001`");
    assert!(login(house, new).is_some());
}

/// `vauban session …` on this house.
fn session(house: &House, arguments: &[&str]) -> Output {
    let mut command = Command::new(VAUBAN);
    command.arg("session").args(arguments);
    command.arg("--state").arg(&house.state);
    fed(command, b"")
}

/// The live sessions of a subject: their names.
fn listed(house: &House, more: &[&str]) -> Vec<String> {
    let output = session(house, &[&["list", "--format", "json"], more].concat());
    assert!(output.status.success(), "{}", text(&output));
    let listed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    listed
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            assert_eq!(one["subject"], "2003");
            assert!(one["ends_at"].as_u64() > one["started_at"].as_u64());
            one["session"].as_str().unwrap().to_owned()
        })
        .collect()
}

#[test]
fn an_operator_sees_sessions_and_ends_them() {
    let house = House::shared();
    let add = [
        "add",
        "heidi",
        "--subject",
        "2003",
        "--tenant",
        "north",
        "--role",
        "user",
    ];
    check(house, &add, &format!("{PASSWORD}\n"), "added `heidi`");
    let of_heidi = ["--subject", "2003"];
    assert!(listed(house, &of_heidi).is_empty());
    let first = login_as(house, "heidi", PASSWORD).unwrap();
    let [name] = &*listed(house, &of_heidi) else {
        panic!("one session");
    };
    let output = session(
        house,
        &["list", "--subject", "2003", "--client", "bank-web"],
    );
    assert!(text(&output).starts_with(&format!("{name}  2003  bank-web  ")));
    assert!(listed(house, &["--subject", "2003", "--client", "bank-portal"]).is_empty());
    let others: Vec<Tokens> = (0..2)
        .map(|_| login_as(house, "heidi", PASSWORD).unwrap())
        .collect();

    assert_eq!(
        text(&session(house, &["end", name])),
        format!("ended `{name}`\n")
    );
    assert!(!is_live(house, &first));
    assert!(others.iter().all(|other| is_live(house, other)));
    let output = session(house, &["end", "--subject", "2003"]);
    assert_eq!(text(&output), "ended 2 sessions of `2003`\n");
    assert!(!others.iter().any(|other| is_live(house, other)));
    assert!(listed(house, &of_heidi).is_empty());

    for (again, said) in [
        (
            &["end", name][..],
            format!("there is no live session `{name}`"),
        ),
        (
            &["end", "--subject", "2003"],
            "there is no live session of subject `2003`".to_owned(),
        ),
    ] {
        let output = session(house, again);
        assert_eq!(output.status.code(), Some(3));
        assert_eq!(text(&output), format!("error: {said}\n"));
    }
    assert_eq!(session(house, &["end"]).status.code(), Some(2));
}
