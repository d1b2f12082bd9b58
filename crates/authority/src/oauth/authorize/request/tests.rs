use super::{Parameters, Return, judge, return_of};
use vauban_policy::{Client, ClientAuthentication, Grant, OauthError, RedirectUri};

const AUDIENCE: &str = "https://api.example";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn client(uris: &[&str]) -> Client {
    Client {
        id: "web".to_owned(),
        permissions: vec!["read:accounts".to_owned()],
        authentication: ClientAuthentication::None,
        grants: vec![Grant::AuthorizationCode],
        redirect_uris: uris
            .iter()
            .map(|text| RedirectUri {
                text: (*text).to_owned(),
                loopback: None,
            })
            .collect(),
        own: None,
        pushed_only: false,
        refresh_grace_seconds: 0,
        keys: Vec::new(),
        exchange: vec![],
    }
}

fn check(extra: &str, expected: Option<OauthError>) {
    let client = client(&["https://app.example/cb"]);
    let good = format!(
        "response_type=code&client_id=web&code_challenge={CHALLENGE}&code_challenge_method=S256"
    );
    // A later parameter replaces an earlier one here, and only here.
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    for pair in good.split('&').chain(extra.split_terminator('&')) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        pairs.retain(|(own, _)| *own != name);
        pairs.push((name, value));
    }
    let text: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let parameters = Parameters::parse(&text.join("&")).unwrap();
    let back = return_of(&parameters, &client).unwrap();
    let judged = judge(&parameters, &client, &back, AUDIENCE);
    assert_eq!(
        judged.map_err(|(error, _)| error).err(),
        expected,
        "{extra}"
    );
}

/// Requirements 3, 4 and 5 (RFC 9700 §2.1.1, §2.1.2).
#[test]
fn a_request_is_code_with_s256_and_nothing_else() {
    check("", None);
    check(
        "scope=read:accounts&resource=https://api.example&unknown=1",
        None,
    );
    check("response_mode=query", None);
    for (extra, error) in [
        ("response_type=", OauthError::InvalidRequest),
        ("response_type=token", OauthError::UnsupportedResponseType),
        (
            "response_type=code%20id_token",
            OauthError::UnsupportedResponseType,
        ),
        ("code_challenge=", OauthError::InvalidRequest),
        ("code_challenge=short", OauthError::InvalidRequest),
        ("code_challenge_method=plain", OauthError::InvalidRequest),
        ("code_challenge_method=", OauthError::InvalidRequest),
        ("code_challenge_method=s256", OauthError::InvalidRequest),
        ("response_mode=fragment", OauthError::InvalidRequest),
        ("request=eyJ", OauthError::InvalidRequest),
        ("scope=admin", OauthError::InvalidScope),
        (
            "scope=read:accounts%20%20read:accounts",
            OauthError::InvalidScope,
        ),
        ("resource=https://other.example", OauthError::InvalidTarget),
        ("resource=https://api.example/", OauthError::InvalidTarget),
    ] {
        check(extra, Some(error));
    }
}

/// Requirement 1 (RFC 9700 §4.1.3).
#[test]
fn where_an_answer_goes_is_registered() {
    let back = |query: &str, uris: &[&str]| {
        return_of(&Parameters::parse(query).unwrap(), &client(uris)).map(|back| back.redirect_uri)
    };
    let uris = ["https://app.example/cb", "https://app.example/other"];
    assert_eq!(
        back("redirect_uri=https://app.example/cb", &uris).as_deref(),
        Ok("https://app.example/cb")
    );
    assert_eq!(back("", &uris), Err("no redirect URI"));
    assert_eq!(
        back("", &uris[..1]).as_deref(),
        Ok("https://app.example/cb")
    );
    for other in [
        "https://app.example/cb/",
        "https://app.example/cb?x=1",
        "https://app.example:443/cb",
        "https://APP.example/cb",
        "https://app.example/other/../cb",
        "https://app.example.evil.example/cb",
        "javascript:alert(1)",
    ] {
        let query = format!(
            "redirect_uri={}",
            other.replace('?', "%3F").replace('=', "%3D")
        );
        assert_eq!(
            back(&query, &uris),
            Err("redirect URI is not registered"),
            "{other}"
        );
    }
}

#[test]
fn answers_carry_state_and_issuer_encoded() {
    let back = Return {
        redirect_uri: "https://app.example/cb?from=x".to_owned(),
        state: Some("a&b=c\"".to_owned()),
    };
    assert_eq!(
        back.with("https://as.example", &[("code", "1")]),
        "https://app.example/cb?from=x&code=1&state=a%26b%3Dc%22&iss=https%3A%2F%2Fas.example"
    );
}
