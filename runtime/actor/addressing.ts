import { Context, type Effect } from "effect"
import type { EventObject } from "xstate"
import type { AskError } from "./errors.ts"
import type { ActorView } from "./kind.ts"

/** A letter on its way to the node where its actor lives. */
export interface Delivery {
  readonly kind: string
  readonly id: string
  readonly event: EventObject
}

/**
 * Finds the node where an actor lives and brings letters there. An actor lives on one node at a time.
 */
export class Addressing extends Context.Service<
  Addressing,
  {
    readonly ask: (delivery: Delivery) => Effect.Effect<ActorView, AskError>
    /** Completes when the letter is in the mailbox. */
    readonly tell: (delivery: Delivery) => Effect.Effect<void, AskError>
    /** Activates the actor where it lives. */
    readonly wake: (kind: string, id: string) => Effect.Effect<void, AskError>
  }
>()("strowger/runtime/actor/Addressing") {}
