/** What is to happen when, on a clock that only `advanceTo` and `stamp` move. Times are µs since the epoch. */
export interface Agenda {
  readonly now: () => number
  /** Whole seconds since the epoch, as Asterisk writes most of its times. */
  readonly seconds: () => number
  /** A time for one event: later than any given before, so that events never share one. */
  readonly stamp: () => number
  /** Runs `work` after that many seconds. Works due at the same time run in the order they were asked for. */
  readonly after: (seconds: number, work: () => void) => Cancel
  /** When the next work is due; undefined when there is none. */
  readonly nextDue: () => number | undefined
  /** Runs everything due until `time`, each with the clock at its own time, and leaves the clock there. */
  readonly advanceTo: (time: number) => void
  /** Forgets all work. */
  readonly clear: () => void
}

export type Cancel = () => void

interface Entry {
  readonly due: number
  readonly work: () => void
  isCancelled: boolean
}

export const makeAgenda = (start: number): Agenda => {
  let now = start
  let entries: Array<Entry> = []

  const dropCancelled = (): Entry | undefined => {
    while (entries[0]?.isCancelled === true) entries.shift()
    return entries[0]
  }

  return {
    now: () => now,
    seconds: () => Math.floor(now / 1_000_000),
    stamp: () => {
      now += MICROS_BETWEEN_EVENTS
      return now
    },
    after: (seconds, work) => {
      const entry: Entry = { due: now + Math.round(seconds * 1_000_000), work, isCancelled: false }
      entries.splice(placeFor(entries, entry.due), 0, entry)
      return () => {
        entry.isCancelled = true
      }
    },
    nextDue: () => dropCancelled()?.due,
    advanceTo: (time) => {
      for (let entry = dropCancelled(); entry !== undefined && entry.due <= time; entry = dropCancelled()) {
        entries.shift()
        now = Math.max(now, entry.due)
        entry.work()
      }
      now = Math.max(now, time)
    },
    clear: () => {
      entries = []
    }
  }
}

const MICROS_BETWEEN_EVENTS = 5

/** Behind all entries due by then. */
const placeFor = (entries: ReadonlyArray<Entry>, due: number): number => {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((entries[middle]?.due ?? 0) <= due) low = middle + 1
    else high = middle
  }
  return low
}
