import { describe, expect, test } from 'vitest'
import { serverError } from '../../../src/namecoin/electrum/failure.ts'
import {
  compareVersions,
  featuresProblem,
  hasValueProof,
  readVersion,
} from '../../../src/namecoin/electrum/negotiation.ts'

const result = (value: unknown) => ({ kind: 'result', result: value }) as const

describe('server.version', () => {
  test.each([
    ['1.4', [1, 4, 0], false],
    ['1.4.0', [1, 4, 0], false],
    ['1.4.1', [1, 4, 1], false],
    ['1.4.2', [1, 4, 2], false],
    ['1.4.3', [1, 4, 3], true],
  ] as const)('%s is spoken', (version, protocol, hasProof) => {
    expect(readVersion(result(['ElectrumX 1.16.0', version]))).toEqual(
      result({ software: 'ElectrumX 1.16.0', protocol }),
    )
    expect(hasValueProof(protocol)).toBe(hasProof)
  })

  test.each(['1.2', '1.3', '0', '1', '1.4.4', '1.5', '1.6', '1.6.0', '1.7', '1.10', '2.0'])(
    'a version that was not offered is refused: %s',
    (version) => {
      expect(readVersion(result(['ElectrumX', version]))).toMatchObject({ code: 'version' })
    },
  )

  test.each([
    [['ElectrumX', 1.4]],
    [['ElectrumX', '']],
    [['ElectrumX', '1.4.3.1']],
    [['ElectrumX', '1.4.3 ']],
    [['ElectrumX', '-1.4']],
    [['ElectrumX', '99999999999.4']],
    [['ElectrumX']],
    [[null, '1.4.3']],
    ['1.4.3'],
    [null],
    [{ 0: 'ElectrumX', 1: '1.4.3' }],
  ])('nonsense is refused: %j', (value) => {
    expect(readVersion(result(value))).toMatchObject({ kind: 'failed', code: 'protocol' })
  })

  test('the name a server gives itself cannot spoil a log', () => {
    const version = readVersion(result([`a\u001b[2J\n${'x'.repeat(1_000_000)}`, '1.4']))
    expect(version).toMatchObject({ result: { software: `a?[2J?${'x'.repeat(54)}` } })
  })

  test('versions are compared by their numbers', () => {
    expect(compareVersions([1, 10, 0], [1, 9, 9])).toBeGreaterThan(0)
    expect(compareVersions([1, 4, 2], [1, 4, 2])).toBe(0)
  })
})

describe('server.features', () => {
  const genesis = 'ab'.repeat(32)
  const features = { genesis_hash: genesis, pruning: null, hosts: {} }

  test('the chain wanted', () => {
    expect(featuresProblem(result(features), genesis)).toBeUndefined()
    expect(
      featuresProblem(result({ ...features, genesis_hash: genesis.toUpperCase() }), genesis),
    ).toBeUndefined()
  })

  test.each([
    [{ ...features, genesis_hash: '00'.repeat(32) }, 'wrong-chain'],
    [{ ...features, pruning: 100 }, 'wrong-chain'],
    [{ ...features, genesis_hash: 1 }, 'protocol'],
    [{}, 'protocol'],
    [[], 'protocol'],
    [null, 'protocol'],
  ])('refused: %j', (value, code) => {
    expect(featuresProblem(result(value), genesis)).toMatchObject({ code })
  })

  test('an error', () => {
    expect(featuresProblem(serverError(-32_601), genesis)).toMatchObject({ code: 'protocol' })
  })
})
