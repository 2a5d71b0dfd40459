// Made by `npm run types` out of the server's types: not to be changed by hand.

export type CancelFrame = {
  id: string
  type: "cancel"
}

export type ClientFrame = HelloFrame | RunFrame | StdinFrame | CancelFrame | SignalFrame | WorkspaceOpenFrame | WorkspaceListFrame | WorkspaceReadFrame | WorkspaceCloseFrame | GlanceFrame | ClockFrame

export type ClockFrame = {
  difference_ms: number
  is_off: boolean
  time_ms: number
  type: "clock"
}

/** Everything that can be wrong with what a client sends, or with us. */
export type Code = "bad_json" | "bad_frame" | "bad_field" | "missing_field" | "bad_path" | "unknown_language" | "unknown_run" | "unknown_workspace" | "workspace_exists" | "unknown_file" | "duplicate_id" | "not_running" | "limit_too_high" | "too_large" | "unauthorized" | "forbidden" | "forbidden_origin" | "busy" | "rate_limited" | "language_unavailable" | "shutting_down" | "internal"

export type CollectFrame = {
  changes?: boolean | null
  max_bytes?: number | null
  max_files?: number | null
  paths?: Array<string> | null
}

export type CompareFrame = "exact" | "lines" | "tokens" | "tokens_ignore_case" | "unordered_lines" | {
  float: FloatFrame
} | {
  checker: HelperFrame
} | {
  interactor: HelperFrame
}

export type CompiledFrame = {
  cached: boolean
  id: string
  ok: boolean
  output: Text
  time_ms: number
  truncated: boolean
  type: "compiled"
}

export type CompilePart = {
  cached: boolean
  ok: boolean
  output: Text
  time_ms: number
  truncated: boolean
}

export type CpuPart = {
  allocatable_milli: number
  over_ms: number
  /** The mean over the time since somebody asked last. */
  used_milli: number
}

export type Data = string | {
  base64: string
  gzip?: boolean
}

export type Details = {
  field?: string
  given?: number
  limit?: number
  retry_after_ms?: number
}

export type DeterministicFrame = {
  now?: string | null
  seed?: number | null
}

export type EntryPart = {
  is_dir: boolean
  is_link?: boolean
  mode: string
  /** Seconds since the epoch. */
  mtime: number | null
  name: string
  size: number
}

export type ErrorFrame = {
  code: Code
  details?: Details
  id?: string
  message: string
  type: "error"
}

export type ExecutionPart = {
  code_size: number
  cpu_time_ms: number | null
  execution_time_ms: number | null
  exit_code: number | null
  fuel: number | null
  in_size: number
  memory_usage_mb: number | null
  message: string | null
  out_size: number
  queue_time_ms: number
  signal: string | null
  status: "success" | "error" | "compile_error" | "timeout" | "memory_limit" | "output_limit" | "cancelled" | "internal"
  stderr: Text | null
  stderr_truncated: boolean
  stdout: Text | null
  stdout_truncated: boolean
  wall_time_ms: number | null
}

/** What `ExitCodes` is read from. */
export type ExitCodesShape = number | Array<number>

/** `files` of a result. */
export type FilesPart = {
  changed: Record<string, {
    base64?: string
    data?: string
    truncated?: true
  }>
  created: Record<string, {
    base64?: string
    data?: string
    truncated?: true
  }>
  deleted: Array<string>
  truncated: boolean
}

export type FloatFrame = {
  abs?: number
  ignore_case?: boolean
  rel?: number
}

/** What the server has to do, and may. */
export type GlanceFrame = {
  cells: number
  cpu?: CpuPart
  live: number
  memory?: SpacePart
  most: MostPart
  /** Warm containers. */
  pool: number
  queued: number
  storage?: SpacePart
  type: "glance"
}

export type HarnessFrame = {
  code?: Data | null
  files?: Record<string, Data> | null
  hidden?: boolean
  main?: string | null
}

export type HelloFrame = {
  /** What the client calls itself; nothing depends on it. */
  client?: string | null
  token?: string | null
  type: "hello"
}

/** A checker or an interactor. */
export type HelperFrame = {
  args?: Array<string> | null
  code?: Data | null
  env?: Record<string, string> | null
  files?: Record<string, Data> | null
  language: string
  limits?: LimitsFrame | null
  main?: string | null
  style?: StyleName | null
}

export type LanguagePart = {
  aliases: Array<string>
  engine: "wasm" | "docker"
  example: string
  limits: LimitsPart
  name: string
  /** How much of the preparation is done, 0 to 1. */
  progress?: number
  reason?: string
  state: "ready" | "preparing" | "unavailable"
  version: string
}

export type LimitsFrame = {
  compile_ms?: number | null
  files_mb?: number | null
  fuel?: number | null
  memory_mb?: number | null
  output_kb?: number | null
  processes?: number | null
  time_ms?: number | null
  wall_ms?: number | null
}

export type LimitsPart = {
  compile_ms: number
  files_mb: number
  memory_mb: number
  output_kb: number
  processes: number
  time_ms: number
  wall_ms: number
}

export type LineFrame = {
  base64?: string
  cut?: boolean
  data?: string
  eof?: boolean
  id: string
  pos: number
  stream: string
  test?: string
  time_ns: number
  type: "line"
}

export type MostPart = {
  live: number
  queued: number
}

export type PreparingFrame = {
  id: string
  progress: number
  type: "preparing"
  what: string
}

export type Priority = "interactive" | "batch"

export type QueuedFrame = {
  id: string
  position: number
  type: "queued"
}

export type ResultFrame = {
  compile: CompilePart
  execution: ExecutionPart
  files?: FilesPart
  id: string
  meta?: unknown
  outcome: string | null
  outcome_message?: string
  summary?: SummaryPart
  test_results?: TestsPart
  type: "result"
  workspace?: SavedPart
}

export type RulesText = {
  else?: string | null
  on: Array<RuleText>
}

export type RuleText = {
  colour: string
  exit_code?: ExitCodesShape | null
  regex?: string | null
  status?: StatusName | null
  stream?: StreamName | null
}

/** `run`, field by field as the protocol's page has it. */
export type RunFrame = {
  args?: Array<string> | null
  code?: Data | null
  collect?: CollectFrame | null
  command?: Array<string> | null
  compare?: CompareFrame | null
  /** For the compile step, before the sources */
  compile_args?: Array<string> | null
  deterministic?: DeterministicFrame | null
  env?: Record<string, string> | null
  files?: Record<string, Data> | null
  harness?: HarnessFrame | null
  id: string
  image?: string | null
  interactive?: boolean | null
  language: string
  limits?: LimitsFrame | null
  /** For the compile step, behind the sources */
  link_args?: Array<string> | null
  main?: string | null
  meta?: unknown
  priority?: Priority | null
  remove?: Array<string> | null
  rules?: RulesText | null
  stdin?: Data | null
  stop_on_failure?: boolean | null
  stream?: StreamWish | null
  terminal?: boolean | null
  tests?: TestsFrame | null
  /** The caller's span in a trace, as W3C's header of that name */
  traceparent?: string | null
  type: "run"
  /** Of a line, where `stream` is `"lines"`. */
  width?: number | null
  workspace?: string | null
}

/** `workspace` of a result. */
export type SavedPart = {
  message: string | null
  name: string
  saved: boolean
}

export type ServerFrame = WelcomeFrame | QueuedFrame | PreparingFrame | StartedFrame | CompiledFrame | StdoutFrame | StderrFrame | LineFrame | WaitingFrame | TestFrame | ResultFrame | WorkspaceFrame | GlanceFrame | ClockFrame | ErrorFrame

/** The most that a client may ask for or send. */
export type ServerLimits = {
  capture_kb: number
  files: number
  max_frame_bytes: number
  most: LimitsPart
  runs: number
  stdin_kb: number
}

export type SignalFrame = {
  id: string
  /** As Linux names it: `SIGINT` */
  signal: string
  type: "signal"
}

export type SpacePart = {
  allocatable_mb: number
  used_mb: number
}

export type StartedFrame = {
  engine: "wasm" | "docker"
  id: string
  type: "started"
}

/** `internal` is missing: it says nothing of a program. */
export type StatusName = "success" | "error" | "timeout" | "memory_limit" | "output_limit" | "compile_error" | "cancelled"

export type StderrFrame = {
  base64?: string
  data?: string
  id: string
  seq: number
  t_ms: number
  test?: string
  type: "stderr"
}

export type StdinFrame = {
  base64?: string | null
  data?: string | null
  eof?: boolean
  id: string
  type: "stdin"
}

export type StdoutFrame = {
  base64?: string
  data?: string
  id: string
  seq: number
  t_ms: number
  test?: string
  type: "stdout"
}

export type StreamName = "stdout" | "stderr" | "both"

export type StreamWish = true | false | "lines"

export type StyleName = "runnel" | "kattis" | "testlib"

export type SummaryPart = {
  hidden_failed: number
  hidden_passed: number
  verdict: "AC" | "WA" | "RTE" | "TLE" | "MLE" | "OLE" | "CE" | "SK" | "JE"
  visible_failed: number
  visible_passed: number
}

export type TestCase = {
  args?: Array<string> | null
  description?: string | null
  expected_exit_code?: number | null
  expected_output?: Data | null
  files?: Record<string, Data> | null
  id: string
  input?: Data | null
  limits?: LimitsFrame | null
}

export type TestFrame = {
  id: string
  test: TestPart
  type: "test"
}

export type TestPart = {
  actual_output: Text | null
  actual_output_truncated: boolean
  cpu_time_ms: number | null
  description: string | null
  error: Text | null
  execution_time_ms: number | null
  exit_code: number | null
  expected_output: Text | null
  id: string
  input: Text
  memory_usage_mb: number | null
  message: string | null
  status: "passed" | "failed" | "error" | "timeout" | "memory_limit" | "output_limit" | "ran" | "skipped" | "faulty" | "internal"
  verdict: "AC" | "WA" | "RTE" | "TLE" | "MLE" | "OLE" | "CE" | "SK" | "JE" | null
} | {
  cpu_time_ms: number | null
  execution_time_ms: number | null
  id: string
  memory_usage_mb: number | null
  status: "passed" | "failed" | "error" | "timeout" | "memory_limit" | "output_limit" | "ran" | "skipped" | "faulty" | "internal"
  verdict: "AC" | "WA" | "RTE" | "TLE" | "MLE" | "OLE" | "CE" | "SK" | "JE" | null
}

export type TestsFrame = {
  hidden?: Array<TestCase>
  visible?: Array<TestCase>
}

export type TestsPart = {
  hidden: Array<TestPart>
  visible: Array<TestPart>
}

export type Text = string | {
  base64: string
}

export type WaitingFrame = {
  id: string
  type: "waiting"
}

export type WelcomeFrame = {
  build: string
  languages: Array<LanguagePart>
  limits: ServerLimits
  protocol: string
  type: "welcome"
  version: string
}

export type WorkspaceCloseFrame = {
  id?: string | null
  type: "workspace.close"
  workspace: string
}

/** An answer; which fields there are depends on `action`. */
export type WorkspaceFrame = {
  action: "opened" | "all" | "listed" | "read" | "closed"
  base64?: string
  bytes?: number
  data?: string
  entries?: Array<EntryPart>
  files?: number
  id?: string
  path?: string
  size?: number
  truncated?: boolean
  ttl_s?: number
  type: "workspace"
  workspace?: string
  workspaces?: Array<string>
}

export type WorkspaceListFrame = {
  id?: string | null
  path?: string | null
  type: "workspace.list"
  workspace?: string | null
}

export type WorkspaceOpenFrame = {
  files?: Record<string, Data> | null
  id?: string | null
  ttl_s?: number | null
  type: "workspace.open"
  workspace?: string | null
}

export type WorkspaceReadFrame = {
  id?: string | null
  max_bytes?: number | null
  path: string
  type: "workspace.read"
  workspace: string
}
