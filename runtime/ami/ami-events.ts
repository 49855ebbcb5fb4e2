import { Context, type Effect, type Scope } from "effect"
import type { AmiMessage } from "./ami.ts"

/**
 * The asynchronous events of the AMI session, in the order Asterisk sent them. A handler is called from within the
 * reading of the socket, after the event went to the bus: it must return at once, and hand work to a mailbox.
 */
export class AmiEvents extends Context.Service<
  AmiEvents,
  {
    readonly on: (
      name: string,
      handler: (event: AmiMessage) => void
    ) => Effect.Effect<void, never, Scope.Scope>
  }
>()("strowger/runtime/ami/AmiEvents") {}
