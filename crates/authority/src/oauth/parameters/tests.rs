use super::Parameters;
use vauban_policy::{Denial, OauthError};

fn check(text: &str, expected: Option<&[(&str, &str)]>) {
    match (Parameters::parse(text), expected) {
        (Ok(found), Some(expected)) => {
            let found: Vec<(&str, &str)> = found
                .0
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            assert_eq!(found, expected, "{text}");
        }
        (Err(denial), None) => {
            assert_eq!(denial, Denial::Oauth(OauthError::InvalidRequest), "{text}");
        }
        (found, expected) => panic!("{text}: {found:?} instead of {expected:?}"),
    }
}

/// Requirement 12 (OAuth 2.1 §3.1).
#[test]
fn each_parameter_counts_once_and_empty_is_absent() {
    check("", Some(&[]));
    check("a=1&b=x+y%2B", Some(&[("a", "1"), ("b", "x y+")]));
    check("a=&a=1", Some(&[("a", "1")]));
    check("a", Some(&[]));
    check(
        "resource=x&resource=y",
        Some(&[("resource", "x"), ("resource", "y")]),
    );
    check("a=1&a=1", None);
    check("client_id=x&client%5Fid=y", None);
    check("a=%zz", None);
    check("a=%ff", None);
    check("a=%00", None);
    check("=x", None);
}

#[test]
fn values_are_not_printed() {
    let parameters = Parameters::parse("client_secret=hunter2").unwrap();
    assert_eq!(format!("{parameters:?}"), r#"["client_secret"]"#);
}
