use super::*;

#[test]
fn a_parameter_with_the_name_of_a_credential_is_left_out() {
    let templates = [
        "/things/{id}",
        "/password-resets/{token}",
        "/users/{user}/codes/{code}/use",
        "/badges/{badge}",
    ]
    .map(|text| PathTemplate::parse(text).unwrap());
    let words = ["badge".to_owned()];
    let paths = Paths::of_templates(templates.iter(), &words);
    let shown = [
        "/things/7",
        "/password-resets/s3cr%25t",
        "/users/7/codes/1234/use",
        "/badges/9",
    ]
    .map(|text| vauban_http::Target::parse(text).unwrap().path);
    let shown: Vec<Option<String>> = templates
        .iter()
        .zip(&shown)
        .map(|(template, path)| paths.shown(template, path))
        .collect();
    let expected = [
        None,
        Some("/password-resets/…".to_owned()),
        Some("/users/7/codes/…/use".to_owned()),
        Some("/badges/…".to_owned()),
    ];
    assert_eq!(shown, expected);
}
