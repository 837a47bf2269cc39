// A what-if question in the making and its answer. It outlives its view, so that
// one can look something up and come back.
import { app } from './state.svelte'
import { post } from './api'
import type { WhatIfAnswer } from './types'

export const kinds = {
  'lose-server': 'Lose a server', 'lose-rack': 'Lose a rack', 'lose-zone': 'Lose a zone', drain: 'Empty a server', server: 'One more server like',
  load: 'Load of an application', all: 'Load of everything', slow: 'Slow way between',
} as const
export type Kind = keyof typeof kinds

/** One thing that would be different. */
export interface Change { kind: Kind; name: string; other: string; amount: string }

class Question {
  changes = $state<Change[]>([])
  at = $state('')
  quantile = $state(0)
  answer = $state.raw<WhatIfAnswer | null>(null)
  problem = $state('')
  busy = $state(false)
  seconds = $state(0)
  private running: AbortController | undefined

  add(kind: Kind, name = '') {
    this.changes.push({ kind, name, other: '', amount: kind === 'slow' ? '3x' : '+40%' })
  }

  remove(i: number) {
    this.changes.splice(i, 1)
  }

  /** body writes the question as the API takes it. */
  body() {
    const of = (kind: Kind) => this.changes.filter((c) => c.kind === kind)
    return {
      lose: [...of('lose-server').map((c) => `server:${c.name.trim()}`), ...of('lose-rack').map((c) => `rack:${c.name.trim()}`), ...of('lose-zone').map((c) => `zone:${c.name.trim()}`)],
      server: of('server').map((c) => `like:${c.name.trim()}`),
      drain: of('drain').map((c) => c.name.trim()),
      load: [...of('load').map((c) => `${c.name.trim()}=${c.amount.trim()}`), ...of('all').map((c) => `all=${c.amount.trim()}`)],
      slow: of('slow').map((c) => `${c.name.trim()}:${c.other.trim()}=${c.amount.trim()}`),
      at: this.at.trim() || undefined,
      quantile: this.quantile || undefined,
    }
  }

  async ask() {
    this.cancel()
    const mine = (this.running = new AbortController())
    this.busy = true
    this.problem = ''
    this.seconds = 0
    const clock = setInterval(() => this.seconds++, 1000)
    try {
      this.answer = await post<WhatIfAnswer>(app.path('what-if'), this.body(), mine.signal)
    } catch (e) {
      if (!mine.signal.aborted) {
        this.problem = e instanceof Error ? e.message : String(e)
        this.answer = null
      }
    }
    clearInterval(clock)
    if (this.running === mine) this.busy = false
  }

  cancel() {
    this.running?.abort()
    this.busy = false
  }
}

export const question = new Question()
