import type { CheckNames, Subject } from '../../src/check/clause.ts'
import type { FindingKind } from '../../src/check/finding.ts'
import { freshLabel } from '../../src/check/names.ts'
import type { DohServer } from '../../src/check/server.ts'
import { CLAUSES, check } from '../../src/check/suite.ts'
import { name } from '../dns/messages.ts'

/** Names of the suite's upstream (`servers/upstream.ts`) and gateway (`http/names.ts`). */
export const NAMES: CheckNames = {
  name: name('three.example'),
  nxdomain: name('fresh.nx.example'),
  alias: name('chain.example'),
  servfail: name('servfail.example'),
  long: { name: name('long.example'), type: 16 },
  bit: name('jordia65.bit'),
}

/** A server as the clauses get it. */
export const subjectOf = (server: DohServer, changes: Partial<Subject> = {}): Subject => ({
  ...{ server, target: '/dns-query', names: NAMES, robust: false, freshLabel },
  wait: async () => {},
  ...changes,
})

/** A server in this process: no sockets, so no versions and nothing malformed below HTTP. */
export const fetchServer = (fetch: (request: Request) => Response | Promise<Response>): DohServer => ({
  async send({ method, target, headers = {}, body }) {
    const init = {
      method,
      headers: { ...headers },
      ...(body === undefined ? {} : { body: Uint8Array.from(body) }),
    }
    const response = await fetch(new Request(`https://gateway.example${target}`, init))
    return {
      ...{
        kind: 'response',
        status: response.status,
        headers: [...response.headers],
        version: undefined,
        pushes: 0,
      },
      body: new Uint8Array(await response.arrayBuffer()),
    }
  },
})

/** Findings that are of one of these kinds, as `C21 not-tested: …`. */
export async function findings(
  subject: Subject,
  ...kinds: readonly FindingKind[]
): Promise<readonly string[]> {
  const found: string[] = []
  for await (const { clause, finding } of check(subject, CLAUSES))
    if (kinds.includes(finding.kind)) found.push(`${clause.id} ${finding.kind}: ${finding.detail}`)
  return found
}

/** The ids of the clauses with such findings. */
export const ids = async (subject: Subject, ...kinds: readonly FindingKind[]): Promise<readonly string[]> =>
  (await findings(subject, ...kinds)).map((line) => line.split(' ', 1)[0]!)
