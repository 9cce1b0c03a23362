import { type Message, messageRcode } from '../dns/message.ts'
import type { Name } from '../dns/name.ts'
import { Flag, Rcode, Type } from '../dns/protocol.ts'
import type { ResourceRecord } from '../dns/record.ts'
import { isClaimedBy, validateAnswer, validateReferral } from '../dnssec/validate.ts'
import { type Bogus, bogus, DnssecError } from '../dnssec/verdict.ts'
import { authenticateKeys, type ZoneKeys } from '../dnssec/zone-keys.ts'
import { type Canvassed, type CanvassTools, canvass, type Judgement } from './canvass.ts'
import { addressesByName, type Cut } from './cuts.ts'
import type { Trail } from './effort.ts'
import { type DelegationFailed, failed } from './failure.ts'
import { type Alias, type CutBelow, type Final, interpret, withinZone } from './interpret.ts'
import { MAX_HIDDEN_CUTS, MAX_KEYS_OCTETS, MAX_TTL } from './limits.ts'

/** What a zone's servers are asked in a client's place. */
export interface ZoneQuestion {
  readonly name: Name
  readonly type: number
  /** Whether the client wants signatures. Those that are needed to validate are fetched anyway. */
  readonly dnssecOk: boolean
}

/** What a zone's servers say to a question. */
export type ZoneAnswer = (Final | Alias) & { readonly isSecure: boolean }

/** The zone below whose servers know more. */
export interface Descent {
  readonly kind: 'cut'
  readonly cut: Omit<Cut, 'learnt'>
  /** Seconds. */
  readonly ttl: number
}

export interface ZoneTools extends CanvassTools {
  /** The time of day, milliseconds since 1970. */
  readonly wallClock: () => number
}

type Step = ZoneAnswer | Descent | DelegationFailed

/** The response code in the second header word (RFC 1035 §4.1.1). */
const RCODE_MASK = 0xf

const USELESS: Judgement<never> = { kind: 'useless' }
const found = <Found>(what: Found): Judgement<Found> => ({ kind: 'found', found: what })

/** Asks the servers of one zone a question, and validates what they say with the keys that its DS records lead to. */
export async function askZone(
  cut: Cut,
  question: ZoneQuestion,
  trail: Trail,
  signal: AbortSignal,
  tools: ZoneTools,
): Promise<Step | Bogus> {
  const { name, type } = question
  const { validation } = trail.effort
  const dnssecOk = question.dnssecOk || cut.ds !== undefined
  // The keys are fetched at the same time: it saves a round trip.
  const keysFound = cut.ds === undefined ? undefined : keysOf(cut, cut.ds, trail, signal, tools)
  // Nobody may come to wait for them; a rejection that nobody sees would end the process.
  keysFound?.catch(() => {})

  async function judge(message: Message): Promise<Judgement<Step>> {
    const own = withinZone(message, cut.zone)
    const meaning = interpret(own, cut.zone, name, type)
    if (meaning.kind === 'lame') return USELESS
    if (meaning.kind === 'loop') return found(failed('alias-loop'))
    const known = await keysFound
    if (known?.kind === 'bogus') return known
    if (known?.kind === 'failed') return found(known)
    const keys = known?.found
    if (keys === undefined)
      return found(
        meaning.kind === 'cut' ? descent(meaning, undefined, meaning.ttl) : { ...meaning, isSecure: false },
      )
    return meaning.kind === 'cut' ? judgeReferral(meaning, own, keys) : judgeAnswer(own, keys)
  }

  async function judgeReferral(referral: CutBelow, own: Message, keys: ZoneKeys): Promise<Judgement<Step>> {
    const verdict = await validateReferral(referral.zone, own, keys, tools.wallClock() / 1000, validation)
    if (verdict.kind === 'bogus') return verdict
    if (verdict.kind === 'uncut') return bogus(DnssecError.BOGUS, 'a referral to what is no zone')
    const ttl = Math.min(referral.ttl, verdict.lifetime)
    return found(descent(referral, verdict.kind === 'secure' ? verdict.ds : undefined, ttl))
  }

  async function judgeAnswer(own: Message, keys: ZoneKeys): Promise<Judgement<Step>> {
    const verdict = await validateAnswer(question, own, keys, tools.wallClock() / 1000, validation)
    if (verdict.kind === 'secure') {
      // What is proven may say less than what was sent, so it is read again.
      const { answer, authority } = verdict
      const proven = interpret({ ...own, answer, authority }, cut.zone, name, type)
      return proven.kind === 'final' || proven.kind === 'alias'
        ? found({ ...proven, isSecure: true })
        : bogus(DnssecError.BOGUS, 'what is signed is no answer')
    }
    if (verdict.kind === 'insecure') {
      const meaning = interpret(own, cut.zone, name, type)
      return meaning.kind === 'final' || meaning.kind === 'alias'
        ? found({ ...meaning, isSecure: false })
        : USELESS
    }
    const alias = own.answer.some(isAlias) ? await firstAlias(own, keys) : undefined
    if (alias !== undefined) return found({ ...alias, isSecure: true })
    if (isClaimedBy(cut.zone, question, own)) return verdict
    const hidden = await hiddenCut(cut, question, keys, trail, signal, tools)
    return hidden === undefined ? verdict : found(hidden)
  }

  /**
   * The first alias alone, when what stands behind it is not proven: it may be of a zone below, which the same servers
   * have, or be missing. Its target is asked for anew.
   */
  async function firstAlias(own: Message, keys: ZoneKeys): Promise<Alias | undefined> {
    if (type === Type.CNAME) return undefined
    const alone = { ...own, flags: own.flags & ~RCODE_MASK }
    const asked = { name, type: Type.CNAME }
    const verdict = await validateAnswer(asked, alone, keys, tools.wallClock() / 1000, validation)
    if (verdict.kind !== 'secure') return undefined
    const meaning = interpret({ ...alone, answer: verdict.answer, authority: [] }, cut.zone, name, type)
    return meaning.kind === 'alias' ? meaning : undefined
  }

  const canvassed = await canvass(cut, { name, type, dnssecOk }, judge, trail, signal, tools)
  return canvassed.kind === 'found' ? canvassed.found : canvassed
}

const descent = (
  { zone, servers, glue }: CutBelow,
  ds: readonly ResourceRecord[] | undefined,
  ttl: number,
): Descent => ({
  kind: 'cut',
  cut: { zone, servers, glue: addressesByName(glue), addresses: [], ds },
  ttl,
})

const isAlias = ({ type }: ResourceRecord): boolean => type === Type.CNAME || type === Type.DNAME

/** The keys of a signed zone; found as undefined where they are of algorithms that are not known here. */
async function keysOf(
  cut: Cut,
  ds: readonly ResourceRecord[],
  trail: Trail,
  signal: AbortSignal,
  tools: ZoneTools,
): Promise<Canvassed<ZoneKeys | undefined>> {
  const { learnt, zone } = cut
  const { now, wallClock } = tools
  if (learnt.keys !== undefined && now() < learnt.keys.until)
    return { kind: 'found', found: learnt.keys.keys }

  async function judge(message: Message): Promise<Judgement<ZoneKeys | undefined>> {
    if ((message.flags & Flag.AA) === 0 || messageRcode(message) !== Rcode.NOERROR) return USELESS
    const { validation } = trail.effort
    const verdict = await authenticateKeys(
      zone,
      ds,
      withinZone(message, zone),
      wallClock() / 1000,
      validation,
    )
    if (verdict.kind === 'bogus') return verdict
    return found(verdict.kind === 'secure' ? verdict.keys : undefined)
  }

  const question = { name: zone, type: Type.DNSKEY, dnssecOk: true }
  const canvassed = await canvass(cut, question, judge, trail, signal, tools)
  if (canvassed.kind === 'found') {
    const keys = canvassed.found
    const octets = keys?.keys.reduce((sum, { data }) => sum + data.length, 0) ?? 0
    const seconds = Math.min(keys?.lifetime ?? MAX_TTL, MAX_TTL)
    if (octets <= MAX_KEYS_OCTETS) learnt.keys = { keys, until: now() + seconds * 1000 }
  }
  return canvassed
}

/**
 * The cut between a signed zone and a name that its servers did not tell of, because they have the zone below, too, and
 * answer from that at once. Its DS, or the proof that there is none, is asked for from the top down (RFC 4035 §4.2).
 */
async function hiddenCut(
  cut: Cut,
  { name, type }: ZoneQuestion,
  keys: ZoneKeys,
  trail: Trail,
  signal: AbortSignal,
  tools: ZoneTools,
): Promise<Descent | undefined> {
  const lowest = type === Type.DS ? name.length - 1 : name.length
  const last = Math.min(lowest, cut.zone.length + MAX_HIDDEN_CUTS)
  for (let labels = cut.zone.length + 1; labels <= last; labels++) {
    const child = name.slice(name.length - labels)
    async function judge(message: Message): Promise<Judgement<Descent | 'uncut'>> {
      const verdict = await validateReferral(
        child,
        withinZone(message, cut.zone),
        keys,
        tools.wallClock() / 1000,
        trail.effort.validation,
      )
      if (verdict.kind === 'bogus') return verdict
      if (verdict.kind === 'uncut') return found('uncut')
      const ds = verdict.kind === 'secure' ? verdict.ds : undefined
      const { servers, glue, addresses } = cut
      return found({ kind: 'cut', cut: { zone: child, servers, glue, addresses, ds }, ttl: verdict.lifetime })
    }
    const question = { name: child, type: Type.DS, dnssecOk: true }
    const canvassed = await canvass(cut, question, judge, trail, signal, tools)
    if (canvassed.kind !== 'found') return undefined
    if (canvassed.found !== 'uncut') return canvassed.found
  }
  return undefined
}
