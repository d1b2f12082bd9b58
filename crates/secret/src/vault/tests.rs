use std::sync::Arc;

use super::{Fetch, Fetched, Fetching, Vault};
use crate::secret::Secret;
use crate::sources::Sources;

/// Answers what it was told to, if it was asked as a vault wants it.
#[derive(Debug)]
struct Carrier(Result<(u16, &'static str), &'static str>);

impl Fetch for Carrier {
    fn fetch<'a>(
        &'a self,
        target: &'a str,
        headers: &'a [(&'static str, &'a Secret)],
    ) -> Fetching<'a> {
        let sent: Vec<_> = headers
            .iter()
            .map(|(name, value)| (*name, value.expose_text().unwrap()))
            .collect();
        assert_eq!(target, "/v1/kv/data/bank/vauban");
        assert_eq!(
            sent,
            [("x-vault-token", "hvs.token"), ("x-vault-request", "true")]
        );
        let answer = match self.0 {
            Ok((status, body)) => Ok(Fetched {
                status,
                body: Secret::from(body),
            }),
            Err(why) => Err(why.into()),
        };
        Box::pin(std::future::ready(answer))
    }
}

async fn check(answer: Result<(u16, &'static str), &'static str>, expected: Result<&str, &str>) {
    let vault = Vault::new(Arc::new(Carrier(answer)), Secret::from("hvs.token"));
    let sources = Sources::new("/", |_name| None).with_vault(vault);
    let found = sources.resolve("vault:kv/bank/vauban#pin").await;
    match (found, expected) {
        (Ok(secret), Ok(text)) => assert_eq!(secret.expose_text(), Some(text), "{answer:?}"),
        (Err(error), Err(text)) => {
            assert_eq!(error.to_string(), text, "{answer:?}");
            let shown = format!("{error:?}{error}");
            assert!(
                !shown.contains("hvs.") && !shown.contains("4711"),
                "{shown}"
            );
        }
        (found, expected) => panic!("{answer:?}: {found:?} instead of {expected:?}"),
    }
}

#[tokio::test]
async fn a_field_of_the_newest_version_is_the_secret() {
    let whole = r#"{"request_id":"1","lease_id":"","renewable":false,"lease_duration":0,"data":{"data":{
        "pin":"4711\n","other":[1,{"pin":2}],"count":3,"on":true,"none":null},"metadata":{"version":3}},"wrap_info":null}"#;
    check(Ok((200, whole)), Ok("4711")).await;
    let escaped = r#"{"data":{"data":{"\u0070in":"47\u00311"}}}"#;
    check(Ok((200, escaped)), Ok("4711")).await;
}

#[tokio::test]
async fn every_other_answer_is_an_error_that_shows_nothing_of_it() {
    let t = "/v1/kv/data/bank/vauban";
    let field = format!("the vault's secret at `{t}` has no text `pin`");
    for body in [
        r#"{"data":{"data":{}}}"#,
        r#"{"data":{"data":{"PIN":"4711"}}}"#,
        r#"{"data":{"data":{"pin":4711}}}"#,
        r#"{"data":{"data":{"pin":["4711"]}}}"#,
        r#"{"data":{"data":{"pin":null}}}"#,
    ] {
        check(Ok((200, body)), Err(&field)).await;
    }
    let malformed =
        format!("the vault's answer to `{t}` is not one of a key/value engine of version 2");
    for body in [
        "",
        "4711",
        r#"{"data":{"pin":"4711"}}"#,
        r#"{"data":{"data":null}}"#,
        r#"{"data":{"data":{"pin":"4711","pin":"4712"}}}"#,
        r#"{"data":{"data":{"pin":"4711"}}}x"#,
    ] {
        check(Ok((200, body)), Err(&malformed)).await;
    }
    let refused = format!(
        "the vault refuses `{t}`\n  hint: the token has ended, or its policy does not allow to read this path"
    );
    check(Ok((403, r#"{"errors":["4711"]}"#)), Err(&refused)).await;
    let missing = format!(
        "the vault has no secret at `{t}`\n  hint: the mount must be a key/value engine of version 2; deleted versions are not read"
    );
    check(Ok((404, "{}")), Err(&missing)).await;
    for status in [204, 302, 429, 500, 503] {
        let said = format!("the vault answers `{t}` with status {status}");
        check(
            Ok((status, r#"{"data":{"data":{"pin":"4711"}}}"#)),
            Err(&said),
        )
        .await;
    }
    check(
        Err("no route"),
        Err(&format!("the vault cannot be asked for `{t}`")),
    )
    .await;
    check(
        Ok((200, r#"{"data":{"data":{"pin":"\n"}}}"#)),
        Err("`vault:kv/bank/vauban#pin` is empty"),
    )
    .await;
}
