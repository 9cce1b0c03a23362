import { describe, expect, test } from 'vitest'
import { encodeAnswer } from '../../src/dns/encode.ts'
import { readMessage } from '../../src/dns/message.ts'
import { Class, Flag, Rcode, Type } from '../../src/dns/protocol.ts'
import type { ResourceRecord } from '../../src/dns/record.ts'
import { name, wire } from './messages.ts'

const owner = name('example.bit')
const question = { name: owner, type: Type.TXT, class: Class.IN }
const record = (type: number, data: Uint8Array): ResourceRecord => ({ name: owner, type, ttl: 60, data })
const texts = (count: number): readonly ResourceRecord[] =>
  Array.from({ length: count }, (_, index) =>
    record(Type.TXT, Uint8Array.of(200, index >> 8, index & 0xff, ...new Uint8Array(198))),
  )

const encoded = (sections: Partial<Parameters<typeof encodeAnswer>[0]>) =>
  readMessage(
    encodeAnswer({ question, rcode: Rcode.NOERROR, authoritative: false, authentic: true, ...sections })
      .bytes,
  )!
const flagsOf = ({ flags }: { flags: number }) => ({
  isCut: (flags & Flag.TC) !== 0,
  isAuthentic: (flags & Flag.AD) !== 0,
})

describe('an answer that has no room for all its records', () => {
  test('says so, and is not authentic', () => {
    expect(flagsOf(encoded({ answer: texts(200) }))).toEqual({ isCut: false, isAuthentic: true })
    for (const section of ['answer', 'authority'] as const) {
      const message = encoded({ [section]: texts(400) })
      expect(message[section].length).toBeGreaterThan(250)
      expect(message[section].length).toBeLessThan(400)
      expect(flagsOf(message)).toEqual({ isCut: true, isAuthentic: false })
    }
  })

  test('but additional ones are not missed', () =>
    expect(flagsOf(encoded({ additional: texts(400) })).isCut).toBe(false))
})

test.each([
  ['SOA of two octets', Type.SOA, Uint8Array.of(0, 0)],
  ['SOA without numbers', Type.SOA, Uint8Array.of(...wire('a.bit'), ...wire('b.bit'))],
  ['CNAME of none', Type.CNAME, new Uint8Array()],
])('a %s is left out, and what is left is not authentic', (_what, type, data) => {
  const message = encoded({ answer: texts(1), authority: [record(type, data)] })
  expect([message.answer.length, message.authority.length]).toEqual([1, 0])
  expect(flagsOf(message)).toEqual({ isCut: false, isAuthentic: false })
})
