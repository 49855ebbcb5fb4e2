/**
 * One access pattern, or a part of one, as an automaton that reads a text once (contracts/auth.md 4).
 *
 * **Details**
 * `*` stands for any run without dot and `#`, `#` for any run, and an `aliases` entry makes a whole word stand
 * for several words. Everything else is literal.
 *
 * **Gotchas**
 * An access is written by users, so no backtracking: all states advance together, 32 to a machine word. A test
 * takes at most `text length x ceil(states / 32)` steps, whatever the pattern.
 */
export class Glob {
  readonly #size: number
  readonly #words: number
  readonly #literal = new Map<number, Uint32Array>()
  /** States that stay when a character passes: `*` and `#`. */
  readonly #wild: Uint32Array
  /** States that stay even at a dot or a `#`: only `#`. */
  readonly #anything: Uint32Array
  /** Jumps between states that are taken without reading, in the order in which they must be followed. */
  readonly #jumps: ReadonlyArray<readonly [from: number, to: number]>
  readonly #none: Uint32Array

  constructor(pattern: string, aliases: ReadonlyMap<string, ReadonlyArray<string>> = noAliases) {
    const { states, jumps } = layOut(pattern, aliases)
    this.#size = states.length
    this.#words = Math.ceil(states.length / 32)
    this.#jumps = jumps
    this.#wild = new Uint32Array(this.#words)
    this.#anything = new Uint32Array(this.#words)
    this.#none = new Uint32Array(this.#words)
    states.forEach((state, index) => {
      if (state === star || state === hash) setBit(this.#wild, index)
      if (state === hash) setBit(this.#anything, index)
      if (state >= 0) setBit(this.#literalMask(state), index)
    })
  }

  /** Whether the whole of `text` from `start` on matches. */
  test(text: string, start = 0): boolean {
    let current = new Uint32Array(this.#words)
    let next = new Uint32Array(this.#words)
    current[0] = 1
    this.#followJumps(current)
    for (let index = start; index < text.length; index++) {
      if (!this.#step(current, next, text.charCodeAt(index))) return false
      const previous = current
      current = next
      next = previous
    }
    return hasBit(current, this.#size - 1)
  }

  /** Reads one character; false when no state is left. */
  #step(current: Uint32Array, next: Uint32Array, code: number): boolean {
    const literal = this.#literal.get(code) ?? this.#none
    const loops = code === dotCode || code === hashCode ? this.#anything : this.#wild
    let carry = 0
    let alive = 0
    for (let word = 0; word < this.#words; word++) {
      const states = current[word] ?? 0
      const advanced = states & (literal[word] ?? 0)
      const reached = (advanced << 1) | carry | (states & (loops[word] ?? 0))
      carry = advanced >>> 31
      next[word] = reached
      alive |= reached
    }
    if (alive !== 0) this.#followJumps(next)
    return alive !== 0
  }

  /** A wildcard may stand for nothing: its state reaches the one behind it. Two wildcards never touch. */
  #followJumps(states: Uint32Array): void {
    let carry = 0
    for (let word = 0; word < this.#words; word++) {
      const current = states[word] ?? 0
      const wild = current & (this.#wild[word] ?? 0)
      states[word] = current | (wild << 1) | carry
      carry = wild >>> 31
    }
    for (const [from, to] of this.#jumps) if (hasBit(states, from)) setBit(states, to)
  }

  #literalMask(code: number): Uint32Array {
    const known = this.#literal.get(code)
    if (known) return known
    const mask = new Uint32Array(this.#words)
    this.#literal.set(code, mask)
    return mask
  }
}

const noAliases: ReadonlyMap<string, ReadonlyArray<string>> = new Map()
const star = -1
const hash = -2
/** A state that reads nothing: the end, or the end of an alternative. */
const rest = -3
const dotCode = 46
const hashCode = 35

/**
 * One state per character. The alternatives of an aliased word lie one after the other, each closed by a
 * resting state: jumps lead from the first one's start to the other starts, and from each close to the last.
 */
const layOut = (pattern: string, aliases: ReadonlyMap<string, ReadonlyArray<string>>) => {
  const states: Array<number> = []
  const jumps: Array<readonly [number, number]> = []
  pattern.split(".").forEach((word, index) => {
    if (index > 0) states.push(dotCode)
    const alternatives = aliases.get(word)
    if (alternatives) layOutAlternatives(alternatives, states, jumps)
    else layOutWord(word, states)
  })
  states.push(rest)
  return { states, jumps }
}

const layOutAlternatives = (
  alternatives: ReadonlyArray<string>,
  states: Array<number>,
  jumps: Array<readonly [number, number]>
): void => {
  const start = states.length
  const ends: Array<number> = []
  for (const alternative of alternatives) {
    if (states.length > start) jumps.push([start, states.length])
    for (let index = 0; index < alternative.length; index++) states.push(alternative.charCodeAt(index))
    ends.push(states.length)
    states.push(rest)
  }
  // The last alternative's close is dropped: what follows the word begins in its place.
  states.pop()
  const join = states.length
  for (const end of ends) if (end !== join) jumps.push([end, join])
}

/** Runs of wildcards become one: `#` swallows its neighbours, `**` is `*`. */
const layOutWord = (word: string, states: Array<number>): void => {
  for (const character of word.split("")) {
    const last = states.at(-1)
    const state = character === "*" ? star : character === "#" ? hash : character.charCodeAt(0)
    if (state === star && (last === star || last === hash)) continue
    if (state === hash && last === hash) continue
    if (state === hash && last === star) states.pop()
    states.push(state)
  }
}

const setBit = (mask: Uint32Array, index: number): void => {
  mask[index >>> 5] = (mask[index >>> 5] ?? 0) | (1 << (index & 31))
}

const hasBit = (mask: Uint32Array, index: number): boolean =>
  ((mask[index >>> 5] ?? 0) & (1 << (index & 31))) !== 0
