//! What a signature costs. The figures are told, not judged: they are the machine's.

use std::time::Duration;

use vauban_testkit::softhsm::alone;

use super::tests::setting;
use super::{Algorithm, Hsm};
use crate::SigningKey;

/// How long each kind of key signs.
const MEASURED: Duration = Duration::from_secs(1);

#[expect(clippy::disallowed_methods, reason = "a measure reads the clock")]
fn tell(name: &str, key: &SigningKey) {
    let input = [b'x'; 400];
    let start = std::time::Instant::now();
    let mut count = 0_u32;
    while start.elapsed() < MEASURED {
        key.sign(&input).unwrap();
        count += 1;
    }
    let rate = f64::from(count) / start.elapsed().as_secs_f64();
    println!("{name}: {rate:.0} ES256 signatures per second, one after another");
    assert!(count > 0);
}

#[test]
fn signatures_per_second_are_told() {
    let done = alone("hsm::speed::signatures_per_second_are_told", || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let private = SigningKey::generate(Algorithm::Es256).unwrap();
        let in_file = SigningKey::from_private(Algorithm::Es256, &private).unwrap();
        let in_token = runtime.block_on(async {
            let hsm = Hsm::open(setting()).await.unwrap();
            let made = hsm.generate(Algorithm::Es256, "speed").await.unwrap();
            SigningKey::in_token(Algorithm::Es256, made).unwrap()
        });
        tell("file", &in_file);
        runtime.block_on(async { tell("SoftHSM2", &in_token) });
    });
    done.unwrap();
}
