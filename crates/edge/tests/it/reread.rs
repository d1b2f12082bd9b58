//! Rules that are read again while requests are under way.

use std::net::Ipv4Addr;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, Version};
use vauban_audit::{Kind, Log, Outcome};
use vauban_edge::{Again, Arrived, Inspect as _, Inspection, RereadError, Rules, Ruling, SecLang};
use vauban_net::ManualClock;
use vauban_policy::Plan;

use crate::world::{self, NOW, PLAN};

const BLOCK: &str = "waf: { rules: [baseline], mode: block }";
const OWN: &str = "waf: { rules: [own.conf], mode: block }";
const BEFORE: &str = "SecRequestBodyAccess On
SecRule REQUEST_HEADERS:X-Test \"@streq before\" \"id:1,phase:1,deny\"
SecRule ARGS_POST:a \"@streq before\" \"id:2,phase:2,deny\"
SecAction \"id:3,phase:1,pass,nolog,initcol:ip=%{REMOTE_ADDR}\"
SecAction \"id:4,phase:1,pass,nolog,setvar:ip.seen=+1\"
SecRule IP:seen \"@ge 3\" \"id:5,phase:1,deny\"
";

struct Rig {
    folder: tempfile::TempDir,
    again: Again,
}

impl Rig {
    fn new() -> Self {
        assert!(PLAN.contains(BLOCK));
        let plan: Arc<Plan> = Arc::new(world::plan_of(&PLAN.replace(BLOCK, OWN)));
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("own.conf"), BEFORE).unwrap();
        let (audit, _writer) = Log::open(&folder.path().join("audit"), "edge").unwrap();
        let again = Again {
            rules: Rules::load(&plan, folder.path()).unwrap(),
            plan,
            folder: folder.path().to_path_buf(),
            audit,
            clock: Arc::new(ManualClock::new(NOW * 1000)),
        };
        Self { folder, again }
    }

    fn write(&self, text: &str) {
        std::fs::write(self.folder.path().join("own.conf"), text).unwrap();
    }

    fn begin(&self, test: &'static str) -> (Ruling, Box<dyn Inspection>) {
        let mut headers = HeaderMap::new();
        headers.insert(
            HeaderName::from_static("x-test"),
            HeaderValue::from_static(test),
        );
        headers.insert(
            http::header::CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        let route = self.again.plan.routes.first().unwrap();
        SecLang::new(self.again.rules.clone()).begin(&Arrived {
            way: &route.waf,
            route: "/x",
            method: "POST",
            target: "/x",
            version: Version::HTTP_11,
            headers: &headers,
            client: (Ipv4Addr::LOCALHOST.into(), 1),
            decision: "d",
            now_unix_s: NOW,
        })
    }

    fn refuses(&self, test: &'static str) -> bool {
        matches!(self.begin(test).0, Ruling::Refused(_))
    }

    async fn recorded(&self) -> Vec<(Outcome, String)> {
        self.again.audit.clone().close().await.unwrap();
        let events = world::first_events(&self.folder.path().join("audit"));
        assert!(events.iter().all(|event| event.kind == Kind::Rules));
        events
            .iter()
            .map(|event| (event.outcome, event.controls[0].fact.clone().into_owned()))
            .collect()
    }
}

#[tokio::test]
async fn new_rules_hold_for_new_requests_and_the_old_ones_for_those_under_way() {
    let rig = Rig::new();
    assert!(rig.refuses("before") && !rig.refuses("after"));
    let (_, mut under_way) = rig.begin("neither");
    rig.write(&BEFORE.replace("before", "after"));
    assert_eq!(rig.again.read().await.unwrap(), "rules of each set: 5");
    assert!(matches!(under_way.body(b"a=before"), Ruling::Refused(_)));
    // The count of this client was kept: this is the third of its requests that got so far.
    assert!(rig.refuses("neither"));
    let recorded = rig.recorded().await;
    let expected = (Outcome::Allowed, "rules of each set: 5".to_owned());
    assert_eq!(recorded, [expected]);
}

#[tokio::test]
async fn rules_with_mistakes_leave_those_in_force_and_every_mistake_is_told() {
    let rig = Rig::new();
    rig.write("SecRequestBodyAccess On\nSecRool x\nSecRule ARGS\n");
    let error = rig.again.read().await.unwrap_err();
    assert!(matches!(error, RereadError::Mistakes(_)));
    let said = error.to_string();
    assert!(
        said.contains("own.conf:2") && said.contains("SecRool"),
        "{said}"
    );
    assert!(said.contains("own.conf:3"), "{said}");
    assert!(rig.refuses("before"));
    let recorded = rig.recorded().await;
    assert_eq!(recorded.len(), 1);
    assert_eq!(recorded[0].0, Outcome::Refused);
    assert!(recorded[0].1.contains("the rules in force stay"));
}

#[tokio::test]
async fn rules_that_cannot_be_recorded_are_not_put_in_force() {
    let rig = Rig::new();
    rig.again.audit.clone().close().await.unwrap();
    rig.write(&BEFORE.replace("before", "after"));
    let error = rig.again.read().await.unwrap_err();
    assert!(matches!(error, RereadError::Audit(_)), "{error}");
    assert!(rig.refuses("before"));
}
