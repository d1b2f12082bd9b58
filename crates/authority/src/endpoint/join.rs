//! `POST /internal/join` and `POST /internal/renew`: certificates of the workloads that the plan knows.

use http::request::Parts as Head;
use serde::Deserialize;
use serde_json::json;
use vauban_audit::{Kind, control};
use vauban_net::IncomingBody;
use vauban_policy::Denial;
use vauban_secret::Secret;

use crate::ca::Request;
use crate::call::{Call, Content, Memory, Reply, Unable, bounded, read_json};
use crate::identifier::token_hash;
use crate::line::Authority;

const TOKEN_BYTES_MAX: usize = 256;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JoinInput {
    token: String,
    csr_pem: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RenewInput {
    csr_pem: String,
}

impl Authority {
    pub(crate) async fn join(
        &self,
        call: &mut Call,
        head: &Head,
        body: IncomingBody,
    ) -> Result<Reply, Denial> {
        call.is(Kind::Join, "join");
        let JoinInput { token, csr_pem } = read_json(head, body).await?;
        let token = Secret::from(token);
        bounded(
            "/token",
            token.expose_text().unwrap_or_default(),
            TOKEN_BYTES_MAX,
        )?;
        // Read before the token is used up, so that a broken request does not cost it.
        let request = read_request(call, &csr_pem)?;
        let now = self.now();
        let redeemed = self
            .store
            .redeem_join_token(&token_hash(token.expose()), now)
            .await
            .map_err(Unable::from)?;
        let Some(spiffe) = redeemed else {
            call.refused(
                control::AUTHORITY_CALLER,
                "join token is unknown, used or expired",
            );
            return Err(Denial::JoinRefused);
        };
        call.passed(control::AUTHORITY_CALLER, "join token is fresh");
        self.certify(call, &request, &spiffe, now)
    }

    pub(crate) async fn renew(
        &self,
        call: &mut Call,
        head: &Head,
        body: IncomingBody,
    ) -> Result<Reply, Denial> {
        call.is(Kind::Join, "renew");
        let RenewInput { csr_pem } = read_json(head, body).await?;
        let request = read_request(call, &csr_pem)?;
        // A drill may have opened the caller check; there is still nobody to renew then.
        let Some(spiffe) = call.peer.spiffe.clone() else {
            call.refused(control::AUTHORITY_CALLER, "no certificate to renew");
            return Err(Denial::CallerRefused);
        };
        if let Err(error) = request.names_only(&spiffe) {
            call.refused(control::AUTHORITY_CALLER, error.to_string());
            return Err(Denial::JoinRefused);
        }
        self.certify(call, &request, &spiffe, self.now())
    }

    /// Signs for a workload of the plan and for nobody else: who was taken out of it keeps its last certificate until that ends.
    fn certify(
        &self,
        call: &mut Call,
        request: &Request,
        spiffe: &str,
        now: u64,
    ) -> Result<Reply, Denial> {
        call.event.subject = Some(spiffe.to_owned());
        if !self.plan.workloads().iter().any(|known| known == spiffe) {
            call.refused(
                control::AUTHORITY_CALLER,
                format!("`{spiffe}` is no workload of the plan"),
            );
            return Err(Denial::JoinRefused);
        }
        let pem = self
            .ca
            .sign(request, spiffe, now)
            .map_err(|error| Denial::from(Unable::because(&error)))?;
        let answer = json!({"certificate_pem": pem, "ca_pem": self.ca.pem()});
        Ok(Reply::of(Content::Json(answer), Memory::Durable))
    }
}

fn read_request(call: &mut Call, pem: &str) -> Result<Request, Denial> {
    Request::from_pem(pem).map_err(|error| {
        call.refused(control::AUTHORITY_CALLER, error.to_string());
        Denial::JoinRefused
    })
}
