import { RESPONSE_BLOCK } from '../dns/edns.ts'
import { type Edns, messageRcode } from '../dns/message.ts'
import { Flag, Option, Rcode, rcodeName, Type } from '../dns/protocol.ts'
import { type Answer, answered, failureCode, get, post, seen } from './ask.ts'
import type { Clause } from './clause.ts'
import { differs, type Finding, fails, holds, notTested, worst } from './finding.ts'
import { opt, option, query } from './query.ts'

/** EDNS(0) as it is over HTTPS: RFC 6891, RFC 7830, RFC 8467, RFC 8484 §6. */

/** What fits into a UDP message without EDNS (RFC 1035 §4.2.1), and what some clients say that theirs takes. */
const SMALL_UDP_SIZE = 512
/** From the range for local use (RFC 6891 §9): nobody knows it. */
const UNKNOWN_OPTION = 65_001

const udpSize: Clause = {
  id: 'C24',
  title: 'the UDP size that a client names is ignored',
  level: 'MUST',
  source: 'RFC 8484 §6',
  async run(subject) {
    const { name, type } = subject.names.long
    const heard = await get(subject, query({ name, type, additional: [opt({ size: SMALL_UDP_SIZE })] }))
    return answered('UDP size 512', heard, ({ message, response }) => {
      const octets = response.body.length
      if ((message.flags & Flag.TC) !== 0) return fails(`UDP size 512: TC, ${octets} octets`)
      if (octets <= SMALL_UDP_SIZE)
        return notTested(`${octets} octets are no long answer: name one with --long`)
      return holds(`UDP size 512: ${octets} octets`)
    })
  },
}

const truncation: Clause = {
  id: 'C25',
  title: 'an answer is whole, or says that it is not',
  level: 'MUST',
  source: 'RFC 8484 §6, RFC 2181 §9',
  async run(subject) {
    const { name, type } = subject.names.long
    const whole = await get(subject, query({ name, type, additional: [opt()] }))
    const heard = await get(subject, query({ name, type }))
    if (whole.kind !== 'answer') return answered('with EDNS', whole)
    return answered('without EDNS', heard, ({ message, response }) => {
      if (whole.response.body.length <= SMALL_UDP_SIZE)
        return notTested('no long answer: name one with --long')
      const [here, there] = [message.answer.length, whole.message.answer.length]
      if ((message.flags & Flag.TC) !== 0) return differs(`without EDNS: TC, ${response.body.length} octets`)
      return here < there ? fails(`without EDNS: ${here} records of ${there}, and no TC`) : undefined
    })
  },
}

const extension: Clause = {
  id: 'C27',
  title: 'EDNS: OPT for OPT, BADVERS, FORMERR, DO and CD',
  level: 'MUST',
  source: 'RFC 6891 §6.1, §7; RFC 3225 §3; RFC 4035 §3.2.2',
  async run(subject) {
    const { name } = subject.names
    const withOpt = (...additional: Uint8Array[]) => get(subject, query({ name, additional }))
    const want = (sent: string, isRight: (answer: Answer) => boolean, wrong: string) => (answer: Answer) =>
      isRight(answer) ? undefined : fails(`${sent}: ${wrong}`)
    const has =
      (judge: (edns: Edns) => boolean) =>
      ({ message }: Answer) =>
        message.edns !== undefined && judge(message.edns)

    const plain = answered(
      'no OPT',
      await withOpt(),
      want('no OPT', ({ message }) => message.edns === undefined, 'an OPT came back'),
    )
    const findings: Finding[] = [
      plain,
      answered(
        'OPT',
        await withOpt(opt()),
        want(
          'OPT',
          has(({ version }) => version === 0),
          'none came back',
        ),
      ),
      answered(
        'version 1',
        await withOpt(opt({ version: 1 })),
        want('version 1', ({ message }) => messageRcode(message) === Rcode.BADVERS, 'not BADVERS'),
      ),
      twoOpts(await post(subject, query({ name, additional: [opt(), opt()] }))),
      answered(
        'an unknown option',
        await withOpt(opt({ options: [option(UNKNOWN_OPTION, [1, 2, 3])] })),
        want('an unknown option', ({ message }) => messageRcode(message) === Rcode.NOERROR, 'not ignored'),
      ),
      answered(
        'DO',
        await withOpt(opt({ dnssecOk: true })),
        want(
          'DO',
          has(({ dnssecOk }) => dnssecOk),
          'did not come back',
        ),
      ),
      answered(
        'CD',
        await get(subject, query({ name, flags: Flag.RD | Flag.CD })),
        want('CD', ({ message }) => (message.flags & Flag.CD) !== 0, 'did not come back'),
      ),
    ]
    return worst(findings)
  },
}

/** FORMERR; whoever refuses it by HTTP is understood, too. */
function twoOpts(heard: Awaited<ReturnType<typeof get>>): Finding {
  const what = seen('two OPT records', heard)
  if (heard.kind === 'silence') return fails(what)
  if (heard.kind === 'refusal') return heard.response.status < 500 ? differs(what) : fails(what)
  // RFC 6891 §6.1.1. A FORMERR may carry whatever was sent, two OPT records included.
  return failureCode(heard.response) === Rcode.FORMERR ? holds(what) : fails(what)
}

const padding: Clause = {
  id: 'C28',
  title: 'who pads gets padding, to a multiple of 468 octets',
  level: 'SHOULD',
  source: 'RFC 7830 §4, RFC 8467 §4.1',
  async run(subject) {
    const { name } = subject.names
    const isPadded = ({ message }: Answer) =>
      message.edns?.options.some(({ code }) => code === Option.PADDING) ?? false
    const padded = opt({ options: [option(Option.PADDING, new Uint8Array(20))] })
    return worst([
      answered('padding', await get(subject, query({ name, additional: [padded] })), (answer) => {
        const octets = answer.response.body.length
        if (!isPadded(answer)) return fails('padding: none came back')
        return octets % RESPONSE_BLOCK === 0
          ? undefined
          : differs(`padding: ${octets} octets, no multiple of ${RESPONSE_BLOCK}`)
      }),
      answered('OPT without padding', await get(subject, query({ name, additional: [opt()] })), (answer) =>
        isPadded(answer) ? differs('OPT without padding: padding came back') : undefined,
      ),
      answered('no OPT', await get(subject, query({ name })), (answer) =>
        isPadded(answer) ? fails('no OPT: padding came back') : undefined,
      ),
    ])
  },
}

const any: Clause = {
  id: 'C29',
  title: 'ANY is answered, and with little',
  level: 'MAY',
  source: 'RFC 8482 §4',
  async run(subject) {
    return answered(
      'ANY',
      await get(subject, query({ name: subject.names.name, type: Type.ANY })),
      ({ message, response }) => {
        const types = new Set(message.answer.map(({ type }) => type).filter((type) => type !== Type.RRSIG))
        const octets = response.body.length
        const what = `ANY: ${rcodeName(messageRcode(message))}, ${types.size} types, ${octets} octets`
        return types.size > 1 ? differs(what) : holds(what)
      },
    )
  },
}

export const ednsClauses: readonly Clause[] = [udpSize, truncation, extension, padding, any]
