import type { AgentActivity } from "../../schemas/supervisor/agent.ts"
import type { ActorView } from "../../runtime/actor/kind.ts"
import type { agentMachine } from "../agent/machine.ts"

/** The state of an agent's machine, as it was committed last; undefined for one that was never used. */
export type AgentView = ActorView<typeof agentMachine> | undefined

/** What an agent does and since when (milliseconds since the epoch; null when nobody knows). */
export const activityOf = (
  view: AgentView
): { readonly state: AgentActivity; readonly since: number | null } => {
  const context = view?.context
  if (view === undefined || context === undefined || !isOnDuty(view)) {
    return { state: "logged_off", since: context?.loggedOffAt ?? null }
  }
  const { call, availability } = view.value.on
  if (call !== "idle") return { state: callStates[call], since: context.callSince }
  return {
    state: availability,
    since: Math.max(context.availabilitySince ?? 0, context.callSince ?? 0) || null
  }
}

type OnDuty = NonNullable<AgentView> & {
  readonly value: {
    readonly on: {
      readonly availability: "ready" | "paused"
      readonly call: "idle" | "ringing" | "talking" | "wrapUp"
    }
  }
}

const isOnDuty = (view: NonNullable<AgentView>): view is OnDuty =>
  typeof view.value === "object" && "on" in view.value

const callStates = { ringing: "ringing", talking: "talking", wrapUp: "wrap_up" } as const
