import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { HttpVersion } from '../../src/check/server.ts'
import { type OpenServer, openServer } from '../../src/node/check-server.ts'
import { type RunningGateway, runGateway } from '../http/server.ts'
import { testCa } from '../node/tools.ts'
import { findings, ids, subjectOf } from './subject.ts'

/** Our own gateway behind its real server, over TLS, with all that takes connections. */

let running: RunningGateway
beforeAll(async () => {
  running = await runGateway({
    ...{ security: 'TLS', fastPath: true },
    limits: { requestTimeoutMs: 500, connectionsCheckingIntervalMs: 100 },
  })
})
afterAll(() => running.close())

async function open(versions: readonly HttpVersion[]): Promise<OpenServer> {
  const url = new URL(`${running.origin}/dns-query`)
  const opened = await openServer({ url, ca: testCa.cert, timeoutMs: 10_000 }, versions)
  if (opened.kind === 'silence') throw new Error(opened.detail)
  return opened
}

const subject = ({ server }: OpenServer) =>
  subjectOf(server, { robust: true, wait: async (seconds) => running.gateway.clock.advance(seconds * 1_000) })

describe('our own server', { timeout: 120_000 }, () => {
  test('every clause holds', async () => {
    const opened = await open(['2', '1.1'])
    expect(await findings(subject(opened), 'fails', 'differs', 'not-tested')).toEqual([])
    opened.close()
  })

  for (const version of ['1.1', '2'] as const)
    test(`over HTTP/${version} alone, what takes another version is not tested`, async () => {
      const opened = await open([version])
      const checked = { ...subject(opened), robust: false }
      expect(await findings(checked, 'fails', 'differs')).toEqual([])
      const robust = ['R1', 'R2', 'R3']
      expect(await ids(checked, 'not-tested')).toEqual(
        version === '2' ? ['C21', ...robust] : ['C21', 'C22', 'K1', ...robust],
      )
      opened.close()
    })
})
