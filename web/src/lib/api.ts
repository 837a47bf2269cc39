// Requests to /api/v1. A token, where one is needed, lives in this tab alone.

export class Failure extends Error {
  constructor(readonly status: number, message: string) {
    super(message)
  }
}

const key = 'drover-token'
export const token = () => sessionStorage.getItem(key) ?? ''
export const setToken = (t: string) => sessionStorage.setItem(key, t)

function headers(more: Record<string, string> = {}): Record<string, string> {
  const h: Record<string, string> = { Accept: 'application/json', ...more }
  if (token()) h.Authorization = `Bearer ${token()}`
  return h
}

async function read(r: Response): Promise<any> {
  const body = await r.json().catch(() => null)
  if (!r.ok) throw new Failure(r.status, body?.error ?? `${r.status} ${r.statusText}`)
  return body
}

export type Query = Record<string, string | number | undefined>

export function path(p: string, query: Query = {}): string {
  const q = Object.entries(query).filter(([, v]) => v !== undefined && v !== '')
  return `/api/v1${p}` + (q.length ? '?' + new URLSearchParams(q.map(([k, v]) => [k, String(v)])) : '')
}

/** get asks for JSON; the browser keeps answers by their ETag. */
export async function get<T>(p: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  return read(await fetch(path(p, query), { headers: headers(), signal }))
}

export async function post<T>(p: string, body: unknown, signal?: AbortSignal): Promise<T> {
  return read(
    await fetch(path(p), {
      method: 'POST',
      headers: headers({ 'Content-Type': 'application/json', 'X-Drover-Request': '1' }),
      body: JSON.stringify(body),
      signal,
    }),
  )
}

/** stream reads server-sent events until aborted; it comes back by itself. */
export async function stream(p: string, tell: (kind: string, data: any) => void, live: (up: boolean) => void, signal: AbortSignal) {
  let last = ''
  let wait = 500
  while (!signal.aborted) {
    try {
      const r = await fetch(path(p), { headers: headers(last ? { 'Last-Event-ID': last } : {}), signal })
      if (!r.ok || !r.body) throw new Failure(r.status, 'no stream')
      live(true)
      wait = 500
      const reader = r.body.pipeThrough(new TextDecoderStream()).getReader()
      let text = ''
      for (;;) {
        const { value, done } = await reader.read()
        if (done) break
        text += value
        const blocks = text.split('\n\n')
        text = blocks.pop()!
        for (const block of blocks) {
          let kind = ''
          let data = ''
          for (const line of block.split('\n')) {
            if (line.startsWith('id: ')) last = line.slice(4)
            else if (line.startsWith('event: ')) kind = line.slice(7)
            else if (line.startsWith('data: ')) data += line.slice(6)
          }
          if (kind) tell(kind, JSON.parse(data))
        }
      }
    } catch {
      if (signal.aborted) return
    }
    live(false)
    await new Promise((done) => setTimeout(done, wait))
    wait = Math.min(wait * 2, 8000)
  }
}
