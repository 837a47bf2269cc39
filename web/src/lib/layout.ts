// Where applications stand on the canvas. Small graphs are laid out in layers,
// callers left of what they call; large ones in a disc for each group, the
// busiest in the middle. Both are the same for the same graph.
import type { Graph } from './types'

export interface Layout {
  x: Float32Array
  y: Float32Array
  radius: Float32Array
  groups: { name: string; x: number; y: number; r: number; n: number }[]
  groupOf: Int32Array
  boxes: boolean // nodes are drawn as boxes with names
  weight: Float32Array // calls per second through each node
}

export type Grouping = 'calls' | 'zone' | 'namespace'

const maxLayered = 300

export function arrange(g: Graph, by: Grouping): Layout {
  const n = g.applications.id.length
  const weight = new Float32Array(n)
  g.edges.from.forEach((f, e) => {
    weight[f] += g.edges.calls_per_second[e]
    weight[g.edges.to[e]] += g.edges.calls_per_second[e]
  })
  const out: Layout = { x: new Float32Array(n), y: new Float32Array(n), radius: new Float32Array(n), groups: [], groupOf: new Int32Array(n), boxes: n <= maxLayered, weight }
  if (by === 'calls' && n <= maxLayered) layered(g, out)
  else grouped(g, out, by)
  return out
}

/** layered follows Sugiyama: break cycles, longest paths, order by barycentres. */
function layered(g: Graph, out: Layout) {
  const n = g.applications.id.length
  const next: number[][] = Array.from({ length: n }, () => [])
  const before: number[][] = Array.from({ length: n }, () => [])
  const mark = new Uint8Array(n)
  const edges: number[][] = Array.from({ length: n }, () => [])
  g.edges.from.forEach((f, e) => { if (f !== g.edges.to[e]) edges[f].push(g.edges.to[e]) })
  const order: number[] = []
  const visit = (v: number) => {
    mark[v] = 1
    for (const w of edges[v]) {
      if (mark[w] === 1) continue // a cycle: this call goes back
      next[v].push(w)
      before[w].push(v)
      if (!mark[w]) visit(w)
    }
    mark[v] = 2
    order.push(v)
  }
  const called = new Set(g.edges.to)
  for (let v = 0; v < n; v++) if (!called.has(v) && !mark[v]) visit(v)
  for (let v = 0; v < n; v++) if (!mark[v]) visit(v)
  const layer = new Int32Array(n)
  for (const v of order.reverse()) for (const w of next[v]) layer[w] = Math.max(layer[w], layer[v] + 1)
  const layers: number[][] = []
  for (let v = 0; v < n; v++) (layers[layer[v]] ??= []).push(v)
  const place = new Float32Array(n)
  for (const l of layers) l.forEach((v, i) => (place[v] = i - l.length / 2))
  for (let sweep = 0; sweep < 8; sweep++) {
    const list = sweep % 2 ? [...layers].reverse() : layers
    for (const l of list) {
      const middle = (v: number) => {
        const near = sweep % 2 ? next[v] : before[v]
        return near.length ? near.reduce((s, w) => s + place[w], 0) / near.length : place[v]
      }
      const key = new Map(l.map((v) => [v, middle(v)]))
      l.sort((a, b) => key.get(a)! - key.get(b)! || a - b)
      l.forEach((v, i) => (place[v] = i - (l.length - 1) / 2))
    }
  }
  layers.forEach((l, i) => l.forEach((v) => {
    out.x[v] = i * 250
    out.y[v] = place[v] * 84
    out.radius[v] = 18
  }))
}

function grouped(g: Graph, out: Layout, by: Grouping) {
  const names = new Map<string, number[]>()
  g.applications.id.forEach((_, i) => {
    const name = (by === 'zone' ? g.applications.zones[i] : g.applications.group[i]) || (by === 'zone' ? 'nowhere' : 'no namespace')
    if (!names.has(name)) names.set(name, [])
    names.get(name)!.push(i)
  })
  const list = [...names].sort((a, b) => b[1].length - a[1].length || (a[0] < b[0] ? -1 : 1))
  const step = out.boxes ? 84 : 16
  const golden = Math.PI * (3 - Math.sqrt(5))
  const radii = list.map(([, m]) => step * Math.sqrt(m.length) + step)
  // Groups stand in rows of about equal height, the largest first.
  const total = Math.sqrt(radii.reduce((s, r) => s + 4.6 * r * r, 0)) * 1.25
  let x = 0
  let y = 0
  let tallest = 0
  list.forEach(([name, members], k) => {
    const r = radii[k]
    if (x > 0 && x + 2 * r > total) {
      x = 0
      y += tallest + Math.max(step, 0.14 * tallest) // room for the names of the next row
      tallest = 0
    }
    tallest = Math.max(tallest, 2 * r)
    const cx = x + r
    const cy = y + r
    members.sort((a, b) => out.weight[b] - out.weight[a] || a - b)
    members.forEach((v, i) => {
      const d = step * 0.9 * Math.sqrt(i)
      out.x[v] = cx + d * Math.cos(i * golden)
      out.y[v] = cy + d * Math.sin(i * golden) * (out.boxes ? 0.8 : 1)
      out.radius[v] = out.boxes ? 18 : Math.min(7.5, 2 + 1.5 * Math.log10(1 + out.weight[v]))
      out.groupOf[v] = k
    })
    out.groups.push({ name, x: cx, y: cy, r, n: members.length })
    x += 2 * r + step
  })
}
