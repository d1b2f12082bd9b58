//! The OAuth endpoints through the whole instance: with curl against the demo, and with clients by others.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use vauban_token::Es256Key;

use crate::house::{Answer, House, VAUBAN, bearer, text};

const FORM: &str = "application/x-www-form-urlencoded";
/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// `vauban client secret …` on this state.
fn secret(state: &Path, arguments: &[&str]) -> Result<String, (Option<i32>, String)> {
    let output = Command::new(VAUBAN)
        .args(["client", "secret"])
        .args(arguments)
        .arg("--config")
        .arg(state.join("vauban.yaml"))
        .arg("--state")
        .arg(state)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if output.status.success() {
        Ok(said)
    } else {
        Err((output.status.code(), text(&output)))
    }
}

fn post(house: &House, path: &str, headers: &[&str], form: &str) -> Answer {
    house
        .send("POST", path, headers, Some((FORM, form.as_bytes())))
        .unwrap()
}

fn basic(secret: &str) -> String {
    basic_of("bank-reports", secret)
}

fn basic_of(client: &str, secret: &str) -> String {
    use base64::Engine as _;
    let both = base64::engine::general_purpose::STANDARD.encode(format!("{client}:{secret}"));
    format!("authorization: Basic {both}")
}

/// What stands behind `name=` in a URI, as it is written there.
fn parameter<'u>(uri: &'u str, name: &str) -> &'u str {
    uri.split(['?', '&'])
        .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
        .unwrap_or_else(|| panic!("no {name} in {uri}"))
}

#[test]
fn a_client_for_itself_gets_through_every_line() {
    let house = House::start();
    let secret = secret(&house.state, &["bank-reports"]).unwrap();
    let grant = "grant_type=client_credentials";
    let answer = post(&house, "/oauth/token", &[&basic(&secret)], grant);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("cache-control"), "no-store");
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    let list = house.get("/api/v1/admin/profiles", &token);
    assert_eq!(list.status, 200, "{list:?}");
    // It is an administrator of its own tenant and nothing else.
    assert_eq!(house.get("/accounts", &token).code(), "role.missing");
    let refused = post(&house, "/oauth/token", &[&basic("guess")], grant);
    assert_eq!(
        (refused.status, refused.json()["error"].as_str()),
        (401, Some("invalid_client"))
    );
    assert!(
        refused.header("www-authenticate").starts_with("Basic"),
        "{refused:?}"
    );
    let revoked = post(
        &house,
        "/oauth/revoke",
        &[&basic(&secret)],
        &format!("token={token}"),
    );
    assert_eq!(revoked.status, 200, "{revoked:?}");
    assert_eq!(house.get("/api/v1/admin/profiles", &token).status, 401);
}

/// Requirements 10, 22 (RFC 9700 §4.16, §4.2.4; RFC 8693).
#[test]
fn a_person_agrees_and_the_portal_reads_in_their_name() {
    let house = House::start();
    let ask = format!(
        "/oauth/authorize?response_type=code&client_id=bank-portal&redirect_uri=http%3A%2F%2F127.0.0.1%3A49152%2Fcallback\
         &scope=read%3Aaccounts&state=s1&code_challenge={CHALLENGE}&code_challenge_method=S256"
    );
    let page = house.curl("GET", &ask, &[], None);
    assert_eq!(page.status, 200, "{page:?}");
    assert!(
        page.header("content-security-policy")
            .contains("frame-ancestors 'none'")
    );
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    let (_, rest) = page.text.split_once("name=\"login\" value=\"").unwrap();
    let handle = rest.split('"').next().unwrap();
    let form = format!(
        "login={handle}&username=alice&password={}",
        house.password("alice").replace(' ', "+")
    );
    let answer = post(&house, "/oauth/authorize", &[], &form);
    assert_eq!(answer.status, 303, "{answer:?}");
    let location = answer.header("location");
    assert!(
        location.starts_with("http://127.0.0.1:49152/callback?"),
        "{location}"
    );
    assert_eq!(parameter(location, "state"), "s1");
    let form = format!(
        "grant_type=authorization_code&client_id=bank-portal&code={}&code_verifier={VERIFIER}",
        parameter(location, "code")
    );
    let answer = post(&house, "/oauth/token", &[], &form);
    assert_eq!(answer.status, 200, "{answer:?}");
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(house.get("/accounts", &token).status, 200);
    // Alice may read her profile; she did not let the portal.
    let profile = house.curl("GET", "/api/v1/user/profile/1001", &[&bearer(&token)], None);
    assert_eq!(profile.code(), "permission.missing", "{profile:?}");
    the_advisor_reads_through_the_portal(&house, &token);
}

/// A service acts for the person whose token the portal sent it.
fn the_advisor_reads_through_the_portal(house: &House, portal: &str) {
    let secret = secret(&house.state, &["bank-advisor"]).unwrap();
    let form = format!(
        "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token={portal}\
         &subject_token_type=urn:ietf:params:oauth:token-type:access_token"
    );
    let proof = basic_of("bank-advisor", &secret);
    let answer = post(house, "/oauth/token", &[&proof], &form);
    assert_eq!(answer.status, 200, "{answer:?}");
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    let accounts = house.get("/accounts", &token);
    assert_eq!(accounts.status, 200, "{accounts:?}");
    // When alice leaves the portal, the advisor acts for nobody.
    let form = format!("client_id=bank-portal&token={portal}");
    assert_eq!(post(house, "/oauth/revoke", &[], &form).status, 200);
    assert_eq!(house.get("/accounts", &token).status, 401);
    // That refusal is on the disk, and so is what went before it.
    let output = house.vauban(&["explain", accounts.decision()]);
    assert!(
        text(&output).contains("acting: client:bank-advisor"),
        "{}",
        text(&output)
    );
}

#[test]
fn a_secret_is_made_for_clients_that_have_one() {
    let house = House::shared();
    for client in ["bank-portal", "nobody"] {
        let (code, said) = secret(&house.state, &[client]).unwrap_err();
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(client), "{said}");
    }
}

/// A client that proves itself by this key.
fn ledger(key: &Es256Key) -> String {
    let jwk = key.jwk();
    format!(
        "  - id: bank-ledger\n    permissions: [admin:profiles]\n    authentication: private_key_jwt\n    \
         grants: [client_credentials]\n    tenant: north\n    roles: [admin]\n    \
         keys: [{{ kid: k1, kty: EC, crv: P-256, alg: ES256, x: {}, y: {} }}]\n\n",
        jwk["x"], jwk["y"]
    )
}

/// An instance whose issuer is where its clients find it, with a client that has this key.
fn reachable(key: &Es256Key) -> (House, String, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    // The demo writes plan, keys and people.
    drop(House::on(&state, &[]));
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let issuer = format!("https://localhost:{port}");
    let file = state.join("vauban.yaml");
    let plan = std::fs::read_to_string(&file).unwrap();
    let edge = "line: edge\n    address: \"127.0.0.1:0\"";
    assert!(plan.contains(edge) && plan.contains("https://authority.bank.internal"));
    let plan = plan
        .replace(
            edge,
            &format!("line: edge\n    address: \"127.0.0.1:{port}\""),
        )
        .replace("https://authority.bank.internal", &issuer)
        .replace("\nclients:\n", &format!("\nclients:\n{}", ledger(key)));
    std::fs::write(&file, plan).unwrap();
    (House::run(&state), issuer, folder)
}

#[test]
fn clients_by_others_pass_their_flows() {
    let Some(clients) = std::env::var_os("VAUBAN_FOREIGN_CLIENTS").map(PathBuf::from) else {
        println!("not run: VAUBAN_FOREIGN_CLIENTS is not set");
        return;
    };
    let key = Es256Key::generate().unwrap();
    let (house, issuer, _folder) = reachable(&key);
    let key = key.to_pem().unwrap();
    let advisor = secret(&house.state, &["bank-advisor"]).unwrap();
    let secret = secret(&house.state, &["bank-reports"]).unwrap();
    let password = house.password("alice");
    let ca = house.state.join("tls/public-ca.pem");
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance/clients");
    // Modules are looked for beside the program that imports them.
    for file in ["flow.mjs", "oauth4webapi.mjs", "openid-client.mjs"] {
        std::fs::copy(home.join(file), clients.join(file)).unwrap();
    }
    let node = |file: &str| (PathBuf::from("node"), clients.join(file));
    let programs = [
        node("oauth4webapi.mjs"),
        node("openid-client.mjs"),
        (
            clients.join("venv/bin/python"),
            home.join("authlib_client.py"),
        ),
    ];
    for (program, file) in programs {
        let output = Command::new(program)
            .arg(&file)
            .envs([
                ("ISSUER", &issuer),
                ("SECRET", &secret),
                ("ADVISOR_SECRET", &advisor),
                ("PASSWORD", &password),
                ("LEDGER_KEY", &*key),
            ])
            .env("CA", &ca)
            .env("NODE_EXTRA_CA_CERTS", &ca)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        println!("{}:\n{said}", file.display());
        assert!(
            output.status.success(),
            "{}: {}",
            file.display(),
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(said.lines().count() >= 4, "{said}");
    }
}
