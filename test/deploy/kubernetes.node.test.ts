import { describe, expect, it } from 'vitest'
import { knownServers } from '../../src/namecoin/electrum/servers.ts'
import { schema } from '../../src/settings/schema.ts'
import { startBitdoh } from '../e2e/gateway.ts'
import { newFile, run, succeed } from '../e2e/program.ts'
import { has, newLeaf } from '../node/tools.ts'
import { deployPath, drainMs, freePort } from './files.ts'
import { readYaml, yamlMissing } from './yaml.ts'

const missing = has('kubectl') ? yamlMissing : 'package kubernetes-client is missing'

// biome-ignore lint/suspicious/noExplicitAny: manifests are read, not typed; a wrong path fails the test.
type Manifest = any

describe.skipIf(missing !== undefined)(
  `kubernetes${missing === undefined ? '' : ` (${missing})`}`,
  async () => {
    const build = async (): Promise<readonly Manifest[]> =>
      readYaml(await succeed('kubectl', ['kustomize', deployPath('kubernetes')])) as readonly Manifest[]
    const manifests = missing === undefined ? await build() : []
    const of = (kind: string): Manifest => manifests.find((manifest) => manifest.kind === kind)
    const deployment = of('Deployment')
    const pod = deployment?.spec.template.spec
    const container = pod?.containers[0]

    it('is built by kustomize, everything in its namespace', () => {
      expect(manifests.map(({ kind }) => kind).toSorted()).toEqual([
        'ConfigMap',
        'Deployment',
        'HorizontalPodAutoscaler',
        'Namespace',
        'NetworkPolicy',
        'PodDisruptionBudget',
        'Service',
      ])
      for (const { kind, metadata } of manifests)
        expect(kind === 'Namespace' ? metadata.name : metadata.namespace).toBe('bitdoh')
    })

    it('has one set of labels by which everything finds the pods', () => {
      const labels = { 'app.kubernetes.io/name': 'bitdoh' }
      expect(deployment.spec.template.metadata.labels).toEqual(labels)
      expect(deployment.spec.selector.matchLabels).toEqual(labels)
      expect(of('Service').spec.selector).toEqual(labels)
      expect(of('PodDisruptionBudget').spec.selector.matchLabels).toEqual(labels)
      expect(of('NetworkPolicy').spec.podSelector.matchLabels).toEqual(labels)
      expect(pod.topologySpreadConstraints[0].labelSelector.matchLabels).toEqual(labels)
      expect(of('HorizontalPodAutoscaler').spec.scaleTargetRef.name).toBe(deployment.metadata.name)
      expect(container.envFrom[0].configMapRef.name).toBe(of('ConfigMap').metadata.name)
    })

    it('asks for the process to live by, and for the backend to be sent clients', () => {
      const port = container.ports.find(
        ({ name }: Manifest) => name === of('Service').spec.ports[0].targetPort,
      )
      expect(port.containerPort).toBe(8443)
      expect(container.livenessProbe.httpGet).toMatchObject({
        path: '/healthz',
        port: port.name,
        scheme: 'HTTPS',
      })
      expect(container.readinessProbe.httpGet).toMatchObject({
        path: '/readyz',
        port: port.name,
        scheme: 'HTTPS',
      })
    })

    it('waits for load balancers, then for the answers under way', async () => {
      const [, script = ''] = /setTimeout\(\(\) => \{\}, ([\d_]+)\)/.exec(
        container.lifecycle.preStop.exec.command.at(-1),
      )!
      const preStopMs = Number(script.replaceAll('_', ''))
      expect(preStopMs).toBeGreaterThanOrEqual(5_000)
      expect(pod.terminationGracePeriodSeconds * 1_000).toBeGreaterThan(preStopMs + drainMs())
      expect(
        (
          await run(process.execPath, [
            '--check',
            newFile('prestop.js', container.lifecycle.preStop.exec.command.at(-1)),
          ])
        ).code,
      ).toBe(0)
    })

    it('runs as nobody in particular, and writes to its state only', () => {
      expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 65532 })
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      })
      const writable = container.volumeMounts.filter(({ readOnly }: Manifest) => readOnly !== true)
      expect(writable.map(({ mountPath }: Manifest) => mountPath)).toEqual(['/state'])
    })

    it('lets the gateway reach its upstream and every known ElectrumX server, and names', () => {
      const ports = of('NetworkPolicy').spec.egress.flatMap((rule: Manifest) => rule.ports)
      const open = (port: number, protocol = 'TCP') =>
        ports.some(
          (one: Manifest) =>
            one.protocol === protocol && one.port <= port && port <= (one.endPort ?? one.port),
        )
      const wanted = knownServers('node').map(({ address }) => address.port)
      for (const port of [53, 443, 50001, 50002, ...wanted]) expect(open(port), String(port)).toBe(true)
      expect(open(53, 'UDP')).toBe(true)
      for (const port of [22, 25, 80]) expect(open(port), String(port)).toBe(false)
      expect(new URL(schema.upstream.fallback[0]).port).toBe('')
    })

    it('starts the gateway with what the ConfigMap says', async () => {
      const { cert, key } = newLeaf()
      const env = {
        ...of('ConfigMap').data,
        BITDOH_TLS_CERT: newFile('tls.crt', cert),
        BITDOH_TLS_KEY: newFile('tls.key', key),
        BITDOH_LISTEN: `127.0.0.1:${await freePort()}`,
        BITDOH_NAMES: 'demo',
      }
      const program = startBitdoh(container.args, { env })
      await program.said(/^bitdoh answers at https:/m)
      expect((await program.kill('SIGTERM')).code).toBe(0)
    })
  },
)
