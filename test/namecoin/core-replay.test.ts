import { expect, test } from 'vitest'
import { coreRecordings, replay } from '../servers/core-replay.ts'

test('every recorded request gets its recorded answer', () => {
  for (const { request, response } of coreRecordings) {
    const body = typeof request.body === 'string' ? request.body : JSON.stringify(request.body)
    const answer = replay(coreRecordings, body, request.auth as 'valid' | 'wrong' | 'none')
    expect(answer.status).toBe(response.status)
    expect(answer.contentType).toBe(response.contentType)
    if (response.body === '') expect(answer.body).toBe('')
    else expect(JSON.parse(answer.body)).toEqual(JSON.parse(response.body))
  }
})
