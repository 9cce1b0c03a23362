import type { Context, Handler } from 'hono'

/** Looks a name up afresh, as people or programs write it: `example.bit`, `d/example`. */
export type Prove = (name: string) => Promise<ProofAnswer>

export type ProofAnswer =
  | { readonly kind: 'proof'; readonly proof: ProvenName }
  /** The text is no name that could be in the blockchain: one line for people. */
  | { readonly kind: 'bad-name'; readonly detail: string }
  /** Too many proofs are under way. */
  | { readonly kind: 'busy' }

/** What the page tells of a proof; `/proof` prints it with whatever else is known. `namecoin/proof.ts` has the meanings. */
export interface ProvenName {
  readonly outcome: keyof typeof STATUS
  readonly key: string
  readonly backend: string
  readonly detail?: string
  readonly assurance?: 'proven' | 'attested' | 'trusted'
  readonly value?: { readonly hex: string; readonly text?: string }
  readonly txid?: string
  readonly height?: number
  readonly confirmations?: number
  readonly expiresIn?: number
  readonly tip?: { readonly height: number; readonly time?: number }
  readonly servers?: readonly { readonly operator: string; readonly said: string }[]
}

/** HTTP status of each outcome. */
const STATUS = {
  found: 200,
  absent: 404,
  expired: 404,
  /** There is a registration, too young to be shown: neither found nor absent yet. */
  unconfirmed: 503,
  unreachable: 503,
  /** The backend said something that is no value. */
  invalid: 502,
} as const

/** Seconds after which one may ask again. */
const RETRY_AFTER_SECONDS = '5'

const PREFIX = '/proof/'

/**
 * `/proof/NAME`: what is known of a name and what proves it, as JSON. The name stands percent-encoded: `example.bit`,
 * or the blockchain's own `d%2Fexample`, whose slash may also stand as it is.
 */
export function proofOf(prove: Prove): Handler {
  return async function proofOf(c) {
    const name = nameIn(c.req.url)
    if (name === undefined) return print(c, { error: 'Invalid name: not percent-encoded UTF-8.' }, 400)
    const answer = await prove(name)
    switch (answer.kind) {
      case 'bad-name':
        return print(c, { error: answer.detail }, 400)
      case 'busy':
        return print(c, { error: 'Too many proofs are under way: ask again.' }, 503)
      case 'proof':
        return print(c, answer.proof, STATUS[answer.proof.outcome])
    }
  }
}

/** The name at the end of a URL's path; undefined when it is not well encoded. */
function nameIn(url: string): string | undefined {
  const { pathname } = new URL(url)
  try {
    return decodeURIComponent(pathname.slice(PREFIX.length))
  } catch {
    return undefined
  }
}

function print(c: Context, body: object, status: 200 | 400 | 404 | 502 | 503): Response {
  const retry = status === 503 ? { 'retry-after': RETRY_AFTER_SECONDS } : undefined
  return c.json(body, status, { 'cache-control': 'no-store', ...retry })
}
