import { expect, test } from 'vitest'
import { demoNames } from '../../src/namecoin/demo.ts'

const { values } = demoNames()

test('jordia65 has the two addresses that this project began with', () => {
  expect(JSON.parse(new TextDecoder().decode(values.get('d/jordia65')))).toEqual({
    ip: ['192.0.2.10', '198.51.100.20'],
  })
})

test('ha-demo has two servers on this machine', () => {
  expect(JSON.parse(new TextDecoder().decode(values.get('d/ha-demo')))).toEqual({
    ip: ['127.0.0.2', '127.0.0.3'],
  })
})

test('everything in it would fit in the blockchain', () => {
  for (const value of values.values()) expect(value.length).toBeLessThanOrEqual(520)
})
