import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { newFolder, type Outcome, type Program, type ProgramOptions, run, start } from './program.ts'

/** The real program, as `npm run build` made it, run by the Node that runs the tests. */

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))

/** A gateway that answers. */
export interface Gateway {
  readonly program: Program
  /** `https://127.0.0.1:40123`. */
  readonly origin: string
  /** The same with `/dns-query`. */
  readonly url: string
  readonly port: number
  /** The state folder. */
  readonly state: string
  /** Path of the local CA's certificate. */
  readonly ca: string
}

/** Starts `bitdoh serve` on a free port of 127.0.0.1 and waits until it answers. */
export async function startGateway(
  settings: readonly string[],
  options: ProgramOptions = {},
): Promise<Gateway> {
  const state = newFolder()
  const words = [CLI, 'serve', '--listen', '127.0.0.1:0', '--state', state, ...settings]
  const program = start(process.execPath, words, options)
  const [, url = '', origin = '', port = ''] = await program.said(
    /^bitdoh answers at ((https?:\/\/127\.0\.0\.1:(\d+))\/dns-query)$/m,
  )
  return { program, origin, url, port: Number(port), state, ca: join(state, 'local-ca.pem') }
}

/** Runs `bitdoh` to its end. */
export const bitdoh = (words: readonly string[], options: ProgramOptions = {}): Promise<Outcome> =>
  run(process.execPath, [CLI, ...words], options)

/** `bitdoh` as a program that runs on. */
export const startBitdoh = (words: readonly string[], options: ProgramOptions = {}): Program =>
  start(process.execPath, [CLI, ...words], options)
