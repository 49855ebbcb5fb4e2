import { randomUUID } from "node:crypto"
import { Effect, Layer } from "effect"
import { AppConfig } from "../config.ts"
import { type AmqpUrlInvalid, connectAmqp } from "./amqp-connection.ts"
import { eventOfMessage } from "./amqp-message.ts"
import { ConfirmedPublisher } from "./confirmed-publisher.ts"
import { foreignEvent, makeDispatch, publishedEvent, subscribeTo } from "./dispatch.ts"
import { busConnected, EventBus } from "./event-bus.ts"
import * as metrics from "./metrics.ts"

/**
 * The bus of several nodes, and of everybody who consumes the exchange of RabbitMQ (contracts/events.md 2).
 *
 * **Details**
 * - Each node consumes what the others publish from a queue of its own, `strowger.<6 hex>`, that ends with its
 *   connection: what they publish during an outage does not reach this node's subscribers, who are told so by
 *   the event `busConnected`.
 * - Through an outage `publish` waits and keeps its order. Consumers may see an event twice after it.
 * - A broker that is down does not stop the start; the connection is tried again for ever, at most 5 s apart.
 * - The end of the scope waits a moment for the confirms of what was published.
 */
export const layerAmqp: Layer.Layer<EventBus, AmqpUrlInvalid, AppConfig> = Layer.effect(
  EventBus,
  Effect.gen(function* () {
    const { amqpUrl, amqpExchange } = yield* AppConfig
    const context = yield* Effect.context<never>()
    const dispatch = yield* makeDispatch
    const nodeId = randomUUID()
    const publisher = yield* makePublisher(amqpExchange, nodeId)
    yield* connectAmqp({
      url: amqpUrl,
      exchange: amqpExchange,
      publisher,
      onMessage: (message) => {
        if (message.properties.appId === nodeId) return
        metrics.received.updateUnsafe(1, context)
        const event = eventOfMessage(message, (name) => dispatch.wants(name))
        if (event !== undefined) dispatch.deliver(foreignEvent(event))
      },
      onConnected: () => {
        const headers = { name: busConnected }
        dispatch.tell({ name: busConnected, headers, data: {}, routingKey: busConnected })
      }
    })
    return EventBus.of({
      publish: (event) =>
        Effect.callback<void>((resume) => {
          const published = publishedEvent(event)
          metrics.published.updateUnsafe(1, context)
          dispatch.deliver(published)
          publisher.publish(published, () => resume(Effect.void))
        }),
      publishTransient: (event) => {
        const published = publishedEvent(event)
        metrics.published.updateUnsafe(1, context)
        dispatch.deliver(published)
        if (!publisher.publishTransient(published)) metrics.dropped.updateUnsafe(1, context)
      },
      subscribe: subscribeTo(dispatch),
      connected: () => publisher.attached
    })
  })
)

const makePublisher = (exchange: string, nodeId: string): Effect.Effect<ConfirmedPublisher> =>
  Effect.map(Effect.context<never>(), (context) => {
    const runFork = Effect.runForkWith(context)
    return new ConfirmedPublisher({
      exchange,
      nodeId,
      onUnconfirmed: (count) => metrics.unconfirmed.updateUnsafe(count, context),
      onRefused: ({ name }, reason) => {
        metrics.dropped.updateUnsafe(1, context)
        runFork(Effect.logError(`the broker did not take an event ${name}: ${reason}`))
      }
    })
  })
