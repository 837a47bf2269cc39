import { beforeEach, expect, test } from 'vitest'
import Letters from './Letters.svelte'
import { Refusal, button, person, press, says, serve, show, until, words, write } from '../testing/stage'

const letter = (n: number, more: object = {}) => ({
  id: `metrics/0/${n}`, topic: 'metrics', partition: 0, offset: n, at: '2026-03-12T09:0' + (n % 10) + ':00Z', stage: 'forecaster', class: n % 2 ? 'decode' : 'value',
  message: `reason ${n}`, key: `k${n}`, headers: { producer: 'ingest-7' }, value: btoa('{"a":1}'), bytes: 7, cut: false, ...more })
const two = { items: [letter(2), letter(1, { value: btoa('\x00\xff'), bytes: 9000, cut: true })], total: 2 }
beforeEach(() => person('admin'))

test('who may not see what producers sent is told so, and nothing is asked', async () => {
  person('viewer')
  const asked = serve({})
  show(Letters)
  await says('takes the role operator')
  expect(asked).toEqual([])
})

test('the first record stands open, with its reason, headers and text', async () => {
  serve({ 'GET /deadletters': two })
  show(Letters)
  await says('2 dead letters')
  const one = document.querySelector('.one')!
  for (const said of ['metrics/0/2', 'reason 2', 'forecaster', '0, 2', 'k2', 'ingest-7', 'Its 7 B']) expect(words(one)).toContain(said)
  expect(one.querySelector('pre')!.textContent).toBe('{\n  "a": 1\n}')
  press('Bytes')
  expect(one.querySelector('pre')!.textContent).toContain('7b 22 61')
})

test('bytes that are no text are dumped, and what was cut says how to get it whole', async () => {
  serve({ 'GET /deadletters': { items: [two.items[1]], total: 1 } })
  show(Letters)
  await says('1 dead letter')
  expect(document.querySelector('pre')!.textContent).toContain('000000  00 ff')
  await says('drover deadletter show metrics/0/1')
  expect(words(document.body)).toContain('of which the first 4 KiB')
  expect(words(document.body)).not.toContain('Replay all') // one has its own button
})

test('a replay asks first, sends the reason, and says what it did', async () => {
  const asked = serve({ 'GET /deadletters': two, 'POST /deadletters/replay': {} })
  show(Letters)
  await says('2 dead letters')
  press('Replay …')
  await says('Send metrics/0/2 again?')
  expect(asked.filter((s) => s.method === 'POST')).toEqual([])
  write('dialog textarea', 'mended')
  press('Send again')
  await says('1 record sent again.')
  expect(asked.find((s) => s.method === 'POST')!.body).toEqual({ ids: ['metrics/0/2'], comment: 'mended' })
})

test('many go in parts of a hundred', async () => {
  const items = Array.from({ length: 230 }, (_, i) => letter(i))
  const asked = serve({ 'GET /deadletters': { items, total: 230 }, 'POST /deadletters/drop': {} })
  show(Letters)
  await says('230 dead letters')
  press('Drop all')
  await says('Drop 230 records for good?')
  press('Drop')
  await says('230 records dropped.')
  expect(asked.filter((s) => s.method === 'POST').map((s) => s.body.ids.length)).toEqual([100, 100, 30])
})

test('an operator sends again and does not drop', async () => {
  person('operator')
  serve({ 'GET /deadletters': two })
  show(Letters)
  await says('2 dead letters')
  expect([button('Replay …').disabled, button('Drop …').disabled, button('Drop all').disabled]).toEqual([false, true, true])
  expect(button('Drop …').title).toBe('needs the role admin')
})

test('what goes wrong stays in the dialog', async () => {
  serve({ 'GET /deadletters': two, 'POST /deadletters/replay': new Refusal(404, 'metrics/0/2 is not there any more') })
  show(Letters)
  await says('2 dead letters')
  press('Replay …')
  press('Send again')
  await says('is not there any more')
  expect(document.querySelector('dialog')!.open).toBe(true)
})

test('a search asks again, and says when there is nothing', async () => {
  const asked = serve({ 'GET /deadletters': (s: { query: { q?: string } }) => (s.query.q ? { items: [], total: 0 } : two) })
  show(Letters)
  await says('2 dead letters')
  write('input[type=search]', ' decode ')
  await says('Nothing found.')
  expect(asked.at(-1)!.query).toEqual({ limit: '1000', q: 'decode' })
  await until(() => !document.querySelector('.one'))
})
