import { Failure, get, stream } from './api'
import type { Fleet, Line, Me, Page, Role } from './types'

export const views = ['fleet', 'graph', 'forecast', 'decision', 'execution', 'time', 'whatif', 'letters', 'audit'] as const
export type View = (typeof views)[number]

const roles: Role[] = ['viewer', 'operator', 'approver', 'admin']

/** Everything the views share. */
class State {
  view = $state<View>('fleet')
  fleet = $state('')
  /** The past moment that everything is seen from; empty: now. */
  at = $state('')
  /** What a view has chosen: a plan, a series, an application. */
  chosen = $state('')
  resource = $state('cpu')
  me = $state<Me | null>(null)
  fleets = $state<Fleet[]>([])
  summary = $state<Fleet | null>(null)
  lines = $state<Line[]>([])
  live = $state(false)
  needsToken = $state(false)
  problem = $state('')
  theme = $state<'light' | 'dark'>('light')
  /** Rises when a section of the fleet has changed. */
  versions = $state<Record<string, number>>({})
  private ended = new AbortController()

  may(role: Role): boolean {
    return !!this.me && roles.indexOf(this.me.role) >= roles.indexOf(role)
  }

  path(...parts: string[]): string {
    return ['/fleets', this.fleet, ...parts].map((p, i) => (i ? encodeURIComponent(p) : p)).join('/')
  }

  /** query adds the moment that is looked at. */
  query(more: Record<string, string | number | undefined> = {}) {
    return { ...more, at: this.at || undefined }
  }

  version(...sections: string[]): number {
    return sections.reduce((sum, s) => sum + (this.versions[s] ?? 0), 0)
  }

  async start() {
    this.readTheme()
    this.readPlace()
    addEventListener('popstate', () => this.readPlace())
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.readTheme())
    await this.connect()
  }

  async connect() {
    try {
      const [me, fleets] = await Promise.all([get<Me>('/me'), get<Page<Fleet>>('/fleets')])
      this.me = me
      this.needsToken = false
      this.findFleets(fleets)
      this.problem = ''
    } catch (e) {
      this.needsToken = e instanceof Failure && e.status === 401
      this.problem = e instanceof Error ? e.message : String(e)
      if (!this.needsToken) setTimeout(() => this.connect(), 2000)
    }
  }

  private findFleets(page: Page<Fleet>) {
    this.fleets = page.items
    if (!page.items.length) {
      setTimeout(() => this.connect(), 1500)
      return
    }
    const wanted = page.items.find((f) => f.id === this.fleet) ?? page.items.find((f) => f.servers > 0) ?? page.items[0] // records of nobody stand in one without servers
    this.choose(wanted.id)
  }

  choose(fleet: string) {
    this.fleet = fleet
    this.summary = this.fleets.find((f) => f.id === fleet) ?? null
    this.lines = []
    this.ended.abort()
    this.ended = new AbortController()
    this.refresh()
    get<Page<Line>>(this.path('log'), { limit: 50 }).then((p) => (this.lines = p.items)).catch(() => {})
    stream(`/events?fleet=${encodeURIComponent(fleet)}`, (k, d) => this.hear(k, d), (up) => (this.live = up), this.ended.signal)
  }

  private refreshing = false
  /** refresh reads the fleet in short, at most once a second. */
  private refresh() {
    if (this.refreshing) return
    this.refreshing = true
    setTimeout(() => (this.refreshing = false), 1000)
    get<Fleet>(this.path()).then((f) => (this.summary = f)).catch(() => {})
  }

  private hear(kind: string, data: any) {
    if (kind === 'change') {
      Object.assign(this.versions, data.sections)
      if (this.summary) this.summary.now = data.now
      this.refresh()
    } else if (kind === 'line') {
      if (!this.lines.some((l) => l.seq === data.seq)) this.lines = [data, ...this.lines].slice(0, 200)
    }
  }

  go(view: View, chosen = '') {
    this.view = view
    this.chosen = chosen
    this.writePlace()
  }

  travel(at: string) {
    this.at = at
    this.writePlace(true)
  }

  writePlace(replace = false) {
    const q = new URLSearchParams({ fleet: this.fleet })
    if (this.at) q.set('at', this.at)
    if (this.chosen) q.set('chosen', this.chosen)
    history[replace ? 'replaceState' : 'pushState'](null, '', `/${this.view}?${q}`)
  }

  private readPlace() {
    const name = location.pathname.slice(1) as View
    const q = new URLSearchParams(location.search)
    this.view = views.includes(name) ? name : 'fleet'
    this.at = q.get('at') ?? ''
    this.chosen = q.get('chosen') ?? ''
    if (q.get('fleet')) this.fleet = q.get('fleet')!
  }

  private readTheme() {
    const kept = localStorage.getItem('drover-theme')
    const dark = kept ? kept === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches
    this.theme = dark ? 'dark' : 'light'
    document.documentElement.dataset.theme = this.theme
  }

  toggleTheme() {
    this.theme = this.theme === 'dark' ? 'light' : 'dark'
    document.documentElement.dataset.theme = this.theme
    localStorage.setItem('drover-theme', this.theme)
  }
}

export const app = new State()
