import { expect, test } from 'vitest'
import { blast } from './blast'
import { heat } from './colour'
import { arrange } from './layout'
import { between, zonesOf } from './network'
import type { Graph, Heat, Link } from './types'

/** graphOf makes a graph of applications and calls "a>b". */
function graphOf(ids: string[], calls: string[], zones: string[] = ids.map(() => 'a')): Graph {
  const edges = calls.map((c) => c.split('>').map((n) => ids.indexOf(n)))
  return {
    applications: { id: ids, group: ids.map(() => 'g'), zones, replicas: ids.map(() => 1), stateful: ids.map(() => false) },
    edges: { from: edges.map((e) => e[0]), to: edges.map((e) => e[1]), calls_per_second: edges.map((_, i) => i + 1), errors_per_second: [], p95_ms: [], origins: [], confidence: [] },
  }
}
const ids = ['web', 'api', 'db', 'cron', 'lone']

test('callers are hit, and theirs, also in a circle; callees are not', () => {
  const g = graphOf(ids, ['web>api', 'api>db', 'cron>db', 'db>web'])
  const hit = (of: string) => ids.filter((_, i) => blast(g, ids.indexOf(of))[i])
  expect(hit('api')).toEqual(['web', 'api', 'db', 'cron'])
  expect(hit('cron')).toEqual(['cron'])
  expect(hit('lone')).toEqual(['lone'])
})

test('small graphs stand in layers, callers left of what they call', () => {
  const g = graphOf(ids, ['web>api', 'api>db', 'cron>db', 'db>web', 'api>api'])
  const a = arrange(g, 'calls')
  expect(a.boxes).toBe(true)
  expect(a.x[ids.indexOf('cron')]).toBeLessThan(a.x[ids.indexOf('db')])
  expect(a.x[ids.indexOf('web')]).toBeLessThan(a.x[ids.indexOf('api')])
  expect(new Set([...a.x].map((x, i) => `${x} ${a.y[i]}`)).size).toBe(ids.length) // none over another
  expect([...arrange(g, 'calls').y]).toEqual([...a.y]) // the same for the same graph
})

test('large ones stand in discs, the busiest in the middle of its own', () => {
  const many = Array.from({ length: 400 }, (_, i) => `s${i}`)
  const g = graphOf(many, ['s7>s9', 's9>s8', 's9>s6'], many.map((_, i) => (i % 2 ? 'a' : i % 4 ? 'b' : '')))
  const a = arrange(g, 'zone')
  expect(a.boxes).toBe(false)
  expect(a.groups.map((d) => [d.name, d.n])).toEqual([['a', 200], ['b', 100], ['nowhere', 100]])
  const disc = a.groups[0]
  expect([a.x[9], a.y[9]]).toEqual([Math.fround(disc.x), Math.fround(disc.y)])
  for (let i = 0; i < many.length; i++) {
    const d = a.groups[a.groupOf[i]]
    expect(Math.hypot(a.x[i] - d.x, a.y[i] - d.y)).toBeLessThanOrEqual(d.r)
  }
  for (const [i, d] of a.groups.entries()) for (const e of a.groups.slice(i + 1)) expect(Math.hypot(d.x - e.x, d.y - e.y)).toBeGreaterThanOrEqual(d.r + e.r)
})

test('an empty graph has a place for nothing', () => {
  expect(arrange(graphOf([], []), 'namespace').groups).toEqual([])
})

test('round trips between zones are medians, both ways where both are known', () => {
  const servers = { servers: ['s1', 's2', 's3'], zones: ['a', 'b', 'b'] } as Heat
  const link = (from: string, to: string, rtt_ms: number) => ({ from, to, rtt_ms, rtt_error_ms: 0, loss: 0, measured: true }) as Link
  const z = zonesOf([link('s1', 's2', 1), link('s1', 's3', 9), link('s1', 's2', 3), link('s2', 's1', 5), link('s2', 'gone', 2)], servers)
  expect(z.names).toEqual(['?', 'a', 'b'])
  expect(z.median.get('a|b')).toBe(3)
  expect(between(z, 'a', 'b')).toBe(4)
  expect(between(z, 'a', '?')).toBeUndefined()
  expect(z.most).toBe(5)
  expect(zonesOf([], null).names).toEqual([])
})

test('colours change where a server stops being safe, in lightness too', () => {
  const lightness = (c: string) => c.match(/\d+/g)!.map(Number).reduce((s, v) => s + v, 0)
  for (const theme of ['light', 'dark'] as const) {
    expect(heat(0.999, theme)).not.toBe(heat(1, theme))
    expect(heat(-1, theme)).toBe(heat(0, theme))
    expect(heat(99, theme)).toBe(heat(1.8, theme))
    expect(Math.abs(lightness(heat(0.99, theme)) - lightness(heat(1.02, theme)))).toBeGreaterThan(30)
  }
})
