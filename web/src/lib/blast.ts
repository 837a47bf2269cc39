import type { Graph } from './types'

/** blast returns which applications are hit when one fails: its callers, and theirs. */
export function blast(g: Graph, of: number): Uint8Array {
  const callers: number[][] = Array.from({ length: g.applications.id.length }, () => [])
  g.edges.from.forEach((f, e) => callers[g.edges.to[e]].push(f))
  const hit = new Uint8Array(g.applications.id.length)
  const queue = [of]
  hit[of] = 1
  for (let i = 0; i < queue.length; i++) {
    for (const c of callers[queue[i]]) {
      if (!hit[c]) {
        hit[c] = 1
        queue.push(c)
      }
    }
  }
  return hit
}
