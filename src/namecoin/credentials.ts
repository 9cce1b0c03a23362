/** How we log in to Namecoin Core: HTTP Basic (RFC 7617), with a password or with the cookie that each start makes anew. */

/** Values of the `Authorization` header. Both functions reject when the cookie cannot be read. */
export interface Credentials {
  /** The value to send; undefined when there is none. */
  current(): Promise<string | undefined>
  /** Another value, after the server has refused this one; undefined when there is no other. */
  insteadOf(refused: string | undefined): Promise<string | undefined>
}

/** `user:password@` of a URL, percent-decoded (RFC 3986 §3.2.1). A URL without gives no credentials. */
export function urlCredentials(url: URL): Credentials {
  const authorization =
    url.username === '' && url.password === ''
      ? undefined
      : basic(`${percentDecoded(url.username)}:${percentDecoded(url.password)}`)
  return {
    current: async () => authorization,
    insteadOf: async () => undefined,
  }
}

/** The content of Namecoin Core's `.cookie`, `__cookie__:HEX`: read once, and again when the server refuses it. */
export function cookieCredentials(readCookie: () => Promise<string>): Credentials {
  let known: string | undefined
  async function read(): Promise<string> {
    known = basic((await readCookie()).trim())
    return known
  }
  return {
    current: async () => known ?? read(),
    insteadOf: async (refused) => {
      const fresh = await read()
      return fresh === refused ? undefined : fresh
    },
  }
}

function basic(userAndPassword: string): string {
  return `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(userAndPassword)))}`
}

/** A `%` that begins no escape is meant literally: people paste passwords as they are. */
function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
