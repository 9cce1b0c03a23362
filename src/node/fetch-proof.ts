import { get } from 'node:https'

/** Longest proof that is read, octets: transaction and header can have 262,144 octets each, twice as much in hex. */
const MAX_PROOF_OCTETS = 2 * 1024 * 1024

/** A proof of a gateway elsewhere: JSON that nobody has checked. */
export interface ForeignProof {
  readonly outcome: string
}

/**
 * The proof of a name from `/proof/NAME` of another gateway, which is beside its DoH path. Never rejects: undefined
 * from a gateway that has no such page, or that cannot be reached.
 *
 * @param dohUrl the gateway's DoH URL, `https://gateway.example/dns-query`
 * @param ca     CAs to trust instead of the system's, PEM
 */
export async function fetchProof(
  dohUrl: string,
  name: string,
  ca: string | undefined,
  signal: AbortSignal,
): Promise<ForeignProof | undefined> {
  try {
    const text = await getJson(new URL(`./proof/${encodeURIComponent(name)}`, dohUrl), ca, signal)
    const proof: unknown = JSON.parse(text)
    return isProof(proof) ? proof : undefined
  } catch {
    return undefined
  }
}

const isProof = (value: unknown): value is ForeignProof =>
  typeof value === 'object' && value !== null && 'outcome' in value && typeof value.outcome === 'string'

/** The body of a JSON response, whatever its status. Rejects for anything else. */
function getJson(url: URL, ca: string | undefined, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { accept: 'application/json' }
    const request = get(
      url,
      { headers, signal, agent: false, ...(ca === undefined ? {} : { ca }) },
      (response) => {
        if (!response.headers['content-type']?.startsWith('application/json')) {
          request.destroy()
          return reject(new Error('no JSON'))
        }
        const chunks: Buffer[] = []
        let octets = 0
        response.on('data', (chunk: Buffer) => {
          octets += chunk.length
          if (octets > MAX_PROOF_OCTETS) request.destroy(new Error('too long'))
          else chunks.push(chunk)
        })
        response.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')))
        response.on('error', reject)
      },
    )
    request.on('error', reject)
  })
}
