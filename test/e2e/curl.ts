import type { Gateway } from './gateway.ts'
import { type Outcome, run, succeed } from './program.ts'
import { startServerEverywhere } from './web-servers.ts'

/** Fetches by way of the gateway: curl asks it for every name. */
export const curlOverDoh = (
  { url, ca }: Pick<Gateway, 'url' | 'ca'>,
  ...words: readonly string[]
): Promise<Outcome> => run('curl', ['-sS', '--cacert', ca, '--doh-url', url, ...words])

/** An HTTP exchange as curl tells of it. */
export interface Fetched {
  /** `1.1` or `2`. */
  readonly version: string
  readonly status: number
  readonly contentType: string
  readonly body: string
}

/** Fetches from the gateway itself. */
export async function fetchWithCurl(
  { ca }: Pick<Gateway, 'ca'>,
  ...words: readonly string[]
): Promise<Fetched> {
  const format = '\n%{http_version}\n%{http_code}\n%{content_type}'
  const lines = (await succeed('curl', ['-sS', '--cacert', ca, '-w', format, ...words])).split('\n')
  const [version = '', status = '', contentType = ''] = lines.splice(-3)
  return { version, status: Number(status), contentType, body: lines.join('\n') }
}

/** Which of these names curl gets to, wherever on this machine they lead. */
export async function reachedByCurl(
  gateway: Pick<Gateway, 'url' | 'ca'>,
  names: readonly string[],
): Promise<readonly string[]> {
  const { port, close } = await startServerEverywhere()
  const urls = names.map((name) => `http://${name}:${port}/`)
  const { stdout } = await curlOverDoh(gateway, '-s', '-w', '%{exitcode} %{url}\n', ...urls)
  await close()
  const exitCodes = new Map(stdout.split('\n').map((line) => [line.split(' ')[1], line.split(' ')[0]]))
  return names.filter((_name, index) => exitCodes.get(urls[index]) === '0')
}
