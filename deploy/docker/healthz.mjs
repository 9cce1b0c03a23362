// The image's health check: does the process answer? Over TLS or without, whatever certificate it shows.
import http from 'node:http'
import https from 'node:https'

const [, port = '8443'] = /:(\d+)(?:,|$)/.exec(process.env.BITDOH_LISTEN ?? '') ?? []
const options = {
  host: '127.0.0.1',
  port,
  path: '/healthz',
  rejectUnauthorized: false,
  agent: false,
  timeout: 2_000,
}

const answers = ({ get }) =>
  new Promise((resolve) => {
    const request = get(options, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    request.on('timeout', () => request.destroy())
    request.on('error', () => resolve(false))
  })

if (!(await answers(https)) && !(await answers(http))) process.exitCode = 1
