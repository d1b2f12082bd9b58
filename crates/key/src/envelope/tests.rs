use std::path::Path;
use std::process::Command;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
};

use super::{EnvelopeError, open, seal};

const PASSPHRASE: &[u8] = b"correct horse battery staple";

/// Runs `openssl` in `folder`; its own code, so that both readings and both writings are held against each other.
fn openssl(folder: &Path, arguments: &str) {
    let output = Command::new("openssl")
        .args(arguments.split(' '))
        .current_dir(folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {arguments}: {said}");
}

fn p256() -> Vec<u8> {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    pair.to_pkcs8v1().unwrap().as_ref().to_vec()
}

#[test]
fn what_is_sealed_opens_with_its_passphrase_and_no_other() {
    let der = p256();
    let pem = seal(&der, PASSPHRASE).unwrap();
    assert!(pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
    assert_ne!(
        *pem,
        *seal(&der, PASSPHRASE).unwrap(),
        "salt and vector are fresh"
    );
    let opened = open(&pem, Some(PASSPHRASE)).unwrap();
    assert_eq!(opened.expose_der(), der);
    assert!(opened.was_encrypted());
    assert_eq!(
        open(&pem, None).unwrap_err(),
        EnvelopeError::NeedsPassphrase
    );
    // Often enough that a padding fits by chance, which one wrong passphrase in 256 does, would take minutes; what is inside
    // is judged as well (`other_content_is_refused`).
    for wrong in [
        &b"correct horse battery stapl"[..],
        b"",
        b"Correct horse battery staple",
    ] {
        let error = open(&pem, Some(wrong)).unwrap_err();
        assert_eq!(error, EnvelopeError::Passphrase);
    }
}

#[test]
fn a_plain_key_needs_no_passphrase_and_stays_plain() {
    let der = p256();
    let pem = open(&seal(&der, PASSPHRASE).unwrap(), Some(PASSPHRASE))
        .unwrap()
        .expose_pem()
        .unwrap();
    assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----\n"));
    let plain = open(&pem, Some(PASSPHRASE)).unwrap();
    assert_eq!(plain.expose_der(), der);
    assert!(!plain.was_encrypted());
}

#[test]
fn openssl_reads_what_we_write() {
    let folder = tempfile::tempdir().unwrap();
    let pair = Ed25519KeyPair::generate().unwrap();
    for (name, der) in [
        ("p256", p256()),
        ("ed25519", pair.to_pkcs8v1().unwrap().as_ref().to_vec()),
    ] {
        std::fs::write(
            folder.path().join("ours.pem"),
            &*seal(&der, PASSPHRASE).unwrap(),
        )
        .unwrap();
        std::fs::write(folder.path().join("pass"), PASSPHRASE).unwrap();
        openssl(
            folder.path(),
            "pkcs8 -in ours.pem -passin file:pass -out plain.pem",
        );
        let plain = std::fs::read_to_string(folder.path().join("plain.pem")).unwrap();
        assert_eq!(open(&plain, None).unwrap().expose_der(), der, "{name}");
    }
}

#[test]
fn we_read_what_openssl_writes() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(at.join("pass"), PASSPHRASE).unwrap();
    openssl(
        at,
        "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out plain.pem",
    );
    let plain = std::fs::read_to_string(at.join("plain.pem")).unwrap();
    let der = open(&plain, None).unwrap().expose_der().to_vec();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der).unwrap();
    assert_eq!(pair.public_key().as_ref().len(), 65);
    for (how, expected) in [
        ("-scrypt", Ok(())),
        ("-scrypt -scrypt_N 1024 -scrypt_r 8 -scrypt_p 16", Ok(())),
        (
            "-scrypt -scrypt_N 16 -scrypt_r 8 -scrypt_p 17",
            Err(EnvelopeError::TooDear),
        ),
        ("-v2 aes-256-cbc", Ok(())),
        ("-v2 aes-256-cbc -v2prf hmacWithSHA256 -iter 600000", Ok(())),
        ("-v2 aes-128-cbc -v2prf hmacWithSHA512", Ok(())),
        (
            "-v2 aes-256-cbc -v2prf hmacWithSHA1",
            Err(EnvelopeError::Scheme),
        ),
        ("-v2 des3", Err(EnvelopeError::Scheme)),
        ("-v1 PBE-SHA1-3DES", Err(EnvelopeError::Scheme)),
    ] {
        openssl(
            at,
            &format!("pkcs8 -topk8 -in plain.pem -out sealed.pem -passout file:pass {how}"),
        );
        let sealed = std::fs::read_to_string(at.join("sealed.pem")).unwrap();
        let opened = open(&sealed, Some(PASSPHRASE));
        match (opened, expected) {
            (Ok(key), Ok(())) => assert_eq!(key.expose_der(), der, "{how}"),
            (Err(error), Err(expected)) => assert_eq!(error, expected, "{how}"),
            (found, expected) => panic!("{how}: {found:?} instead of {expected:?}"),
        }
    }
}

/// What opening costs stands in the file, so that somebody else's file must not cost everything. `openssl` writes none of
/// these: it stops at 32 MiB.
#[test]
fn opening_a_key_has_a_price_limit() {
    use pkcs8::pkcs5::{pbes2::Parameters, scrypt};
    let scrypt = |log_n| {
        let work = scrypt::Params::new(log_n, 8, 1).unwrap();
        Parameters::generate_scrypt_aes256cbc(work, &[1; 16], [2; 16]).unwrap()
    };
    let pbkdf2 =
        |rounds| Parameters::generate_pbkdf2_sha256_aes256cbc(rounds, &[1; 16], [2; 16]).unwrap();
    for (parameters, expected) in [
        (scrypt(18), EnvelopeError::Passphrase),
        (scrypt(19), EnvelopeError::TooDear),
        (pbkdf2(10_000_000), EnvelopeError::Passphrase),
        (pbkdf2(10_000_001), EnvelopeError::TooDear),
    ] {
        let pem = nothing_under(parameters);
        assert_eq!(open(&pem, Some(PASSPHRASE)).unwrap_err(), expected);
    }
}

/// A file whose header says this and whose content no passphrase opens.
fn nothing_under(parameters: pkcs8::pkcs5::pbes2::Parameters) -> String {
    use pkcs8::der::asn1::OctetString;
    use pkcs8::der::pem::LineEnding;
    let info = pkcs8::EncryptedPrivateKeyInfoOwned {
        encryption_algorithm: parameters.into(),
        encrypted_data: OctetString::new(vec![0; 15]).unwrap(),
    };
    let document = pkcs8::SecretDocument::try_from(&info).unwrap();
    let pem = document
        .to_pem("ENCRYPTED PRIVATE KEY", LineEnding::LF)
        .unwrap();
    pem.to_string()
}

#[test]
fn other_content_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    openssl(
        folder.path(),
        "ecparam -name prime256v1 -genkey -noout -out sec1.pem",
    );
    let sec1 = std::fs::read_to_string(folder.path().join("sec1.pem")).unwrap();
    for text in ["", "no PEM", &sec1, "-----BEGIN PRIVATE KEY-----\nAAAA\n"] {
        assert_eq!(
            open(text, Some(PASSPHRASE)).unwrap_err(),
            EnvelopeError::Pem,
            "{text}"
        );
    }
    let garbage = "-----BEGIN PRIVATE KEY-----\nMAMCAQA=\n-----END PRIVATE KEY-----\n";
    assert_eq!(open(garbage, None).unwrap_err(), EnvelopeError::Content);
    assert_eq!(
        seal(b"no key", PASSPHRASE).unwrap_err(),
        EnvelopeError::Content
    );
}

#[test]
fn passphrases_have_a_length() {
    let der = p256();
    for (length, good) in [(19, false), (20, true), (1024, true), (1025, false)] {
        let sealed = seal(&der, &vec![b'a'; length]);
        assert_eq!(sealed.is_ok(), good, "{length}");
        if let Err(error) = sealed {
            assert_eq!(error, EnvelopeError::PassphraseLength);
        }
    }
}

#[test]
fn nothing_secret_is_shown() {
    let key = open(&seal(&p256(), PASSPHRASE).unwrap(), Some(PASSPHRASE)).unwrap();
    assert_eq!(format!("{key:?}"), "PrivateKey { encrypted: true, .. }");
}
