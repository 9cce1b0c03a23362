import { expect, test } from 'vitest'
import { metricsText } from '../../src/http/metrics.ts'
import { version } from '../../src/version.ts'
import { query } from '../dns/messages.ts'
import { dnsPath } from './client.ts'
import { openGateway, recordedCore, type TestGateway, type TestGatewayOptions } from './gateway.ts'

/** A gateway, and the numbers it shows by metric and labels. */
function open(options: TestGatewayOptions = {}) {
  const gateway = openGateway(options)
  const ask = async (question: string): Promise<void> => {
    await gateway.app.fetch(new Request(`https://gateway.example${dnsPath(query({ question }))}`))
  }
  return { ...gateway, ask, numbers: () => numbersOf(gateway) }
}

async function textOf({ counts, readiness, probes }: TestGateway): Promise<string> {
  return metricsText({ counts, state: await readiness(), probes: probes && { ...probes } })
}

/** Reads the text format: two lines of comment and then the samples of each metric. */
async function numbersOf(gateway: TestGateway): Promise<Readonly<Record<string, number>>> {
  const numbers: Record<string, number> = {}
  const announced = new Set<string>()
  for (const line of (await textOf(gateway)).trimEnd().split('\n')) {
    const [, comment] = /^# (?:HELP (\w+) .+|TYPE \w+ (?:counter|gauge))$/.exec(line) ?? []
    if (comment !== undefined) announced.add(comment)
    if (line.startsWith('#')) continue
    const [, name, labels = '', value] = /^(\w+)(\{\w+="[\w.-]+"\})? (\d+)$/.exec(line) ?? []
    expect(announced, line).toContain(name)
    numbers[`${name}${labels}`] = Number(value)
  }
  return numbers
}

test('answers are counted by response code, and whether they were in the cache', async () => {
  const { ask, numbers } = open()
  for (const name of ['jordia65.bit', 'jordia65.bit', 'jordia65.bit', 'nobody.bit', 'single.bit'])
    await ask(name)
  expect(await numbers()).toMatchObject({
    'bitdoh_answers_total{rcode="NOERROR"}': 4,
    'bitdoh_answers_total{rcode="NXDOMAIN"}': 1,
    'bitdoh_cache_answers_total{outcome="hit"}': 2,
    'bitdoh_cache_answers_total{outcome="miss"}': 3,
    'bitdoh_cache_answers_total{outcome="stale"}': 0,
    bitdoh_upstream_questions_total: 0,
  })
})

test('answers served beyond their time are counted', async () => {
  let isDown = false
  const changes = () => {
    if (isDown) throw new Error('down')
    return {}
  }
  const { ask, clock, numbers } = open({
    serveStale: 3_600_000,
    source: (clock) => recordedCore(clock, changes),
  })
  await ask('single.bit')
  isDown = true
  clock.advance(600_000)
  await ask('single.bit')
  expect(await numbers()).toMatchObject({
    'bitdoh_answers_total{rcode="NOERROR"}': 2,
    'bitdoh_cache_answers_total{outcome="stale"}': 1,
    bitdoh_ready: 0,
  })
})

test('what is sent to upstreams is counted, and what came to nothing', async () => {
  const { ask, numbers } = open()
  await ask('three.example')
  expect(await numbers()).toMatchObject({
    bitdoh_upstream_questions_total: 1,
    bitdoh_upstream_attempts_total: 1,
  })
})

test('the chain’s tip is there where there is a chain, and the version', async () => {
  const build = { [`bitdoh_build_info{version="${version}"}`]: 1, bitdoh_ready: 1 }
  expect(await open({ source: recordedCore }).numbers()).toMatchObject({
    ...build,
    bitdoh_tip_height: 207,
    bitdoh_tip_age_seconds: expect.any(Number),
  })
  expect(await open().numbers()).not.toHaveProperty('bitdoh_tip_height')
})

test('nothing says who asked or what for', async () => {
  const gateway = open()
  await gateway.ask('jordia65.bit')
  await gateway.ask('three.example')
  expect(await textOf(gateway)).not.toMatch(/jordia65|three|192\.0\.2|upstream\.example/)
})

test('clients see none of it', async () => {
  const { app } = openGateway()
  expect((await app.fetch(new Request('https://gateway.example/metrics'))).status).toBe(404)
})
