import type { Evidence } from '../chain/value-proof.ts'
import { ErrorCode, type Failed, failed, type ServerError } from '../electrum/failure.ts'
import { hasValueProof } from '../electrum/negotiation.ts'
import type { HistoryEntry } from '../electrum/replies.ts'
import { getHistory, getTransaction, getTransactionProof, getValueProof } from '../electrum/requests.ts'
import type { Session } from '../electrum/session.ts'
import { type Long, tooLongAt } from './too-long.ts'

/** What one server says of one name. Nothing in it is proven yet. */
export interface Testimony {
  readonly kind: 'testimony'
  /**
   * Updates, newest first: the newest one at the checkpoint or below, and younger ones. None for a name that the server
   * says never existed.
   */
  readonly updates: readonly Claim[]
}

/** An update that a server speaks of. */
export interface Claim {
  readonly height: number
  /** What is to prove it; a transaction above the checkpoint that is too long to be read has none. */
  readonly evidence?: Evidence
}

/** What is asked. */
export interface Asking {
  /** The name's octets. */
  readonly name: Uint8Array
  readonly scripthash: string
  /** The height down to which updates are wanted: the newest one there has enough confirmations. */
  readonly checkpoint: number
}

/**
 * Updates above the checkpoint that are looked at. A name is renewed twice a year; whoever updates it more often than
 * this within two hours waits for confirmations.
 */
const MAX_YOUNG_UPDATES = 4

/** Updates in a value proof above which the way over the history costs the server less. */
const MAX_PROOF_UPDATES = 16

/**
 * Asks one server for a name's newest updates: in one round trip where it has `get_value_proof`, in two, pipelined,
 * where it does not (light-client.md §5: ElectrumX before 1.17), or where all that a value proof holds is too much.
 * What can be read neither way is a failure, `too-long`: never an absence.
 */
export async function askForName(
  session: Session,
  asking: Asking,
  signal: AbortSignal,
): Promise<Testimony | Failed> {
  const info = await session.connect(signal)
  if ('kind' in info) return info
  const long = tooLongAt(session.budget)
  const is = (what: Long): boolean => long.has(what, asking.scripthash, asking.checkpoint)
  const isListed = !is('history')
  if (hasValueProof(info.protocol) && !is('proof') && !(is('dear') && isListed)) {
    const testimony = await byValueProof(session, asking, signal)
    if (testimony !== 'another way') return testimony
  }
  return isListed ? byHistory(session, asking, signal) : failed('too-long', 'its history')
}

async function byValueProof(
  session: Session,
  asking: Asking,
  signal: AbortSignal,
): Promise<Testimony | Failed | 'another way'> {
  const { name, scripthash, checkpoint } = asking
  const note = (what: Long) => tooLongAt(session.budget).note(what, scripthash, checkpoint)
  const answer = await getValueProof(session, scripthash, checkpoint, signal, () => note('proof'))
  if (answer.kind === 'failed') return answer.code === 'too-long' ? 'another way' : answer
  if (answer.kind === 'error') {
    if (answer.code === ErrorCode.replyTooLarge) note('proof')
    // A server that says it has the version with the method and then has not: there is the other way.
    return OTHER_WAY.includes(answer.code) ? 'another way' : asFailure(answer)
  }
  if (answer.result.length > MAX_PROOF_UPDATES) note('dear')
  const updates = answer.result.map(({ height, transaction, proof, header }): Claim => {
    const { branch, position } = proof
    const evidence = { name, height, transaction, branch, position }
    return header === undefined
      ? { height, evidence }
      : { height, evidence: { ...evidence, header: header.header, headerBranch: header.branch } }
  })
  return { kind: 'testimony', updates: relevant(updates, checkpoint) }
}

const OTHER_WAY: readonly number[] = [ErrorCode.unknownMethod, ErrorCode.replyTooLarge]

async function byHistory(session: Session, asking: Asking, signal: AbortSignal): Promise<Testimony | Failed> {
  const { scripthash, checkpoint } = asking
  const note = () => tooLongAt(session.budget).note('history', scripthash, checkpoint)
  const history = await getHistory(session, scripthash, signal, note)
  if (history.kind !== 'result') return asFailure(history)
  // Height 0 and below: not in a block.
  const newestFirst = history.result.filter(({ height }) => height > 0).toReversed()
  // A signal each: Node takes more than ten listeners to one for a leak, and says so.
  const updates = await Promise.all(
    relevant(newestFirst, checkpoint).map((entry) =>
      askForUpdate(session, entry, asking, AbortSignal.any([signal])),
    ),
  )
  const failure = updates.find((update) => 'kind' in update)
  return failure ?? { kind: 'testimony', updates: updates as Claim[] }
}

/**
 * An update of the history. One above the checkpoint whose transaction is too long is told without it: it need not be
 * proven for the one before it to hold, but must not be forgotten, or the name could pass for expired.
 */
async function askForUpdate(
  session: Session,
  { txid, height }: HistoryEntry,
  { name, checkpoint }: Asking,
  signal: AbortSignal,
): Promise<Claim | Failed> {
  const long = tooLongAt(session.budget)
  const isYoung = height > checkpoint
  if (long.has('transaction', txid, checkpoint)) return isYoung ? { height } : TRANSACTION_TOO_LONG
  const note = () => long.note('transaction', txid, checkpoint)
  const [transaction, proof] = await Promise.all([
    getTransaction(session, txid, signal, note),
    getTransactionProof(session, txid, height, signal),
  ])
  if (isYoung && transaction.kind === 'failed' && transaction.code === 'too-long') return { height }
  if (transaction.kind !== 'result') return asFailure(transaction)
  if (proof.kind !== 'result') return asFailure(proof)
  return { height, evidence: { name, height, transaction: transaction.result, ...proof.result } }
}

const TRANSACTION_TOO_LONG = failed('too-long', 'a transaction')

const asFailure = (answer: Failed | ServerError): Failed =>
  answer.kind === 'failed' ? answer : failed('network', answer.message)

/** The newest entry at the checkpoint or below, and the few above it; newest first. */
function relevant<Entry extends { readonly height: number }>(
  newestFirst: readonly Entry[],
  checkpoint: number,
): readonly Entry[] {
  const mature = newestFirst.findIndex(({ height }) => height <= checkpoint)
  const end = mature === -1 ? newestFirst.length : mature + 1
  return newestFirst.slice(Math.max(0, end - 1 - MAX_YOUNG_UPDATES), end)
}
