import type { DstChange, TimeZone } from "../../schemas/provd/phone-plugin.ts"

/**
 * An IANA zone as phones want it (contracts/provisioning.md, section 5): the offset of standard time and, where the
 * clock changes by the same rule every year, that rule with the local wall time at which the clock is changed.
 * Undefined: no such zone. `dst` is null where the clock never changes or by no such rule (Africa/Casablanca follows
 * the moon). A change at midnight that only a rule of the evening before describes has the time 86400.
 */
export const timeZone = (name: string, now: Date = new Date()): TimeZone | undefined => {
  const year = now.getUTCFullYear()
  const known = zones.get(name)
  if (known?.year === year) return known.zone
  const zone = derive(name, year)
  if (zone !== undefined) zones.set(name, { year, zone })
  return zone
}

/** The hour of a change as phones take it, 0 to 23: midnight at the end of a day becomes its last hour. */
export const hourOf = (change: DstChange): number => Math.min(23, Math.floor(change.time / 3600))

/** By name as asked for; there are no more than the names that Intl knows in the spellings of the configs. */
const zones = new Map<string, { readonly year: number; readonly zone: TimeZone }>()

/** Years that a rule has to hold for; a week that is not the last of its month shows within them. */
const yearsAhead = 12
const day = 86_400_000
/** Shorter than any period of daylight saving time or of a break in it. */
const step = 9 * day

interface Change {
  readonly year: number
  /** Local wall time just before the change, as if it were UTC. */
  readonly wall: Date
  /** Seconds that the clock is put forward. */
  readonly save: number
}

const derive = (name: string, year: number): TimeZone | undefined => {
  const offsetAt = offsetsOf(name)
  if (offsetAt === undefined) return undefined
  const changes = changesBetween(offsetAt, Date.UTC(year, 0, 1), Date.UTC(year + yearsAhead, 0, 1))
  const utcOffset = usualOffset(offsetAt, year)
  if (changes.length === 0) return { name, utcOffset, dst: null }
  const starts = changes.filter((change) => change.save > 0)
  const ends = changes.filter((change) => change.save < 0)
  const save = starts[0]?.save
  const start = ruleOf(starts)
  const end = ruleOf(ends)
  if (start === undefined || end === undefined || save === undefined) return { name, utcOffset, dst: null }
  if (!changes.every((change) => Math.abs(change.save) === save)) return { name, utcOffset, dst: null }
  return { name, utcOffset: standardOffset(offsetAt, year), dst: { start, end, save } }
}

const offsetsOf = (name: string): ((at: number) => number) | undefined => {
  if (!/^[A-Za-z]/.test(name)) return undefined
  try {
    const format = new Intl.DateTimeFormat("en-US", { timeZone: name, timeZoneName: "longOffset" })
    return (at) => {
      const text = format.formatToParts(at).find((part) => part.type === "timeZoneName")?.value ?? "GMT"
      const [, sign, hours = "0", minutes = "0"] = /^GMT([+-])(\d\d):(\d\d)/.exec(text) ?? []
      return (sign === "-" ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60)
    }
  } catch {
    return undefined
  }
}

const standardOffset = (offsetAt: (at: number) => number, year: number) =>
  Math.min(...samples(year).map(offsetAt))

/** The offset of most of the year: of a zone without a rule the one that is wrong for the fewest days. */
const usualOffset = (offsetAt: (at: number) => number, year: number) => {
  const offsets = samples(year).map(offsetAt)
  return mostFrequent(offsets) ?? 0
}

const samples = (year: number) =>
  Array.from({ length: 40 }, (_, index) => Date.UTC(year, 0, 1) + index * step)

const changesBetween = (
  offsetAt: (at: number) => number,
  from: number,
  to: number
): ReadonlyArray<Change> => {
  const changes: Array<Change> = []
  for (let at = from; at < to; at += step) {
    const before = offsetAt(at)
    const after = offsetAt(at + step)
    if (before === after) continue
    const wall = new Date(firstOf(offsetAt, at, at + step) + before * 1000)
    changes.push({ year: wall.getUTCFullYear(), wall, save: after - before })
  }
  return changes
}

/** The minute from which the offset is no longer that of `from`. */
const firstOf = (offsetAt: (at: number) => number, from: number, to: number) => {
  const before = offsetAt(from)
  let low = from
  let high = to
  while (high - low > 60_000) {
    const middle = low + Math.floor((high - low) / 120_000) * 60_000
    if (offsetAt(middle) === before) low = middle
    else high = middle
  }
  return high
}

interface Fall {
  readonly month: number
  readonly weekday: number
  readonly time: number
  readonly date: number
  readonly fromTheEnd: number
}

const ruleOf = (changes: ReadonlyArray<Change>): DstChange | undefined => {
  if (changes.length < yearsAhead || new Set(changes.map((change) => change.year)).size !== changes.length) {
    return undefined
  }
  const same = changes.map((change) => fallOf(change.wall, 0))
  const evening = changes.map((change) => fallOf(change.wall, 1))
  const midnight = same.every((fall) => fall.time === 0)
  return exact(same) ?? (midnight ? exact(evening) : undefined) ?? closest(same)
}

const fallOf = (wall: Date, daysBefore: 0 | 1): Fall => {
  const fall = new Date(wall.getTime() - daysBefore * day)
  const days = new Date(Date.UTC(fall.getUTCFullYear(), fall.getUTCMonth() + 1, 0)).getUTCDate()
  return {
    month: fall.getUTCMonth() + 1,
    weekday: fall.getUTCDay(),
    time: daysBefore * 86_400 + fall.getUTCHours() * 3600 + fall.getUTCMinutes() * 60,
    date: fall.getUTCDate(),
    fromTheEnd: days - fall.getUTCDate()
  }
}

const exact = (falls: ReadonlyArray<Fall>): DstChange | undefined => {
  const first = regular(falls)
  if (first === undefined) return undefined
  if (falls.every((fall) => fall.fromTheEnd < 7)) return { ...first, week: 5 }
  const weeks = new Set(falls.map((fall) => weekOf(fall.date)))
  const [week] = weeks
  return weeks.size === 1 && week !== undefined ? { ...first, week } : undefined
}

/** For "the Friday before the last Sunday": the week that holds in most years. */
const closest = (falls: ReadonlyArray<Fall>): DstChange | undefined => {
  const first = regular(falls)
  const week = mostFrequent(falls.map((fall) => weekOf(fall.date)))
  return first === undefined || week === undefined ? undefined : { ...first, week }
}

const regular = (falls: ReadonlyArray<Fall>) => {
  const [first] = falls
  if (first === undefined) return undefined
  const { month, weekday, time } = first
  return falls.every((fall) => fall.month === month && fall.weekday === weekday && fall.time === time)
    ? { month, weekday, time }
    : undefined
}

const weekOf = (date: number): DstChange["week"] =>
  date <= 7 ? 1 : date <= 14 ? 2 : date <= 21 ? 3 : date <= 28 ? 4 : 5

const mostFrequent = <Value>(values: ReadonlyArray<Value>): Value | undefined => {
  const counts = new Map<Value, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0]
}
