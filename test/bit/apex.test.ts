import { describe, expect, test } from 'vitest'
import { NEGATIVE_TTL, soaRecord } from '../../src/bit/apex.ts'
import { decodeRdata } from '../../src/dns/rdata.ts'
import { ask, recordTexts, short } from './ask.ts'

describe('the zone bit. (namecoin-values §5.1)', () => {
  const apex = async (type: 'SOA' | 'NS' | 'A' | 'DS' | 'DNSKEY' | 'ANY' | 'CNAME', name = 'bit') => {
    const { answer, fetched } = await ask({}, name, type)
    expect(fetched).toEqual([])
    return answer
  }
  test('SOA with the block height as serial', async () => {
    const answer = await apex('SOA', 'BIT')
    expect(answer.kind === 'answer' && recordTexts(answer.records)).toEqual([
      'bit. SOA this.x--nmc.bit. . 840000 600 600 7200 300',
    ])
  })
  test('its TTL and MINIMUM are the negative TTL (RFC 2308 §5), between 60 and 600 seconds', () => {
    const { ttl, data } = soaRecord(1)
    expect(ttl).toBe(NEGATIVE_TTL)
    expect(decodeRdata(6, data)).toMatchObject({ minimum: NEGATIVE_TTL, serial: 1, rname: '.' })
    expect(NEGATIVE_TTL).toBeGreaterThanOrEqual(60)
    expect(NEGATIVE_TTL).toBeLessThanOrEqual(600)
  })
  test('NS, ANY', async () => {
    expect(short(await apex('NS'))).toEqual(['this.x--nmc.bit.'])
    expect(short(await apex('ANY'))).toEqual(['"RFC8482" ""'])
  })
  test('no keys, no DS, no addresses: NODATA', async () => {
    for (const type of ['A', 'DS', 'DNSKEY', 'CNAME'] as const) expect((await apex(type)).kind).toBe('nodata')
  })
  test('x--nmc.bit is reserved: NXDOMAIN', async () => {
    for (const name of ['x--nmc.bit', 'this.x--nmc.bit', 'aia.x--nmc.bit', 'other.x--nmc.bit'])
      expect((await apex('A', name)).kind).toBe('nxdomain')
  })
})
