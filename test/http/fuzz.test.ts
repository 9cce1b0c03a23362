import fc from 'fast-check'
import { expect, test } from 'vitest'
import { query } from '../dns/messages.ts'
import { DNS_MESSAGE, type DohResponse, dnsPath, messageIn, post } from './client.ts'
import { openClient } from './gateway.ts'
import { anyBody, anyMethod, anyTarget } from './hostile.ts'

const client = openClient()

/** What may be said to whatever was sent: an answer that can be read, or a refusal. Nothing is our fault. */
function expectAnsweredOrRefused(response: DohResponse): void {
  if (response.status === 200) messageIn(response)
  else expect([400, 413, 414]).toContain(response.status)
}

test('C31: whatever is posted is answered or refused', { timeout: 60_000 }, () =>
  fc.assert(
    fc.asyncProperty(anyBody, async (body) => expectAnsweredOrRefused(await post(client, body))),
    { numRuns: 1_000 },
  ),
)

test('C31: whatever stands in dns= is answered or refused', { timeout: 60_000 }, () =>
  fc.assert(
    fc.asyncProperty(anyBody, async (body) => expectAnsweredOrRefused(await client.request(dnsPath(body)))),
    { numRuns: 1_000 },
  ),
)

test('C31: GET and POST say the same of the same octets', { timeout: 60_000 }, () =>
  fc.assert(
    fc.asyncProperty(anyBody, async (body) => {
      const [got, posted] = [await client.request(dnsPath(body)), await post(client, body)]
      if (body.length > 0) expect(got.status).toBe(posted.status)
      if (got.status === 200) expect(messageIn(got).rcode).toBe(messageIn(posted).rcode)
    }),
    { numRuns: 500 },
  ),
)

test('C31: whatever the method and the target, it is no fault of ours', { timeout: 60_000 }, () =>
  fc.assert(
    fc.asyncProperty(anyMethod, anyTarget, async (method, target) => {
      const response = await client.request(target, { method })
      expect(response.status).toBeGreaterThanOrEqual(200)
      expect(response.status).toBeLessThan(500)
    }),
    { numRuns: 1_000 },
  ),
)

test('C31: whatever the headers, a query is answered', { timeout: 60_000 }, () =>
  fc.assert(
    fc.asyncProperty(fc.string(), fc.string(), async (accept, cacheControl) => {
      // What no HTTP library sends, none receives either.
      const headers = {
        accept: visible(accept),
        'cache-control': visible(cacheControl),
        'content-type': DNS_MESSAGE,
      }
      messageIn(await client.request(dnsPath(query()), { headers }))
    }),
    { numRuns: 300 },
  ),
)

const visible = (text: string): string => text.replace(/[^\x20-\x7e]/g, '')
