/** A closed range of a quantity; the unit is its user's. */
export interface Range {
  readonly min: number
  readonly max: number
}

/** Numbers that look random and are the same for the same seed, on every machine. */
export interface Random {
  /** From 0 (included) to 1 (excluded). */
  readonly next: () => number
  /** Evenly spread over the range. */
  readonly between: (range: Range) => number
  /** Waiting time until the next of events that come on their own, `mean` apart on average. */
  readonly exponential: (mean: number) => number
  readonly chance: (probability: number) => boolean
  readonly pick: <A>(choices: readonly [A, ...Array<A>]) => A
  /** A whole number of that many decimal digits, leading zeros kept. */
  readonly digits: (count: number) => string
  /** A version 4 UUID. */
  readonly uuid: () => string
}

/** One stream of numbers. Streams of different seeds do not disturb each other. */
export const makeRandom = (seed: string): Random => {
  const next = xorshift128(seed)
  const below = (limit: number) => Math.floor(next() * limit)
  const text = (count: number, digit: () => string) => Array.from({ length: count }, digit).join("")
  return {
    next,
    between: ({ min, max }) => min + next() * (max - min),
    exponential: (mean) => -Math.log(1 - next()) * mean,
    chance: (probability) => next() < probability,
    pick: (choices) => choices[below(choices.length)] ?? choices[0],
    digits: (count) => text(count, () => String(below(10))),
    uuid: () => {
      const hex = text(30, () => below(16).toString(16))
      const variant = (8 + below(4)).toString(16)
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(12, 15)}-${variant}${hex.slice(15, 18)}-${hex.slice(18, 30)}`
    }
  }
}

/** Marsaglia's xorshift with 128 bits of state (J. Stat. Soft. 8/14, 2003), 32 bits a number. */
const xorshift128 = (seed: string): (() => number) => {
  let [x, y, z, w] = [hash(seed, 1), hash(seed, 2), hash(seed, 3), hash(seed, 4)]
  return () => {
    const t = x ^ (x << 11)
    x = y
    y = z
    z = w
    w = w ^ (w >>> 19) ^ t ^ (t >>> 8)
    return (w >>> 0) / 4_294_967_296
  }
}

/** FNV-1a over the seed, with a final mix; never 0, which xorshift could not leave. */
const hash = (text: string, salt: number): number => {
  let value = 2_166_136_261 ^ Math.imul(salt, 2_654_435_761)
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 16_777_619)
  }
  value = Math.imul(value ^ (value >>> 15), 2_246_822_507)
  value ^= value >>> 13
  return value === 0 ? salt : value
}
