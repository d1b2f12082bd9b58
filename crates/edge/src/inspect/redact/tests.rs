use super::*;

const HARMLESS: &str = "/things/{id} /things/1?q=1";

#[track_caller]
fn check(place: &str, hidden: bool, all: &[(&str, &str)]) {
    let words = ["pin".to_owned(), "clé".to_owned()];
    let redaction = Redaction::new(&words, place);
    for (variable, value) in all {
        assert_eq!(
            redaction.hides(variable, value),
            hidden,
            "`{variable}` with `{value}`"
        );
    }
}

#[test]
fn what_is_known_to_be_harmless_is_shown() {
    check(
        HARMLESS,
        false,
        &[
            ("ARGS:q", "' or 1=1"),
            ("ARGS", "1000"),
            ("ARGS:q", "union select password from users"),
            ("ARGS_NAMES:password", "password"),
            ("REQUEST_HEADERS:User-Agent", "scanner/1"),
            ("REQUEST_URI", "/../etc/passwd"),
            ("QUERY_STRING", "q=%2e%2e%2f"),
            ("TX:vauban_path", "/a/../b"),
            ("TX:ANOMALY_SCORE", "15"),
            ("REQBODY_ERROR", "1"),
            ("REQUEST_METHOD", "TRACE"),
        ],
    );
}

#[test]
fn what_may_be_a_secret_is_hidden() {
    check(
        HARMLESS,
        true,
        &[
            ("ARGS:password", "x"),
            ("ARGS:json.user.Access_Token", "x"),
            ("ARGS_POST:pin", "1234"),
            ("ARGS:CLÉ", "x"),
            ("REQUEST_HEADERS:Authorization", "x"),
            ("REQUEST_HEADERS:X-Api-Key", "x"),
            ("REQUEST_HEADERS:Referer", "https://a/?token=x"),
            ("REQUEST_COOKIES:theme", "1"),
            ("ARGS:data", "{\"user\":1,\"password\":\"x\"}"),
            ("ARGS:data", "a=1&pin = 1234"),
            ("REQUEST_URI", "/a?Token=x"),
            ("REQUEST_BODY", "q=1"),
            ("XML:/*", "1234"),
            ("FULL_REQUEST", "x"),
            ("RESPONSE_BODY", "x"),
            ("MATCHED_VAR", "1"),
            ("TX:1", "1234"),
            ("TX:anomaly_score", "15 of hunter2"),
            ("IP:pin", "1"),
            ("", "1"),
        ],
    );
}

#[test]
fn a_name_is_one_in_every_spelling() {
    let names = [
        "PIN",
        "p%69n",
        "p%2569n",
        "%u0070in",
        "p\\u0069n",
        "p\\x69n",
        "p%5cu0069n",
        "p\u{0}i\u{0}n",
        "p+i.n",
        "to\u{212a}en",
        "%2525252525252525252525",
    ];
    for name in names {
        check(HARMLESS, true, &[(&format!("ARGS:{name}"), "1234")]);
        check(
            &format!("/things/{{id}} /things/1?{name}=1234"),
            true,
            &[("REQUEST_URI_RAW", "68657821"), ("REQUEST_LINE", "x")],
        );
        let value = format!("a=1&{name}=1234");
        check(
            HARMLESS,
            true,
            &[("QUERY_STRING", &value), ("ARGS:q", &value)],
        );
    }
    // The route says what the second segment is.
    check(
        "/reset/{token} /reset/1234",
        true,
        &[
            ("REQUEST_FILENAME", "/reset/1234"),
            ("TX:vauban_path", "/reset/1234"),
        ],
    );
}

#[test]
fn a_name_that_holds_a_value_is_hidden_itself() {
    let redaction = Redaction::new(&[], HARMLESS);
    let check = |variable: &str, named: &str| assert_eq!(redaction.named(variable), named);
    let body = "{\"password\":\"x\"}";
    check(&format!("ARGS:{body}"), "ARGS:…");
    assert!(redaction.hides(&format!("ARGS_NAMES:{body}"), body));
    check("ARGS:{\"q\":1}", "ARGS:{\"q\":1}");
    check(
        "ARGS:json.user[0].new-password",
        "ARGS:json.user[0].new-password",
    );
    check("ARGS", "ARGS");
    check("TX:1", "TX:…");
    check("tx:header_name_x", "tx:…");
    check("TX:SQL_Injection_Score", "TX:SQL_Injection_Score");
    check("TX:48151623_score", "TX:…");
    check("TX:vauban_path", "TX:vauban_path");
    check("IP:x", "IP:…");
}
