import { beforeEach, expect, test } from 'vitest'
import Updates from './Updates.svelte'
import { app } from './state.svelte'
import { Refusal, person, press, says, serve, show, until, words } from '../testing/stage'

const list = {
  items: [
    { roll: 'kernel', server: 's01', hook: 'reboot', state: 'done', start: '2026-03-12T08:00:00Z', end: '2026-03-12T08:20:00Z', plan: 'p-1' },
    { roll: 'kernel', server: 's02', hook: 'reboot', state: 'missed', start: '2026-03-11T08:00:00Z', end: '2026-03-11T08:20:00Z', reason: 'full until 2026-03-12T11:00:00Z' },
    { roll: 'kernel', server: 's03', hook: 'reboot', state: 'waiting' },
  ], total: 3,
}
beforeEach(() => person('viewer'))

test('every server with its state and window, and how many are done', async () => {
  const asked = serve({ 'GET /updates': list })
  show(Updates)
  await says('Server updates: 1 of 3 done')
  expect(asked[0].query).toEqual({ limit: '1000' })
  const rows = [...document.querySelectorAll('tbody tr')]
  expect(rows.map((r) => [...r.querySelectorAll('td')].slice(0, 3).map(words))).toEqual([
    ['s01', 'done', '08:00 – 08:20'], ['s02', 'missed', '03-11 08:00 – 03-11 08:20'], ['s03', 'waiting', '–']])
  expect(rows.map((r) => r.querySelectorAll('td')[1].classList[0])).toEqual(['good', 'back', 'calm'])
  expect(words(rows[1])).toContain('full until 03-12 11:00')
})

test('the plan of an update is one press away', async () => {
  serve({ 'GET /updates': list })
  show(Updates)
  await says('p-1')
  press('p-1')
  expect([app.view, app.chosen]).toEqual(['decision', 'p-1'])
})

test('a fleet without updates shows nothing', async () => {
  const asked = serve({ 'GET /updates': { items: [], total: 0 } })
  const target = show(Updates)
  await until(() => asked.length === 1)
  expect(words(target)).toBe('')
})

test('what goes wrong is told', async () => {
  serve({ 'GET /updates': new Refusal(503, 'it took too long; try again') })
  show(Updates)
  await says('it took too long')
  expect(document.querySelector('[role=alert]')).not.toBeNull()
})

test('a past moment is asked about as such', async () => {
  const asked = serve({ 'GET /updates': list })
  app.at = '2026-03-12T09:00:00Z'
  show(Updates)
  await says('Server updates')
  expect(asked[0].query.at).toBe('2026-03-12T09:00:00Z')
})
