// Made by `npm run types` out of the server's types: not to be changed by hand.

export type CancelFrame = {
  id: string
  type: "cancel"
}

export type ClientFrame = HelloFrame | RunFrame | StdinFrame | CancelFrame

/** Everything that can be wrong with what a client sends, or with us. */
export type Code = "bad_json" | "bad_frame" | "bad_field" | "missing_field" | "bad_path" | "unknown_language" | "unknown_run" | "duplicate_id" | "not_running" | "limit_too_high" | "too_large" | "busy" | "language_unavailable" | "shutting_down" | "internal"

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

export type FloatFrame = {
  abs?: number
  ignore_case?: boolean
  rel?: number
}

export type HarnessFrame = {
  code?: Data | null
  files?: Record<string, Data> | null
  hidden?: boolean
  main?: string | null
}

export type HelloFrame = {
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
  id: string
  meta?: unknown
  summary?: SummaryPart
  test_results?: TestsPart
  type: "result"
}

/** `run`, field by field as the protocol's page has it. */
export type RunFrame = {
  args?: Array<string> | null
  code?: Data | null
  collect?: unknown
  command?: Array<string> | null
  compare?: CompareFrame | null
  deterministic?: DeterministicFrame | null
  env?: Record<string, string> | null
  files?: Record<string, Data> | null
  harness?: HarnessFrame | null
  id: string
  image?: string | null
  interactive?: boolean | null
  language: string
  limits?: LimitsFrame | null
  main?: string | null
  meta?: unknown
  priority?: Priority | null
  remove?: unknown
  rules?: unknown
  stdin?: Data | null
  stop_on_failure?: boolean | null
  stream?: StreamWish | null
  terminal?: boolean | null
  tests?: TestsFrame | null
  type: "run"
  workspace?: unknown
}

export type ServerFrame = WelcomeFrame | QueuedFrame | PreparingFrame | StartedFrame | CompiledFrame | StdoutFrame | StderrFrame | WaitingFrame | TestFrame | ResultFrame | ErrorFrame

/** The most that a client may ask for or send. */
export type ServerLimits = {
  capture_kb: number
  files: number
  max_frame_bytes: number
  most: LimitsPart
  runs: number
  stdin_kb: number
}

export type StartedFrame = {
  engine: "wasm" | "docker"
  id: string
  type: "started"
}

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
