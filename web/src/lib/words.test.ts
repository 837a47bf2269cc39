import { expect, test } from 'vitest'
import { amount, bytes, clock, count, friendly, lasted, many, marginWords, money, percent, rate, stateWords, tone } from './words'

test('times stand with their day where it is another one', () => {
  expect(clock('2026-03-12T09:05:00Z')).toBe('03-12 09:05')
  expect(clock('2026-03-12T09:05:00Z', '2026-03-12T23:00:00Z')).toBe('09:05')
  expect(clock('2026-03-11T09:05:00Z', '2026-03-12T23:00:00Z')).toBe('03-11 09:05')
  expect(clock(undefined)).toBe('–')
})

test('sentences of the planner are written for people', () => {
  expect(friendly('broken promises 9 -> 1; ready by 2026-03-12T10:20:00Z')).toBe('broken promises 9 → 1; ready by 03-12 10:20')
  expect(friendly('s01->s02')).toBe('s01->s02')
})

test.each([[0, '0.00'], [0.5749, '0.5749'], [-0.25, '-0.2500'], [1, '1.00'], [91_400.5, '91,400.50']])('a cost of %d is %s', (v, want) => expect(money(v)).toBe(want))
test.each([[0, '0.0/s'], [9.96, '10.0/s'], [3152.04, '3,152/s']])('%d calls a second are %s', (v, want) => expect(rate(v)).toBe(want))
test.each([[0, '0 B'], [1023, '1023 B'], [1536, '1.50 KiB'], [45 * 2 ** 30, '45.0 GiB'], [2 ** 50, '1024 TiB']])('%d bytes are %s', (v, want) => expect(bytes(v)).toBe(want))
test.each([[950, 'millicores', '0.95 cores'], [12_340, 'millicores', '12.3 cores'], [2048, 'bytes/s', '2.00 KiB/s'], [7.4, '', '7']])('%d %s are %s', (v, unit, want) => expect(amount(v, unit)).toBe(want))
test.each([[-3, '0 s'], [59.6, '1 min 00 s'], [3599, '59 min 59 s'], [7260, '2 h 01 min']])('%d seconds are %s', (v, want) => expect(lasted(v)).toBe(want))

test('what is not known is said so', () => {
  expect([percent(-1), percent(0), percent(99.6)]).toEqual(['?', '0 %', '100 %'])
})

test('numbers of things', () => {
  expect([many(1, 'server'), many(1000, 'server'), many(2, 'dependency', 'dependencies'), count(1234567)]).toEqual(['1 server', '1,000 servers', '2 dependencies', '1,234,567'])
})

test.each([
  [{ state: 'proposed', waiting: true, paused: false, killed: false }, 'waits for approval', 'wait'],
  [{ state: 'rolled-back', waiting: false, paused: false, killed: false }, 'rolled back', 'back'],
  [{ state: 'running', waiting: false, paused: true, killed: false }, 'running, paused', 'run'],
  [{ state: 'running', waiting: false, paused: true, killed: true }, 'running, killed', 'run'],
  [{ state: 'parked', waiting: false, paused: false, killed: false }, 'parked: needs a person', 'bad'],
  [{ state: 'expired', waiting: false, paused: false, killed: false }, 'expired', 'calm'],
])('%j', (p, said, looks) => expect([stateWords(p), tone(p)]).toEqual([said, looks]))

test('margins', () => {
  expect([0.21, -0.03, 12, -40].map((margin) => marginWords({ valid: true, margin }))).toEqual(['+21 %', '−3 %', '> 1,000 %', '< −1,000 %'])
  expect(marginWords({ valid: false, margin: 0 })).toBe('overload')
})
