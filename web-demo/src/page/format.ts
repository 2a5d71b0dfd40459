/** Quantities as people read them. */
export function milliseconds(ms: number): string {
  if (ms >= 10_000) return `${(ms / 1000).toFixed(1)} s`
  if (ms >= 1000) return `${(ms / 1000).toFixed(2)} s`
  return ms >= 100 ? `${ms.toFixed(0)} ms` : `${ms.toFixed(1)} ms`
}

export function megabytes(mb: number): string {
  return mb >= 100 ? `${mb.toFixed(0)} MB` : `${mb.toFixed(1)} MB`
}

export function count(number: number): string {
  return number.toLocaleString('en')
}

/** `memory_limit` -> `memory limit`. */
export const words = (status: string): string => status.replaceAll('_', ' ')
