import { afterEach, expect, test, vi } from 'vitest'
import { Failure, get, path, post, setToken, stream } from './api'
import { Refusal, serve, until } from '../testing/stage'

afterEach(() => setToken(''))

test('what is not asked for is not in the address, and names are escaped', () => {
  expect(path('/fleets/a%2Fb/heat', { hours: 6, at: undefined, q: '' })).toBe('/api/v1/fleets/a%2Fb/heat?hours=6')
  expect(path('/me')).toBe('/api/v1/me')
  expect(path('/x', { q: 'a&b c' })).toBe('/api/v1/x?q=a%26b+c')
})

test('the token goes with what is read, the header against other sites with what changes', async () => {
  const seen: Record<string, string>[] = []
  serve({ 'GET /api/v1/me': (_: unknown, init: RequestInit) => (seen.push(init.headers as any), {}), 'POST /api/v1/x': (_: unknown, init: RequestInit) => (seen.push(init.headers as any), {}) })
  await get('/me')
  setToken('secret')
  await post('/x', { comment: 'why' })
  expect(seen).toEqual([{ Accept: 'application/json' }, { Accept: 'application/json', 'Content-Type': 'application/json', 'X-Drover-Request': '1', Authorization: 'Bearer secret' }])
})

test('a failure says what the server says, or its status', async () => {
  serve({ 'GET /api/v1/me': new Refusal(403, 'needs the role admin'), 'GET /api/v1/x': new Response('<html>', { status: 502, statusText: 'Bad Gateway' }) })
  await expect(get('/me')).rejects.toEqual(new Failure(403, 'needs the role admin'))
  await expect(get('/x')).rejects.toThrow('502 Bad Gateway')
})

/** body gives texts one after another, as a network cuts them. */
function body(...parts: string[]): ReadableStream<Uint8Array> {
  const left = parts.map((p) => new TextEncoder().encode(p))
  return new ReadableStream({ pull: (c) => (left.length ? c.enqueue(left.shift()!) : c.close()) })
}

test('events are read however they are cut, and after an end from where it was', async () => {
  const ended = new AbortController()
  const after: (string | undefined)[] = []
  vi.stubGlobal('fetch', async (_: string, init: RequestInit) => {
    after.push((init.headers as Record<string, string>)['Last-Event-ID'])
    if (after.length === 1) return { ok: true, body: body('id: 7\nevent: cha', 'nge\ndata: {"a":', '1}\n\n: beat\n\nevent: line\nid: 8\ndata: {"b":2}\n', '\nid: 9\nevent: line\ndata: {"cut') }
    if (after.length === 2) return { ok: false }
    return { ok: true, body: body('event: line\ndata: {"c":3}\n\n') }
  })
  const told: unknown[] = []
  const live: boolean[] = []
  const going = stream('/events', (kind, data) => told.push([kind, data]), (up) => live.push(up), ended.signal)
  await until(() => told.length >= 3)
  ended.abort()
  await going
  expect(told.slice(0, 3)).toEqual([['change', { a: 1 }], ['line', { b: 2 }], ['line', { c: 3 }]])
  expect(after.slice(0, 3)).toEqual([undefined, '8', '8'])
  expect(live.slice(0, 4)).toEqual([true, false, false, true])
})
