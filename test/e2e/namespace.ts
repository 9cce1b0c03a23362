import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { run, succeed } from './program.ts'

/** A network of its own for browsers, which ask for names nobody told them to: nothing gets out. */
export interface Namespace {
  /** Words in front of a command that is to run inside. */
  readonly prefix: readonly string[]
  /** Kills all that runs inside and removes it. */
  destroy(): Promise<void>
}

const nameOfNew = (): string => `bitdoh-e2e-${randomUUID().slice(0, 8)}`

/** Whether this user may make network namespaces: root may, in most containers. */
export function canMakeNamespaces(): boolean {
  const name = nameOfNew()
  try {
    execFileSync('ip', ['netns', 'add', name], { stdio: 'ignore' })
    execFileSync('ip', ['netns', 'exec', name, 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  } finally {
    try {
      execFileSync('ip', ['netns', 'del', name], { stdio: 'ignore' })
    } catch {
      // There is none, or it cannot be removed by one who could not make it.
    }
  }
}

const KILL_TRIES = 200
const KILL_PAUSE_MS = 25

/** A namespace with loopback alone. */
export async function makeNamespace(): Promise<Namespace> {
  const name = nameOfNew()
  await succeed('ip', ['netns', 'add', name])
  const destroy = async (): Promise<void> => {
    for (let attempt = 0; attempt < KILL_TRIES; attempt++) {
      const { stdout } = await run('ip', ['netns', 'pids', name])
      const pids = stdout.split('\n').filter(Boolean).map(Number)
      if (pids.length === 0) break
      for (const pid of pids) killIfThere(pid)
      await pause(KILL_PAUSE_MS)
    }
    await succeed('ip', ['netns', 'del', name])
  }
  const namespace = { name, prefix: ['ip', 'netns', 'exec', name], destroy }
  await succeed('ip', ['-n', name, 'link', 'set', 'lo', 'up']).catch(async (error) => {
    await destroy()
    throw error
  })
  return namespace
}

/**
 * Adds an interface that leads nowhere. Chromium takes a machine with loopback alone for disconnected, and
 * asks nobody anything.
 */
export async function addInterface({ prefix }: Namespace): Promise<void> {
  for (const words of [
    'link add nowhere type veth peer name nowhere-end',
    // A link-local address is ready seconds later, and a page being loaded then fails: ERR_NETWORK_CHANGED.
    'link set nowhere addrgenmode none',
    'link set nowhere-end addrgenmode none',
    'link set nowhere up',
    'link set nowhere-end up',
    // RFC 2544: for tests, never routed.
    'address add 198.18.0.1/32 dev nowhere',
  ]) {
    await succeed('ip', words.split(' '), { prefix })
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
