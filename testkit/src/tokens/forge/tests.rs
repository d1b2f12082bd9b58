use super::*;

/// A profile whose signature is 64 bytes that depend on the input's length, so that a test can see what was signed.
fn made(steps: &[&str]) -> Result<String, MakeError> {
    let sign = |hand: Hand, input: &[u8]| match hand {
        Hand::Own => vec![u8::try_from(input.len() % 251).unwrap(); 64],
        Hand::Stranger => vec![255; 64],
        Hand::Hs256 => vec![1; 32],
        Hand::Hs512 => vec![2; 64],
    };
    let profile = TokenProfile {
        header: vec![("alg", r#""X""#.to_owned())],
        payload: vec![("sub", r#""a""#.to_owned()), ("exp", "160".to_owned())],
        now: 100,
        life: 60,
        names: Names {
            alg: "X",
            typ: "x+jwt",
            kid: "k".to_owned(),
            jwk: "{}".to_owned(),
            stranger_kid: "s".to_owned(),
            stranger_jwk: "[]".to_owned(),
            issuer: "https://host/path".to_owned(),
            other_issuer: "https://other/".to_owned(),
            audience: "api".to_owned(),
        },
        order: Order::Little([3; 32]),
        sign: &sign,
    };
    let steps: Vec<String> = steps.iter().map(|step| (*step).to_owned()).collect();
    make(&profile, &steps)
}

fn parts(steps: &[&str]) -> [Vec<u8>; 3] {
    let token = made(steps).unwrap();
    let parts: Vec<Vec<u8>> = token
        .split('.')
        .map(|part| URL_SAFE_NO_PAD.decode(part).unwrap())
        .collect();
    parts.try_into().unwrap()
}

fn header(steps: &[&str]) -> String {
    String::from_utf8(parts(steps)[0].clone()).unwrap()
}

fn payload(steps: &[&str]) -> String {
    String::from_utf8(parts(steps)[1].clone()).unwrap()
}

#[test]
fn members_change_as_the_step_says() {
    assert_eq!(header(&[]), r#"{"alg":"X"}"#);
    assert_eq!(header(&["header alg = null"]), r#"{"alg":null}"#);
    assert_eq!(header(&["header - alg"]), "{}");
    assert_eq!(header(&["header + alg = 1"]), r#"{"alg":"X","alg":1}"#);
    assert_eq!(header(&["header < alg = 1"]), r#"{"alg":1,"alg":"X"}"#);
    assert_eq!(
        header(&["header : [<rep:3:a>]", "header << 1", "header >> 2"]),
        "1[aaa]2"
    );
    assert_eq!(
        payload(&["payload exp = <now+life-1>"]),
        r#"{"sub":"a","exp":159}"#
    );
    assert_eq!(
        payload(&["payload exp = <now-life-50>"]),
        r#"{"sub":"a","exp":-10}"#
    );
    assert_eq!(
        payload(&["payload sub = [<list:2:r>]"]),
        r#"{"sub":["r","r"],"exp":160}"#
    );
    assert_eq!(
        payload(&["payload sub = \"<ISS><hex:41>\""]),
        r#"{"sub":"HTTPS://HOST/PATHA","exp":160}"#
    );
    assert_eq!(payload(&["payload : <good-header>"]), r#"{"alg":"X"}"#);
}

#[test]
fn signatures_change_as_the_step_says() {
    let signature = |steps: &[&str]| parts(steps)[2].clone();
    let own = signature(&[]);
    assert_eq!(own.len(), 64);
    assert_ne!(
        signature(&["payload >>    "]),
        own,
        "what is sent is what is signed"
    );
    assert_eq!(signature(&["payload >>    ", "sign good"]), own);
    assert_eq!(signature(&["sign stranger"]), [255; 64]);
    assert_eq!(signature(&["sign hs256"]), [1; 32]);
    assert_eq!(signature(&["sign hs512", "signature cut 63"]), [2]);
    assert!(signature(&["signature empty"]).is_empty());
    assert_eq!(
        signature(&["sign hs512", "signature zeros", "signature flip 9"])[..2],
        [0, 2]
    );
    assert_eq!(
        signature(&["sign hs512", "signature first order"])[31..33],
        [3, 2]
    );
    assert_eq!(
        signature(&["sign hs512", "signature second plus order"])[31..33],
        [2, 5]
    );
    assert_eq!(
        signature(&["sign hs256", "signature der"])[..4],
        [0x30, 34, 2, 32]
    );
    assert_eq!(
        signature(&["signature empty", "signature add 0aff"]),
        [10, 255]
    );
    assert_eq!(
        made(&["sign stranger", "signature second plus order"]),
        Err(MakeError::Lacks("room above the order".to_owned()))
    );
}

#[test]
fn parts_are_joined_as_the_step_says() {
    let good = made(&[]).unwrap();
    let [head, body, seal] = good.split('.').collect::<Vec<_>>().try_into().unwrap();
    assert_eq!(
        made(&["compact <P>.<H>..<S>="]).unwrap(),
        format!("{body}.{head}..{seal}=")
    );
    let stray = made(&["compact <S~>"]).unwrap();
    assert_ne!(stray, seal);
    assert!(
        URL_SAFE_NO_PAD.decode(&stray).is_err(),
        "a bit behind the last byte"
    );
    assert!(
        made(&["sign stranger", "compact <S/>"])
            .unwrap()
            .starts_with("////")
    );
    assert_eq!(made(&["compact <rep:3:.>"]).unwrap(), "...");
}

#[test]
fn a_token_gets_its_length() {
    assert!((500..=502).contains(&made(&["bytes at least 500"]).unwrap().len()));
    assert!((498..=500).contains(&made(&["bytes at most 500"]).unwrap().len()));
}

#[test]
fn what_cannot_be_made_is_said() {
    let lacks = |name: &str| Err(MakeError::Lacks(name.to_owned()));
    assert_eq!(made(&["header - kid"]), lacks("kid"));
    assert_eq!(made(&["payload scope = 1"]), lacks("scope"));
    for step in [
        "headers alg = 1",
        "header alg",
        "sign nobody",
        "signature third zeros",
        "payload >> <x",
        "payload >> <x>",
        "payload >> <hex:0>",
        "bytes about 5",
        "compact <H/>",
    ] {
        assert!(matches!(made(&[step]), Err(MakeError::Row(_))), "{step}");
    }
}
