import type { Text } from './types.ts'

/** What a program wrote, as text: bytes that are no UTF-8 become the replacement character. */
export function textOf(text: Text | null | undefined): string {
  if (text === null || text === undefined) return ''
  return typeof text === 'string' ? text : new TextDecoder().decode(fromBase64(text.base64))
}

/** The bytes of a `stdout` or `stderr` frame, or its text where it is text. */
export function bytesOf(frame: { data?: string; base64?: string }): string | Uint8Array {
  return frame.base64 === undefined ? (frame.data ?? '') : fromBase64(frame.base64)
}

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0))
}

export function toBase64(bytes: Uint8Array): string {
  let text = ''
  // In pieces: a call has a bound on its arguments.
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000))
  return btoa(text)
}
