import { BIT } from '../../bit/apex.ts'
import { buildQuery } from '../../dns/build-query.ts'
import { nameFromUser } from '../../dns/idn.ts'
import { extendedErrors, type Message, messageRcode, readMessage } from '../../dns/message.ts'
import { isAtOrBelow } from '../../dns/name.ts'
import { extendedErrorName, recordToText } from '../../dns/presentation.ts'
import { isFailure, Rcode, rcodeName, Type, typeNumber } from '../../dns/protocol.ts'
import { createGateway } from '../../gateway.ts'
import { DNS_MESSAGE } from '../../http/exchange.ts'
import { googleJson } from '../../http/json.ts'
import { type NamedProof, PROOF_TIMEOUT_MS } from '../../proofs.ts'
import type { Settings } from '../../settings/settings.ts'
import { type ForeignProof, fetchProof } from '../fetch-proof.ts'
import { loopbackCa } from '../loopback-ca.ts'
import { nodeRuntime } from '../runtime.ts'
import { openSource } from '../sources.ts'
import { nodeTransport } from '../upstream-transport.ts'
import { nodeUpstreams } from '../upstreams.ts'
import { Exit, type Terminal } from './command.ts'

/** What is asked, and how the answer is to be shown. */
export interface ResolveRequest {
  readonly name: string
  /** A record type's mnemonic or number; A when left out. */
  readonly type: string | undefined
  readonly format: 'zone-file' | 'json'
  /** Where the answer comes from: another gateway's DoH URL, or a gateway of these settings inside this process. */
  readonly from:
    | { readonly kind: 'server'; readonly url: string; readonly state: string }
    | { readonly kind: 'settings'; readonly settings: Settings }
}

/** Milliseconds another gateway gets to answer. */
const SERVER_TIMEOUT_MS = 10_000

/**
 * One lookup, printed as zone-file lines or JSON.
 * @returns the exit code: 0 an answer, 1 no such name or data, 2 bad usage, 3 could not be resolved
 */
export async function resolve(request: ResolveRequest, terminal: Terminal): Promise<number> {
  const name = nameFromUser(request.name)
  if (name === undefined)
    return usage(terminal, `NAME: given ${JSON.stringify(request.name)}, takes a domain name`)
  const type = request.type === undefined ? Type.A : typeNumber(request.type)
  if (type === undefined) {
    return usage(
      terminal,
      `TYPE: given ${JSON.stringify(request.type)}, takes a record type such as AAAA, or a number`,
    )
  }
  const query = buildQuery({ name, type, dnssecOk: false, checkingDisabled: false })
  const { from } = request
  const proven = request.format === 'json' && isAtOrBelow(name, BIT) ? request.name : undefined
  const asked =
    from.kind === 'server'
      ? await askServer(from, query, proven)
      : await askSettings(from.settings, query, proven, terminal)
  if (asked.kind === 'failed') {
    terminal.complain(asked.line)
    return Exit.FAILED
  }
  const message = readMessage(asked.answer)
  if (message === undefined) {
    terminal.complain('the answer is no DNS message')
    return Exit.FAILED
  }
  if (request.format === 'json') {
    const { proof } = asked
    const shown = { ...googleJson(message), ...(proof === undefined ? {} : { proof }) }
    terminal.print(JSON.stringify(shown, undefined, 2))
  } else for (const record of message.answer) terminal.print(recordToText(record))
  for (const { code, text } of extendedErrors(message)) {
    terminal.complain(`${extendedErrorName(code)}${text === '' ? '' : `: ${text}`}`)
  }
  return exitCode(message, type, request.format, terminal)
}

function exitCode(
  message: Message,
  type: number,
  format: ResolveRequest['format'],
  terminal: Terminal,
): number {
  const rcode = messageRcode(message)
  if (isFailure(rcode)) {
    terminal.complain(rcodeName(rcode))
    return Exit.FAILED
  }
  const found = message.answer.some((record) => record.type === type || type === Type.ANY)
  if (found && rcode === Rcode.NOERROR) return Exit.OK
  if (format === 'zone-file')
    terminal.complain(rcode === Rcode.NOERROR ? 'NODATA: no record of that type' : rcodeName(rcode))
  return Exit.NOTHING
}

type Asked =
  | {
      readonly kind: 'answer'
      readonly answer: Uint8Array
      /** Where one was asked for, and there is one. */
      readonly proof?: NamedProof | ForeignProof
    }
  | { readonly kind: 'failed'; readonly line: string }

/** @param proven the name to prove as well */
async function askSettings(
  settings: Settings,
  query: Uint8Array,
  proven: string | undefined,
  { log }: Terminal,
): Promise<Asked> {
  const opened = await openSource(settings, log)
  if (opened.kind === 'failed') return opened
  const transport = nodeUpstreams()
  try {
    const { exchange, prove } = createGateway(settings, opened.source, nodeRuntime(log, transport))
    const result = await exchange(query)
    if (result.kind !== 'answer') return { kind: 'failed', line: result.reason }
    const proof = proven === undefined ? undefined : await prove(proven)
    return answered(result.body, proof?.kind === 'proof' ? proof.proof : undefined)
  } finally {
    opened.source.close()
    await transport.close()
  }
}

const answered = (answer: Uint8Array, proof: NamedProof | ForeignProof | undefined): Asked => ({
  kind: 'answer',
  answer,
  ...(proof === undefined ? {} : { proof }),
})

/** @param proven the name to prove as well, where the gateway can */
async function askServer(
  { url, state }: { url: string; state: string },
  query: Uint8Array,
  proven: string | undefined,
): Promise<Asked> {
  const ca = await loopbackCa(new URL(url), state)
  const transport = nodeTransport(ca === undefined ? {} : { ca })
  try {
    const { status, contentType, body } = await transport.post(
      url,
      query,
      AbortSignal.timeout(SERVER_TIMEOUT_MS),
    )
    if (status !== 200 || !contentType.toLowerCase().startsWith(DNS_MESSAGE)) {
      return { kind: 'failed', line: `${url}: HTTP ${status}, ${contentType || 'no content type'}` }
    }
    if (proven === undefined) return answered(body, undefined)
    return answered(body, await fetchProof(url, proven, ca, AbortSignal.timeout(PROOF_TIMEOUT_MS)))
  } catch (error) {
    return { kind: 'failed', line: `${url}: ${reasonOf(error)}` }
  } finally {
    await transport.close()
  }
}

/** All that is known: `network: connect ECONNREFUSED 127.0.0.1:1`, with the cause where there is one. */
function reasonOf(error: unknown): string {
  const { code, message, cause } = error as NodeJS.ErrnoException & { cause?: Error }
  return [code, message, cause?.message].filter((part) => part !== undefined && part !== '').join(': ')
}

function usage(terminal: Terminal, line: string): number {
  terminal.complain(line)
  return Exit.USAGE
}
