import { beforeEach, expect, test } from 'vitest'
import { question } from './question.svelte'
import { Refusal, person, serve, until } from '../testing/stage'

beforeEach(() => {
  person('operator')
  question.cancel()
  Object.assign(question, { changes: [], at: '', quantile: 0, answer: null, problem: '' })
})

test('every kind of change is written as the API takes it', () => {
  question.changes = [
    { kind: 'lose-server', name: ' s01 ', other: '', amount: '' }, { kind: 'lose-rack', name: 'r1', other: '', amount: '' }, { kind: 'lose-zone', name: 'b', other: '', amount: '' },
    { kind: 'drain', name: 's02', other: '', amount: '' }, { kind: 'server', name: 's03', other: '', amount: '' },
    { kind: 'load', name: 'web', other: '', amount: '+40%' }, { kind: 'all', name: '', other: '', amount: '+10%' }, { kind: 'slow', name: 'a', other: 'b', amount: '3x' },
  ]
  question.at = ' 18:00 '
  question.quantile = 0.9
  expect(question.body()).toEqual({
    lose: ['server:s01', 'rack:r1', 'zone:b'], drain: ['s02'], server: ['like:s03'], load: ['web=+40%', 'all=+10%'], slow: ['a:b=3x'], at: '18:00', quantile: 0.9 })
})

test('what is left out is not sent', () => {
  question.add('all')
  expect(JSON.parse(JSON.stringify(question.body()))).toEqual({ lose: [], drain: [], server: [], load: ['all=+40%'], slow: [] })
})

test('a change is taken away by its place', () => {
  question.add('drain', 's01')
  question.add('slow', 'a')
  question.remove(0)
  expect(question.changes.map((c) => [c.kind, c.name, c.amount])).toEqual([['slow', 'a', '3x']])
})

test('an answer is kept, a failure is told and takes the old answer away', async () => {
  const said = { evaluation: { decision: 'none' }, plan: null }
  const answers: Record<string, unknown> = { 'POST /what-if': said }
  const asked = serve(answers)
  question.add('drain', 's01')
  await question.ask()
  expect([question.answer, question.problem, question.busy]).toEqual([said, '', false])
  expect(asked[0].body.drain).toEqual(['s01'])
  answers['POST /what-if'] = new Refusal(409, 'fleet demo has no forecasts yet; ask again when it has')
  await question.ask()
  expect([question.answer, question.problem, question.busy]).toEqual([null, 'fleet demo has no forecasts yet; ask again when it has', false])
})

test('a question that is called off leaves the answer that stands, and says nothing', async () => {
  let aborted = false
  serve({
    'POST /what-if': (_: unknown, init: RequestInit) => new Promise((_, fail) => init.signal!.addEventListener('abort', () => {
      aborted = true
      fail(new DOMException('called off', 'AbortError'))
    })),
  })
  const before = { evaluation: { decision: 'plan' }, plan: null } as any
  question.answer = before
  question.add('all')
  const asking = question.ask()
  await until(() => question.busy)
  question.cancel()
  await asking
  expect([aborted, question.busy, question.problem]).toEqual([true, false, ''])
  expect(question.answer).toEqual(before)
})
