import { constants } from 'node:fs'
import { open } from 'node:fs/promises'

/** How often a watched file is looked at. Polling sees what inotify misses: NFS, overlayfs, symlinks swapped above. */
export const POLL_INTERVAL_MS = 250

/** Largest file that is read. All names of Namecoin with their values are some 100 MB of JSON. */
export const MAX_FILE_OCTETS = 256 * 1024 * 1024

/** A file's text. */
export interface FileText {
  readonly kind: 'text'
  readonly text: string
}

/** Why a file's text is not there. */
export interface FileProblem {
  readonly kind: 'unreadable'
  /** Of the system (`ENOENT`, `EACCES`, `EISDIR`), or `too-large`. */
  readonly code: string
  /** One line for a person. */
  readonly detail: string
}

/** A file being watched. */
export interface FileWatch {
  /** The first reading; `onText` and `onProblem` hear only of what comes later. */
  readonly first: Promise<FileText | FileProblem>
  /** Looks no more and calls nobody. */
  close(): void
}

/** What changes whenever the file may have: another file in its place, another length, another time. */
type Version = string

type Reading = { readonly version: Version; readonly outcome: FileText | FileProblem }

/**
 * Watches a file and calls back with its whole text whenever that differs from the last one: rewritten in place,
 * renamed over, deleted and made again, or reached through a symlink that was swapped (Kubernetes ConfigMaps).
 * A text may be a half-written one; the next call brings the rest, and the caller keeps the last good until then.
 */
export function watchFile(
  path: string,
  onText: (text: string) => void,
  onProblem: (problem: FileProblem) => void,
  intervalMs: number = POLL_INTERVAL_MS,
): FileWatch {
  let timer: NodeJS.Timeout | undefined
  let closed = false

  const schedule = (last: Reading): void => {
    if (closed) return
    timer = setTimeout(() => void look(last), intervalMs)
    timer.unref()
  }

  const look = async (last: Reading): Promise<void> => {
    const next = await readIfChanged(path, last)
    if (closed) return
    schedule(next)
    if (isSame(next.outcome, last.outcome)) return
    if (next.outcome.kind === 'text') onText(next.outcome.text)
    else onProblem(next.outcome)
  }

  const first = readIfChanged(path, undefined).then((reading) => {
    schedule(reading)
    return reading.outcome
  })
  return {
    first,
    close: () => {
      closed = true
      clearTimeout(timer)
    },
  }
}

const isSame = (a: FileText | FileProblem, b: FileText | FileProblem): boolean =>
  a.kind === 'text' ? b.kind === 'text' && a.text === b.text : b.kind === 'unreadable' && a.code === b.code

/**
 * The file's state, read through one descriptor so that version and text belong to the same file. A version is
 * trusted only when the file is older than the clock's grain: a second write within the same tick of the file
 * system's clock leaves time and length as they were (git knows this as the racy index).
 */
async function readIfChanged(path: string, last: Reading | undefined): Promise<Reading> {
  try {
    const file = await open(path, OPEN_FLAGS)
    try {
      const stat = await file.stat({ bigint: true })
      if (!stat.isFile())
        return problemReading(stat.isDirectory() ? 'EISDIR' : 'EINVAL', `${path} is no file`)
      if (stat.size > MAX_FILE_OCTETS) {
        return problemReading('too-large', `${path} is larger than ${MAX_FILE_OCTETS} octets`)
      }
      const settled = Math.abs(Date.now() - Number(stat.mtimeMs)) > CLOCK_GRAIN_MS
      const version = settled ? `${stat.dev} ${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}` : ''
      if (version !== '' && version === last?.version) return last
      return { version, outcome: { kind: 'text', text: await file.readFile('utf8') } }
    } finally {
      await file.close()
    }
  } catch (error) {
    const { code = 'EIO', message } = error as NodeJS.ErrnoException
    return problemReading(code, message)
  }
}

/** File systems keep times in ticks: 4 ms on Linux (CONFIG_HZ=250), 2 s on FAT. */
const CLOCK_GRAIN_MS = 2_000

/** Without O_NONBLOCK, opening a named pipe waits for a writer and takes a thread of the pool with it. */
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)

const problemReading = (code: string, detail: string): Reading => ({
  version: '',
  outcome: { kind: 'unreadable', code, detail },
})
