import type { Connect, Contact } from '../../src/liveness/probe.ts'
import { fakeClock, settled } from '../namecoin/clock.ts'

/** What a port does with a connection; `silent` hangs until it is given up. */
export type Behaviour = Contact | 'silent'

/** Hosts that behave as they are told, port by port, and a clock that is turned. */
export function hostWorld(behaviourOf: (address: string, port: number) => Behaviour = () => 'accepted') {
  const clock = fakeClock()
  const world = {
    clock,
    behaviourOf,
    /** Each connection: when, in seconds from the start, and where to. */
    connections: [] as string[],
    underWay: 0,
    mostUnderWay: 0,
    connect,
    pass,
  }
  const start = clock.now()

  function connect(...[address, port, signal]: Parameters<Connect>): Promise<Contact> {
    world.connections.push(`${(clock.now() - start) / 1000} ${address} ${port}`)
    world.mostUnderWay = Math.max(world.mostUnderWay, ++world.underWay)
    return new Promise((resolve) => {
      const settle = (contact: Contact): void => {
        world.underWay--
        resolve(contact)
      }
      const behaviour = world.behaviourOf(address, port)
      if (behaviour !== 'silent') settle(behaviour)
      else signal.addEventListener('abort', () => settle('refused'), { once: true })
    })
  }

  /** Turns the clock second by second, and lets happen what happens in each. */
  async function pass(seconds: number, eachSecond: () => void = () => {}): Promise<void> {
    clock.advance(0)
    await settled()
    for (let second = 0; second < seconds; second++) {
      clock.advance(1_000)
      await settled()
      eachSecond()
    }
  }
  return world
}
