import type {
  MachineDefinition,
  StateDefinition,
  TransitionDefinition
} from "../../../schemas/inspect/definition.ts"

/** A state as it is drawn: what stands in its box, and the boxes inside. */
export interface DiagramState {
  /** The state's id in the machine; unique. */
  readonly id: string
  /** Its dotted path in a state value; empty for the machine itself. */
  readonly path: string
  readonly name: string
  readonly type: StateDefinition["type"]
  readonly tags: ReadonlyArray<string>
  readonly description: string | undefined
  /** What is done in the state without leaving it: `entry / connect`, `queueDeleted / forgetQueue`. */
  readonly inside: ReadonlyArray<string>
  /** The id of the child that is entered first. */
  readonly initial: string | undefined
  readonly children: ReadonlyArray<DiagramState>
}

/** One way from a state to another. */
export interface DiagramTransition {
  /** The type of the event; empty when none is needed. */
  readonly event: string
  /** `login`, `after wrapUp`, `always`. */
  readonly trigger: string
  readonly guard: string | undefined
  readonly actions: ReadonlyArray<string>
}

/** All ways from one state to another: drawn as one line. */
export interface DiagramEdge {
  readonly id: string
  readonly source: string
  readonly target: string
  /** It leads to a state that stands earlier in the machine. */
  readonly back: boolean
  /** One of its ends lies inside the other. */
  readonly nested: boolean
  readonly transitions: ReadonlyArray<DiagramTransition>
}

export interface Diagram {
  readonly machine: DiagramState
  readonly edges: ReadonlyArray<DiagramEdge>
}

/** What must be drawn of a machine. */
export const diagramOf = (machine: MachineDefinition): Diagram => {
  const edges = new Map<string, Omit<DiagramEdge, "back" | "nested">>()
  const connect = (source: string, target: string, transition: DiagramTransition) => {
    const id = `${source} -> ${target}`
    const transitions = [...(edges.get(id)?.transitions ?? []), transition]
    edges.set(id, { id, source, target, transitions })
  }
  const ancestors = new Map<string, ReadonlyArray<string>>()
  const visit = (
    state: StateDefinition,
    name: string,
    path: string,
    above: ReadonlyArray<string>
  ): DiagramState => {
    ancestors.set(state.id, above)
    const ways = waysOut(state, machine.delays)
    for (const { transition, targets } of ways) {
      for (const target of targets) connect(state.id, target, transition)
    }
    return {
      id: state.id,
      path,
      name,
      type: state.type,
      tags: state.tags ?? [],
      description: state.description,
      inside: [
        ...doing("entry", state.entry),
        ...doing("exit", state.exit),
        ...doing("invoke", state.invoke),
        ...ways
          .filter(({ targets }) => targets.length === 0)
          .map(({ transition }) => transitionText(transition))
      ],
      initial: state.initial === undefined ? undefined : state.states?.[state.initial]?.id,
      children: Object.entries(state.states ?? {}).map(([key, child]) =>
        visit(child, key, path === "" ? key : `${path}.${key}`, [...above, state.id])
      )
    }
  }
  const drawn = visit(machine, machine.id, "", [])
  const order = new Map([...ancestors.keys()].map((id, index) => [id, index]))
  const isInside = (inner: string, outer: string) => ancestors.get(inner)?.includes(outer) ?? false
  return {
    machine: drawn,
    edges: [...edges.values()].map((edge) => {
      const { source, target } = edge
      const nested = isInside(source, target) || isInside(target, source)
      return { ...edge, nested, back: !nested && (order.get(target) ?? 0) < (order.get(source) ?? 0) }
    })
  }
}

/** `login [hasQueues]`: what a transition waits for. */
export const triggerText = ({ trigger, guard }: DiagramTransition): string =>
  guard === undefined ? trigger : `${trigger} [${guard}]`

/** `login [hasQueues] / joinQueues`: with what is done on the way. */
export const transitionText = (transition: DiagramTransition): string =>
  transition.actions.length === 0
    ? triggerText(transition)
    : `${triggerText(transition)} / ${transition.actions.join(", ")}`

interface WayOut {
  readonly transition: DiagramTransition
  readonly targets: ReadonlyArray<string>
}

const waysOut = (state: StateDefinition, delays: MachineDefinition["delays"]): ReadonlyArray<WayOut> => [
  ...Object.entries(state.on ?? {}).flatMap(([event, ways]) =>
    ways.map((way) => wayOut(way, event, eventText(event)))
  ),
  ...Object.entries(state.after ?? {}).flatMap(([delay, ways]) =>
    ways.map((way) => wayOut(way, `xstate.after.${delay}.${state.id}`, delayText(delay, delays)))
  ),
  ...(state.always ?? []).map((way) => wayOut(way, "", "always"))
]

const wayOut = (way: TransitionDefinition, event: string, trigger: string): WayOut => ({
  transition: { event, trigger, guard: way.guard, actions: way.actions ?? [] },
  targets: (way.target ?? []).map((target) => target.replace(/^#/, ""))
})

const eventText = (event: string): string =>
  event === "*"
    ? "any other"
    : event.startsWith("xstate.done.")
      ? "done"
      : event.startsWith("xstate.error.")
        ? "failed"
        : event

const delayText = (delay: string, delays: MachineDefinition["delays"]): string => {
  const named = delays[delay]
  if (named === undefined) return `after ${durationText(Number(delay))}`
  return named === null ? `after ${delay}` : `after ${delay} (${durationText(named)})`
}

const durationText = (milliseconds: number): string => {
  if (milliseconds < 1_000) return `${milliseconds} ms`
  if (milliseconds < 120_000) return `${milliseconds / 1_000} s`
  return `${Math.round(milliseconds / 6_000) / 10} min`
}

const doing = (when: string, names: ReadonlyArray<string> | undefined): ReadonlyArray<string> =>
  names === undefined ? [] : [`${when} / ${names.join(", ")}`]
