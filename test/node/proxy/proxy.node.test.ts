import { createHash, randomBytes } from 'node:crypto'
import { type IncomingMessage, request } from 'node:http'
import { createServer as createTcpServer, type Socket } from 'node:net'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import { describe, expect, it, vi } from 'vitest'
import { newFile, run } from '../../e2e/program.ts'
import { afterTest, has, pause, testCa, testLeaf, until } from '../tools.ts'
import { ask, openClient, openProxy, openServer, openSite, say, verdict } from './proxy.ts'

vi.setConfig({ testTimeout: 30_000 })

const SITE = { 'd/site': { ip: ['127.0.0.2'] } }
const TWO = { 'd/site': { ip: ['127.0.0.2', '127.0.0.3'] } }

/** A site that tells what it was sent. */
async function openEcho() {
  const seen: { line: string; fields: string[]; body: string }[] = []
  const site = await openSite(async (incoming, response) => {
    const { method, url, rawHeaders } = incoming
    const body = (await incoming.toArray().catch(() => [])).join('')
    seen.push({ line: `${method} ${url}`, fields: rawHeaders, body })
    response.end('here')
  })
  return { ...site, seen }
}

const fieldNames = (fields: readonly string[]) =>
  fields.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase())

describe.skipIf(!has('curl'))('curl', () => {
  const curl = async (proxyPort: number, ...words: string[]) => {
    const { stdout, stderr, code } = await run('curl', [
      '-sS',
      '-x',
      `http://127.0.0.1:${proxyPort}`,
      ...words,
    ])
    return { stdout, stderr, code }
  }

  it('gets a page by its .bit name, and the site learns nothing of the client', async () => {
    const { port, seen } = await openEcho()
    const proxy = await openProxy({ names: SITE })
    const words = ['--proxy-user', 'user:secret', `http://site.bit:${port}/a/../b?c=%64`, '--path-as-is']
    expect(await curl(proxy.port, ...words)).toEqual({ stdout: 'here', stderr: '', code: 0 })
    const { line, fields } = seen[0]!
    expect(line).toBe('GET /a/../b?c=%64')
    expect(fieldNames(fields)).toEqual(['host', 'user-agent', 'accept', 'via', 'connection'])
    expect(fields[1]).toBe(`site.bit:${port}`)
    expect(fields.join(' ')).not.toMatch(/127.0.0.1|secret/)
  })

  it('gets a page over TLS through CONNECT', async () => {
    const { cert, key } = testLeaf
    const site = createTlsServer({ cert, key }, (socket) => {
      socket.on('error', () => {})
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret')
    })
    const { port } = await openServer(site)
    const proxy = await openProxy({ names: SITE })
    // No public CA signs for .bit; that the tunnel keeps TLS whole is seen below.
    expect(await curl(proxy.port, '-k', `https://site.bit:${port}/`)).toMatchObject({
      stdout: 'secret',
      code: 0,
    })
  })

  it('is told why it gets nothing', async () => {
    const proxy = await openProxy({ names: SITE })
    const { stdout } = await curl(proxy.port, '-w', '%{http_code}', 'http://www.example/')
    expect(stdout).toMatch(/^403 Forbidden\n\nThis proxy goes to names under \.bit alone[^\n]*\n403$/)
    const tunnel = await curl(proxy.port, 'https://www.example/')
    expect(tunnel).toMatchObject({ code: 56, stderr: expect.stringContaining('403') })
  })

  it('uploads with Expect: 100-continue, and is spared the body when the site does not want it', async () => {
    const proxy = await openProxy({ names: SITE })
    const upload = randomBytes(100_000).toString('hex')
    let received = 0
    const { server, port } = await openSite((incoming, response) => {
      incoming.on('data', (chunk: Buffer) => {
        received += chunk.length
      })
      incoming.on('end', () => response.end(String(received)))
    })
    const words = [
      '-H',
      'Expect: 100-continue',
      '--expect100-timeout',
      '60',
      '--data-binary',
      `@${newFile('upload', upload)}`,
    ]
    expect((await curl(proxy.port, ...words, `http://site.bit:${port}/`)).stdout).toBe(String(upload.length))

    received = 0
    server.on('checkContinue', (_incoming, response) => response.writeHead(413).end('too much'))
    expect((await curl(proxy.port, ...words, `http://site.bit:${port}/`)).stdout).toBe('too much')
    expect(received).toBe(0)
  })
})

describe('what the proxy refuses', () => {
  it.each([
    ['GET http://www.example/', '403 http_request_denied'],
    ['GET http://site.bit.example/', '403 http_request_denied'],
    ['GET http://127.0.0.2:8080/', '403 http_request_denied'],
    ['GET http://[::1]:8080/', '403 http_request_denied'],
    ['GET http://2130706433:8080/', '403 http_request_denied'],
    ['GET http://localhost:8080/', '403 http_request_denied'],
    ['POST http://site.bit:25/', '403 http_request_denied'],
    ['CONNECT site.bit:25', '403 http_request_denied'],
    ['CONNECT www.example:443', '403 http_request_denied'],
    ['CONNECT 127.0.0.2:443', '403 http_request_denied'],
    ['CONNECT site.bit', '400 http_request_error'],
    ['GET https://site.bit/', '400 http_request_error'],
    ['GET http://user:password@site.bit/', '400 http_request_error'],
    ['TRACE http://site.bit/', '405 http_request_denied'],
    ['GET http://never-registered.bit/', '502 dns_error'],
    ['GET http://mail.bit/', '502 dns_error'],
    ['CONNECT broken.bit:443', '502 dns_error'],
    ['GET http://private.bit/', '502 destination_ip_prohibited'],
    ['GET http://mapped.bit/', '502 destination_ip_prohibited'],
    ['CONNECT private.bit:443', '502 destination_ip_prohibited'],
    ['CONNECT own.bit:443', '502 destination_ip_prohibited'],
  ])('%s: %s', async (line, expected) => {
    const names = {
      'd/site': { ip: '1.1.1.1' },
      'd/mail': { mx: [[10, 'mx']] },
      'd/broken': 'no JSON',
      'd/private': {
        ip: ['10.0.0.1', '127.0.0.1', '169.254.169.254', '0.0.0.0'],
        ip6: ['fe80::1', '::1', 'fd00::1'],
      },
      'd/mapped': { ip6: '::ffff:192.168.0.1' },
      'd/own': { ip: '9.9.9.9' },
    }
    const proxy = await openProxy({ names, allowed: [], own: ['9.9.9.9'] })
    const response = await ask(proxy.port, line)
    expect(verdict(response)).toBe(expected)
    expect(response).toMatch(/\r\n\r\n\d+ [^\n]+\n\n[A-Z][^\n]*\.\n$/)
    expect(proxy.dialled).toEqual([])
  })

  it('says which of the two it is: no such name, no address', async () => {
    const proxy = await openProxy({ names: { 'd/mail': { mx: [[10, 'mx']] } } })
    expect(await ask(proxy.port, 'GET http://never-registered.bit/')).toContain('There is no such name.')
    expect(await ask(proxy.port, 'GET http://mail.bit/')).toContain('The name has no address.')
  })

  it('leaves private addresses out where a name has others', async () => {
    const { port } = await openEcho()
    const names = { 'd/site': { ip: ['127.0.0.2', '10.0.0.1', '1.1.1.1'] } }
    const proxy = await openProxy({ names, allowed: [], places: { '1.1.1.1': '127.0.0.2' } })
    for (let attempt = 0; attempt < 10; attempt++) {
      expect(verdict(await ask(proxy.port, `GET http://site.bit:${port}/`))).toBe('200')
    }
    expect(new Set(proxy.dialled)).toEqual(new Set(['1.1.1.1']))
  })

  it('with others on, goes to other hosts, but to private addresses no more than before', async () => {
    const { port } = await openEcho()
    const places = { '1.1.1.1': '127.0.0.2' }
    const proxy = await openProxy({ names: SITE, others: 'on', allowed: [], places })
    expect(verdict(await ask(proxy.port, `GET http://1.1.1.1:${port}/`))).toBe('200')
    const no = '502 destination_ip_prohibited'
    expect(verdict(await ask(proxy.port, `GET http://127.0.0.2:${port}/`))).toBe(no)
    expect(verdict(await ask(proxy.port, `GET http://[::ffff:127.0.0.2]:${port}/`))).toBe(no)
    expect(verdict(await ask(proxy.port, `CONNECT site.bit:${port}`))).toBe(no)
  })

  it('all addresses dead: 502, which says so', async () => {
    const { port, server } = await openEcho()
    await new Promise((resolve) => server.close(resolve))
    const proxy = await openProxy({ names: TWO })
    for (const line of [`GET http://site.bit:${port}/`, `CONNECT site.bit:${port}`]) {
      const response = await ask(proxy.port, line)
      expect(verdict(response)).toBe('502 connection_refused')
      expect(response).toContain('No address of the name accepts connections.')
    }
    expect(proxy.dialled.toSorted()).toEqual(['127.0.0.2', '127.0.0.2', '127.0.0.3', '127.0.0.3'])
  })
})

describe('requests to the proxy itself', () => {
  it('/proxy.pac names the proxy as it was called', async () => {
    const proxy = await openProxy({ names: SITE })
    const response = await say(
      proxy.port,
      'GET /proxy.pac HTTP/1.1\r\nHost: proxy.example:8080\r\nConnection: close\r\n\r\n',
    )
    expect(response).toMatch(/^HTTP\/1\.1 200 /)
    expect(response).toContain('content-type: application/x-ns-proxy-autoconfig\r\n')
    const script = response.slice(response.indexOf('\r\n\r\n'))
    const find = new Function(`${script}; return FindProxyForURL`)() as (url: string, host: string) => string
    expect(find('http://site.bit/', 'site.bit')).toBe('PROXY proxy.example:8080')
    expect(find('http://www.example/', 'www.example')).toBe('DIRECT')
  })

  it.each([
    ['GET /', 'x'],
    ['POST /proxy.pac', 'x:8080'],
    ['GET /proxy.pac', '";alert(1);"'],
    ['GET /proxy.pac?', 'x:8080'],
    ['OPTIONS *', 'x'],
  ])('%s with Host %s: 400', async (line, host) => {
    const proxy = await openProxy({ names: SITE })
    const text = `${line} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`
    const response = await say(proxy.port, text)
    expect(verdict(response)).toBe('400 http_request_error')
    expect(response).toContain('/proxy.pac')
    expect(response).not.toContain('alert')
  })

  it('OPTIONS goes as far as Max-Forwards says', async () => {
    const { port, seen } = await openEcho()
    const proxy = await openProxy({ names: SITE })
    const line = `OPTIONS http://site.bit:${port}`
    expect(verdict(await ask(proxy.port, line, ['Max-Forwards: 0']))).toBe('400 http_request_error')
    expect(verdict(await ask(proxy.port, line, ['Max-Forwards: 7']))).toBe('200')
    expect(seen).toMatchObject([{ line: 'OPTIONS *' }])
    expect(seen[0]!.fields.join(' ')).toContain('Max-Forwards 6')
  })
})

describe('header fields', () => {
  it('what concerns one connection stays there, Host is the target’s, and framing is ours', async () => {
    const { port, seen } = await openEcho()
    const proxy = await openProxy({ names: SITE })
    const fields = [
      'Connection: X-Dropped, Content-Length, Host, upgrade',
      ...['X-Dropped: 1', 'X-Kept: 1', 'x-KEPT: 2', 'Keep-Alive: 1', 'Proxy-Connection: 1', 'TE: trailers'],
      ...['Upgrade: websocket', 'Proxy-Authorization: Basic c2VjcmV0', 'X-Forwarded-For: 192.0.2.9'],
      'Content-Length: 5',
    ]
    const response = await ask(proxy.port, `POST http://site.bit:${port}/`, fields, 'hello')
    expect(verdict(response)).toBe('200')
    expect(response).toMatch(/\r\nVia: 1\.1 bitdoh\r\n/)
    const { fields: sent, body } = seen[0]!
    expect(body).toBe('hello')
    expect(sent.slice(0, 6)).toEqual(['Host', `site.bit:${port}`, 'X-Kept', '1', 'x-KEPT', '2'])
    const others = ['x-forwarded-for', 'content-length', 'via', 'connection']
    expect(fieldNames(sent)).toEqual(['host', 'x-kept', 'x-kept', ...others])
  })

  it.each([
    ['two ways to tell the length', ['Content-Length: 5', 'Transfer-Encoding: chunked'], '400'],
    ['two lengths', ['Content-Length: 5', 'Content-Length: 6'], '400'],
    ['a list of lengths', ['Content-Length: 5, 5'], '400'],
    ['a signed length', ['Content-Length: +5'], '400'],
    ['another coding below chunked', ['Transfer-Encoding: gzip, chunked'], '501'],
    ['a coding that is none', ['Transfer-Encoding: xchunked'], '400'],
    ['a space before the colon', ['Transfer-Encoding : chunked'], '400'],
    ['a folded field', ['X: a', ' Transfer-Encoding: chunked'], '400'],
    ['two hosts', ['Host: other.bit'], '400'],
    ['a bare line feed', ['X: a\nTransfer-Encoding: chunked'], '400'],
    ['a zero octet', ['X: a\0b'], '400'],
  ])('%s: refused, and the site sees nothing', async (_what, fields, status) => {
    const { port, seen } = await openEcho()
    const proxy = await openProxy({ names: SITE })
    const smuggled = `0\r\n\r\nGET http://site.bit:${port}/smuggled HTTP/1.1\r\nHost: x\r\n\r\n`
    const response = await ask(proxy.port, `POST http://site.bit:${port}/`, fields, smuggled)
    expect(verdict(response).split(' ')[0]).toBe(status)
    expect(seen).toEqual([])
  })

  it('a chunked body stays one body, whatever is in it', async () => {
    const { port, seen } = await openEcho()
    const proxy = await openProxy({ names: SITE })
    const inner = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n'
    const body = `${inner.length.toString(16)};ext=1\r\n${inner}\r\n0\r\nX-Trailer: 1\r\n\r\n`
    await ask(
      proxy.port,
      `POST http://site.bit:${port}/`,
      ['Transfer-Encoding: chunked', 'Trailer: X-Trailer'],
      body,
    )
    expect(seen).toMatchObject([{ line: 'POST /', body: inner }])
    expect(fieldNames(seen[0]!.fields)).toEqual(['host', 'transfer-encoding', 'via', 'connection'])
  })

  it('HEAD, 204, 304 and HTTP/1.0 clients get what is right for them', async () => {
    const { port } = await openSite((incoming, response) => {
      const status = Number(incoming.url!.slice(1))
      response.writeHead(status, status === 200 ? { etag: '"a"' } : {})
      response.write(status === 200 ? 'one' : '')
      response.end(status === 200 ? 'two' : '')
    })
    const proxy = await openProxy({ names: SITE })
    const url = `http://site.bit:${port}`
    const endOf = (response: string) => response.slice(response.indexOf('\r\n\r\n') + 4)
    expect(endOf(await ask(proxy.port, `HEAD ${url}/200`))).toBe('')
    expect(endOf(await ask(proxy.port, `GET ${url}/204`))).toBe('')
    expect(endOf(await ask(proxy.port, `GET ${url}/304`))).toBe('')
    // In as many chunks as it happened to come.
    const chunks = /^(3\r\none\r\n3\r\ntwo|6\r\nonetwo)\r\n0\r\n\r\n$/
    expect(endOf(await ask(proxy.port, `GET ${url}/200`))).toMatch(chunks)
    expect(endOf(await say(proxy.port, `GET ${url}/200 HTTP/1.0\r\n\r\n`))).toBe('onetwo')
  })
})

describe('sites that misbehave', () => {
  const openBadSite = (answer: string) =>
    openServer(
      createTcpServer((socket) => {
        socket.once('data', () => socket.end(answer))
      }),
    )

  it.each([
    [
      'asks for the password of the proxy',
      'HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\n\r\n',
      'http_protocol_error',
    ],
    ['is no web server', 'SSH-2.0-OpenSSH_9.2\r\n', 'http_protocol_error'],
    [
      'tells two lengths',
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
      'http_protocol_error',
    ],
    ['says nothing', '', 'connection_terminated'],
    [
      'switches protocols unasked',
      'HTTP/1.1 101 Now\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
      'http_protocol_error',
    ],
    [
      'has a header without end',
      `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(70_000)}\r\n\r\n`,
      'http_protocol_error',
    ],
    [
      'packs what we cannot unpack',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n',
      'http_protocol_error',
    ],
  ])('%s', async (_what, answer, code) => {
    const { port } = await openBadSite(answer)
    const proxy = await openProxy({ names: SITE })
    expect(verdict(await ask(proxy.port, `GET http://site.bit:${port}/`))).toBe(`502 ${code}`)
  })

  it('a body cut off is cut off for the client, too', async () => {
    const { port } = await openBadSite('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n')
    const proxy = await openProxy({ names: SITE })
    const response = await ask(proxy.port, `GET http://site.bit:${port}/`)
    expect(response).toMatch(/\r\n\r\n3\r\nabc\r\n$/)
  })

  it('one that keeps us waiting: 504', async () => {
    const { port } = await openServer(createTcpServer(() => {}))
    const proxy = await openProxy({ names: SITE, limits: { stalledMs: 50 } })
    const response = await ask(proxy.port, `GET http://site.bit:${port}/`)
    expect(verdict(response)).toBe('504 http_response_timeout')
  })
})

describe('connections', () => {
  it('one to the site serves a client’s requests, and no other client’s', async () => {
    const { port, sockets } = await openEcho()
    const proxy = await openProxy({ names: SITE })
    const get = `GET http://site.bit:${port}/ HTTP/1.1\r\nHost: x\r\n\r\n`
    const client = openClient(proxy.port)
    for (let count = 1; count <= 3; count++) {
      client.socket.write(get)
      await until(() => client.text().split('here').length === count + 1)
    }
    expect(proxy.dialled).toHaveLength(1)
    const other = openClient(proxy.port)
    other.socket.write(get)
    await until(() => other.text().endsWith('here\r\n0\r\n\r\n') || other.text().endsWith('here'))
    expect(proxy.dialled).toHaveLength(2)
    client.socket.destroy()
    other.socket.destroy()
    await until(() => sockets.size === 0)
  })

  it('pipelined requests are answered in their order, each made after the one before', async () => {
    const log: string[] = []
    const { port } = await openSite((incoming, response) => {
      log.push(`asked ${incoming.url}`)
      const answer = (): void => {
        log.push(`answered ${incoming.url}`)
        response.end(incoming.url)
      }
      if (incoming.url === '/1') setTimeout(answer, 20)
      else answer()
    })
    const proxy = await openProxy({ names: SITE })
    const line = (path: string) =>
      `POST http://site.bit:${port}${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`
    const client = openClient(proxy.port)
    client.socket.write(line('/1') + line('/2') + line('/3'))
    await until(() => client.text().includes('/3'))
    expect(log).toEqual(['1', '2', '3'].flatMap((path) => [`asked /${path}`, `answered /${path}`]))
    expect(client.text().match(/^\/\d/gm)).toEqual(['/1', '/2', '/3'])
  })

  it('a client that pipelines without end is cut off', async () => {
    const { port } = await openServer(createTcpServer(() => {}))
    const proxy = await openProxy({ names: SITE, limits: { maxPipelined: 3 } })
    const get = `GET http://site.bit:${port}/ HTTP/1.1\r\nHost: x\r\n\r\n`
    expect(await say(proxy.port, get.repeat(4))).toBe('')
  })

  it('CONNECT behind a request that is not answered yet is not taken', async () => {
    const { port } = await openServer(createTcpServer(() => {}))
    const proxy = await openProxy({ names: SITE })
    const get = `GET http://site.bit:${port}/ HTTP/1.1\r\nHost: x\r\n\r\n`
    expect(await say(proxy.port, `${get}CONNECT site.bit:${port} HTTP/1.1\r\nHost: x\r\n\r\n`)).toBe('')
  })

  it('the end of the client is the end of what it asked for', async () => {
    const { port, sockets } = await openServer(createTcpServer((socket) => socket.resume()))
    const proxy = await openProxy({ names: SITE })
    for (const text of [`GET http://site.bit:${port}/`, `CONNECT site.bit:${port}`]) {
      const client = openClient(proxy.port)
      client.socket.write(`${text} HTTP/1.1\r\nHost: x\r\n\r\n`)
      await until(() => sockets.size === 1)
      client.socket.resetAndDestroy()
      await until(() => sockets.size === 0)
    }
  })

  it('a header that does not come to an end: 408; one too long: 431; what is no HTTP: 400', async () => {
    const proxy = await openProxy({ names: SITE, limits: { headersMs: 50, checkMs: 10 } })
    expect(verdict(await say(proxy.port, 'GET http://site.bit/ HTTP/1.1\r\nX'))).toBe(
      '408 http_request_error',
    )
    const long = `GET http://site.bit/ HTTP/1.1\r\nX: ${'a'.repeat(70_000)}\r\n\r\n`
    expect(verdict(await say(proxy.port, long))).toBe('431 http_request_error')
    expect(verdict(await say(proxy.port, '\x16\x03\x01\x02\x00\x01'))).toBe('400 http_request_error')
  })

  it('more clients than there may be are turned away', async () => {
    const proxy = await openProxy({ names: SITE, limits: { maxClients: 1 } })
    const first = openClient(proxy.port)
    first.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await until(() => first.text() !== '')
    expect(await openClient(proxy.port).closed).toBe('')
  })
})

describe('a server that dies', () => {
  /** Two that serve one page; the first to be asked again on the same connection breaks it without a word. */
  async function openPair() {
    const served: string[] = []
    const asked = new Map<Socket, number>()
    let isBroken = false
    const listener =
      (address: string) =>
      (incoming: IncomingMessage, response: import('node:http').ServerResponse): void => {
        const { socket } = incoming
        asked.set(socket, (asked.get(socket) ?? 0) + 1)
        if (asked.get(socket) === 2 && !isBroken) {
          isBroken = true
          socket.resetAndDestroy()
          return
        }
        served.push(address)
        response.end('here')
      }
    const { port } = await openSite(listener('127.0.0.2'), '127.0.0.2')
    await openSite(listener('127.0.0.3'), '127.0.0.3', port)
    return { port, served }
  }

  it('as a kept connection is written to: what may be sent twice is', async () => {
    const { port, served } = await openPair()
    const proxy = await openProxy({ names: TWO })
    const client = openClient(proxy.port)
    for (let count = 1; count <= 2; count++) {
      client.socket.write(`GET http://site.bit:${port}/ HTTP/1.1\r\nHost: x\r\n\r\n`)
      await until(() => client.text().split('here').length === count + 1)
    }
    expect(served).toHaveLength(2)
    expect(client.text()).not.toContain('502')
  })

  it('and what may not is not', async () => {
    const { port, served } = await openPair()
    const proxy = await openProxy({ names: TWO })
    const client = openClient(proxy.port)
    const post = `POST http://site.bit:${port}/ HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`
    client.socket.write(post)
    await until(() => client.text().includes('here'))
    client.socket.write(post)
    await until(() => client.text().includes('502'))
    expect(client.text()).toContain('error=connection_terminated')
    expect(served).toHaveLength(1)
  })
})

describe('large bodies', () => {
  const MEGABYTE = 1024 * 1024
  const digest = (chunks: readonly Buffer[]) =>
    chunks.reduce((hash, chunk) => hash.update(chunk), createHash('sha256')).digest('hex')

  it.each(['Content-Length', 'chunked'])('go both ways unharmed: %s', async (framing) => {
    const { port } = await openSite((incoming, response) => void incoming.pipe(response))
    const proxy = await openProxy({ names: SITE })
    const sent = Array.from({ length: 16 }, () => randomBytes(MEGABYTE))
    const outgoing = request({
      ...{
        host: '127.0.0.1',
        port: proxy.port,
        method: 'POST',
        path: `http://site.bit:${port}/`,
        agent: false,
      },
      headers: framing === 'chunked' ? {} : { 'content-length': 16 * MEGABYTE },
    })
    const responded = new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.once('response', resolve).once('error', reject)
    })
    for (const chunk of sent) outgoing.write(chunk)
    outgoing.end()
    expect(digest(await (await responded).toArray())).toBe(digest(sent))
  })

  it('through a tunnel, over TLS, whose certificate is the site’s', async () => {
    const { cert, key } = testLeaf
    const { port } = await openServer(createTlsServer({ cert, key }, (socket) => void socket.pipe(socket)))
    const proxy = await openProxy({ names: SITE })
    const client = request({
      port: proxy.port,
      method: 'CONNECT',
      path: `site.bit:${port}`,
      agent: false,
    }).end()
    const raw = await new Promise<Socket>((resolve) => {
      client.once('connect', (_response, socket) => resolve(socket))
    })
    const secure = connectTls({ socket: raw, servername: 'localhost', ca: testCa.cert })
    afterTest(() => secure.destroy())
    const sent = Array.from({ length: 16 }, () => randomBytes(MEGABYTE))
    for (const chunk of sent) secure.write(chunk)
    secure.end()
    expect(digest(await secure.toArray())).toBe(digest(sent))
  })

  it('are not hoarded for a client that does not read', async () => {
    let written = 0
    const { port } = await openSite((_incoming, response) => {
      const chunk = Buffer.alloc(MEGABYTE)
      const write = (): void => {
        while (written < 256 * MEGABYTE) {
          written += MEGABYTE
          if (!response.write(chunk)) return void response.once('drain', write)
        }
        response.end()
      }
      write()
    })
    const proxy = await openProxy({ names: SITE })
    const client = openClient(proxy.port)
    client.socket.pause()
    client.socket.write(`GET http://site.bit:${port}/ HTTP/1.1\r\nHost: x\r\n\r\n`)
    for (let still = 0, last = -1; still < 40; still = written === last ? still + 1 : 0) {
      last = written
      await pause(5)
    }
    expect(written).toBeGreaterThan(0)
    expect(written).toBeLessThan(128 * MEGABYTE)
  })
})

describe('tunnels', () => {
  const connectLine = (port: number) => `CONNECT site.bit:${port} HTTP/1.1\r\nHost: x\r\n\r\n`
  const ESTABLISHED = 'HTTP/1.1 200 Connection established\r\n\r\n'

  it('take what was sent at once, and let either side end first', async () => {
    const site = createTcpServer({ allowHalfOpen: true }, (socket) => {
      const heard: Buffer[] = []
      socket.on('data', (chunk) => void heard.push(chunk))
      socket.on('end', () => socket.end(`got ${heard.join('')}`))
    })
    const { port } = await openServer(site)
    const proxy = await openProxy({ names: SITE })
    const client = openClient(proxy.port)
    client.socket.end(`${connectLine(port)}early`)
    expect(await client.closed).toBe(`${ESTABLISHED}got early`)
  })

  it('let the site speak on after the client, and the client after the site', async () => {
    const heard: Buffer[] = []
    const site = createTcpServer({ allowHalfOpen: true }, (socket) => {
      socket.on('data', (chunk) => void heard.push(chunk))
      socket.end('bye')
    })
    const { port } = await openServer(site)
    const proxy = await openProxy({ names: SITE })
    const client = openClient(proxy.port)
    client.socket.removeAllListeners('end')
    client.socket.write(connectLine(port))
    await until(() => client.text().endsWith('bye'))
    client.socket.end('and bye')
    await until(() => heard.join('') === 'and bye')
    await client.closed
  })

  it('are closed when nothing goes through', async () => {
    const { port } = await openServer(createTcpServer((socket) => socket.resume()))
    const proxy = await openProxy({ names: SITE, limits: { tunnelIdleMs: 50 } })
    expect(await say(proxy.port, connectLine(port))).toBe(ESTABLISHED)
  })

  it('are closed sooner when one side has ended', async () => {
    const { port } = await openServer(createTcpServer({ allowHalfOpen: true }, (socket) => socket.resume()))
    const proxy = await openProxy({ names: SITE, limits: { halfOpenIdleMs: 50 } })
    const client = openClient(proxy.port)
    client.socket.end(connectLine(port))
    expect(await client.closed).toBe(ESTABLISHED)
  })

  it('go to the next server when the first is dead', async () => {
    const { port } = await openServer(
      createTcpServer((socket) => socket.end('here')),
      '127.0.0.3',
    )
    const proxy = await openProxy({ names: TWO })
    for (let attempt = 0; attempt < 8; attempt++) {
      expect(await say(proxy.port, connectLine(port))).toBe(`${ESTABLISHED}here`)
    }
    expect(new Set(proxy.dialled)).toEqual(new Set(['127.0.0.2', '127.0.0.3']))
  })
})

describe('the end of the proxy', () => {
  it('closes what is idle, finishes what is under way, cuts tunnels at the deadline', async () => {
    let release: (() => void) | undefined
    const { port } = await openSite((incoming, response) => {
      if (incoming.url === '/slow') release = () => void response.end('finished')
      else response.end('here')
    })
    const { port: tunnelPort } = await openServer(createTcpServer((socket) => socket.write('on')))
    const proxy = await openProxy({ names: SITE })
    const get = (path: string) => `GET http://site.bit:${port}${path} HTTP/1.1\r\nHost: x\r\n\r\n`
    const silent = openClient(proxy.port)
    const idle = openClient(proxy.port)
    const busy = openClient(proxy.port)
    const tunnel = openClient(proxy.port)
    idle.socket.write(get('/'))
    busy.socket.write(get('/slow'))
    tunnel.socket.write(`CONNECT site.bit:${tunnelPort} HTTP/1.1\r\nHost: x\r\n\r\n`)
    await until(
      () => idle.text().includes('here') && tunnel.text().endsWith('on') && proxy.dialled.length === 3,
    )
    await until(() => release !== undefined)
    const closed = proxy.close(1_000)
    expect(await silent.closed).toBe('')
    await idle.closed
    release!()
    expect(await busy.closed).toMatch(/\r\nconnection: close\r\n[\s\S]*finished/i)
    await tunnel.closed
    await closed
    await expect(openClient(proxy.port).closed).resolves.toBe('')
  })
})
