// Draws the dependency graph. While a hand moves it, the last picture is moved
// and scaled; the new one is drawn afterwards in slices that each leave the
// frame its time. That keeps panning smooth at 50,000 edges without a GPU.
import { css } from './colour'
import type { Layout } from './layout'
import { between, type Zones } from './network'
import type { Graph } from './types'

export interface Shown { hit: Uint8Array | null; focus: number; found: Uint8Array | null; declared: boolean; observed: boolean; zones: Zones | null }

const slice = 5 // milliseconds of drawing in one frame
const most = 2500 // edges that are drawn at once, the busiest first; more would be a grey cloud

export class Painter {
  private g: CanvasRenderingContext2D
  private back = document.createElement('canvas')
  private ready = document.createElement('canvas')
  private readyAt = { x: 0, y: 0, k: 1 }
  private frame = 0
  private job: Generator<void> | null = null
  private order: Uint32Array // edges by weight, the heaviest first
  private ribbons: { a: number; b: number; calls: number }[] = [] // calls between groups
  private scratch = document.createElement('canvas').getContext('2d')!
  x = 0
  y = 0
  k = 1
  width = 1
  height = 1
  /** Main-thread milliseconds of the last frames, for measuring. */
  spent: number[] = []
  /** How many whole pictures have been drawn. */
  drawn = 0

  constructor(private canvas: HTMLCanvasElement, private graph: Graph, private layout: Layout, public shown: Shown) {
    this.g = canvas.getContext('2d')!
    const calls = graph.edges.calls_per_second
    this.order = Uint32Array.from(calls.keys()).sort((a, b) => calls[b] - calls[a])
    if (!layout.boxes) this.sum()
  }

  /** sum adds up the calls between groups, for when single ones would be too many. */
  private sum() {
    const { from, to, calls_per_second: calls } = this.graph.edges
    const of = this.layout.groupOf
    const n = this.layout.groups.length
    const sums = new Float64Array(n * n)
    for (let e = 0; e < from.length; e++) {
      const [a, b] = [Math.min(of[from[e]], of[to[e]]), Math.max(of[from[e]], of[to[e]])]
      sums[a * n + b] += calls[e]
    }
    for (let a = 0; a < n; a++) for (let b = a + 1; b < n; b++) if (sums[a * n + b] > 0) this.ribbons.push({ a, b, calls: sums[a * n + b] })
    this.ribbons.sort((p, q) => p.calls - q.calls)
  }

  resize(width: number, height: number) {
    const ratio = devicePixelRatio || 1
    this.width = width
    this.height = height
    for (const c of [this.canvas, this.back, this.ready]) {
      c.width = Math.max(1, Math.round(width * ratio))
      c.height = Math.max(1, Math.round(height * ratio))
    }
    this.redraw()
  }

  /** adopt takes over what another painter shows, until this one has drawn. */
  adopt(old: Painter) {
    this.x = old.x
    this.y = old.y
    this.k = old.k
    this.ready.getContext('2d')!.drawImage(old.ready, 0, 0)
    this.readyAt = { ...old.readyAt }
    this.drawn = old.drawn
    this.redraw()
  }

  /** fit shows everything. */
  fit() {
    const { x, y } = this.layout
    if (!x.length) return
    let [l, t, r, b] = [Infinity, Infinity, -Infinity, -Infinity]
    for (let i = 0; i < x.length; i++) {
      l = Math.min(l, x[i]); r = Math.max(r, x[i]); t = Math.min(t, y[i]); b = Math.max(b, y[i])
    }
    for (const c of this.layout.groups) {
      l = Math.min(l, c.x - c.r); r = Math.max(r, c.x + c.r); t = Math.min(t, c.y - c.r); b = Math.max(b, c.y + c.r)
    }
    const pad = this.layout.boxes ? 110 : 90
    this.k = Math.min(this.width / (r - l + 2 * pad), this.height / (b - t + (this.layout.boxes ? pad : 2 * pad)), 1.6)
    this.x = this.width / 2 - ((l + r) / 2) * this.k
    this.y = this.height / 2 - ((t + b) / 2) * this.k
    this.redraw()
  }

  center(i: number) {
    this.k = Math.max(this.k, this.layout.boxes ? 1 : 2)
    this.x = this.width / 2 - this.layout.x[i] * this.k
    this.y = this.height / 2 - this.layout.y[i] * this.k
    this.redraw()
  }

  pan(dx: number, dy: number) {
    this.x += dx
    this.y += dy
    this.redraw()
  }

  zoom(factor: number, px: number, py: number) {
    const k = Math.min(8, Math.max(0.02, this.k * factor))
    this.x = px - ((px - this.x) * k) / this.k
    this.y = py - ((py - this.y) * k) / this.k
    this.k = k
    this.redraw()
  }

  /** at returns the application at a place of the canvas, or -1. */
  at(px: number, py: number): number {
    const wx = (px - this.x) / this.k
    const wy = (py - this.y) / this.k
    const { x, y, radius, boxes } = this.layout
    let best = -1
    let nearest = Infinity
    for (let i = 0; i < x.length; i++) {
      const dx = Math.abs(x[i] - wx)
      const dy = Math.abs(y[i] - wy)
      const inside = boxes ? dx < 72 && dy < 20 : Math.hypot(dx, dy) < Math.max(radius[i], 6 / this.k)
      if (inside && dx + dy < nearest) {
        nearest = dx + dy
        best = i
      }
    }
    return best
  }

  redraw() {
    this.job = null
    if (!this.frame) this.frame = requestAnimationFrame(() => this.tick())
  }

  stop() {
    cancelAnimationFrame(this.frame)
    this.frame = 0
  }

  private settled = 0
  private last = { x: NaN, y: NaN, k: NaN }

  private tick() {
    this.frame = 0
    const began = performance.now()
    const moved = this.last.x !== this.x || this.last.y !== this.y || this.last.k !== this.k
    this.last = { x: this.x, y: this.y, k: this.k }
    if (moved) {
      this.show()
      this.settled = 0
    } else this.settled++
    // Small graphs are drawn at once; large ones when the hand rests.
    const small = this.graph.edges.from.length < 1500
    if (small || this.settled >= 2) {
      this.job ??= this.paint()
      let done = false
      while (performance.now() - began < (small ? 1000 : slice) && !(done = !!this.job.next().done)) {
        // Drawing is put off by browsers; asking for a pixel makes them do it now,
        // a little in each frame and not all in the last.
        if (!small) this.scratch.drawImage(this.back, 0, 0, 1, 1, 0, 0, 1, 1)
      }
      if (done) {
        ;[this.back, this.ready] = [this.ready, this.back]
        this.readyAt = { x: this.x, y: this.y, k: this.k }
        this.job = null
        this.drawn++
        this.show()
        this.note(began)
        return
      }
    }
    if (!this.drawn && this.job) this.begin()
    this.note(began)
    this.frame = requestAnimationFrame(() => this.tick())
  }

  /** begin shows the first picture while it is being drawn. */
  private begin() {
    this.g.setTransform(1, 0, 0, 1, 0, 0)
    this.g.clearRect(0, 0, this.canvas.width, this.canvas.height)
    this.g.drawImage(this.back, 0, 0)
  }

  private note(began: number) {
    this.spent.push(performance.now() - began)
    if (this.spent.length > 600) this.spent.shift()
  }

  /** show moves the last picture to where it belongs now. */
  private show() {
    const ratio = devicePixelRatio || 1
    const s = this.k / this.readyAt.k
    const g = this.g
    g.setTransform(1, 0, 0, 1, 0, 0)
    g.clearRect(0, 0, this.canvas.width, this.canvas.height)
    g.imageSmoothingEnabled = s !== 1
    g.drawImage(this.ready, (this.x - this.readyAt.x * s) * ratio, (this.y - this.readyAt.y * s) * ratio, this.ready.width * s, this.ready.height * s)
  }

  /** paint draws everything to the back picture, giving way now and then. */
  private *paint(): Generator<void> {
    const ratio = devicePixelRatio || 1
    const g = this.back.getContext('2d')!
    g.setTransform(1, 0, 0, 1, 0, 0)
    g.clearRect(0, 0, this.back.width, this.back.height)
    g.setTransform(ratio * this.k, 0, 0, ratio * this.k, ratio * this.x, ratio * this.y)
    this.paintGroups(g)
    yield
    yield* this.paintEdges(g)
    yield* this.paintNodes(g)
    this.paintTrips(g)
    this.paintNames(g)
  }

  private paintGroups(g: CanvasRenderingContext2D) {
    g.fillStyle = css('--hover')
    g.strokeStyle = css('--line')
    g.lineWidth = 1 / this.k
    for (const c of this.layout.groups) {
      g.beginPath()
      g.arc(c.x, c.y, c.r, 0, 2 * Math.PI)
      g.fill()
      g.stroke()
    }
    const strongest = this.ribbons.at(-1)?.calls ?? 1
    g.strokeStyle = css('--edge')
    g.lineCap = 'round'
    for (const { a, b, calls } of this.ribbons) {
      const [p, q] = [this.layout.groups[a], this.layout.groups[b]]
      const share = calls / strongest
      g.globalAlpha = this.shown.hit ? 0.05 : 0.06 + 0.2 * share
      g.lineWidth = (1.5 + 12 * share) / Math.max(this.k, 0.25) / 2
      const bend = 0.16
      g.beginPath()
      g.moveTo(p.x, p.y)
      g.quadraticCurveTo((p.x + q.x) / 2 - bend * (q.y - p.y), (p.y + q.y) / 2 + bend * (q.x - p.x), q.x, q.y)
      g.stroke()
    }
    g.globalAlpha = 1
  }

  /** paintTrips writes how long a packet takes between the groups, which are zones. */
  private paintTrips(g: CanvasRenderingContext2D) {
    const zones = this.shown.zones
    if (!zones) return
    const { groups } = this.layout
    g.textAlign = 'center'
    g.font = `600 ${12 / this.k}px system-ui, "DejaVu Sans", sans-serif`
    g.lineJoin = 'round'
    for (let a = 0; a < groups.length; a++) {
      for (let b = a + 1; b < groups.length; b++) {
        const ms = between(zones, groups[a].name, groups[b].name)
        if (ms === undefined) continue
        const [p, q] = [groups[a], groups[b]]
        // Off the middle, where those of crossing ways would meet.
        const [x, y] = [p.x + 0.42 * (q.x - p.x), p.y + 0.42 * (q.y - p.y)]
        const text = `${ms.toFixed(2)} ms`
        g.strokeStyle = css('--card')
        g.lineWidth = 5 / this.k
        g.strokeText(text, x, y)
        g.fillStyle = css('--wait')
        g.fillText(text, x, y)
      }
    }
  }

  private paintNames(g: CanvasRenderingContext2D) {
    g.textAlign = 'center'
    g.font = `650 ${14 / this.k}px system-ui, "DejaVu Sans", sans-serif`
    g.lineJoin = 'round'
    for (const c of this.layout.groups) {
      if (c.r * this.k < 24) continue
      const text = c.r * this.k < 60 ? c.name : `${c.name} · ${c.n}`
      g.strokeStyle = css('--card')
      g.lineWidth = 4 / this.k
      g.strokeText(text, c.x, c.y - c.r - 5 / this.k)
      g.fillStyle = css('--ink')
      g.fillText(text, c.x, c.y - c.r - 5 / this.k)
    }
  }

  /** choose returns the edges to draw: those in view, the busiest first. */
  private choose(): number[] {
    const { from, to, origins } = this.graph.edges
    const { x, y, boxes, groupOf } = this.layout
    const { hit, declared, observed } = this.shown
    const left = -this.x / this.k
    const right = (this.width - this.x) / this.k
    const top = -this.y / this.k
    const bottom = (this.height - this.y) / this.k
    const far = !boxes && this.k < 0.9
    const out: number[] = []
    for (const e of this.order) {
      const a = from[e]
      const b = to[e]
      const only = origins[e] === 1
      if ((only && !declared) || (!only && !observed)) continue
      const lit = hit && hit[a] && hit[b]
      if (far && groupOf[a] !== groupOf[b] && !lit) continue // a ribbon stands for it
      if (Math.max(x[a], x[b]) < left || Math.min(x[a], x[b]) > right || Math.max(y[a], y[b]) < top || Math.min(y[a], y[b]) > bottom) continue
      out.push(e)
      if (out.length >= most) break
    }
    return out.reverse()
  }

  private *paintEdges(g: CanvasRenderingContext2D): Generator<void> {
    const { from, to, calls_per_second: calls, errors_per_second: errors, origins } = this.graph.edges
    const { boxes } = this.layout
    const [plain, declared, broken, hitting] = [css('--edge'), css('--edge-declared'), css('--edge-error'), css('--hit')]
    const { hit } = this.shown
    const chosen = this.choose()
    yield
    const many = chosen.length > 1000
    for (let i = 0; i < chosen.length; i++) {
      const e = chosen[i]
      const a = from[e]
      const b = to[e]
      const only = origins[e] === 1
      const lit = hit ? hit[a] && hit[b] : false
      g.globalAlpha = hit ? (lit ? 0.9 : 0.05) : many ? 0.3 : 0.75
      g.strokeStyle = lit ? hitting : errors[e] > 0.02 * calls[e] && calls[e] > 0 ? broken : only ? declared : plain
      g.lineWidth = boxes ? 0.8 + Math.log10(1 + calls[e]) : Math.max(0.7 / this.k, 0.4 * Math.log10(1 + calls[e]))
      g.setLineDash(only ? [6, 5] : origins[e] === 4 ? [2, 4] : [])
      g.beginPath()
      this.trace(g, a, b)
      g.stroke()
      if (i % 40 === 39) yield
    }
    g.globalAlpha = 1
    g.setLineDash([])
  }

  private trace(g: CanvasRenderingContext2D, a: number, b: number) {
    const { x, y, boxes } = this.layout
    if (!boxes) {
      g.moveTo(x[a], y[a])
      g.lineTo(x[b], y[b])
      return
    }
    if (x[b] - x[a] > 150) {
      const dx = (x[b] - x[a]) / 2
      g.moveTo(x[a] + 70, y[a])
      g.bezierCurveTo(x[a] + dx, y[a], x[b] - dx, y[b], x[b] - 72, y[b])
      g.moveTo(x[b] - 80, y[b] - 4)
      g.lineTo(x[b] - 72, y[b])
      g.lineTo(x[b] - 80, y[b] + 4)
      return
    }
    const bend = 60
    g.moveTo(x[a], y[a])
    g.quadraticCurveTo((x[a] + x[b]) / 2 + bend, (y[a] + y[b]) / 2, x[b], y[b])
  }

  private *paintNodes(g: CanvasRenderingContext2D): Generator<void> {
    const { x, y, radius, boxes } = this.layout
    const { id, replicas, stateful } = this.graph.applications
    const { hit, focus, found } = this.shown
    const [fill, ink, line, brand, hitting] = [css('--node'), css('--node-ink'), css('--line'), css('--brand'), css('--hit')]
    g.textAlign = 'center'
    for (let i = 0; i < x.length; i++) {
      const px = x[i] * this.k + this.x
      const py = y[i] * this.k + this.y
      if (px < -90 || px > this.width + 90 || py < -40 || py > this.height + 40) continue
      g.globalAlpha = (hit && !hit[i]) || (found && !found[i]) ? 0.25 : 1
      const marked = i === focus ? brand : hit?.[i] ? hitting : found?.[i] ? brand : ''
      if (boxes) {
        g.beginPath()
        g.roundRect(x[i] - 70, y[i] - 19, 140, 38, stateful[i] ? 19 : 7)
        g.fillStyle = fill
        g.fill()
        g.strokeStyle = marked || line
        g.lineWidth = marked ? 2.5 : 1.2
        g.stroke()
        g.fillStyle = ink
        g.font = '600 13px system-ui, "DejaVu Sans", sans-serif'
        g.fillText(short(id[i]), x[i], y[i] + (replicas[i] ? -1 : 4))
        if (replicas[i]) {
          g.font = '10.5px system-ui, "DejaVu Sans", sans-serif'
          g.fillStyle = css('--dim')
          g.fillText(`${replicas[i]} replica${replicas[i] > 1 ? 's' : ''}${stateful[i] ? ' · stateful' : ''}`, x[i], y[i] + 12)
        }
      } else {
        g.beginPath()
        g.arc(x[i], y[i], Math.max(radius[i], 1.6 / this.k), 0, 2 * Math.PI)
        g.fillStyle = marked || brand
        g.fill()
        if (this.k > 2.2 || (this.k > 1.1 && radius[i] > 6) || i === focus) {
          g.font = `${11 / this.k}px system-ui, "DejaVu Sans", sans-serif`
          g.fillStyle = ink
          g.fillText(short(id[i]), x[i], y[i] + radius[i] + 11 / this.k)
        }
      }
      if (i % 300 === 299) yield
    }
    g.globalAlpha = 1
  }
}

function short(id: string): string {
  const name = id.slice(id.indexOf('/') + 1)
  return name.length > 18 ? name.slice(0, 17) + '…' : name
}
