import type { Gateway } from './gateway.ts'
import { succeed } from './program.ts'

/** kdig and dig: two DNS clients that speak DoH and that we did not write. */

export type DnsClient = 'kdig' | 'dig'

/** How a query gets there; for both clients `+https` is POST. */
export type Method = '+https' | '+https-get'

/** What a client shows. */
export interface Shown {
  /** NOERROR, NXDOMAIN … */
  readonly status: string
  /** Lines of the answer section, in order, without their TTL: `jordia65.bit. IN A 192.0.2.10`. */
  readonly answer: readonly string[]
  /** All of it. */
  readonly text: string
}

/** Looks a name up; the client checks the gateway's certificate. */
export async function lookUp(
  client: DnsClient,
  gateway: Gateway,
  name: string,
  type = 'A',
  method: Method = '+https',
  ...more: readonly string[]
): Promise<Shown> {
  const text = await succeed(client, [
    '@127.0.0.1',
    '-p',
    String(gateway.port),
    `${method}=/dns-query`,
    `+tls-ca=${gateway.ca}`,
    '+tls-hostname=localhost',
    ...more,
    name,
    type,
  ])
  const [, status = 'no answer'] = /status: ([A-Z]+)[;,]/.exec(text) ?? []
  const [, section = ''] = /^;; ANSWER SECTION:\n((?:.+\n)*)/m.exec(text) ?? []
  const answer = section
    .split('\n')
    .filter(Boolean)
    .map((line) => line.replace(/\s+\d+\s+IN\s+/, ' IN ').replace(/\s+/g, ' '))
  return { status, answer, text }
}
