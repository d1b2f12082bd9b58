// What a browser and its user do between two steps of a client: read the form, fill it in, follow nothing.

import { strict as assert } from 'node:assert'

export const issuer = new URL(process.env.ISSUER)
export const secret = process.env.SECRET
export const advisorSecret = process.env.ADVISOR_SECRET
export const redirectUri = 'http://127.0.0.1:49152/callback'
export const scope = 'read:accounts read:profile'

/** The key of the client `bank-ledger`, whose public half stands in the plan. */
export async function ledgerKey() {
  const der = Buffer.from(process.env.LEDGER_KEY.replace(/-----[^-]+-----|\s/g, ''), 'base64')
  const p256 = { name: 'ECDSA', namedCurve: 'P-256' }
  return crypto.subtle.importKey('pkcs8', der, p256, false, ['sign'])
}

export function step(name) {
  console.log(`ok ${name}`)
}

/** Logs a person in at an authorization URL and returns the URL that the browser is sent to. */
export async function logIn(url) {
  const page = await fetch(url, { redirect: 'manual' })
  assert.equal(page.status, 200, await page.clone().text())
  const html = await page.text()
  const handle = /name="login" value="([0-9a-f]+)"/.exec(html)[1]
  const action = new URL(/action="([^"]+)"/.exec(html)[1], url)
  const answer = await fetch(action, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ login: handle, username: 'alice', password: process.env.PASSWORD }),
  })
  assert.equal(answer.status, 303, await answer.clone().text())
  return new URL(answer.headers.get('location'))
}
