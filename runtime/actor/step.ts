import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type EventObject,
  initialTransition,
  transition
} from "xstate"

/** An action to be performed, as data: it is stored as it stands. */
export interface PlannedAction {
  readonly type: string
  readonly params: unknown
}

/** A delay that the machine began, in milliseconds from now. */
export interface PlannedDeadline {
  readonly id: string
  readonly delay: number
  readonly event: EventObject
}

/** One step of a machine: where it is now and what must be done. */
export interface Step {
  readonly snapshot: AnyMachineSnapshot
  readonly actions: ReadonlyArray<PlannedAction>
  readonly emitted: ReadonlyArray<unknown>
  readonly deadlines: ReadonlyArray<PlannedDeadline>
  readonly cancelled: ReadonlyArray<string>
  readonly rejection: string | undefined
}

/** Steps a machine by one event. Pure: throws what the machine's own functions throw. */
export const step = (machine: AnyStateMachine, snapshot: AnyMachineSnapshot, event: EventObject): Step =>
  sortActions(...transition(machine, snapshot, event))

/** The first step of a machine that has no stored snapshot. */
export const firstStep = (machine: AnyStateMachine, input: unknown): Step =>
  sortActions(...initialTransition(machine, input))

interface RawAction {
  readonly type: string
  readonly params: unknown
}

const sortActions = (snapshot: AnyMachineSnapshot, raw: ReadonlyArray<RawAction>): Step => {
  const actions: Array<PlannedAction> = []
  const emitted: Array<unknown> = []
  const deadlines: Array<PlannedDeadline> = []
  const cancelled: Array<string> = []
  let rejection: string | undefined
  for (const { type, params } of raw) {
    switch (type) {
      case "xstate.emit":
        // The shapes of XState's own actions are fixed by the library.
        emitted.push((params as { event: unknown }).event)
        break
      case "xstate.raise": {
        const raised = params as { id: string; delay: number; event: EventObject }
        deadlines.push({ id: raised.id, delay: raised.delay, event: raised.event })
        break
      }
      case "xstate.cancel":
        cancelled.push((params as { sendId: string }).sendId)
        break
      case "reject":
        rejection = (params as { reason: string }).reason
        break
      default:
        actions.push({ type, params })
    }
  }
  return { snapshot, actions, emitted, deadlines, cancelled, rejection }
}

/** The stored form of a snapshot: plain JSON. */
export interface StoredSnapshot {
  readonly status: "active" | "done"
  readonly value: AnyMachineSnapshot["value"]
  readonly context: unknown
  readonly historyValue?: unknown
}

export const toStored = (snapshot: AnyMachineSnapshot): StoredSnapshot => ({
  status: snapshot.status === "done" ? "done" : "active",
  value: snapshot.value,
  context: snapshot.context
})

/** Restores a stored snapshot. Throws when it names a state that the machine does not have. */
export const fromStored = (machine: AnyStateMachine, stored: StoredSnapshot): AnyMachineSnapshot =>
  machine.resolveState({
    value: stored.value,
    context: stored.context,
    status: stored.status
  })
