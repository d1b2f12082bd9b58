use std::sync::Arc;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::json;
use vauban_audit::{Event, Kind, Outcome, Verdict};
use vauban_authority::{AdminError, issue_join_token};
use vauban_net::{Upstream, UpstreamLimits};

use crate::client::{Caller, spiffe_ids};
use crate::world::{EDGE, GUARD, World, plan, request};

const LEDGER_GUARD: &str = "spiffe://bank.internal/guard/ledger";

fn names(pem: &str) -> Vec<String> {
    spiffe_ids(&CertificateDer::from_pem_slice(pem.as_bytes()).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_join_token_works_once_for_its_own_identity() {
    let world = World::start().await;
    let token = issue_join_token(&world.storage, &world.plan, GUARD, &*world.clock)
        .await
        .unwrap();
    let token = token.expose_text().unwrap();
    // The request names another identity; the token's is the one that counts.
    let (_, csr) = request(&[EDGE]);
    let answer = world.post_join(token, &csr).await;
    assert_eq!(names(&answer.fine().text("certificate_pem")), [GUARD]);
    assert_eq!(answer.text("ca_pem"), world.ca_pem);
    world
        .post_join(token, &csr)
        .await
        .refused(403, "join.refused");
    let joins = world.remembered(Kind::Join);
    let last: Vec<_> = joins
        .iter()
        .rev()
        .take(2)
        .map(|event| (event.outcome, event.subject.as_deref()))
        .collect();
    assert_eq!(
        last,
        [(Outcome::Refused, None), (Outcome::Allowed, Some(GUARD))]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_concurrent_joins_with_one_token_one_is_served() {
    let world = Arc::new(World::start().await);
    let token = issue_join_token(&world.storage, &world.plan, GUARD, &*world.clock)
        .await
        .unwrap();
    let mut joins = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (world, token) = (Arc::clone(&world), token.clone());
        joins.spawn(async move {
            world
                .post_join(token.expose_text().unwrap(), &request(&[]).1)
                .await
                .status
        });
    }
    let mut statuses = joins.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 403, 403, 403, 403, 403, 403, 403]);
}

#[tokio::test(flavor = "multi_thread")]
async fn expired_and_wrong_tokens_are_refused() {
    let world = World::start().await;
    let csr = request(&[]).1;
    for token in ["", "x", &"0".repeat(64)] {
        let answer = world.post_join(token, &csr).await;
        if token.is_empty() {
            answer.refused(400, "contract.violated");
        } else {
            answer.refused(403, "join.refused");
        }
    }
    let token = issue_join_token(&world.storage, &world.plan, GUARD, &*world.clock)
        .await
        .unwrap();
    let token = token.expose_text().unwrap();
    world
        .post_join(token, "no request at all")
        .await
        .refused(403, "join.refused");
    world.clock.advance_ms(600_000);
    world
        .post_join(token, &csr)
        .await
        .refused(403, "join.refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_request_does_not_cost_the_token() {
    let world = World::start().await;
    let token = issue_join_token(&world.storage, &world.plan, GUARD, &*world.clock)
        .await
        .unwrap();
    let token = token.expose_text().unwrap();
    world
        .post_join(token, "no request at all")
        .await
        .refused(403, "join.refused");
    world.post_join(token, &request(&[]).1).await.fine();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_renewed_for_the_same_identity_only() {
    let world = World::start().await;
    let renew = |caller: Option<Caller>, csr: String| {
        let world = &world;
        async move {
            world
                .ask(
                    caller.as_ref(),
                    "POST /internal/renew HTTP/1.1",
                    &json!({"csr_pem": csr}),
                )
                .await
        }
    };
    let guard = Some(world.guard.clone());
    for wanted in [&[][..], &[GUARD][..]] {
        let answer = renew(guard.clone(), request(wanted).1).await;
        assert_eq!(names(&answer.fine().text("certificate_pem")), [GUARD]);
    }
    renew(guard.clone(), request(&[EDGE]).1)
        .await
        .refused(403, "join.refused");
    renew(guard, request(&[GUARD, EDGE]).1)
        .await
        .refused(403, "join.refused");
    renew(None, request(&[]).1)
        .await
        .refused(403, "caller.refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lines_own_client_joins_and_is_known() {
    let world = World::start().await;
    let token = issue_join_token(&world.storage, &world.plan, EDGE, &*world.clock)
        .await
        .unwrap();
    let token = token.expose_text().unwrap();
    let workload = vauban_net::join::join(world.address, &world.ca_pem, token, EDGE, None)
        .await
        .unwrap();
    let limits = UpstreamLimits {
        answer_time: std::time::Duration::from_secs(10),
        answer_bytes_max: 65_536,
        idle_max: 1,
    };
    let upstream = Upstream::mutual(
        world.address,
        "spiffe://bank.internal/line/authority".to_owned(),
        workload,
        limits,
    );
    let request = http::Request::get("/.well-known/jwks.json")
        .body(bytes::Bytes::new())
        .unwrap();
    let answer = upstream.send(request).await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn a_join_token_is_issued_to_workloads_of_the_plan_only() {
    let world = World::start().await;
    let known = [
        EDGE,
        GUARD,
        "spiffe://bank.internal/service/accounts",
        LEDGER_GUARD,
        "spiffe://bank.internal/service/ledger",
    ];
    assert_eq!(world.plan.workloads(), known);
    let issue = |spiffe| issue_join_token(&world.storage, &world.plan, spiffe, &*world.clock);
    for spiffe in known {
        assert!(issue(spiffe).await.is_ok(), "{spiffe}");
    }
    for stranger in [
        "https://bank.internal/line/edge",
        "spiffe://other.internal/line/edge",
        "spiffe://bank.internal/guard/payments",
        "spiffe://bank.internal/line/edge/",
        // It signs its own certificate; nobody else gets its name.
        "spiffe://bank.internal/line/authority",
    ] {
        let error = issue(stranger).await.unwrap_err();
        assert!(matches!(error, AdminError::UnknownWorkload(_)));
        assert_eq!(
            error.to_string(),
            format!("`{stranger}` is no workload of the plan")
        );
    }
}

/// Takes the service `ledger` and its guard out of the plan and starts the authority again.
async fn without_ledger(world: &mut World) {
    let mut plan = plan();
    plan.services.retain(|service| service.name != "ledger");
    world.plan = Arc::new(plan);
    world.restart().await;
}

fn names_the_ledger(event: &Event) {
    let told = (event.outcome, event.subject.as_deref());
    assert_eq!(told, (Outcome::Refused, Some(LEDGER_GUARD)));
    let refused = event.controls.last().unwrap();
    assert_eq!(refused.verdict, Verdict::Refused);
    assert_eq!(
        refused.fact,
        format!("`{LEDGER_GUARD}` is no workload of the plan")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workload_that_left_the_plan_is_not_renewed() {
    let mut world = World::start().await;
    let ledger = world.join(LEDGER_GUARD).await;
    let body = json!({"csr_pem": request(&[]).1});
    let renew = "POST /internal/renew HTTP/1.1";
    world.ask(Some(&ledger), renew, &body).await.fine();
    without_ledger(&mut world).await;
    let answer = world.ask(Some(&ledger), renew, &body).await;
    answer.refused(403, "join.refused");
    names_the_ledger(world.remembered(Kind::Join).last().unwrap());
    // Who stayed is still renewed.
    world.ask(Some(&world.guard), renew, &body).await.fine();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workload_that_left_the_plan_does_not_join_with_a_token_from_before() {
    let mut world = World::start().await;
    let token = issue_join_token(&world.storage, &world.plan, LEDGER_GUARD, &*world.clock)
        .await
        .unwrap();
    without_ledger(&mut world).await;
    let csr = request(&[]).1;
    let answer = world.post_join(token.expose_text().unwrap(), &csr).await;
    answer.refused(403, "join.refused");
    names_the_ledger(world.remembered(Kind::Join).last().unwrap());
}
