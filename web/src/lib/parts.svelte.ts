// The views' own code. That of the first view comes with the console; the others
// are fetched when they are opened, or before, once there is nothing else to do.
import type { Component } from 'svelte'
import Fleet from '../views/Fleet.svelte'
import { views, type View } from './state.svelte'

type Part = () => Promise<{ default: Component }>

const parts: Record<Exclude<View, 'fleet'>, Part> = {
  graph: () => import('../views/Graph.svelte'),
  forecast: () => import('../views/Forecast.svelte'),
  decision: () => import('../views/Decision.svelte'),
  execution: () => import('../views/Execution.svelte'),
  time: () => import('../views/Time.svelte'),
  whatif: () => import('../views/Whatif.svelte'),
  letters: () => import('../views/Letters.svelte'),
  audit: () => import('../views/Audit.svelte'),
}

/** Parts keeps the views that are there. */
export class Parts {
  private there = $state.raw<Partial<Record<View, Component>>>({ fleet: Fleet })
  /** The view whose code did not come, as after an update of the server. */
  lost = $state<View | ''>('')

  constructor(private from: Record<string, Part> = parts) {}

  of(view: View): Component | undefined {
    return this.there[view]
  }

  /** fetch brings a view's code, unless it is there. */
  async fetch(view: View): Promise<void> {
    if (this.there[view]) return
    try {
      const part = await this.from[view]()
      this.there = { ...this.there, [view]: part.default }
      if (this.lost === view) this.lost = ''
    } catch {
      this.lost = view
    }
  }

  /** fetchRest brings all other views, one after another, when the browser has time. */
  fetchRest(idle: (then: () => void) => void): void {
    const next = views.find((v) => !this.there[v])
    if (next) idle(() => this.fetch(next).then(() => this.lost || this.fetchRest(idle)))
  }
}
