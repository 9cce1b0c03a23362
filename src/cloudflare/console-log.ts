import type { Log } from '../log.ts'

/** Workers collect what goes to the console. No client and no name is ever in it. */
export const consoleLog: Log = {
  info: (event, fields) => console.log(event, JSON.stringify(fields ?? {})),
  warn: (event, fields) => console.warn(event, JSON.stringify(fields ?? {})),
  error: (event, fields) => console.error(event, JSON.stringify(fields ?? {})),
}
