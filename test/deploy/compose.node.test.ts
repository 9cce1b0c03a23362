import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseAddress } from '../../src/namecoin/electrum/address.ts'
import { knownServers } from '../../src/namecoin/electrum/servers.ts'
import { newFolder, run } from '../e2e/program.ts'
import { has } from '../node/tools.ts'
import { deployPath, deployText } from './files.ts'
import { readYaml, yamlMissing } from './yaml.ts'

interface Service {
  readonly environment?: Readonly<Record<string, string>>
  readonly ports?: readonly unknown[]
  readonly networks: Readonly<Record<string, unknown>> | readonly string[]
  readonly read_only: boolean
  readonly cap_drop: readonly string[]
}

const missing = has('docker-compose') ? yamlMissing : 'package docker-compose is missing'

describe.skipIf(missing !== undefined)(`compose.yaml${missing === undefined ? '' : ` (${missing})`}`, () => {
  const config = async (env: string) => {
    const folder = newFolder()
    cpSync(deployPath('docker'), folder, { recursive: true })
    writeFileSync(join(folder, '.env'), env)
    return run('docker-compose', [
      '--project-directory',
      folder,
      '--file',
      join(folder, 'compose.yaml'),
      'config',
    ])
  }
  const filledIn = deployText('docker/example.env').replace(
    /^(NAMECOIN_\w+|ELECTRUMX_VERSION)=$/gm,
    '$1=given',
  )

  it('is what compose understands, with the example filled in', async () => {
    const { code, stdout, stderr } = await config(filledIn)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const [{ services }] = readYaml(stdout) as [{ services: Record<string, Service> }]
    const published = Object.keys(services).filter((name) => services[name]!.ports !== undefined)
    expect(published).toEqual(['front'])
    for (const { read_only, cap_drop } of Object.values(services))
      expect({ read_only, cap_drop }).toEqual({ read_only: true, cap_drop: ['ALL'] })
    // Who breaks the front has not reached the node.
    const networks = (name: string) => {
      const of = services[name]!.networks
      return (Array.isArray(of) ? of : Object.keys(of)).toSorted()
    }
    expect(networks('front')).toEqual(['gateways'])
    expect(networks('namecoin-core')).toEqual(['nodes'])
  })

  it('asks, besides its own server, only ElectrumX servers that are known', () => {
    const known = knownServers('node').map(({ address }) => address.host)
    const [, listed = ''] = /BITDOH_ELECTRUM: (.*)/.exec(deployText('docker/compose.yaml')) ?? []
    const hosts = listed.split(',').map((server) => parseAddress(server)!.host)
    expect(hosts.filter((host) => !known.includes(host))).toEqual(['electrumx'])
  })

  it.each(['NAMECOIN_RPC_PASSWORD', 'NAMECOIN_URL', 'NAMECOIN_SHA256', 'ELECTRUMX_VERSION', 'DOH_HOST'])(
    'does not start without %s',
    async (variable) => {
      const { code, stderr } = await config(
        filledIn.replace(new RegExp(`^${variable}=.*$`, 'm'), `${variable}=`),
      )
      expect(code).not.toBe(0)
      expect(stderr).toContain('see example.env')
    },
  )
})
