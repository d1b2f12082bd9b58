use super::*;
use TokenRefusal as R;

const PARTS: R = R::Malformed("not three parts");
const EMPTY: R = R::Malformed("empty part");
const BASE64: R = R::Malformed("not base64url");

struct Token {
    key: Es256Key,
    head: String,
    body: String,
    signature: String,
}

impl Token {
    fn new() -> Self {
        let key = Es256Key::generate().unwrap();
        let token = mint(&key, &profile(), &claims()).unwrap();
        let parts: Vec<String> = token.split('.').map(str::to_owned).collect();
        let [head, body, signature] = parts.try_into().unwrap();
        Self {
            key,
            head,
            body,
            signature,
        }
    }

    fn check(&self, name: &str, token: &str, expected: R) {
        assert_eq!(
            verifier(&self.key).read(token, NOW),
            Err(expected),
            "case `{name}`"
        );
    }
}

#[test]
fn parts() {
    let token = Token::new();
    let Token {
        head,
        body,
        signature,
        ..
    } = &token;
    token.check("empty", "", PARTS);
    token.check("one part", head, PARTS);
    token.check("two parts", &format!("{head}.{body}"), PARTS);
    token.check("four parts", &format!("{head}.{body}.{signature}.x"), PARTS);
    token.check(
        "five parts, a JWE",
        &format!("{head}.{body}.{signature}.x.y"),
        PARTS,
    );
    token.check("no header", &format!(".{body}.{signature}"), EMPTY);
    token.check("no payload", &format!("{head}..{signature}"), EMPTY);
    token.check(
        "JSON serialisation",
        &format!(r#"{{"payload":"{body}"}}"#),
        PARTS,
    );
    token.check("padding", &format!("{head}=.{body}.{signature}"), BASE64);
    token.check(
        "other alphabet",
        &format!("{head}.{body}.{}", "+".repeat(86)),
        BASE64,
    );
    token.check(
        "space in front",
        &format!(" {head}.{body}.{signature}"),
        BASE64,
    );
}

#[test]
fn signature() {
    let token = Token::new();
    let Token {
        head,
        body,
        signature,
        ..
    } = &token;
    let other = Token::new().signature;
    token.check("none", &format!("{head}.{body}."), R::Signature);
    token.check(
        "line feed behind",
        &format!("{head}.{body}.{signature}\n"),
        R::Signature,
    );
    token.check(
        "of another key",
        &format!("{head}.{body}.{other}"),
        R::Signature,
    );
    token.check(
        "zeros",
        &format!("{head}.{body}.{}", "A".repeat(86)),
        R::Signature,
    );
    let cut: String = signature.chars().take(84).collect();
    token.check("cut", &format!("{head}.{body}.{cut}"), R::Signature);
    let admin = URL_SAFE_NO_PAD.encode(payload("1001", "1003"));
    token.check(
        "under another payload",
        &format!("{head}.{admin}.{signature}"),
        R::Signature,
    );
}

#[test]
fn a_token_of_exactly_the_limit_is_read_and_one_byte_more_is_not() {
    let token = Token::new();
    let long = "x".repeat(TOKEN_BYTES_MAX);
    token.check("at the limit", &long, PARTS);
    token.check("above the limit", &format!("{long}x"), R::TooLong);
}
