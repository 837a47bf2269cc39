// What the network map says of zones: medians of the round trips between them.
import type { Heat, Link } from './types'

export interface Zones { names: string[]; median: Map<string, number>; most: number }

/** zonesOf adds up links by the zones of their ends; the key is "from|to". */
export function zonesOf(links: Link[], servers: Heat | null): Zones {
  const zone = new Map((servers?.servers ?? []).map((s, i) => [s, servers!.zones[i]]))
  const by = new Map<string, number[]>()
  for (const l of links) {
    const key = `${zone.get(l.from) ?? '?'}|${zone.get(l.to) ?? '?'}`
    if (!by.has(key)) by.set(key, [])
    by.get(key)!.push(l.rtt_ms)
  }
  const median = new Map([...by].map(([k, v]) => [k, v.sort((a, b) => a - b)[Math.floor(v.length / 2)]]))
  return { names: [...new Set([...by.keys()].flatMap((k) => k.split('|')))].sort(), median, most: Math.max(0.001, ...median.values()) }
}

/** between returns the median both ways, as far as it is known. */
export function between(z: Zones, a: string, b: string): number | undefined {
  const known = [z.median.get(`${a}|${b}`), z.median.get(`${b}|${a}`)].filter((v) => v !== undefined)
  return known.length ? known.reduce((s, v) => s + v, 0) / known.length : undefined
}
