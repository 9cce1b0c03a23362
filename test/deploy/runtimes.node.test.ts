import { describe, expect, it } from 'vitest'
import { newFolder, type Program, start, succeed } from '../e2e/program.ts'
import { has } from '../node/tools.ts'
import { deployText, freePort, PROJECT } from './files.ts'

/** The commands of deploy/bun and deploy/deno, as they are there, with the settings of a test behind them. */

const LIMIT_MS = 30_000

/** The line of a README that starts the gateway. */
function startGateway(readme: string, state: string, more: readonly string[]): Program {
  const [command = ''] = /^(?:bun|deno) .* serve$/m.exec(deployText(readme)) ?? []
  expect(command).not.toBe('')
  const words = command
    .replaceAll('/var/lib/bitdoh', state)
    .replace('dist/cli.js', `${PROJECT}dist/cli.js`)
    .split(' ')
  return start(words[0]!, [...words.slice(1), '--state', state, ...more])
}

describe.each(['bun', 'deno'])('%s', (runtime) => {
  const without = has(runtime) ? '' : ` (${runtime} is missing)`
  it.skipIf(without !== '')(
    `serves over TLS, HTTP/1.1 and HTTP/2, and ends with 0${without}`,
    { timeout: LIMIT_MS },
    async () => {
      const listen = ['--listen', `127.0.0.1:${await freePort()}`]
      const more = ['--names', 'demo', '--upstream', 'none', ...listen]
      const gateway = startGateway(`${runtime}/README.md`, newFolder(), more)
      const [, origin = ''] = await gateway.said(/^bitdoh answers at (https:.*)\/dns-query$/m)
      for (const version of ['1.1', '2']) {
        const http = version === '2' ? '--http2' : '--http1.1'
        const words = ['-sSk', http, '-w', '\n%{http_version}', `${origin}/resolve?name=jordia65.bit`]
        const [body = '', spoken] = (await succeed('curl', words)).split(/\n(?=[^\n]*$)/)
        expect(spoken).toBe(version)
        expect(JSON.parse(body).Answer).toHaveLength(2)
      }
      expect(await gateway.kill('SIGTERM')).toEqual({ code: 0, signal: null })
    },
  )
})
