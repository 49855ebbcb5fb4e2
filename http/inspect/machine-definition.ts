import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from "xstate"
import type {
  MachineDefinition,
  StateDefinition,
  TransitionDefinition
} from "../../schemas/inspect/definition.ts"

/** A machine as plain data: functions are gone, actions and guards stand there by their names. */
export const machineDefinition = (machine: AnyStateMachine): MachineDefinition => ({
  ...stateDefinition(machine.root),
  delays: Object.fromEntries(
    Object.entries(machine.implementations.delays).map(([name, delay]) => [
      name,
      typeof delay === "number" ? delay : null
    ])
  )
})

/** The dotted paths of all states below the machine, in the order of the document: `on`, `on.call`, `on.call.idle`. */
export const statePaths = (state: StateDefinition, path: ReadonlyArray<string> = []): ReadonlyArray<string> =>
  Object.entries(state.states ?? {}).flatMap(([key, child]) =>
    child.type === "history" ? [] : [[...path, key].join("."), ...statePaths(child, [...path, key])]
  )

const stateDefinition = (node: AnyStateNode): StateDefinition => {
  const { on, after } = ownTransitions(node)
  const initial = node.type === "compound" ? node.initial.target[0]?.key : undefined
  const children = Object.entries(node.states)
  return {
    id: node.id,
    type: node.type,
    ...(node.description ? { description: node.description } : {}),
    ...(initial ? { initial } : {}),
    ...(node.history ? { history: node.history } : {}),
    ...list("tags", node.tags),
    ...list("entry", namesOf(node.config.entry, actionName)),
    ...list("exit", namesOf(node.config.exit, actionName)),
    ...list(
      "invoke",
      node.invoke.map(({ src }) => nameOf(src))
    ),
    ...list("always", (node.always ?? []).map(transitionDefinition)),
    ...record("after", after),
    ...record("on", on),
    ...record("states", Object.fromEntries(children.map(([key, child]) => [key, stateDefinition(child)])))
  }
}

/** Delayed transitions are events of XState's own making; here they stand by the name of their delay. */
const ownTransitions = (node: AnyStateNode) => {
  const delays = new Map(node.after.map(({ eventType, delay }) => [eventType, String(delay)]))
  const on: Record<string, Array<TransitionDefinition>> = {}
  const after: Record<string, Array<TransitionDefinition>> = {}
  for (const [eventType, transitions] of node.transitions) {
    const delay = delays.get(eventType)
    const definitions = transitions.map(transitionDefinition)
    if (delay === undefined) on[eventType] = definitions
    else after[delay] = definitions
  }
  return { on, after }
}

const transitionDefinition = (transition: AnyTransitionDefinition): TransitionDefinition => ({
  ...(transition.target ? { target: transition.target.map(({ id }) => `#${id}`) } : {}),
  ...(transition.guard ? { guard: guardName(transition.guard) } : {}),
  ...list(
    "actions",
    transition.actions.map((action) => actionName(action))
  ),
  ...(transition.reenter ? { reenter: true } : {}),
  ...(transition.description ? { description: transition.description } : {})
})

/** Inline actions of XState have a type (`xstate.assign`) and no name. */
const actionName = (action: unknown): string => nameOf(action).replace(/^xstate\./, "")

const guardName = (guard: unknown): string => {
  if (typeof guard === "function" && "guards" in guard && Array.isArray(guard.guards)) {
    const parts = guard.guards.map(guardName)
    return guard.name === "not" ? `not ${parts[0]}` : `(${parts.join(` ${guard.name} `)})`
  }
  if (typeof guard === "function" && "stateValue" in guard) return `in ${JSON.stringify(guard.stateValue)}`
  return nameOf(guard)
}

const nameOf = (named: unknown): string => {
  if (typeof named === "string") return named
  if (typeof named === "function" || (typeof named === "object" && named !== null)) {
    if ("type" in named && typeof named.type === "string") return named.type
    if ("name" in named && typeof named.name === "string" && named.name !== "") return named.name
  }
  return "inline"
}

const namesOf = (given: unknown, name: (one: unknown) => string): ReadonlyArray<string> =>
  given === undefined ? [] : Array.isArray(given) ? given.map(name) : [name(given)]

const list = <K extends string, A>(key: K, values: ReadonlyArray<A>) =>
  (values.length > 0 ? { [key]: values } : {}) as { readonly [k in K]?: ReadonlyArray<A> }

const record = <K extends string, A>(key: K, values: Readonly<Record<string, A>>) =>
  (Object.keys(values).length > 0 ? { [key]: values } : {}) as { readonly [k in K]?: typeof values }
