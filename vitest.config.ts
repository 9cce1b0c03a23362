import { availableParallelism } from 'node:os'
import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'
import { NAMES } from './test/http/names.ts'
import { ELECTRUMX_URLS, outside, UPSTREAM_URL } from './test/worker/outside.ts'

// CI adds the reports up (`.ci/count.mjs`); a person reads the terminal.
const report = process.env['BITDOH_REPORT'] ?? (process.env['CI'] ? '.ci/report/npm-test.json' : undefined)

// The same behavioural suite runs on Node and in workerd; what needs sockets, files or processes of its own
// (`*.node.test.ts`) or real clients (`test/e2e`) runs on Node, what needs Cloudflare's (`*.worker.test.ts`) in workerd.
export default defineConfig({
  test: {
    // Most suites wait for sockets and other processes: two at once even on two cores, where vitest would take one.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
    projects: [
      {
        test: { name: 'node', include: ['test/**/*.test.ts'], exclude: ['test/**/*.worker.test.ts'] },
      },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: './wrangler.toml' },
            miniflare: {
              bindings: {
                BITDOH_NAMES: JSON.stringify(NAMES),
                BITDOH_UPSTREAM: UPSTREAM_URL,
                // For the Durable Object, whose settings are the Worker's.
                BITDOH_BACKEND: 'names',
                BITDOH_ELECTRUM: ELECTRUMX_URLS,
                BITDOH_NETWORK: 'regtest',
              },
              outboundService: outside,
            },
          }),
        ],
        test: {
          name: 'workerd',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.node.test.ts', 'test/e2e/**'],
        },
      },
    ],
  },
})
