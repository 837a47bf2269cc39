// The answers of /api/v1 as far as the console reads them; the whole is in
// openapi.json.
export interface Page<T> { items: T[]; total: number; next?: string }
export interface Me { name: string; role: Role; means: string; version: string }
export type Role = 'viewer' | 'operator' | 'approver' | 'admin'
export interface Decision { tick: string; decision: string; plan?: string; reason: string }
export interface Fleet {
  id: string; now: string; servers: number; applications: number; replicas: number; dependencies: number; links: number
  forecasts: number; trusted: number; plans_waiting: number; plans_running: number; plans_parked: number; dead_letters: number
  paused: boolean; killed: boolean; history_from: string; horizon_to: string; decision?: Decision
}
export interface Tight {
  server: string; zone: string; resource: string; at: string; from: string; percent: number; high_percent: number
  safe_percent: number; chance: number; trusted: boolean
}
export interface Host {
  id: string; zone: string; rack: string; replicas: string[]; cpu_percent: number; memory_percent: number; safety_percent: number
  drained: boolean; unschedulable: boolean; ahead?: Tight
}
export interface Heat {
  resource: string; at: string; times: string[]; past: number; servers: string[]; zones: string[]; racks: string[]
  replicas: number[]; safe: number[]; percent: number[][]; high: number[][]; chance: number[][]
}
export interface Graph {
  applications: { id: string[]; group: string[]; zones: string[]; replicas: number[]; stateful: boolean[] }
  edges: { from: number[]; to: number[]; calls_per_second: number[]; errors_per_second: number[]; p95_ms: number[]; origins: number[]; confidence: number[] }
}
export interface Link { from: string; to: string; rtt_ms: number; rtt_error_ms: number; loss: number; measured: boolean }
export interface Series { entity: string; unit: string; start: string; step_seconds: number; values: (number | null)[] }
export interface Happening { id: string; kind: string; name: string; start: string; end: string; uplift: number; server?: string }
export interface ForecastRow { entity: string; resource: string; trusted: boolean; model: string; mase: number | null }
export interface Forecast extends ForecastRow {
  origin: string; note?: string; coverage80: number | null; samples: number; observed: number; peak: number; unit: string
  step_seconds: number; capacity: number | null; safe: number | null; levels: number[]; start: string; quantiles: number[][]
  mean: number[]; history: Series; naive: (number | null)[]; events: Happening[]; explained: string[]
  told: { times: string[]; low: number[]; middle: number[]; high: number[]; error: number | null; naive_error: number | null; inside: number | null }
}
export interface Margin { scenario: string; application: string; kind: string; server?: string; margin: number; value: number; limit: number; valid: boolean }
export interface Scenario {
  name: string; kind: string; weight: number; violations_before: number; violations_after: number
  cost_before: number; cost_after: number; worst: Margin[]
}
export interface Evaluation extends Decision { scenarios: Scenario[]; dropped: string[]; code: string }
export interface PlanRow {
  id: string; tick: string; state: string; waiting: boolean; paused: boolean; killed: boolean; reason: string; ending?: string
  moves: number; moved: number; rolled_back: number; parked: number; waves: number; approved_waves: number; deadline?: string
  started?: string; ended?: string; violations_before: number; violations_after: number; cost_before: number; cost_after: number
  confidence: number; dry_run: boolean
}
export interface Move {
  index: number; replica: string; application: string; from: string; to: string; wave: number; data_bytes: number
  earliest_start?: string; latest_start?: string; expect_seconds: number; reason: string; state: string; step?: string
  ending?: string; left?: string[]; demand: { cpu_millicores: number; memory_bytes: number }
}
/** What a plan was expected to do, and what came of it. */
export interface Balance {
  succeeded: number; failed: number; expected_end?: string; ended: string; promises_before: number; promises_expected: number
  promises_had: number; cost_before: number; cost_expected: number; cost_had: number
}
export interface ServerUpdate { roll: string; server: string; hook: string; state: string; start?: string; end?: string; plan?: string; reason?: string }
export interface Order { at: string; kind: string; by: string; waves?: number; mode?: string; comment?: string }
export interface Plan extends PlanRow { steps: Move[]; needs_approval: boolean; left: string[]; orders: Order[]; evaluation?: Evaluation; balance?: Balance }
export interface ExecutionRow extends PlanRow { data_bytes: number; done_bytes: number; progress: number; undoing: boolean }
export interface Step {
  id: string; move: number; kind: string; compensation: boolean; reverse: boolean; attempt: number; state: string
  started: string; ended?: string; deadline?: string; reason?: string
}
export interface Execution extends ExecutionRow { now: string; rows: Move[]; steps: Step[]; left: string[] }
export interface Line { seq: number; at: string; kind: string; plan?: string; text: string }
export interface Letter {
  id: string; topic: string; partition: number; offset: number; at: string; stage: string; class: string; message: string
  key: string; headers?: Record<string, string>; value: string; bytes: number; cut: boolean
}
export interface Audit { at: string; actor: string; action: string; object: string; before: string; after: string }
export interface WhatIfAnswer { evaluation: Evaluation; plan: Plan | null; without?: Evaluation }
export interface ApplicationRow { id: string }
