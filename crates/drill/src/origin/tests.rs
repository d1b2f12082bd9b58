use super::{PlanDigest, file_sha256};

fn plan(text: &str, beside: &[(&str, &str)]) -> String {
    let mut digest = PlanDigest::of(text);
    for (name, text) in beside {
        digest.add(name, text);
    }
    digest.finish()
}

#[test]
fn another_plan_or_another_file_beside_it_is_another_origin() {
    let same = plan("version: 1", &[("bank.cedar", "permit"), ("b", "")]);
    assert_eq!(
        same,
        plan("version: 1", &[("bank.cedar", "permit"), ("b", "")])
    );
    for other in [
        plan("version: 1 ", &[("bank.cedar", "permit"), ("b", "")]),
        plan("version: 1", &[("bank.cedar", "forbid"), ("b", "")]),
        plan("version: 1", &[("bank.ceda", "rpermit"), ("b", "")]),
        plan("version: 1", &[("bank.cedar", "permit")]),
    ] {
        assert_ne!(same, other);
    }
}

#[test]
fn a_program_is_its_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("program");
    std::fs::write(&file, "abc").unwrap();
    // FIPS 180-2, B.1.
    assert_eq!(
        file_sha256(&file).unwrap(),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    std::fs::write(&file, vec![b'a'; 1_000_000]).unwrap();
    // B.3: longer than one chunk.
    assert_eq!(
        file_sha256(&file).unwrap(),
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
    );
}
