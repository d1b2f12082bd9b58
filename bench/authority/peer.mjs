// The peer of `cargo xtask bench authority`: npm `oidc-provider` in one process, everything in its memory.
//
//   node peer.mjs PORT CERTIFICATE KEY TOKENS
//
// Prints one line of JSON when it listens: refresh tokens to begin with, and a token to introspect.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { generateKeyPairSync } from 'node:crypto';
import { Provider } from 'oidc-provider';

const [port, certificate, key, tokens] = process.argv.slice(2);
const issuer = `https://localhost:${port}`;
const audience = 'https://api.bank.example';
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

// Its own memory forgets all but the last thousand things, and so refresh tokens that are still to be used.
const kept = new Map();
class Kept {
  constructor(model) { this.model = model; }
  async upsert(id, payload) { kept.set(`${this.model}:${id}`, payload); }
  async find(id) { return kept.get(`${this.model}:${id}`); }
  async consume(id) { kept.get(`${this.model}:${id}`).consumed = Math.floor(Date.now() / 1000); }
  async destroy(id) { kept.delete(`${this.model}:${id}`); }
  async revokeByGrantId() {}
}

const provider = new Provider(issuer, {
  adapter: Kept,
  clients: [{
    client_id: 'bench',
    client_secret: 'a-secret-of-the-bench-that-is-long-enough-for-the-peer',
    grant_types: ['client_credentials', 'refresh_token', 'authorization_code'],
    response_types: ['code'],
    redirect_uris: ['https://bench.example/cb'],
    token_endpoint_auth_method: 'client_secret_basic',
    id_token_signed_response_alg: 'ES256',
  }],
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: 'bench' }] },
  cookies: { keys: ['only for the bench'] },
  scopes: ['openid', 'offline_access', 'read:accounts'],
  findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  rotateRefreshToken: true,
  ttl: { AccessToken: 900, ClientCredentials: 900, RefreshToken: 604800, Grant: 604800 },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => audience,
      useGrantedResource: () => true,
      // As ours: an access token of RFC 9068, signed with ES256.
      getResourceServerInfo: () => ({
        scope: 'read:accounts', audience, accessTokenTTL: 900, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
});

const client = await provider.Client.find('bench');
async function granted() {
  const grant = new provider.Grant({ accountId: 'alice', clientId: 'bench' });
  grant.addOIDCScope('openid offline_access');
  grant.addResourceScope(audience, 'read:accounts');
  return grant.save();
}

const refresh = [];
for (let count = 0; count < Number(tokens); count += 1) {
  const token = new provider.RefreshToken({
    accountId: 'alice', client, grantId: await granted(), gty: 'authorization_code',
    scope: 'openid offline_access read:accounts', resource: audience,
  });
  refresh.push(await token.save());
}
// Its tokens in the form of RFC 9068 cannot be introspected; an opaque one can.
const opaque = new provider.AccessToken({
  accountId: 'alice', client, grantId: await granted(), gty: 'authorization_code', scope: 'openid',
});
const access = await opaque.save();

createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, provider.callback())
  .listen(Number(port), '127.0.0.1', () => console.log(JSON.stringify({ refresh, access })));
