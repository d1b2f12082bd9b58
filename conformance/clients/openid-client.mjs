// The authority through npm `openid-client`.

import { strict as assert } from 'node:assert'
import * as client from 'openid-client'
import { advisorSecret, issuer, ledgerKey, logIn, redirectUri, scope, secret, step } from './flow.mjs'

const oauth2 = { algorithm: 'oauth2' }
const reports = await client.discovery(
  issuer,
  'bank-reports',
  undefined,
  client.ClientSecretBasic(secret),
  oauth2,
)
step('discovery')
const own = await client.clientCredentialsGrant(reports)
assert.equal(own.scope, 'admin:profiles')
step('client credentials')
assert.equal((await client.tokenIntrospection(reports, own.access_token)).active, true)
await client.tokenRevocation(reports, own.access_token)
assert.equal((await client.tokenIntrospection(reports, own.access_token)).active, false)
step('introspection and revocation')

const ledger = await client.discovery(
  issuer,
  'bank-ledger',
  undefined,
  client.PrivateKeyJwt(await ledgerKey()),
  oauth2,
)
const signed = await client.clientCredentialsGrant(ledger)
assert.equal((await client.tokenIntrospection(ledger, signed.access_token)).active, true)
step('private_key_jwt')

const advisor = await client.discovery(
  issuer,
  'bank-advisor',
  undefined,
  client.ClientSecretBasic(advisorSecret),
  oauth2,
)
const accessToken = 'urn:ietf:params:oauth:token-type:access_token'
const exchange = (subject, scope) =>
  client.genericGrantRequest(advisor, 'urn:ietf:params:oauth:grant-type:token-exchange', {
    subject_token: subject.access_token,
    subject_token_type: accessToken,
    scope,
  })

const portal = await client.discovery(issuer, 'bank-portal', undefined, client.None(), oauth2)
for (const build of ['buildAuthorizationUrl', 'buildAuthorizationUrlWithPAR']) {
  const pkceCodeVerifier = client.randomPKCECodeVerifier()
  const expectedState = client.randomState()
  const url = await client[build](portal, {
    redirect_uri: redirectUri,
    scope,
    state: expectedState,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
  })
  const tokens = await client.authorizationCodeGrant(portal, await logIn(url), {
    pkceCodeVerifier,
    expectedState,
  })
  step(build)
  const acting = await exchange(tokens, 'read:accounts')
  assert.equal(acting.issued_token_type, accessToken)
  const found = await client.tokenIntrospection(advisor, acting.access_token)
  assert.deepEqual(found.act, { sub: 'client:bank-advisor' })
  await assert.rejects(exchange(tokens, 'read:profile'), { error: 'invalid_scope' })
  step('token exchange')
  const refreshed = await client.refreshTokenGrant(portal, tokens.refresh_token)
  const again = await client.refreshTokenGrant(portal, tokens.refresh_token)
  assert.equal(again.refresh_token, refreshed.refresh_token)
  const third = await client.refreshTokenGrant(portal, refreshed.refresh_token)
  await assert.rejects(client.refreshTokenGrant(portal, tokens.refresh_token), {
    error: 'invalid_grant',
  })
  await assert.rejects(client.refreshTokenGrant(portal, third.refresh_token), {
    error: 'invalid_grant',
  })
  const after = await client.tokenIntrospection(advisor, acting.access_token)
  assert.deepEqual(after, { active: false })
  step('refresh, its successor once more, and a later use ends the family and what was exchanged from it')
}

const url = client.buildAuthorizationUrl(portal, { redirect_uri: redirectUri, scope })
await assert.rejects(
  fetch(url, { redirect: 'manual' }).then((answer) =>
    client.authorizationCodeGrant(portal, new URL(answer.headers.get('location')), {
      pkceCodeVerifier: client.randomPKCECodeVerifier(),
    }),
  ),
  { error: 'invalid_request' },
)
step('a request without PKCE is invalid_request')
