import { Context, Effect, Layer } from "effect"
import { amiEvent } from "../../schemas/events/amid.ts"
import { type AmiMessage, header } from "../../runtime/ami/ami.ts"
import { AmiEvents } from "../../runtime/ami/ami-events.ts"
import { toJson } from "../../runtime/ami/codec.ts"
import { EventBus } from "../../runtime/bus/event-bus.ts"
import { AppConfig } from "../../runtime/config.ts"
import { Platform } from "../../runtime/platform.ts"

/** Where the session hands its asynchronous events in. */
export class AmiEventSink extends Context.Service<AmiEventSink, (event: AmiMessage) => void>()(
  "strowger/actors/ami-session/AmiEventSink"
) {}

/**
 * Publishes each AMI event on the bus as it comes (contracts/callcenter.md 9.5), then hands it to the handlers of
 * its name.
 */
export const amiEventsLayer: Layer.Layer<AmiEvents | AmiEventSink, never, EventBus | Platform | AppConfig> =
  Layer.effectContext(
    Effect.gen(function* () {
      const bus = yield* EventBus
      const { uuid } = yield* Platform
      const { amiPublishEvents } = yield* AppConfig
      const handlers = new Map<string, Set<(event: AmiMessage) => void>>()

      const publish = (name: string, message: AmiMessage) => {
        // Only a malformed ChanVariable makes a message undecodable; all others are decoded when somebody asks.
        if (header(message, "ChanVariable") !== undefined && toJson(message) === undefined) return
        bus.publishTransient(
          amiEvent(name, { originUuid: uuid, at: Date.now() }, () => toJson(message) ?? {})
        )
      }

      return Context.make(AmiEventSink, (message: AmiMessage) => {
        const name = header(message, "Event") ?? ""
        if (amiPublishEvents && name !== "") publish(name, message)
        for (const handler of handlers.get(name) ?? []) handler(message)
      }).pipe(
        Context.add(AmiEvents, {
          on: (name, handler) =>
            Effect.acquireRelease(
              Effect.sync(() => {
                const named = handlers.get(name) ?? new Set()
                handlers.set(name, named.add(handler))
              }),
              () => Effect.sync(() => handlers.get(name)?.delete(handler))
            )
        })
      )
    })
  )
