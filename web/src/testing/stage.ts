// What tests of views and parts need: a person, an API that answers what is
// said here, and a page to stand in.
import { flushSync, mount, unmount, type Component } from 'svelte'
import { afterEach, vi } from 'vitest'
import { app } from '../lib/state.svelte'
import type { Fleet, Role } from '../lib/types'

/** What was asked of the API. */
export interface Sent { method: string; path: string; query: Record<string, string>; body: any }

/** Answers by "METHOD /path below the fleet"; a function sees what was asked, a Refusal is one. */
export type Answers = Record<string, unknown>
export class Refusal { constructor(readonly status: number, readonly error: string) {} }

const summary: Fleet = {
  id: 'demo', now: '2026-03-12T09:40:00Z', servers: 3, applications: 2, replicas: 4, dependencies: 1, links: 0, forecasts: 3, trusted: 3, plans_waiting: 0,
  plans_running: 0, plans_parked: 0, dead_letters: 0, paused: false, killed: false, history_from: '2026-03-12T03:40:00Z', horizon_to: '2026-03-12T12:40:00Z',
}

/** person looks at the fleet demo in a role. */
export function person(role: Role) {
  app.me = { name: 'alice', role, means: 'token', version: 'test' }
  app.fleet = 'demo'
  app.summary = { ...summary }
  app.at = ''
  app.chosen = ''
  app.versions = {}
}

/** serve stands in for the API and returns what is asked of it. */
export function serve(answers: Answers): Sent[] {
  const asked: Sent[] = []
  vi.stubGlobal('fetch', async (address: string, init: RequestInit = {}) => {
    const url = new URL(address, 'http://localhost')
    const sent: Sent = {
      method: init.method ?? 'GET', path: url.pathname.replace('/api/v1/fleets/demo/', '/'), query: Object.fromEntries(url.searchParams),
      body: init.body ? JSON.parse(init.body as string) : undefined,
    }
    asked.push(sent)
    let answer = answers[`${sent.method} ${sent.path}`]
    if (typeof answer === 'function') answer = await answer(sent, init)
    if (answer === undefined) answer = new Refusal(404, `nothing answers ${sent.method} ${sent.path}`)
    if (answer instanceof Response) return answer
    if (answer instanceof Refusal) return new Response(JSON.stringify({ error: answer.error }), { status: answer.status })
    return new Response(JSON.stringify(answer), { status: 200 })
  })
  return asked
}

const standing: Record<string, any>[] = []
afterEach(async () => {
  for (const one of standing.splice(0)) await unmount(one)
  document.body.replaceChildren()
})

/** show puts a part into the page. */
export function show<P extends Record<string, any>>(part: Component<P>, props: P = {} as P): HTMLElement {
  const target = document.body.appendChild(document.createElement('div'))
  standing.push(mount(part, { target, props }))
  flushSync()
  return target
}

/** words returns what is written somewhere, with single spaces. */
export const words = (where: Element | null | undefined) => (where?.textContent ?? '').replace(/\s+/g, ' ').trim()

/** until waits for something to hold. */
export const until = (holds: () => unknown) =>
  vi.waitFor(() => {
    flushSync()
    if (!holds()) throw new Error(`waited in vain; the page says: ${words(document.body)}`)
  }, { timeout: 30_000, interval: 10 })

/** says waits for a text on the page. */
export const says = (text: string) => until(() => words(document.body).includes(text))

/** button returns the button whose name begins so, where a dialog is open the one in it. */
export function button(name: string): HTMLButtonElement {
  const where = document.querySelector('dialog[open]') ?? document
  const found = [...where.querySelectorAll('button')].find((b) => (b.getAttribute('aria-label') ?? words(b)).startsWith(name))
  if (!found) throw new Error(`no button ${name}; the page says: ${words(document.body)}`)
  return found
}

export function press(name: string) {
  button(name).click()
  flushSync()
}

/** write types a text into what a selector finds. */
export function write(selector: string, text: string) {
  const field = document.querySelector<HTMLInputElement | HTMLSelectElement>(selector)!
  field.value = text
  if (field instanceof HTMLSelectElement) {
    // happy-dom knows :checked of boxes alone, not of options.
    const chosen = field.selectedOptions[0]
    field.querySelector = ((selector: string) => (selector === ':checked' ? chosen : Element.prototype.querySelector.call(field, selector))) as any
  }
  field.dispatchEvent(new Event('input', { bubbles: true }))
  field.dispatchEvent(new Event('change', { bubbles: true }))
  flushSync()
}
