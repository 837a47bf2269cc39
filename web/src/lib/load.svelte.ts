import { untrack } from 'svelte'
import { get, type Query } from './api'

/**
 * loaded keeps an answer of the API up to date: it asks again when `what`
 * returns something else, no more than once in `every` milliseconds, and keeps
 * the old answer until the new one is there.
 */
export function loaded<T>(what: () => { path: string; query?: Query; version?: number } | null, every = 1000) {
  let value = $state.raw<T | null>(null)
  let problem = $state('')
  let busy = $state(true)
  let asked = ''
  let last = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let running: AbortController | undefined

  $effect(() => {
    const w = what()
    if (!w) return
    const key = w.path + JSON.stringify(w.query ?? {})
    untrack(() => {
      const other = key !== asked
      if (other) busy = true
      clearTimeout(timer)
      const wait = other ? 0 : Math.max(0, every - (Date.now() - last))
      timer = setTimeout(async () => {
        if (other) running?.abort()
        running = new AbortController()
        asked = key
        last = Date.now()
        try {
          value = await get<T>(w.path, w.query, running.signal)
          problem = ''
          busy = false
        } catch (e) {
          if (e instanceof DOMException && e.name === 'AbortError') return
          problem = e instanceof Error ? e.message : String(e)
          if (other) value = null
          busy = false
        }
      }, wait)
    })
    return () => clearTimeout(timer)
  })
  return {
    get value() { return value },
    get problem() { return problem },
    /** The first answer to what is asked now has not come yet. */
    get busy() { return busy },
  }
}
