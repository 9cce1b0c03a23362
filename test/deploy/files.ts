import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'

/** The top of the project. */
export const PROJECT = fileURLToPath(new URL('../../', import.meta.url))

/** The path of a file in `deploy/`. */
export const deployPath = (path: string): string => join(PROJECT, 'deploy', path)

/** The text of a file in `deploy/`. */
export const deployText = (path: string): string => readFileSync(deployPath(path), 'utf8')

/** Every file in `deploy/`, by its path below it. */
export const deployFiles = (): readonly string[] =>
  readdirSync(join(PROJECT, 'deploy'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(deployPath('/').length))

/** A shipped file with other words in it; each of them must be there to be replaced. */
export function withReplaced(text: string, replacements: Readonly<Record<string, string>>): string {
  for (const [from, to] of Object.entries(replacements)) {
    expect(text).toContain(from)
    text = text.replaceAll(from, to)
  }
  return text
}

/** A TCP port of 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Milliseconds that `bitdoh serve` gives answers under way after SIGTERM; every stop must allow for more. */
export const drainMs = (): number => {
  const [, digits = ''] =
    /^const DRAIN_MS = ([\d_]+)$/m.exec(readFileSync(join(PROJECT, 'src/node/commands/serve.ts'), 'utf8')) ??
    []
  expect(digits).not.toBe('')
  return Number(digits.replaceAll('_', ''))
}
