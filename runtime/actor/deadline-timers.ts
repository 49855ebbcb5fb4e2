import { Clock, type Context, Effect, Fiber, type Scope } from "effect"
import type { Deadline } from "./store.ts"

/**
 * The timers of one resident actor: one for each running deadline. A deadline that was begun anew under its old name
 * has a new end, and with it a new timer.
 */
export class DeadlineTimers {
  readonly #onEnd: (name: string, deadline: Deadline) => void
  readonly #context: Context.Context<never>
  readonly #scope: Scope.Scope
  readonly #running = new Map<string, { readonly at: number; readonly fiber: Fiber.Fiber<void> }>()

  constructor(
    onEnd: (name: string, deadline: Deadline) => void,
    context: Context.Context<never>,
    scope: Scope.Scope
  ) {
    this.#onEnd = onEnd
    this.#context = context
    this.#scope = scope
  }

  /** Lets exactly these deadlines run. One whose end has passed ends at once, but never within this call. */
  set(deadlines: Readonly<Record<string, Deadline>>): void {
    for (const [name, { at, fiber }] of this.#running) {
      if (deadlines[name]?.at === at) continue
      fiber.interruptUnsafe()
      this.#running.delete(name)
    }
    for (const [name, deadline] of Object.entries(deadlines)) {
      if (!this.#running.has(name)) this.#start(name, deadline)
    }
  }

  clear(): void {
    for (const { fiber } of this.#running.values()) fiber.interruptUnsafe()
    this.#running.clear()
  }

  #start(name: string, deadline: Deadline): void {
    const timer = Effect.gen({ self: this }, function* () {
      const rest = deadline.at - (yield* Clock.currentTimeMillis)
      yield* Effect.sleep(Math.max(1, rest))
      this.#running.delete(name)
      this.#onEnd(name, deadline)
    })
    const fiber = Fiber.runIn(Effect.runForkWith(this.#context)(timer), this.#scope)
    this.#running.set(name, { at: deadline.at, fiber })
  }
}
