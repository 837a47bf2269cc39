import { beforeEach, expect, test } from 'vitest'
import Whatif from './Whatif.svelte'
import { question } from '../lib/question.svelte'
import { button, person, press, says, serve, show, until, words, write } from '../testing/stage'

const heat = { resource: 'cpu', at: '', times: [], past: 0, servers: ['s01', 's02'], zones: ['a', 'b'], racks: ['r1', 'r1'], replicas: [1, 1], safe: [80, 80], percent: [[], []], high: [[], []], chance: [[], []] }
const scenario = (name: string, kind: string, before: number, after: number) => ({ name, kind, weight: 0.5, violations_before: before, violations_after: after, cost_before: 0.5749, cost_after: 12.5, worst: [] })
const evaluation = (after: number) => ({ tick: '', decision: 'plan', reason: '2 moves: broken promises 9 -> 1', code: '', dropped: ['loss of rack r9: like r1'], scenarios: [scenario('status quo', 'status-quo', 9, 9), scenario('asked', 'user', 9, after), scenario('high load', 'load', 0, 0)] })
const answers = { 'GET /heat': heat, 'GET /applications': { items: [{ id: 'web' }], total: 1 } }

beforeEach(() => {
  person('operator')
  Object.assign(question, { changes: [], at: '', quantile: 0, answer: null, problem: '', busy: false })
})

test('nothing can be asked before something is said, and everything of it', async () => {
  serve(answers)
  show(Whatif)
  expect(button('Ask').disabled).toBe(true)
  press('+ Empty a server')
  expect(button('Ask').disabled).toBe(true)
  write('fieldset input', 's01')
  expect(button('Ask').disabled).toBe(false)
  press('Take change 1 away')
  expect(button('Ask').disabled).toBe(true)
})

test('what there is in the fleet is suggested', async () => {
  serve(answers)
  show(Whatif)
  await until(() => document.querySelectorAll('#q-servers option').length === 2)
  const of = (list: string) => [...document.querySelectorAll<HTMLOptionElement>(`#${list} option`)].map((o) => o.value)
  expect([of('q-racks'), of('q-zones')]).toEqual([['r1'], ['a', 'b']])
  await says('Lose zone b')
  press('Lose zone b')
  expect(question.body().lose).toEqual(['zone:b'])
})

test('a viewer is told what it takes', async () => {
  person('viewer')
  const asked = serve(answers)
  show(Whatif)
  press('+ Load')
  expect(button('Ask').disabled).toBe(true)
  await says('needs the role operator')
  document.querySelector('form')!.dispatchEvent(new Event('submit', { cancelable: true }))
  await until(() => asked.length === 2) // what it shows was read, nothing was asked
  expect(asked.some((s) => s.method === 'POST')).toBe(false)
})

test('the answer: promises, cost, futures, moves, and what stays broken without one more server', async () => {
  const move = { index: 0, replica: 'web/0', application: 'web', from: 's01', to: 's02+1', wave: 1, data_bytes: 0, expect_seconds: 75, reason: 'saves 8', state: 'planned', demand: {} }
  const asked = serve({ ...answers, 'POST /what-if': { evaluation: evaluation(1), plan: { moves: 1, waves: 1, confidence: 0.93, steps: [move] }, without: evaluation(1234) } })
  show(Whatif)
  press('+ One more')
  write('fieldset input', 's02')
  press('Ask')
  await says('Drover would move 1 replica')
  expect(asked.find((s) => s.method === 'POST')!.body.server).toEqual(['like:s02'])
  expect(words(document.querySelector('.top'))).toContain('broken promises 9 → 1')
  expect([...document.querySelectorAll('dl > div')].map((d) => [words(d.querySelector('dt')), words(d.querySelector('dd'))])).toEqual([
    ['Stay broken with one more', '1 without 1,234'], ['Broken promises then', '9 → 1'], ['Cost then', '0.5749 → 12.50'], ['How sure', '93 %'], ['Waves', '1']])
  expect(words(document.querySelector('tr.asked'))).toContain('what you asked')
  expect(words(document.body)).toContain('left out: loss of rack r9')
  expect(words(document.body)).toContain('s01 → s02+1')
})

test('without a plan it says which way it went', async () => {
  const answer = { evaluation: { ...evaluation(0), decision: 'hold', reason: 'stale' }, plan: null }
  serve({ ...answers, 'POST /what-if': answer })
  show(Whatif)
  press('+ Load')
  press('Ask')
  await says('Drover would leave everything where it is')
  expect(words(document.body)).not.toContain('Stay broken')
  question.answer = { ...answer, evaluation: { ...answer.evaluation, decision: 'none' } } as any
  await says('Drover has no plan for that')
})
