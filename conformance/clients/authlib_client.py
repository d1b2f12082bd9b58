"""The authority through PyPI `Authlib` with `requests`."""

import os
import re
import time
from urllib.parse import urljoin

import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc.jwk import ECKey

ISSUER = os.environ["ISSUER"]
CA = os.environ["CA"]
REDIRECT_URI = "http://127.0.0.1:49153/callback"


def step(name):
    print(f"ok {name}")


def log_in(url):
    """What a browser and its user do: read the form, fill it in, follow nothing."""
    page = requests.get(url, verify=CA, allow_redirects=False, timeout=30)
    assert page.status_code == 200, page.text
    handle = re.search(r'name="login" value="([0-9a-f]+)"', page.text).group(1)
    action = re.search(r'action="([^"]+)"', page.text).group(1)
    form = {"login": handle, "username": "alice", "password": os.environ["PASSWORD"]}
    answer = requests.post(
        urljoin(url, action), data=form, verify=CA, allow_redirects=False, timeout=30
    )
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


metadata = requests.get(
    f"{ISSUER}/.well-known/oauth-authorization-server", verify=CA, timeout=30
).json()
assert metadata["issuer"] == ISSUER
token_endpoint = metadata["token_endpoint"]

reports = OAuth2Session(
    "bank-reports", os.environ["SECRET"], token_endpoint_auth_method="client_secret_basic"
)
reports.verify = CA
# A session asks REQUESTS_CA_BUNDLE before its own setting.
reports.trust_env = False
own = reports.fetch_token(token_endpoint, grant_type="client_credentials")
assert own["scope"] == "admin:profiles", own
step("client credentials")
token = own["access_token"]
active = reports.introspect_token(metadata["introspection_endpoint"], token=token)
assert active.json()["active"] is True, active.text
reports.revoke_token(metadata["revocation_endpoint"], token=token)
gone = reports.introspect_token(metadata["introspection_endpoint"], token=token)
assert gone.json() == {"active": False}, gone.text
step("introspection and revocation")

ledger = OAuth2Session(
    "bank-ledger",
    ECKey.import_key(os.environ["LEDGER_KEY"]),
    token_endpoint_auth_method="private_key_jwt",
)
ledger.verify = CA
ledger.trust_env = False
# By itself the library signs for the endpoint and for an hour.
claims = {"exp": int(time.time()) + 60}
ledger.register_client_auth_method(PrivateKeyJWT(ISSUER, claims=claims, alg="ES256"))
own = ledger.fetch_token(token_endpoint, grant_type="client_credentials")
assert own["scope"] == "admin:profiles", own
step("private_key_jwt")

portal = OAuth2Session(
    "bank-portal",
    redirect_uri=REDIRECT_URI,
    scope="read:accounts",
    code_challenge_method="S256",
    token_endpoint_auth_method="none",
)
portal.verify = CA
portal.trust_env = False
verifier = generate_token(64)
url, state = portal.create_authorization_url(
    metadata["authorization_endpoint"], code_verifier=verifier
)
back = log_in(url)
tokens = portal.fetch_token(
    token_endpoint, authorization_response=back, code_verifier=verifier, state=state
)
assert tokens["scope"] == "read:accounts", tokens
step("code with PKCE")
refreshed = portal.refresh_token(token_endpoint, refresh_token=tokens["refresh_token"])
assert refreshed["refresh_token"] != tokens["refresh_token"]
step("refresh")
