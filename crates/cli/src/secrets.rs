//! Where the plan's references lead: files beside it, the environment, and its vault.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use http::{HeaderValue, Request};
use vauban_authority::KeyAccess;
use vauban_net::{Upstream, UpstreamLimits};
use vauban_policy::plan::VaultPlan;
use vauban_secret::{Fetch, Fetched, Fetching, Secret, Sources, Vault};

use crate::files::Loaded;
use crate::line::environment;

/// One secret and what a vault says around it.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// A start that waits longer for its vault had better say so.
const ANSWER_TIME: Duration = Duration::from_secs(5);

/// The sources of a plan.
pub(crate) async fn sources(loaded: &Loaded) -> anyhow::Result<Sources> {
    let sources = Sources::new(loaded.folder.clone(), environment);
    match &loaded.plan.vault {
        None => Ok(sources),
        Some(plan) => {
            let vault = vault(plan, &sources).await.context("vault")?;
            Ok(sources.with_vault(vault))
        }
    }
}

/// What opens the authority's private keys.
pub(crate) async fn keys(loaded: &Loaded) -> anyhow::Result<KeyAccess> {
    let sources = sources(loaded).await?;
    Ok(KeyAccess::of_plan(&loaded.plan.keys, &sources).await?)
}

async fn vault(plan: &VaultPlan, sources: &Sources) -> anyhow::Result<Vault> {
    let ca = sources.resolve_public(&plan.ca.0).await?;
    let token = sources.resolve(&plan.token.0).await?;
    let limits = UpstreamLimits {
        answer_time: ANSWER_TIME,
        answer_bytes_max: ANSWER_BYTES_MAX,
        idle_max: 1,
    };
    let ca = ca.expose_text().context("`ca` is no text")?;
    let upstream = Upstream::https(&plan.host, plan.port, ca, limits)?;
    Ok(Vault::new(Arc::new(Carrier(upstream)), token))
}

/// Carries questions over HTTPS. Redirections are not followed: the token is for this server.
#[derive(Debug)]
struct Carrier(Upstream);

impl Fetch for Carrier {
    fn fetch<'a>(
        &'a self,
        target: &'a str,
        headers: &'a [(&'static str, &'a Secret)],
    ) -> Fetching<'a> {
        Box::pin(async move {
            let mut request = Request::new(Bytes::new());
            *request.uri_mut() = target.parse()?;
            for (name, value) in headers {
                let mut value = HeaderValue::from_bytes(value.expose())?;
                value.set_sensitive(true);
                request.headers_mut().insert(*name, value);
            }
            let answer = self.0.send(request).await?;
            Ok(Fetched {
                status: answer.status().as_u16(),
                body: Secret::new(answer.into_body().into()),
            })
        })
    }
}

#[cfg(test)]
mod tests;
