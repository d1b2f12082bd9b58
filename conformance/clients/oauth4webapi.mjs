// The authority through npm `oauth4webapi`.

import { strict as assert } from 'node:assert'
import * as oauth from 'oauth4webapi'
import { issuer, ledgerKey, logIn, redirectUri, scope, secret, step } from './flow.mjs'

const as = await oauth
  .discoveryRequest(issuer, { algorithm: 'oauth2' })
  .then((response) => oauth.processDiscoveryResponse(issuer, response))
step('discovery')

const reports = { client_id: 'bank-reports' }
const basic = oauth.ClientSecretBasic(secret)
const own = await oauth
  .clientCredentialsGrantRequest(as, reports, basic, { scope: 'admin:profiles' })
  .then((response) => oauth.processClientCredentialsResponse(as, reports, response))
assert.equal(own.token_type, 'bearer')
assert.equal(own.scope, 'admin:profiles')
step('client credentials')

const introspect = async (token) =>
  oauth
    .introspectionRequest(as, reports, basic, token)
    .then((response) => oauth.processIntrospectionResponse(as, reports, response))
const active = await introspect(own.access_token)
assert.equal(active.active, true)
assert.equal(active.sub, 'client:bank-reports')
step('introspection')

await oauth
  .revocationRequest(as, reports, basic, own.access_token)
  .then((response) => oauth.processRevocationResponse(response))
assert.deepEqual(await introspect(own.access_token), { active: false })
step('revocation')

const wrong = oauth.ClientSecretBasic('0'.repeat(64))
const refused = await oauth.clientCredentialsGrantRequest(as, reports, wrong, {})
await assert.rejects(
  oauth.processClientCredentialsResponse(as, reports, refused),
  (error) => error instanceof oauth.WWWAuthenticateChallengeError || error.error === 'invalid_client',
)
step('a wrong secret is invalid_client')

const ledger = { client_id: 'bank-ledger' }
const byKey = oauth.PrivateKeyJwt({ key: await ledgerKey(), kid: 'k1' })
const signed = await oauth
  .clientCredentialsGrantRequest(as, ledger, byKey, {})
  .then((response) => oauth.processClientCredentialsResponse(as, ledger, response))
assert.equal(signed.scope, 'admin:profiles')
const forEndpoint = oauth.PrivateKeyJwt(
  { key: await ledgerKey(), kid: 'k1' },
  { [oauth.modifyAssertion]: (_header, payload) => (payload.aud = as.token_endpoint) },
)
const elsewhere = await oauth.clientCredentialsGrantRequest(as, ledger, forEndpoint, {})
await assert.rejects(
  oauth.processClientCredentialsResponse(as, ledger, elsewhere),
  (error) => error instanceof oauth.WWWAuthenticateChallengeError || error.error === 'invalid_client',
)
step('private_key_jwt, and only for the issuer')

const portal = { client_id: 'bank-portal' }
const none = oauth.None()
for (const pushed of [false, true]) {
  const verifier = oauth.generateRandomCodeVerifier()
  const state = oauth.generateRandomState()
  const parameters = new URLSearchParams({
    client_id: portal.client_id,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope,
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  })
  const url = new URL(as.authorization_endpoint)
  if (pushed) {
    const request = await oauth
      .pushedAuthorizationRequest(as, portal, none, parameters)
      .then((response) => oauth.processPushedAuthorizationResponse(as, portal, response))
    url.searchParams.set('client_id', portal.client_id)
    url.searchParams.set('request_uri', request.request_uri)
  } else {
    url.search = parameters.toString()
  }
  const back = oauth.validateAuthResponse(as, portal, await logIn(url), state)
  const tokens = await oauth
    .authorizationCodeGrantRequest(as, portal, none, back, redirectUri, verifier)
    .then((response) => oauth.processAuthorizationCodeResponse(as, portal, response))
  assert.equal(tokens.scope, scope)
  step(pushed ? 'code after a pushed request' : 'code with PKCE')
  const refreshed = await oauth
    .refreshTokenGrantRequest(as, portal, none, tokens.refresh_token)
    .then((response) => oauth.processRefreshTokenResponse(as, portal, response))
  assert.notEqual(refreshed.refresh_token, tokens.refresh_token)
  step('refresh')
}
