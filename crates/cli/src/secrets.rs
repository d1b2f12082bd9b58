//! Where the plan's references lead: files beside it, the environment, and its vault.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http::{HeaderValue, Request};
use vauban_authority::KeyAccess;
use vauban_net::{Upstream, UpstreamLimits};
use vauban_policy::Plan;
use vauban_policy::plan::{Behind, KeysKept, VaultPlan};
use vauban_secret::{Fetch, Fetched, Fetching, Reference, Secret, Sources, Vault};

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
    distinct(&loaded.plan, &sources).await?;
    Ok(KeyAccess::of_plan(&loaded.plan.keys, &sources).await?)
}

/// Refuses one secret behind two references: the loader sees only that their texts differ.
async fn distinct(plan: &Plan, sources: &Sources) -> anyhow::Result<()> {
    let (name, reference) = match &plan.keys.kept {
        KeysKept::Plain { .. } => return Ok(()),
        KeysKept::Encrypted { passphrase } => ("keys.passphrase", passphrase.0.clone()),
        KeysKept::Token { token } => {
            let Reference::Pkcs11(uri) = Reference::parse(&token.0)? else {
                bail!("`keys.pkcs11` is no PKCS#11 URI");
            };
            ("keys.pkcs11", uri.pin_source.context("pin-source")?)
        }
    };
    let opens_keys = sources.resolve(&reference).await?;
    let mut others = Vec::new();
    for service in &plan.services {
        if let Behind::Guard(guard) = &service.behind
            && let Some(context_key) = &guard.context_key
        {
            let place = format!("context_key of the service `{}`", service.name);
            others.push((place, &context_key.0));
        }
    }
    if let Some(vault) = &plan.vault {
        others.push(("vault.token".to_owned(), &vault.token.0));
    }
    for (place, reference) in others {
        if sources.resolve(reference).await? == opens_keys {
            bail!(
                "`{name}` is the same secret as {place}\n  hint: one secret, one purpose: who learns it must not gain two things"
            );
        }
    }
    Ok(())
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
