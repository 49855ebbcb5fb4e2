import { Clock, Context, Duration, Effect, Exit, Layer } from "effect"
import { AppConfig } from "../../runtime/config.ts"

/** In what state an operation or a part of it is (contracts/provisioning.md 6.6). */
export type OperationState = "waiting" | "progress" | "success" | "fail"

/** One node of an operation's tree. States only move forward; what comes too late changes nothing. */
export interface Step {
  /** In progress; `current` out of `end`, in units of the step's own (bytes, files). */
  readonly progress: (current?: number, end?: number) => void
  readonly end: (state: "success" | "fail") => void
  /** A part of this step, behind those there are. It begins as `waiting`. */
  readonly part: (label?: string) => Step
}

/**
 * Jobs that clients watch (contracts/provisioning.md 6.6). Kept in memory of this process only. `collection` is the
 * path that they live below, for instance `pg_mgr/install/install`; each counts from "1".
 */
export class Operations extends Context.Service<
  Operations,
  {
    /**
     * Runs the work in the background and gives the operation's id at once. The root is in progress until the work
     * ends: `success` when it succeeds, else `fail`; parts that were left open end with it. A failure is the work's to
     * log. A stop of the runtime interrupts the work.
     */
    readonly start: <E>(
      collection: string,
      label: string | undefined,
      work: (root: Step) => Effect.Effect<void, E>
    ) => Effect.Effect<string>
    /** `[label|]state[;current[/end]](part)*`; undefined when there is no such operation (any more). */
    readonly status: (collection: string, id: string) => Effect.Effect<string | undefined>
    /** Forgets the monitor, not the job. False when there is none. */
    readonly forget: (collection: string, id: string) => Effect.Effect<boolean>
  }
>()("strowger/actors/device/Operations") {
  /** Finished operations are forgotten after `STROWGER_OPERATION_LIFETIME`. */
  static readonly layer: Layer.Layer<Operations, never, AppConfig> = Layer.effect(
    Operations,
    Effect.gen(function* () {
      const lifetime = Duration.toMillis((yield* AppConfig).operationLifetime)
      const scope = yield* Effect.scope
      const collections = new Map<string, Collection>()

      const collectionOf = (path: string): Collection => {
        const known = collections.get(path)
        if (known !== undefined) return known
        const made: Collection = { operations: new Map(), started: 0, sweepAt: 0 }
        collections.set(path, made)
        return made
      }
      const find = (path: string, id: string, now: number): Operation | undefined => {
        const operation = collections.get(path)?.operations.get(id)
        return operation !== undefined && now < operation.endedAt + lifetime ? operation : undefined
      }

      return {
        start: (path, label, work) =>
          Effect.gen(function* () {
            const clock = yield* Clock.Clock
            const collection = collectionOf(path)
            sweep(collection, clock.currentTimeMillisUnsafe(), lifetime)
            const id = String(++collection.started)
            const root = new Node(label)
            root.progress()
            const operation: Operation = { root, endedAt: Number.POSITIVE_INFINITY }
            collection.operations.set(id, operation)
            yield* Effect.suspend(() => work(root)).pipe(
              Effect.onExit((exit) =>
                Effect.sync(() => {
                  root.end(Exit.isSuccess(exit) ? "success" : "fail")
                  operation.endedAt = clock.currentTimeMillisUnsafe()
                })
              ),
              Effect.exit,
              Effect.forkIn(scope)
            )
            return id
          }),
        status: (path, id) =>
          Effect.map(Clock.currentTimeMillis, (now) => find(path, id, now)?.root.render()),
        forget: (path, id) =>
          Effect.map(Clock.currentTimeMillis, (now) => {
            const known = find(path, id, now) !== undefined
            collections.get(path)?.operations.delete(id)
            return known
          })
      }
    })
  )
}

interface Operation {
  readonly root: Node
  /** Milliseconds since the epoch; infinite while it runs. */
  endedAt: number
}

interface Collection {
  /** By id, in the order of their start. */
  readonly operations: Map<string, Operation>
  started: number
  sweepAt: number
}

/** Drops what is older than its lifetime, at most ten times in a lifetime. */
const sweep = (collection: Collection, now: number, lifetime: number): void => {
  if (now < collection.sweepAt) return
  collection.sweepAt = now + lifetime / 10
  for (const [id, { endedAt }] of collection.operations) {
    if (endedAt + lifetime <= now) collection.operations.delete(id)
  }
}

const rank: Readonly<Record<OperationState, number>> = { waiting: 0, progress: 1, success: 2, fail: 2 }

class Node implements Step {
  readonly #label: string | undefined
  readonly #parts: Array<Node> = []
  #state: OperationState = "waiting"
  #current: number | undefined
  #end: number | undefined

  constructor(label: string | undefined) {
    this.#label = label
  }

  progress(current?: number, end?: number): void {
    if (rank[this.#state] > rank.progress) return
    this.#state = "progress"
    if (current !== undefined) this.#current = current
    if (end !== undefined) this.#end = end
  }

  end(state: "success" | "fail"): void {
    if (rank[this.#state] > rank.progress) return
    // A parent never shows its end before its parts show theirs.
    for (const part of this.#parts) part.end(state)
    this.#state = state
  }

  part(label?: string): Step {
    const made = new Node(label)
    this.#parts.push(made)
    return made
  }

  render(): string {
    const label = this.#label === undefined ? "" : `${this.#label}|`
    const current = this.#current === undefined ? "" : `;${this.#current}`
    const end = this.#current === undefined || this.#end === undefined ? "" : `/${this.#end}`
    return `${label}${this.#state}${current}${end}${this.#parts.map((part) => `(${part.render()})`).join("")}`
  }
}
