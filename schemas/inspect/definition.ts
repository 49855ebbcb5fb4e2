import { Schema } from "effect"

/** One way out of a state, or something done without leaving it (no target). Guards and actions by name. */
export const TransitionDefinition = Schema.Struct({
  /** `#` and the id of the state, several for a parallel target. Absent: the state is not left. */
  target: Schema.optionalKey(Schema.Array(Schema.String)),
  guard: Schema.optionalKey(Schema.String),
  actions: Schema.optionalKey(Schema.Array(Schema.String)),
  /** The state is left and entered again. */
  reenter: Schema.optionalKey(Schema.Boolean),
  description: Schema.optionalKey(Schema.String)
})
export interface TransitionDefinition extends Schema.Schema.Type<typeof TransitionDefinition> {}

const Transitions = Schema.Record(Schema.String, Schema.Array(TransitionDefinition))

/** A state with everything below it, in the form that `createMachine` of XState takes. */
export interface StateDefinition {
  readonly id: string
  readonly type: "atomic" | "compound" | "parallel" | "final" | "history"
  readonly description?: string
  /** The name of the child that is entered first. */
  readonly initial?: string
  readonly history?: "shallow" | "deep"
  readonly tags?: ReadonlyArray<string>
  readonly entry?: ReadonlyArray<string>
  readonly exit?: ReadonlyArray<string>
  /** Programs that run while the state is active. */
  readonly invoke?: ReadonlyArray<string>
  /** Taken at once when the guard holds. */
  readonly always?: ReadonlyArray<TransitionDefinition>
  /** By the name of the delay, or its milliseconds. */
  readonly after?: Readonly<Record<string, ReadonlyArray<TransitionDefinition>>>
  /** By the type of the event. */
  readonly on?: Readonly<Record<string, ReadonlyArray<TransitionDefinition>>>
  readonly states?: Readonly<Record<string, StateDefinition>>
}

const stateFields = {
  id: Schema.String,
  type: Schema.Literals(["atomic", "compound", "parallel", "final", "history"]),
  description: Schema.optionalKey(Schema.String),
  initial: Schema.optionalKey(Schema.String),
  history: Schema.optionalKey(Schema.Literals(["shallow", "deep"])),
  tags: Schema.optionalKey(Schema.Array(Schema.String)),
  entry: Schema.optionalKey(Schema.Array(Schema.String)),
  exit: Schema.optionalKey(Schema.Array(Schema.String)),
  invoke: Schema.optionalKey(Schema.Array(Schema.String)),
  always: Schema.optionalKey(Schema.Array(TransitionDefinition)),
  after: Schema.optionalKey(Transitions),
  on: Schema.optionalKey(Transitions),
  states: Schema.optionalKey(
    Schema.Record(
      Schema.String,
      Schema.suspend((): Schema.Codec<StateDefinition> => StateDefinition)
    )
  )
}

export const StateDefinition = Schema.Struct(stateFields).annotate({ identifier: "StateDefinition" })

/** A whole machine. `delays` gives the milliseconds of each named delay; null: computed when it begins. */
export const MachineDefinition = Schema.Struct({
  ...stateFields,
  delays: Schema.Record(Schema.String, Schema.NullOr(Schema.Finite))
}).annotate({ identifier: "MachineDefinition" })
export interface MachineDefinition extends StateDefinition {
  readonly delays: Readonly<Record<string, number | null>>
}
