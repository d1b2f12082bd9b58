//! A taken-over image processor: its certificate, used straight against another service's guard.

use anyhow::Context as _;
use vauban_net::SystemClock;
use vauban_policy::plan::Line;

use super::stage::Stage;

/// The intruder inside: a client that holds the image processor's certificate and speaks to the accounts guard.
pub(crate) async fn intruder(stage: &Stage) -> anyhow::Result<Intruder> {
    let plan = &stage.plan;
    let spiffe = plan.spiffe_service("images");
    let token =
        vauban_authority::issue_join_token(&stage.storage, plan, &spiffe, &SystemClock).await?;
    let token = token.expose_text().context("join token")?.to_owned();
    let ca = std::fs::read_to_string(stage.state.ca_certificate()).context("internal CA")?;
    let workload =
        vauban_net::join::join(stage.address(&Line::Authority)?, &ca, &token, &spiffe, None)
            .await?;
    Ok(Intruder {
        workload,
        spiffe,
        address: stage.address(&Line::Guard("accounts".to_owned()))?,
        guard: plan.spiffe_guard("accounts"),
    })
}

/// See [`intruder`].
#[derive(Debug)]
pub(crate) struct Intruder {
    workload: vauban_net::Workload,
    /// Its own name.
    pub(crate) spiffe: String,
    address: std::net::SocketAddr,
    guard: String,
}

impl Intruder {
    /// Asks the accounts guard for a victim's statements.
    pub(crate) async fn steal(&self, path: &str) -> anyhow::Result<(u16, serde_json::Value)> {
        let upstream = vauban_net::Upstream::mutual(
            self.address,
            self.guard.clone(),
            self.workload.clone(),
            vauban_net::UpstreamLimits {
                answer_time: crate::line::ANSWER_TIME,
                answer_bytes_max: 64 * 1024,
                idle_max: 1,
            },
        );
        let request = http::Request::get(path)
            .header("host", "accounts")
            .body(bytes::Bytes::new())
            .context("request")?;
        let answer = upstream.send(request).await?;
        let body = serde_json::from_slice(answer.body()).unwrap_or(serde_json::Value::Null);
        Ok((answer.status().as_u16(), body))
    }
}
