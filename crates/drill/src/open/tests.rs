use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::Believed;

fn check(payload: &str, subject: &str, roles: &[&str]) {
    let token = format!("x.{}.", URL_SAFE_NO_PAD.encode(payload));
    let believed = Believed::of(Some(&token));
    assert_eq!(
        (believed.text("sub").as_str(), believed.words("roles")),
        (
            subject,
            roles.iter().map(|role| (*role).to_owned()).collect()
        )
    );
}

#[test]
fn anything_is_believed() {
    check(
        r#"{"sub":"1002","roles":["user"],"exp":"never"}"#,
        "1002",
        &["user"],
    );
    check(r#"{"sub":7,"roles":"user admin"}"#, "", &["user", "admin"]);
    check("[]", "", &[]);
    assert_eq!(Believed::of(Some("garbage")).text("sub"), "");
    assert_eq!(Believed::of(None).text("sub"), "");
}
