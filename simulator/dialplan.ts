/** One priority: an application and what is written between its brackets. */
export type Step = readonly [application: string, data?: string]

/**
 * Contexts, their extensions (or Asterisk patterns such as `_id-.`), and the steps of each from priority 1.
 * Where the steps end, the channel is hung up.
 */
export type Dialplan = Readonly<Record<string, Readonly<Record<string, ReadonlyArray<Step>>>>>

/** The steps of an extension: of its own, or of the first pattern that fits. */
export const stepsOf = (
  dialplan: Dialplan,
  context: string,
  exten: string
): ReadonlyArray<Step> | undefined => {
  const extensions = dialplan[context]
  if (extensions === undefined) return undefined
  const own = extensions[exten]
  if (own !== undefined && !exten.startsWith("_")) return own
  return Object.entries(extensions).find(([pattern]) => fits(pattern, exten))?.[1]
}

/** Several dialplans as one; where they say different things of an extension, the last one counts. */
export const mergeDialplans = (...plans: ReadonlyArray<Dialplan>): Dialplan => {
  const merged: Record<string, Record<string, ReadonlyArray<Step>>> = {}
  for (const plan of plans) {
    for (const [context, extensions] of Object.entries(plan)) {
      merged[context] = { ...merged[context], ...extensions }
    }
  }
  return merged
}

/** What every simulated PBX has besides its queues: the way to an agent's phone, and parked calls. */
export const commonDialplan: Dialplan = {
  // Strowger's queue members are Local/id-<agent id>@agentcallback (contracts/callcenter.md 8).
  agentcallback: { "_id-.": [["Dial", "${MEMBER_DEVICE}"]] },
  parkedcalls: { _7XX: [["ParkedCall", "default,${EXTEN}"]] },
  default: {
    700: [["Park"]],
    600: [["Answer"], ["Wait", "60"]]
  }
}

/** `_` starts a pattern: X is 0-9, Z 1-9, N 2-9, `[…]` one of these, `.` one or more of anything, `!` any number. */
const fits = (pattern: string, exten: string): boolean =>
  pattern.startsWith("_") && patternOf(pattern.slice(1)).test(exten)

const patternOf = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern.replace(/\[[^\]]*\]|[\s\S]/g, (part) => PATTERN_PARTS[part] ?? (part.length > 1 ? part : literal(part)))}$`
  )

const PATTERN_PARTS: Record<string, string> = { X: "[0-9]", Z: "[1-9]", N: "[2-9]", ".": ".+", "!": ".*" }

const literal = (character: string): string => character.replace(/[\\^$*+?()|{}/]/, "\\$&")
