import fc from 'fast-check'
import { octets, opt, option, query } from '../dns/messages.ts'

/** What a hostile or broken client may send, for properties. */

const wellFormed: readonly Uint8Array[] = [
  query(),
  query({ question: 'three.example', type: 28 }),
  query({ question: 'dual.bit', additional: [opt({ flags: 0x8000 }, option(12, new Uint8Array(20)))] }),
  query({ question: 'no-such-name.bit', additional: [opt({}, option(8, [0, 1, 24, 0, 192, 0, 2]))] }),
]

/** A query with some of its octets changed, cut off or added to. */
const nearlyQuery = fc
  .record({
    base: fc.constantFrom(...wellFormed),
    changes: fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 4 }),
    kept: fc.option(fc.nat(120)),
    more: fc.uint8Array({ maxLength: 12 }),
  })
  .map(({ base, changes, kept, more }) => {
    const changed = Uint8Array.from(base)
    for (const [offset, octet] of changes) if (offset < changed.length) changed[offset] = octet
    return octets(kept === null ? changed : changed.subarray(0, kept), more)
  })

/** A body: noise, or nearly a query. */
export const anyBody: fc.Arbitrary<Uint8Array> = fc.oneof(fc.uint8Array({ maxLength: 600 }), nearlyQuery)

const piece = fc.oneof(
  fc.constantFrom(
    '/',
    '//',
    '.',
    '..',
    '?',
    '&',
    '=',
    '%',
    '%zz',
    '%00',
    '%2f',
    '%ff',
    ';',
    '+',
    '*',
    ':',
    '@',
    '~',
  ),
  fc.constantFrom(
    'dns-query',
    'resolve',
    'healthz',
    'readyz',
    'dns',
    'name',
    'type',
    'cd',
    'do',
    'ct',
    'jordia65.bit',
  ),
  fc.stringMatching(/^[!"$-~]{0,12}$/),
)

/** A request target that HTTP libraries send as it is. */
export const anyTarget: fc.Arbitrary<string> = fc
  .array(piece, { maxLength: 12 })
  .map((pieces) => `/${pieces.join('')}`)

export const anyMethod: fc.Arbitrary<string> = fc.constantFrom(
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'OPTIONS',
  'PATCH',
)
