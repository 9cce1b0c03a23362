import { beforeAll, describe, expect, it, vi } from 'vitest'
import { startDohServer } from './doh-server.ts'
import { bitdoh, type Gateway, startGateway } from './gateway.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

/** `bitdoh check`, the real program, against `bitdoh serve`, the real program. */
describe('bitdoh check', () => {
  let gateway: Gateway
  beforeAll(async () => {
    gateway = await startGateway(['--names', 'demo', '--upstream', 'none'])
  })

  /** The demo has .bit names alone, and trusts the local CA of its state folder. */
  const check = (...words: readonly string[]) =>
    bitdoh([
      'check',
      gateway.url,
      '--state',
      gateway.state,
      '--name',
      'jordia65.bit',
      '--nxdomain',
      'nobody.bit',
      ...words,
    ])

  it('finds no MUST that its own gateway does not keep: exit code 0', async () => {
    const { code, stdout, stderr } = await check('--bit', 'jordia65.bit')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^C1 {3}MUST {3}holds {7}GET and POST/)
    expect(stdout).toMatch(/^B1 {3}CLIENT holds/m)
    expect(stdout).toMatch(/every MUST that was tested holds\. \d+ requests\.\n$/)
    expect(stdout).not.toContain('\u001b')
  })

  it('says it as JSON', async () => {
    const { code, stdout } = await check('--json', '--only', 'C1,C2,C13')
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      url: gateway.url,
      conforms: true,
      clauses: [{ id: 'C1' }, { id: 'C2' }, { id: 'C13' }],
    })
  })

  it('ends with 1 when a MUST fails', async () => {
    const { url, ca } = await startDohServer(() => new Uint8Array(4))
    const { code, stdout } = await bitdoh(['check', url, '--ca', ca, '--only', 'C1'])
    expect([code, stdout]).toEqual([1, expect.stringContaining('FAILS')])
  })

  it('ends with 2 when it is used wrongly, and with 3 when nobody is there', async () => {
    expect(await bitdoh(['check'])).toMatchObject({ code: 2, stdout: '' })
    expect(await bitdoh(['check', 'https://127.0.0.1:1/dns-query'])).toMatchObject({ code: 3, stdout: '' })
  })

  it('is told of by --help', async () => {
    expect((await bitdoh(['--help'])).stdout).toContain('bitdoh check URL')
  })
})
