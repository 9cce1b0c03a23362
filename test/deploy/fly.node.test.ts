import { parse } from 'smol-toml'
import { expect, it } from 'vitest'
import { parseSettings } from '../../src/settings/settings.ts'
import { deployText, drainMs } from './files.ts'

// Nothing that can be had offline knows what Fly understands: this checks what it must agree with.

const fly = parse(deployText('fly/fly.toml')) as unknown as {
  kill_signal: string
  kill_timeout: number
  env: Record<string, string>
  mounts: { destination: string }
  http_service: {
    internal_port: number
    min_machines_running: number
    auto_stop_machines: string
    http_options: { h2_backend: boolean }
    checks: readonly { path: string }[]
  }
}

it('is a gateway without TLS where Fly looks for one', () => {
  const read = parseSettings({ variables: fly.env })
  expect(read).toMatchObject({ kind: 'settings', settings: { tls: 'off' } })
  if (read.kind !== 'settings') return
  expect(read.settings.listen.map(({ port }) => port)).toEqual([8443])
  expect(fly.http_service.internal_port).toBe(8443)
  expect(fly.http_service.checks.map(({ path }) => path)).toEqual(['/readyz'])
})

it('keeps its headers where the image has its state', () => {
  expect(deployText('docker/Dockerfile')).toContain(`BITDOH_STATE=${fly.mounts.destination}`)
})

it('waits for the answers under way', () => {
  expect(fly.kill_signal).toBe('SIGTERM')
  expect(fly.kill_timeout * 1_000).toBeGreaterThan(drainMs())
})

it('never has a single machine, nor one that sleeps', () => {
  expect(fly.http_service.min_machines_running).toBeGreaterThanOrEqual(2)
  expect(fly.http_service.auto_stop_machines).toBe('off')
})
