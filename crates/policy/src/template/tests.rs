use super::*;

fn path(text: &str) -> CanonicalPath {
    CanonicalPath::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Template, path, parameters.
type Case = (
    &'static str,
    &'static str,
    Option<&'static [(&'static str, &'static str)]>,
);

#[test]
fn a_template_matches_paths_of_its_form() {
    let cases: [Case; 9] = [
        ("/", "/", Some(&[])),
        ("/", "/a", None),
        ("/a", "/a", Some(&[])),
        ("/a", "/A", None),
        ("/a/{id}", "/a/1", Some(&[("id", "1")])),
        ("/a/{id}", "/a", None),
        ("/a/{id}", "/a/1/b", None),
        ("/{x}/b/{y}", "/1/b/2", Some(&[("x", "1"), ("y", "2")])),
        ("/a/{id}", "/a/%20x", Some(&[("id", " x")])),
    ];
    for (template, text, expected) in cases {
        let found = PathTemplate::parse(template).unwrap().matches(&path(text));
        let owned = |pairs: &[(&str, &str)]| {
            pairs
                .iter()
                .map(|pair| (pair.0.to_owned(), pair.1.to_owned()))
                .collect::<Vec<_>>()
        };
        assert_eq!(found, expected.map(owned), "{template} {text}");
    }
}

#[test]
fn what_is_no_template_is_refused() {
    let cases = [
        ("", "a path begins with `/`"),
        ("a", "a path begins with `/`"),
        (
            "//a",
            "a path has no empty segment and does not end with `/`",
        ),
        (
            "/a/",
            "a path has no empty segment and does not end with `/`",
        ),
        (
            "/a{id}",
            "`a{id}` is neither a literal segment nor one `{parameter}`",
        ),
        (
            "/{id",
            "`{id` is neither a literal segment nor one `{parameter}`",
        ),
        (
            "/{}",
            "`` is not a parameter name: letters, digits, `_` and `-` only",
        ),
        (
            "/{a b}",
            "`a b` is not a parameter name: letters, digits, `_` and `-` only",
        ),
        ("/{a}/{a}", "parameter `a` stands twice in one path"),
        (
            "/..",
            "segment `..` may hold letters, digits and `-._~!$&'()*+,=:@` only",
        ),
        (
            "/a%2fb",
            "segment `a%2fb` may hold letters, digits and `-._~!$&'()*+,=:@` only",
        ),
        (
            "/a;b",
            "segment `a;b` may hold letters, digits and `-._~!$&'()*+,=:@` only",
        ),
        (
            "/a?b",
            "segment `a?b` may hold letters, digits and `-._~!$&'()*+,=:@` only",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(
            PathTemplate::parse(text).unwrap_err().to_string(),
            expected,
            "{text}"
        );
    }
}

#[test]
fn crossing_templates_are_those_of_which_neither_is_more_literal() {
    let cases = [
        ("/a/{x}", "/a/b", false),
        ("/a/{x}/c", "/a/b/{y}", true),
        ("/{x}/b", "/a/{y}", true),
        ("/{x}/b", "/a/c", false),
        ("/a/{x}", "/a/{y}", false),
        ("/a/{x}", "/a/{y}/c", false),
    ];
    for (left, right, expected) in cases {
        let (left, right) = (
            PathTemplate::parse(left).unwrap(),
            PathTemplate::parse(right).unwrap(),
        );
        assert_eq!(
            (left.crosses(&right), right.crosses(&left)),
            (expected, expected),
            "{left} {right}"
        );
    }
}
