import { expect, test } from 'vitest'
import Balance from './Balance.svelte'
import { show, words } from '../testing/stage'

const kept = {
  succeeded: 14, failed: 0, expected_end: '2026-03-12T10:05:00Z', ended: '2026-03-12T10:02:00Z', promises_before: 412, promises_expected: 61,
  promises_had: 58, cost_before: 91.4, cost_expected: 74.25, cost_had: 75.1,
}
/** row returns the cells beside a name. */
const row = (name: string) => [...document.querySelectorAll('tbody tr')].filter((r) => words(r).startsWith(name)).flatMap((r) => [...r.querySelectorAll('td')])

test('a plan that kept its word', () => {
  show(Balance, { b: kept, moves: 14 })
  expect(row('Broken promises').map(words)).toEqual(['412', '61', '58'])
  expect(row('Broken promises')[2].classList.contains('good')).toBe(true)
  expect(row('Cost').map(words)).toEqual(['91.40', '74.25', '75.10'])
  expect(row('Moves made').map(words)).toEqual(['–', '14', '14'])
  expect(row('Ended').map(words)).toEqual(['–', '03-12 10:05', '03-12 10:02'])
})

test('a plan that broke more than it foretold, and lost moves', () => {
  show(Balance, { b: { ...kept, promises_had: 62, succeeded: 12, failed: 2, expected_end: undefined }, moves: 14 })
  expect(row('Broken promises')[2].classList.contains('bad')).toBe(true)
  expect(row('Moves made').map(words)).toEqual(['–', '14', '12, 2 failed'])
  expect(row('Moves made')[2].classList.contains('bad')).toBe(true)
  expect(row('Ended').map(words)).toEqual(['–', '–', '03-12 10:02'])
})

test('every figure has its heading', () => {
  show(Balance, { b: kept, moves: 14 })
  expect([...document.querySelectorAll('thead th')].map(words)).toEqual(['Without it', 'Foretold', 'Found'])
  expect([...document.querySelectorAll('tbody th')].every((h) => h.getAttribute('scope') === 'row')).toBe(true)
})
