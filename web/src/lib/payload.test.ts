import { expect, test } from 'vitest'
import { decode, dump, pretty, text } from './payload'

const bytes = (s: string) => new TextEncoder().encode(s)

test('base64 gives the bytes back', () => {
  expect([...decode('AP+A')]).toEqual([0, 255, 128])
  expect(decode('')).toHaveLength(0)
})

test.each([
  ['plain', 'plain'],
  ['{"a":1}', '{\n  "a": 1\n}'],
  [' [1,2] ', '[\n  1,\n  2\n]'],
  ['{"a":', '{"a":'], // cut JSON stays as it is
  ['Zürich\tGenf\r\n', 'Zürich\tGenf\r\n'],
])('%j is text', (given, want) => expect(text(bytes(given))).toBe(want))

test.each([[[0, 1, 2]], [[0xff, 0xfe]], [[0x68, 0x1b, 0x5b]]])('%j is none', (given) => expect(text(Uint8Array.from(given))).toBeNull())

test('what looks like JSON and is none stays', () => {
  expect(pretty('{not json}')).toBe('{not json}')
  expect(pretty('')).toBe('')
})

test('a dump has sixteen bytes a line, an address and what can be read', () => {
  const lines = dump(bytes('Obj\x01 0123456789abcdef')).split('\n')
  expect(lines).toEqual([
    '000000  4f 62 6a 01 20 30 31 32  33 34 35 36 37 38 39 61  Obj· 0123456789a',
    '000010  62 63 64 65 66                                    bcdef'])
  expect(dump(new Uint8Array())).toBe('')
})
