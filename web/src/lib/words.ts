// How times, amounts and states are written.

const two = (n: number) => String(n).padStart(2, '0')

/** clock writes a time of day, with the day where it is not the reference's. */
export function clock(at: string | number | undefined, near?: string): string {
  if (!at) return '–'
  const d = new Date(at)
  const time = `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}`
  if (near && near.slice(0, 10) === d.toISOString().slice(0, 10)) return time
  return `${two(d.getUTCMonth() + 1)}-${two(d.getUTCDate())} ${time}`
}

export function bytes(n: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let i = 0
  while (n >= 1024 && i < units.length - 1) {
    n /= 1024
    i++
  }
  return `${n >= 100 || i === 0 ? Math.round(n) : n.toPrecision(3)} ${units[i]}`
}

export function amount(v: number, unit: string): string {
  if (unit === 'millicores') return `${(v / 1000).toFixed(v < 10_000 ? 2 : 1)} cores`
  if (unit === 'bytes') return bytes(v)
  if (unit === 'bytes/s') return `${bytes(v)}/s`
  return String(Math.round(v))
}

export function lasted(seconds: number): string {
  seconds = Math.max(0, Math.round(seconds))
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`
  return `${Math.floor(seconds / 3600)} h ${two(Math.floor((seconds % 3600) / 60))} min`
}

/** percent writes a measured share; what is not known is negative. */
export const percent = (v: number) => (v < 0 ? '?' : `${Math.round(v)} %`)

export const sure = (chance: number) => `${Math.round(100 * chance)} %`

export function stateWords(p: { state: string; waiting: boolean; paused: boolean; killed: boolean }): string {
  if (p.waiting) return 'waits for approval'
  const words: Record<string, string> = { 'rolled-back': 'rolled back', parked: 'parked: needs a person' }
  const s = words[p.state] ?? p.state
  return p.killed ? `${s}, killed` : p.paused ? `${s}, paused` : s
}

/** friendly writes the times and arrows in a text as the console does. */
export const friendly = (text: string) => text.replace(/ -> /g, ' → ').replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, (t) => clock(t))

/** count groups digits by thousands. */
export const count = (n: number) => n.toLocaleString('en-GB')

/** many writes a number of things, with the plural where it is due. */
export const many = (n: number, one: string, more = `${one}s`) => `${count(n)} ${n === 1 ? one : more}`

/** money writes a cost: thousands apart, two decimals, and four where there would be nothing else. */
export function money(v: number): string {
  const decimals = v !== 0 && Math.abs(v) < 1 ? 4 : 2
  return v.toLocaleString('en-GB', { minimumFractionDigits: decimals, maximumFractionDigits: decimals })
}

/** rate writes calls a second. */
export const rate = (v: number) => `${v < 100 ? v.toFixed(1) : count(Math.round(v))}/s`

/** tone names how a state looks. */
export function tone(p: { state: string; waiting?: boolean }): string {
  if (p.waiting) return 'wait'
  switch (p.state) {
    case 'succeeded': return 'good'
    case 'running': case 'undoing': return 'run'
    case 'rolled-back': case 'stopped': return 'back'
    case 'parked': case 'rejected': return 'bad'
  }
  return 'calm'
}

export function marginWords(m: { valid: boolean; margin: number }): string {
  if (m.valid && Math.abs(m.margin) >= 10) return m.margin > 0 ? '> 1,000 %' : '< −1,000 %'
  return m.valid ? `${m.margin >= 0 ? '+' : '−'}${Math.abs(100 * m.margin).toFixed(0)} %` : 'overload'
}
