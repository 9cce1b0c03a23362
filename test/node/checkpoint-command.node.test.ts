import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { silentLog } from '../../src/log.ts'
import { hashToText } from '../../src/namecoin/chain/hash.ts'
import { checkpointAt, parseCheckpoint } from '../../src/namecoin/light/checkpoint.ts'
import { checkpoint } from '../../src/node/commands/checkpoint.ts'
import { recordedChain, recordedHeaders, regtest, TIP } from '../namecoin/chain/recording.ts'
import { never } from '../namecoin/clock.ts'
import { grown, keptWorld, recorded } from '../namecoin/light/keeper-world.ts'

const expected = { kind: 'checkpoint', ...checkpointAt(recordedChain(), TIP - 100) }

function terminal() {
  const printed: string[] = []
  const complained: string[] = []
  return {
    printed,
    complained,
    print: (line: string) => void printed.push(line),
    complain: (line: string) => void complained.push(line),
    log: silentLog,
  }
}

let server: Server | undefined
afterEach(() => {
  server?.close()
  server = undefined
})

/** What Core says of the recorded chain; `change` may have it say something else. */
async function core(change: (method: string, result: unknown) => unknown = (_, result) => result) {
  const ids = recordedHeaders.map(({ hash }) => hashToText(hash))
  const answers: Readonly<Record<string, (param: unknown) => unknown>> = {
    getblockchaininfo: () => ({
      ...{ chain: 'regtest', blocks: TIP, bestblockhash: ids[TIP], initialblockdownload: false },
    }),
    getblockhash: (height) => ids[height as number],
    getblockheader: (id) => {
      const height = ids.indexOf(id as string)
      const { time, bits } = recordedHeaders[height]!
      const work = (2n * BigInt(height + 1)).toString(16).padStart(64, '0')
      const previousblockhash = ids[height - 1]
      return { hash: id, height, time, bits: bits.toString(16), chainwork: work, previousblockhash }
    },
  }
  const listening = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      const { id, method, params } = JSON.parse(body) as { id: number; method: string; params: unknown[] }
      const result = change(method, answers[method]?.(params[0]))
      response.end(
        JSON.stringify({ id, result, error: result === undefined ? { code: -1, message: '' } : null }),
      )
    })
  })
  server = listening
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  return new URL(`http://user:password@127.0.0.1:${(listening.address() as AddressInfo).port}/`)
}

describe('from Core', () => {
  test('the block 100 below the newest', async () => {
    const out = terminal()
    const from = { kind: 'core', url: await core() } as const
    expect(await checkpoint({ network: regtest, from, signal: never }, out)).toBe(0)
    expect(parseCheckpoint(out.printed.join('\n'))).toEqual(expected)
    expect(out.complained).toEqual([])
  })

  test.each([
    [
      'another network',
      (method: string, result: unknown) =>
        method === 'getblockchaininfo' ? { ...(result as object), chain: 'main' } : result,
    ],
    [
      'a missing header',
      (method: string, result: unknown) => (method === 'getblockheader' ? undefined : result),
    ],
    [
      'a chain that changes meanwhile',
      (method: string, result: unknown) =>
        method === 'getblockheader' ? { ...(result as object), previousblockhash: '00'.repeat(32) } : result,
    ],
    [
      'bits that are none',
      (method: string, result: unknown) =>
        method === 'getblockheader' ? { ...(result as object), bits: 'x' } : result,
    ],
  ])('%s: one line, and exit code 3', async (_title, change) => {
    const out = terminal()
    const from = { kind: 'core', url: await core(change) } as const
    expect(await checkpoint({ network: regtest, from, signal: never }, out)).toBe(3)
    expect(out.printed).toEqual([])
    expect(out.complained).toEqual([expect.stringMatching(/^core-url: [^\n]+$/)])
    expect(out.complained[0]).not.toContain('password')
  })
})

describe('from servers', () => {
  test('the block 100 below the newest', async () => {
    const out = terminal()
    const { keeper } = keptWorld([{ chain: recorded }])
    const from = { kind: 'servers', keeper } as const
    expect(await checkpoint({ network: regtest, from, signal: never }, out)).toBe(0)
    expect(parseCheckpoint(out.printed.join('\n'))).toEqual(expected)
  })

  test('serves as the next checkpoint', async () => {
    const out = terminal()
    const { keeper } = keptWorld([{ chain: recorded }])
    await checkpoint({ network: regtest, from: { kind: 'servers', keeper }, signal: never }, out)
    const parsed = parseCheckpoint(out.printed.join('\n'))
    if (parsed.kind !== 'checkpoint') throw new Error(parsed.detail)
    const next = keptWorld([{ chain: grown(50) }], { checkpoint: parsed })
    const again = terminal()
    expect(
      await checkpoint(
        { network: regtest, from: { kind: 'servers', keeper: next.keeper }, signal: never },
        again,
      ),
    ).toBe(0)
    expect(parseCheckpoint(again.printed.join('\n'))).toMatchObject({ height: 157 })
  })

  test('that cannot be reached: gives up when it is told to', async () => {
    const out = terminal()
    const { keeper } = keptWorld([{ wire: ['silent'] }])
    const stop = new AbortController()
    const code = checkpoint({ network: regtest, from: { kind: 'servers', keeper }, signal: stop.signal }, out)
    stop.abort()
    expect(await code).toBe(3)
    expect(out.complained).toHaveLength(1)
  })
})
