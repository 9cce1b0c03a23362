import { expect, test } from 'vitest'
import { serveAdmin } from '../../src/node/admin.ts'
import { openGateway } from '../http/gateway.ts'
import { afterTest } from './tools.ts'

test('admin-listen serves the metrics and nothing of the gateway', async () => {
  const admin = await serveAdmin({ host: '127.0.0.1', port: 0 }, openGateway())
  if (admin.kind === 'failed') throw new Error(admin.line)
  afterTest(admin.close)
  const metrics = await fetch(`${admin.origin}/metrics`)
  expect(metrics.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  expect(await metrics.text()).toContain('bitdoh_ready 1\n')
  expect((await fetch(`${admin.origin}/readyz`)).status).toBe(200)
  expect((await fetch(`${admin.origin}/dns-query?dns=AAABAAABAAAAAAAAA2JpdAAAAQAB`)).status).toBe(404)
})

test('a port that is taken is said, with the name of the setting', async () => {
  const first = await serveAdmin({ host: '127.0.0.1', port: 0 }, openGateway())
  if (first.kind === 'failed') throw new Error(first.line)
  afterTest(first.close)
  const second = await serveAdmin(
    { host: '127.0.0.1', port: Number(new URL(first.origin).port) },
    openGateway(),
  )
  expect(second).toMatchObject({
    kind: 'failed',
    code: 'EADDRINUSE',
    line: expect.stringMatching(/^--admin-listen: /),
  })
})
