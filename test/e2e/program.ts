import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { afterAll, afterEach } from 'vitest'

/**
 * Other programs as children of the test: what they say is kept and shown when a test fails, and neither they
 * nor their folders outlive the test file.
 */

/** How a program ended: one of the two is null. */
export interface End {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A program that runs. */
export interface Program {
  readonly child: ChildProcess
  /** What it has said so far. */
  readonly stdout: () => string
  readonly stderr: () => string
  /** Its end, with all that it said. */
  readonly ended: Promise<End>
  /** The first match in its standard output or error; rejects when it ends before. */
  readonly said: (pattern: RegExp) => Promise<RegExpExecArray>
  /** Sends a signal and waits for the end. */
  readonly kill: (signal: NodeJS.Signals) => Promise<End>
}

/** What a program is started with. */
export interface ProgramOptions {
  /** Variables besides the few that every program gets. */
  readonly env?: Readonly<Record<string, string>>
  /** Words in front of the command: `ip netns exec NAME`. */
  readonly prefix?: readonly string[]
  /** Further descriptors as pipes, from 3 on. */
  readonly pipes?: number
}

/** A program's whole life. */
export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** What nobody waits for any longer is ended after this. */
const RUN_LIMIT_MS = 60_000

const programs = new Set<{ readonly title: string; readonly program: Program }>()
const folders: string[] = []

afterEach(({ task }) => {
  if (task.result?.state !== 'fail') return
  for (const { title, program } of programs) {
    console.error(`${title}\n${program.stdout()}${program.stderr()}`)
  }
})

afterAll(async () => {
  await Promise.all([...programs].map(({ program }) => program.kill('SIGKILL')))
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
})

/** A new folder that is gone after the test file. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bitdoh-e2e-'))
  folders.push(folder)
  return folder
}

/** A new file that is gone after the test file; its path. */
export function newFile(name: string, text: string): string {
  const path = join(newFolder(), name)
  writeFileSync(path, text)
  return path
}

/** The home of every program: no `.curlrc`, no `.digrc`, no profile of the user's. */
const home = newFolder()

/** Starts a program that runs until it is killed, at the latest after the test file. */
export function start(command: string, words: readonly string[], options: ProgramOptions = {}): Program {
  const { env, prefix = [], pipes = 0 } = options
  const [program = command, ...rest] = [...prefix, command, ...words]
  const child = spawn(program, rest, {
    env: { PATH: process.env['PATH'], HOME: home, LANG: 'C.UTF-8', ...env },
    stdio: ['pipe', 'pipe', 'pipe', ...Array<'pipe'>(pipes).fill('pipe')],
  })
  const listeners = new Set<() => void>()
  const collect = (stream: Readable): (() => string) => {
    let text = ''
    stream.setEncoding('utf8').on('data', (more: string) => {
      text += more
      for (const listener of listeners) listener()
    })
    return () => text
  }
  const stdout = collect(child.stdout!)
  const stderr = collect(child.stderr!)
  // It may end before it reads what it is told.
  child.stdin!.on('error', () => {})

  const ended = new Promise<End>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  ended.catch(() => {})

  const said = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = pattern.exec(stdout()) ?? pattern.exec(stderr())
        if (found === null) return
        listeners.delete(look)
        resolve(found)
      }
      listeners.add(look)
      look()
      ended.then(({ code, signal }) => {
        const end = `${command} ended with ${code ?? signal} and never said ${pattern}`
        reject(new Error(`${end}\n${stdout()}${stderr()}`))
      }, reject)
    })

  const kill = (signal: NodeJS.Signals): Promise<End> => {
    child.kill(signal)
    return ended.catch(() => ({ code: null, signal: null }))
  }

  const started: Program = { child, stdout, stderr, ended, said, kill }
  programs.add({ title: [program, ...rest].join(' '), program: started })
  return started
}

/** Runs a program to its end. */
export async function run(
  command: string,
  words: readonly string[],
  options: ProgramOptions = {},
): Promise<Outcome> {
  const program = start(command, words, options)
  program.child.stdin!.end()
  const limit = setTimeout(() => void program.kill('SIGKILL'), RUN_LIMIT_MS)
  try {
    const { code } = await program.ended
    return { code, stdout: program.stdout(), stderr: program.stderr() }
  } finally {
    clearTimeout(limit)
    for (const each of programs) if (each.program === program) programs.delete(each)
  }
}

/** Runs a program that must succeed; its standard output. */
export async function succeed(
  command: string,
  words: readonly string[],
  options: ProgramOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await run(command, words, options)
  if (code !== 0) throw new Error(`${[command, ...words].join(' ')} ended with ${code}\n${stdout}${stderr}`)
  return stdout
}
