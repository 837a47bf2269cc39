// The colours of load: calm blues up to the safe share, then amber, then red.
// The steps differ in lightness too, so that they can be told apart without hue.

type Rgb = [number, number, number]
const light: [number, Rgb][] = [[0, [236, 243, 247]], [0.5, [160, 200, 219]], [0.999, [66, 139, 173]], [1, [240, 187, 84]], [1.15, [226, 128, 52]], [1.3, [196, 50, 44]], [1.8, [122, 18, 40]]]
const dark: [number, Rgb][] = [[0, [30, 41, 50]], [0.5, [38, 82, 104]], [0.999, [62, 138, 170]], [1, [222, 164, 58]], [1.15, [226, 118, 46]], [1.3, [226, 66, 56]], [1.8, [255, 130, 140]]]

/** heat returns the colour of a share relative to the safe one (1 = just safe). */
export function heat(relative: number, theme: 'light' | 'dark'): string {
  const scale = theme === 'dark' ? dark : light
  let i = 1
  while (i < scale.length - 1 && scale[i][0] < relative) i++
  const [a, from] = scale[i - 1]
  const [b, to] = scale[i]
  const w = Math.min(1, Math.max(0, (relative - a) / (b - a)))
  return `rgb(${from.map((v, k) => Math.round(v + w * (to[k] - v))).join(' ')})`
}

/** css reads a custom property of the page. */
export function css(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim()
}
