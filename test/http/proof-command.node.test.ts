import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { silentLog } from '../../src/log.ts'
import type { NameSource } from '../../src/namecoin/source.ts'
import { type ResolveRequest, resolve } from '../../src/node/commands/resolve.ts'
import { parseSettings } from '../../src/settings/settings.ts'
import { startDohServer } from '../e2e/doh-server.ts'
import { provingWorld } from '../namecoin/light/proof-world.ts'
import { afterTest, temporaryFolder, testCa } from '../node/tools.ts'
import { givenNames, openGateway } from './gateway.ts'
import { NAMES } from './names.ts'
import { serveGateway } from './server.ts'

/** `bitdoh resolve --json`: the answer, and what proves it. */

async function asked(request: Omit<ResolveRequest, 'type'>) {
  const printed: string[] = []
  const code = await resolve(
    { ...request, type: undefined },
    { print: (line) => printed.push(line), complain: () => {}, log: silentLog },
  )
  return { code, text: printed.join('\n') }
}

async function served(source: NameSource): Promise<ResolveRequest['from']> {
  const state = temporaryFolder()
  writeFileSync(join(state, 'local-ca.pem'), testCa.cert)
  const { serving, origin } = await serveGateway(openGateway({ source }), { security: 'TLS', fastPath: true })
  afterTest(() => serving.close(0))
  return { kind: 'server', url: `${origin}/dns-query`, state }
}

const demo = (): ResolveRequest['from'] => {
  const outcome = parseSettings({ flags: { names: ['demo'], upstream: ['none'] } })
  if (outcome.kind === 'problem') throw new Error(outcome.line)
  return { kind: 'settings', settings: outcome.settings }
}

test('with settings: the proof of the source', async () => {
  const { code, text } = await asked({ name: 'www.wild.bit', format: 'json', from: demo() })
  expect(code).toBe(0)
  expect(JSON.parse(text)).toMatchObject({
    Status: 0,
    Answer: expect.any(Array),
    proof: { name: 'www.wild.bit', key: 'd/wild', outcome: 'found', backend: 'names', assurance: 'trusted' },
  })
})

test('with settings: a name that is not there', async () => {
  const { code, text } = await asked({ name: 'never-registered.bit', format: 'json', from: demo() })
  expect(code).toBe(1)
  expect(JSON.parse(text)).toMatchObject({
    Status: 3,
    proof: { key: 'd/never-registered', outcome: 'absent' },
  })
})

test.each(['www.example', 'bit', '123.bit'])('%s has none', async (name) => {
  const { text } = await asked({ name, format: 'json', from: demo() })
  expect(JSON.parse(text)).not.toHaveProperty('proof')
})

test('zone-file lines hold no proof, and none is asked for', async () => {
  let asks = 0
  const names = givenNames(NAMES)
  const prove: NameSource['prove'] = (key) => {
    asks += 1
    return Promise.resolve({ key, outcome: 'found', backend: 'names' })
  }
  const from = await served({ ...names, prove })
  const { code, text } = await asked({ name: 'single.bit', format: 'zone-file', from })
  expect(code).toBe(0)
  expect(text).toMatch(/^single\.bit\.\s+\d+\s+IN\s+A\s+192\.0\.2\.1$/)
  expect(asks).toBe(0)
})

test('with --server: what that gateway proves', async () => {
  const { source } = await provingWorld()
  const from = await served(source)
  const { code, text } = await asked({ name: 'jordia65.bit', format: 'json', from })
  expect(code).toBe(0)
  expect(JSON.parse(text)).toMatchObject({
    Status: 0,
    proof: { name: 'jordia65.bit', key: 'd/jordia65', assurance: 'proven', auxPow: expect.any(String) },
  })
})

test('with --server: a name that is not there, HTTP 404', async () => {
  const from = await served(givenNames(NAMES))
  const { code, text } = await asked({ name: 'nope.bit', format: 'json', from })
  expect(code).toBe(1)
  expect(JSON.parse(text)).toMatchObject({ Status: 3, proof: { outcome: 'absent', backend: 'names' } })
})

test('with --server: one that has no such page', async () => {
  const { url } = await startDohServer((query) => query.with(2, 0x81))
  const state = temporaryFolder()
  writeFileSync(join(state, 'local-ca.pem'), testCa.cert)
  const { text } = await asked({ name: 'jordia65.bit', format: 'json', from: { kind: 'server', url, state } })
  expect(JSON.parse(text)).toHaveProperty('Status')
  expect(JSON.parse(text)).not.toHaveProperty('proof')
})
