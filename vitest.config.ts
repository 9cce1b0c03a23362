import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'
import { NAMES } from './test/http/names.ts'
import { outside, UPSTREAM_URL } from './test/worker/outside.ts'

// The same behavioural suite runs on Node and in workerd; what needs sockets, files or processes of its own
// (`*.node.test.ts`) or real clients (`test/e2e`) runs on Node, what needs Cloudflare's (`*.worker.test.ts`) in workerd.
export default defineConfig({
  test: {
    projects: [
      {
        test: { name: 'node', include: ['test/**/*.test.ts'], exclude: ['test/**/*.worker.test.ts'] },
      },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: './wrangler.toml' },
            miniflare: {
              bindings: { BITDOH_NAMES: JSON.stringify(NAMES), BITDOH_UPSTREAM: UPSTREAM_URL },
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
