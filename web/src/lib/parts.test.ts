import { expect, test, vi } from 'vitest'
import { Parts } from './parts.svelte'
import { views } from './state.svelte'
import Balance from './Balance.svelte'

const part = { default: Balance as any }
const at = (fetch: () => Promise<typeof part>) => Object.fromEntries(views.map((v) => [v, fetch]))

test('the first view is there, the others come when they are opened, once', async () => {
  const fetch = vi.fn(async () => part)
  const parts = new Parts(at(fetch))
  expect(parts.of('fleet')).toBeDefined()
  expect(parts.of('audit')).toBeUndefined()
  await parts.fetch('fleet')
  expect(fetch).not.toHaveBeenCalled()
  await parts.fetch('audit')
  await parts.fetch('audit')
  expect(parts.of('audit')).toBe(Balance)
  expect(fetch).toHaveBeenCalledTimes(1)
})

test('a view that does not come is said to be lost, and may come later', async () => {
  let there = false
  const parts = new Parts(at(async () => {
    if (!there) throw new TypeError('Failed to fetch dynamically imported module')
    return part
  }))
  await parts.fetch('letters')
  expect(parts.lost).toBe('letters')
  expect(parts.of('letters')).toBeUndefined()
  there = true
  await parts.fetch('letters')
  expect(parts.lost).toBe('')
  expect(parts.of('letters')).toBe(Balance)
})

test('the rest comes one after another when there is time', async () => {
  const parts = new Parts(at(async () => part))
  let waiting = 0
  parts.fetchRest((then) => {
    waiting++
    setTimeout(then)
  })
  expect(waiting).toBe(1) // not all at once
  await vi.waitFor(() => expect(views.every((v) => parts.of(v))).toBe(true))
  expect(waiting).toBe(views.length - 1)
})

test('the rest is left alone once one does not come', async () => {
  const fetch = vi.fn(async () => { throw new Error('gone') })
  const parts = new Parts(at(fetch as any))
  parts.fetchRest((then) => setTimeout(then))
  await vi.waitFor(() => expect(parts.lost).not.toBe(''))
  await new Promise((done) => setTimeout(done, 20))
  expect(fetch).toHaveBeenCalledTimes(1)
})

test('the real ones are there', async () => {
  const parts = new Parts()
  for (const v of views) {
    await parts.fetch(v)
    expect(parts.of(v), v).toBeDefined()
  }
})
