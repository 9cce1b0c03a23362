import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { has } from '../node/tools.ts'
import { type Chromium, startChromium } from './chromium.ts'
import { type Gateway, startGateway } from './gateway.ts'
import { addInterface, canMakeNamespaces, makeNamespace, type Namespace } from './namespace.ts'

const LIMIT_MS = 120_000

const canRun = has('chromium') && has('certutil') && canMakeNamespaces()

/** Nobody listens there. */
const DEAD = 'https://127.0.0.1:1/dns-query'

/** Milliseconds after which the page has given a sibling up. */
const ASKED_MS = 10_000

describe.skipIf(!canRun)(
  'the page in Chromium (needs chromium, certutil, ip and root)',
  { timeout: LIMIT_MS },
  () => {
    let namespace: Namespace
    let sibling: Gateway
    let gateway: Gateway
    let chromium: Chromium
    /** What the browser complained of: exceptions, refusals of the content security policy, failed requests. */
    const complaints: string[] = []

    beforeAll(async () => {
      namespace = await makeNamespace()
      await addInterface(namespace)
      const { prefix } = namespace
      sibling = await startGateway(['--names', 'demo', '--upstream', 'none'], { prefix })
      const certificate = join(sibling.state, 'localhost.pem')
      const settings = [
        '--names',
        'demo',
        '--upstream',
        'none',
        '--siblings',
        sibling.url,
        '--siblings',
        DEAD,
      ]
      gateway = await startGateway([...settings, '--tls-cert', certificate, '--tls-key', certificate], {
        prefix,
      })
      chromium = await startChromium({ ...gateway, ca: sibling.ca }, namespace)
      chromium.listen('Log.entryAdded', (event) => {
        const { entry } = event as { entry: { level: string; text: string; url?: string } }
        complaints.push(`${entry.level}: ${entry.text} ${entry.url ?? ''}`)
      })
      chromium.listen('Runtime.exceptionThrown', (event) => complaints.push(JSON.stringify(event)))
      await chromium.send('Log.enable')
      await chromium.send('Runtime.enable')
    }, LIMIT_MS)
    afterAll(() => namespace?.destroy(), LIMIT_MS)

    const press = async (key: string, code: number): Promise<void> => {
      const parameters = { key, code: key, windowsVirtualKeyCode: code }
      await chromium.send('Input.dispatchKeyEvent', { type: 'keyDown', ...parameters })
      await chromium.send('Input.dispatchKeyEvent', { type: 'keyUp', ...parameters })
    }

    it('opens without a complaint, and says how the siblings are', async () => {
      expect(await chromium.open(`${gateway.origin}/`)).toContain(gateway.url)
      const marks = await chromium.evaluate<string[]>(`new Promise((resolve) => {
      const marks = () => [...document.querySelectorAll('.gateways .mark')].map((mark) => mark.textContent)
      const look = () => marks().includes('not asked') ? setTimeout(look, 20) : resolve(marks())
      look()
      setTimeout(() => resolve(marks()), ${ASKED_MS})
    })`)
      expect(marks).toEqual(['up', 'up', 'down'])
      // The dead sibling is the one thing to complain of.
      expect(complaints.filter((line) => !line.includes('https://127.0.0.1:1/readyz'))).toEqual([])
    })

    it('looks a name up by its form, with the keyboard alone', async () => {
      await chromium.open(`${gateway.origin}/`)
      await chromium.evaluate('document.getElementById("name").focus()')
      await chromium.send('Input.insertText', { text: 'ha-demo.bit' })
      const loaded = chromium.evaluate('new Promise(() => {})').catch(() => 'left')
      await chromium.send('Input.dispatchKeyEvent', {
        type: 'rawKeyDown',
        key: 'Enter',
        windowsVirtualKeyCode: 13,
      })
      await chromium.send('Input.dispatchKeyEvent', { type: 'char', key: 'Enter', text: '\r' })
      expect(await loaded).toBe('left')
      const text = await chromium.evaluate<string>(`new Promise((resolve) => {
      const look = () => document.readyState === 'complete' && document.querySelector('.result')
        ? resolve(document.querySelector('.result').innerText) : setTimeout(look, 20)
      look()
    })`)
      expect(text).toContain('127.0.0.2')
      expect(text).toContain('127.0.0.3')
      expect(text).toContain('{"ip":["127.0.0.2","127.0.0.3"]}')
      expect(await chromium.evaluate('location.search')).toBe('?name=ha-demo.bit&type=A')
    })

    it('copies a setting', async () => {
      const permission = {
        permission: { name: 'clipboard-write' },
        setting: 'granted',
        origin: gateway.origin,
      }
      await chromium.send('Browser.setPermission', permission)
      await chromium.send('Browser.setPermission', { ...permission, permission: { name: 'clipboard-read' } })
      await chromium.open(`${gateway.origin}/`)
      await chromium.send('Emulation.setFocusEmulationEnabled', { enabled: true })
      const status = await chromium.evaluate(`new Promise((resolve) => {
      new MutationObserver(() => resolve(said.textContent)).observe(said, { childList: true })
      document.querySelector('[data-copy=chrome-policy]').click()
    })`)
      expect(status).toBe('Copied')
      const copied = await chromium.evaluate<string>('navigator.clipboard.readText()')
      expect(JSON.parse(copied).DnsOverHttpsTemplates.split(' ')).toEqual(
        [gateway.url, sibling.url, DEAD].map((url) => `${url}{?dns}`),
      )
    })

    it('is walked through in its order with the Tab key', async () => {
      await chromium.open(`${gateway.origin}/`)
      const stops: string[] = []
      for (let stop = 0; stop < 8; stop++) {
        await press('Tab', 9)
        stops.push(await chromium.evaluate<string>(FOCUSED))
      }
      expect(stops).toEqual([
        'url',
        'name',
        'type',
        'Look up',
        'tab-chrome',
        'chrome-url',
        'SUMMARY',
        new URL(sibling.url).host,
      ])
    })

    it('switches tabs with the arrow keys', async () => {
      await chromium.open(`${gateway.origin}/`)
      await chromium.evaluate('document.getElementById("tab-chrome").focus()')
      await press('ArrowRight', 39)
      const shown =
        '[...document.querySelectorAll(".panel")].filter((panel) => panel.offsetParent).map((panel) => panel.ariaLabel)'
      expect(await chromium.evaluate(shown)).toEqual(['iPhone, iPad, Mac'])
    })

    const looks = [
      ['phone', 390, 'light'],
      ['phone', 390, 'dark'],
      ['desktop', 1280, 'light'],
      ['desktop', 1280, 'dark'],
    ] as const

    it.each(looks)('fits a %s of %i pixels, %s', async (device, width, scheme) => {
      const folder = process.env['BITDOH_SCREENSHOTS'] ?? mkdtempSync(join(tmpdir(), 'bitdoh-page-'))
      const metrics = { width, height: 844, deviceScaleFactor: 1, mobile: device === 'phone' }
      await chromium.send('Emulation.setDeviceMetricsOverride', metrics)
      const features = [{ name: 'prefers-color-scheme', value: scheme }]
      await chromium.send('Emulation.setEmulatedMedia', { features })
      await chromium.open(`${gateway.origin}/?name=dual.bit&type=AAAA`)
      const screenshot = { format: 'png', captureBeyondViewport: true }
      const { data } = await chromium.send<{ data: string }>('Page.captureScreenshot', screenshot)
      writeFileSync(join(folder, `${device}-${scheme}.png`), Buffer.from(data, 'base64'))
      expect(await chromium.evaluate('document.documentElement.scrollWidth')).toBe(width)
      expect(await chromium.evaluate(DIM_TEXTS), 'contrast below 4.5 to 1').toEqual([])
    })
  },
)

/** What has the focus: the text it copies, its id, or what it says. */
const FOCUSED = `(({ dataset, id, tagName, textContent }) =>
  dataset.copy ?? (id || (tagName === 'SUMMARY' ? tagName : textContent)))(document.activeElement)`

/** Texts whose contrast is less than WCAG 2.2, 1.4.3 wants (AA), measured as its definitions of contrast and luminance say. */
const DIM_TEXTS = `(() => {
  const channels = (colour) => colour.match(/[\\d.]+/g).map(Number)
  const luminance = (colour) => {
    const [red, green, blue] = channels(colour).slice(0, 3).map((channel) => {
      const share = channel / 255
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const ground = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const { backgroundColor } = getComputedStyle(each)
      if (channels(backgroundColor)[3] !== 0) return backgroundColor
    }
    return 'rgb(255, 255, 255)'
  }
  const contrast = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
  return [...document.querySelectorAll('body *')]
    .filter((element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
    .filter((element) => contrast(luminance(getComputedStyle(element).color), luminance(ground(element))) < 4.5)
    .map((element) => element.outerHTML.slice(0, 80))
})()`
