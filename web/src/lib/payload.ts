// How the bytes of a refused record are shown: JSON and text as such, anything
// else as a dump of bytes.

export function decode(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))
}

/** text returns the bytes as text, or null where they are none. */
export function text(bytes: Uint8Array): string | null {
  try {
    const s = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    if (/[\x00-\x08\x0e-\x1f]/.test(s)) return null
    return pretty(s)
  } catch {
    return null
  }
}

/** pretty indents what is JSON. */
export function pretty(s: string): string {
  if (!/^\s*[[{]/.test(s)) return s
  try {
    return JSON.stringify(JSON.parse(s), null, 2)
  } catch {
    return s
  }
}

/** dump writes bytes as hexdump -C does. */
export function dump(bytes: Uint8Array): string {
  const lines: string[] = []
  for (let at = 0; at < bytes.length; at += 16) {
    const part = [...bytes.subarray(at, at + 16)]
    const hex = part.map((b) => b.toString(16).padStart(2, '0'))
    const left = hex.slice(0, 8).join(' ').padEnd(23)
    const right = hex.slice(8).join(' ').padEnd(23)
    lines.push(`${at.toString(16).padStart(6, '0')}  ${left}  ${right}  ${part.map((b) => (b >= 32 && b < 127 ? String.fromCharCode(b) : '·')).join('')}`)
  }
  return lines.join('\n')
}
