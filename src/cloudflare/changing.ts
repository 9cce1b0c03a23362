import type { ChainKeeper } from '../namecoin/light/keeper.ts'

/** Waits for a keeper to change until something holds, or until the signal aborts. */
export function changing(keeper: ChainKeeper, signal: AbortSignal, holds: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const leave = (): void => {
      unlisten()
      signal.removeEventListener('abort', leave)
      resolve()
    }
    const unlisten = keeper.onChange(() => {
      if (holds()) leave()
    })
    signal.addEventListener('abort', leave, { once: true })
    if (signal.aborted || holds()) leave()
  })
}
