import { beforeEach, expect, test } from 'vitest'
import Audit from './Audit.svelte'
import { app } from '../lib/state.svelte'
import { Refusal, person, press, says, serve, show, until, words, write } from '../testing/stage'

const log = {
  items: [
    { at: '2026-03-12T09:26:00Z', actor: 'alice (token)', action: 'approve', object: 'plan/p-1', before: 'proposed', after: '{"order":"o-1","comment":"before the sale"}' },
    { at: '2026-03-12T09:14:00Z', actor: 'bob (oidc)', action: 'drain', object: 'server/s07', before: 'drained=false', after: 'not JSON' },
  ], total: 2,
}
beforeEach(() => person('operator'))

test('the newest change stands open, with what was said', async () => {
  serve({ 'GET /audit': log })
  show(Audit)
  await says('2 changes')
  const one = document.querySelector('.one')!
  for (const said of ['approve plan/p-1', 'alice (token), 03-12 09:26 UTC', 'before the sale', 'proposed']) expect(words(one)).toContain(said)
  expect([...one.querySelectorAll('pre')].at(-1)!.textContent).toBe('{\n  "order": "o-1",\n  "comment": "before the sale"\n}')
  press('The plan')
  expect([app.view, app.chosen]).toEqual(['decision', 'p-1'])
})

test('another is picked, and leads to its server', async () => {
  serve({ 'GET /audit': log })
  show(Audit)
  await says('2 changes')
  document.querySelector<HTMLElement>('[data-row="1"]')!.click()
  await until(() => words(document.querySelector('.one')).includes('drain server/s07'))
  expect(words(document.querySelector('.one'))).toContain('not JSON')
  press('The server')
  expect([app.view, app.chosen]).toEqual(['forecast', 'server:s07'])
})

test('one kind of change alone', async () => {
  serve({ 'GET /audit': log })
  show(Audit)
  await says('2 changes')
  expect([...document.querySelectorAll('option')].map(words)).toEqual(['anything', 'approve', 'drain'])
  write('select', 'drain')
  await until(() => document.querySelectorAll('[data-row]').length === 1)
  expect(words(document.querySelector('[data-row]'))).toContain('bob (oidc)')
})

test('a search goes to the server', async () => {
  const asked = serve({ 'GET /audit': (s: { query: { q?: string } }) => (s.query.q ? { items: [], total: 0 } : log) })
  show(Audit)
  await says('2 changes')
  write('input[type=search]', 'carol')
  await says('Nothing found.')
  expect(asked.at(-1)!.query.q).toBe('carol')
})

test('a viewer is told what it takes; nothing yet and failures are said', async () => {
  person('viewer')
  const asked = serve({})
  show(Audit)
  await says('takes the role operator')
  expect(asked).toEqual([])
  document.body.replaceChildren()
  person('operator')
  serve({ 'GET /audit': { items: [], total: 0 } })
  show(Audit)
  await says('Nobody has changed anything yet.')
  document.body.replaceChildren()
  serve({ 'GET /audit': new Refusal(500, 'something went wrong here') })
  show(Audit)
  await says('something went wrong here')
})
