import { expiresIn } from '../chain/expiry.ts'
import { hashToText, type Sha256, sameOctets, sha256d } from '../chain/hash.ts'
import { AUXPOW_BIT, HEADER_OCTETS, parseHeader } from '../chain/header.ts'
import type { HeaderChain } from '../chain/header-chain.ts'
import { headerRoot } from '../chain/merkle.ts'
import type { Network } from '../chain/network.ts'
import { proofOfWorkFault } from '../chain/proof-of-work.ts'
import { type Refused, refused } from '../chain/refused.ts'
import { type Timer, within } from '../deadline.ts'
import { formatAddress } from '../electrum/address.ts'
import type { ServerTip } from '../electrum/replies.ts'
import { getBlockHeader, getHeaderProof } from '../electrum/requests.ts'
import { toHex } from '../hex.ts'
import { type NameProof, type ProofServer, proofValue } from '../proof.ts'
import type { NameOutcome } from '../source.ts'
import type { Server } from './server.ts'
import type { Finding } from './source.ts'
import { EXPIRED, isOfOurs, type ProvenUpdate, UNSETTLED_BLOCKS, type Witness } from './witness.ts'

/** What showing a proof takes. */
export interface ShowTools {
  readonly sha256: Sha256
  readonly network: Network
  /** Our own chain, when its headers are in. */
  readonly chain: HeaderChain | undefined
  /** What a server says its newest block is now, if it has. */
  readonly tipOf: (server: Server) => ServerTip | undefined
  readonly timer: Timer
  readonly onLie: (lie: Lie) => void
}

type Lie = Extract<Witness, { kind: 'lied' }>

/** Milliseconds one server gets to show a block's header; then the next one is asked. */
const HEADER_TIMEOUT_MS = 2_000

/**
 * All that was found about a name, in a form that anybody can check. What the hearing did not bring, the full header
 * and its place among all headers, is asked of the servers that spoke; none of it is shown unless it holds. Never
 * rejects; what no server shows is left out.
 *
 * @param outcome what lookups make of the finding
 */
export async function showProof(
  key: string,
  finding: Finding,
  outcome: NameOutcome,
  tools: ShowTools,
  signal: AbortSignal,
): Promise<NameProof> {
  const shown = shownUpdate(finding)
  const tip = tipOf(finding)
  const told =
    shown === undefined
      ? {}
      : {
          ...updateFields(shown, tip, tools.network),
          ...(await headerFields(shown, tip, finding, tools, signal)),
        }
  return {
    key,
    ...outcomeFields(finding, outcome),
    backend: 'electrum',
    tip: { height: tip, ...tipFields(finding, tip, tools.chain) },
    ...told,
    scripthash: finding.asking.scripthash,
    servers: serversOf(finding),
  }
}

type Outcome = Pick<NameProof, 'outcome' | 'code' | 'detail' | 'caveat' | 'assurance' | 'value'>

function outcomeFields({ assurance }: Finding, outcome: NameOutcome): Outcome {
  switch (outcome.kind) {
    case 'found': {
      const value = proofValue(outcome.value)
      return { outcome: 'found', ...caveatOf(outcome), assurance, value }
    }
    case 'absent':
    case 'expired':
      // However many headers one has: that there is nothing newer is what operators say.
      return { outcome: outcome.kind, ...caveatOf(outcome), assurance: 'attested' }
    case 'unreachable': {
      const { code, detail } = outcome
      return code === 'unconfirmed'
        ? { outcome: 'unconfirmed', code, detail, assurance }
        : { outcome: 'unreachable', code, detail }
    }
    case 'invalid':
      return { outcome: 'invalid', detail: outcome.detail, assurance }
  }
}

const caveatOf = ({ caveat }: Extract<NameOutcome, { kind: 'found' | 'absent' | 'expired' }>) =>
  caveat === undefined ? {} : { caveat }

/** The update that the verdict is about; where there is none, the newest one that a server proved. */
function shownUpdate({ verdict, witnesses, tip }: Finding): ProvenUpdate | undefined {
  switch (verdict.kind) {
    case 'found':
      return verdict.update
    case 'expired':
    case 'unconfirmed':
      return witnesses
        .flatMap((witness) => (witness.kind === 'spoke' ? witness.updates : []))
        .filter(({ update }) => update.height <= tip)
        .sort(
          ({ update: one }, { update: other }) => other.height - one.height || other.position - one.position,
        )[0]
    default:
      return undefined
  }
}

/** The tip that the verdict counts from: without a chain, the lowest of those that the witnesses are at. */
const tipOf = ({ verdict, tip }: Finding): number =>
  verdict.kind === 'found' ? verdict.update.update.height + verdict.selection.confirmations - 1 : tip

function tipFields({ assurance }: Finding, height: number, chain: HeaderChain | undefined) {
  const block = assurance === 'proven' ? chain?.at(height) : undefined
  return block === undefined ? {} : { hash: hashToText(block.hash), time: block.time }
}

function updateFields({ update, evidence, block }: ProvenUpdate, tip: number, network: Network) {
  return {
    txid: hashToText(update.txid),
    height: update.height,
    confirmations: tip - update.height + 1,
    expiresIn: expiresIn(network, update.height, tip),
    transaction: toHex(evidence.transaction),
    branch: evidence.branch.map(hashToText),
    position: evidence.position,
    blockHash: hashToText(block.hash),
  }
}

type HeaderFields = Pick<NameProof, 'header' | 'auxPow' | 'headerBranch'>

/** The header of an update's block and what belongs to it, from the first server that shows all of it. */
async function headerFields(
  { evidence, block }: ProvenUpdate,
  tip: number,
  finding: Finding,
  tools: ShowTools,
  signal: AbortSignal,
): Promise<HeaderFields> {
  const { sha256, timer, onLie } = tools
  // With a branch it came with the value; in a window nobody has looked at it yet.
  const brought = evidence.header?.subarray(0, HEADER_OCTETS)
  let fields: HeaderFields =
    brought !== undefined && isBlock(sha256, brought, block) ? headerField(brought) : {}
  const isSettled = block.height <= tip - UNSETTLED_BLOCKS
  const checkpoint = Math.max(finding.asking.checkpoint, block.height)
  for (const server of spokesmen(finding, evidence.height)) {
    const answers = await within(HEADER_TIMEOUT_MS, signal, timer, (until) =>
      Promise.all([
        askFullHeader(server, block, tools, until),
        askHeaderBranch(server, block, checkpoint, tools, until),
      ]),
    )
    if (answers === 'timeout') continue
    for (const answer of answers) {
      if (!('kind' in answer)) fields = { ...fields, ...answer }
      // Two honest servers may differ about the newest blocks, or be on two chains.
      else if (isSettled && (answer.code !== FOREIGN || mustHave(server, block, tools)))
        onLie({ kind: 'lied', server, code: answer.code, detail: answer.detail })
    }
    const { header, headerBranch } = fields
    const isComplete = header !== undefined && headerBranch !== undefined
    if (isComplete && (fields.auxPow !== undefined || !isMerged(header))) return fields
  }
  return fields
}

/** Those who spoke; first who speaks of the block. */
function spokesmen({ witnesses }: Finding, height: number): readonly Server[] {
  const spoke = witnesses.filter((witness) => witness.kind === 'spoke')
  const knows = ({ updates }: (typeof spoke)[number]) =>
    updates.some(({ update }) => update.height === height)
  return [...spoke.filter(knows), ...spoke.filter((witness) => !knows(witness))].map(({ server }) => server)
}

type Block = ProvenUpdate['block']

/** Whether the server's chain is ours, and still has the block: either may have changed since the hearing. */
function mustHave(server: Server, block: Block, { sha256, chain, tipOf }: ShowTools): boolean {
  if (chain === undefined || !isOfOurs({ sha256, chain, tip: tipOf(server) })) return false
  const ours = chain.at(block.height)
  return ours !== undefined && sameOctets(ours.hash, block.hash)
}

/** The header with its AuxPoW. It is no part of the block's hash: another one must show the work, too. */
async function askFullHeader(
  { session }: Server,
  block: Block,
  { sha256, network }: ShowTools,
  signal: AbortSignal,
): Promise<HeaderFields | Refused> {
  const answer = await getBlockHeader(session, block.height, signal)
  if (answer.kind !== 'result') return {}
  const header = parseHeader(sha256, answer.result)
  if (header.kind === 'refused') return header
  if (!sameOctets(header.hash, block.hash)) return foreign(block)
  const fault = proofOfWorkFault(sha256, network, header)
  if (fault !== undefined) return fault
  const pure = headerField(answer.result.subarray(0, HEADER_OCTETS))
  return header.auxPow === undefined ? pure : { ...pure, auxPow: toHex(answer.result) }
}

/** The header's branch to the root that the server tells. */
async function askHeaderBranch(
  { session }: Server,
  block: Block,
  checkpoint: number,
  { sha256 }: ShowTools,
  signal: AbortSignal,
): Promise<HeaderFields | Refused> {
  const answer = await getHeaderProof(session, block.height, checkpoint, signal)
  if (answer.kind !== 'result') return {}
  const { header, branch, root } = answer.result
  if (!isBlock(sha256, header, block)) return foreign(block)
  const computed = headerRoot(sha256, block.hash, branch, block.height, checkpoint)
  if (!(computed instanceof Uint8Array)) return computed
  if (!sameOctets(computed, root)) {
    return refused('wrong-checkpoint-root', `the branch of ${block.height} does not lead to the root told`)
  }
  const shown = { checkpoint, branch: branch.map(hashToText), root: hashToText(root) }
  return { ...headerField(header), headerBranch: shown }
}

const isBlock = (sha256: Sha256, header: Uint8Array, block: Block): boolean =>
  header.length === HEADER_OCTETS && sameOctets(sha256d(sha256, header), block.hash)

const headerField = (header: Uint8Array) => ({ header: toHex(header) })

/** The version's second octet has the bit. */
const isMerged = (header: string): boolean =>
  (Number.parseInt(header.slice(2, 4), 16) & (AUXPOW_BIT >> 8)) !== 0

const FOREIGN = 'foreign-header'

const foreign = ({ height }: Block): Refused => refused(FOREIGN, `another block is at ${height}`)

/** What each server said, those that were not waited for at the end. */
function serversOf({ witnesses, asked }: Finding): readonly ProofServer[] {
  const heard = new Set(witnesses.map(({ server }) => server))
  const unheard = [...asked].filter((server) => !heard.has(server))
  return [
    ...witnesses.map((witness) => ({ ...nameOf(witness.server), said: saidBy(witness) })),
    ...unheard.map((server) => ({ ...nameOf(server), said: 'silent: timeout' })),
  ]
}

const nameOf = ({ session, operator }: Server) => ({ address: formatAddress(session.address), operator })

function saidBy(witness: Witness): string {
  switch (witness.kind) {
    case 'lied':
      return `lied: ${witness.code}`
    case 'silent':
      return `silent: ${witness.failure.code}`
    case 'spoke':
      return spokenWords(witness.statement)
  }
}

/** A statement, `205:? 194:bf02…`, in words: `update at 205 (not proven), update at 194`. */
function spokenWords(statement: string): string {
  if (statement === '') return 'nothing'
  if (statement === EXPIRED) return 'expired'
  return statement
    .split(' ')
    .map((update) => {
      const [height, txid] = update.split(':')
      return `update at ${height}${txid === '?' ? ' (not proven)' : ''}`
    })
    .join(', ')
}
