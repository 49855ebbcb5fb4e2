import type { Agenda } from "./agenda.ts"

/** Moves a PBX's clock along with ours, at a speed of its own. */
export interface Driver {
  /** Runs what has become due by now. */
  readonly catchUp: () => void
  /** Sees to it that what is due next is run in time. */
  readonly schedule: () => void
  /** Lets that many seconds of the PBX pass at once. */
  readonly advance: (seconds: number) => void
  readonly pause: () => void
  readonly resume: () => void
}

/** The wall clock alone decides when the PBX acts; what it does then depends on its own clock only. */
export const makeDriver = (clock: () => Agenda, mode: "wall" | "manual", speed: number): Driver => {
  let timer: NodeJS.Timeout | undefined
  let isPaused = true
  /** Our time and the PBX's at the same moment. */
  let anchor = { ours: performance.now(), theirs: clock().now() }

  const theirNow = () => anchor.theirs + (performance.now() - anchor.ours) * 1000 * speed
  const dropAnchor = () => {
    anchor = { ours: performance.now(), theirs: clock().now() }
  }
  const catchUp = () => {
    if (mode === "wall" && !isPaused) clock().advanceTo(theirNow())
  }
  const schedule = () => {
    clearTimeout(timer)
    timer = undefined
    const due = clock().nextDue()
    if (due === undefined || isPaused || mode === "manual") return
    timer = setTimeout(
      () => {
        catchUp()
        schedule()
      },
      Math.min(Math.max(0, (due - theirNow()) / 1000 / speed), LONGEST_TIMER)
    )
  }
  return {
    catchUp,
    schedule,
    advance: (seconds) => {
      catchUp()
      clock().advanceTo(clock().now() + seconds * 1_000_000)
      dropAnchor()
      schedule()
    },
    pause: () => {
      catchUp()
      isPaused = true
      clearTimeout(timer)
    },
    resume: () => {
      isPaused = false
      dropAnchor()
      schedule()
    }
  }
}

/** ms. */
const LONGEST_TIMER = 1_000_000
