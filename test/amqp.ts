import { randomUUID } from "node:crypto"
import amqp, { type Channel } from "amqplib"
import { Effect, Layer, type Scope } from "effect"
import { layerAmqp } from "../runtime/bus/amqp.ts"
import type { AmqpUrlInvalid } from "../runtime/bus/amqp-connection.ts"
import type { EventBus } from "../runtime/bus/event-bus.ts"
import { AppConfig, type BadKnobs } from "../runtime/config.ts"

/** RabbitMQ at `STROWGER_TEST_AMQP_URL` (default amqp://127.0.0.1:5672), when it answers. */
export const amqpTestUrl: string | undefined = await findBroker()

/** A channel of a plain client. It ends with the scope. */
export const amqpChannel = (url: string): Effect.Effect<Channel, never, Scope.Scope> =>
  Effect.gen(function* () {
    const connection = yield* Effect.acquireRelease(
      Effect.promise(() => amqp.connect(url)),
      (connection) => Effect.promise(() => connection.close())
    )
    return yield* Effect.promise(() => connection.createChannel())
  })

/** The name of a headers exchange that is deleted when the scope ends. */
export const testExchange = (url: string): Effect.Effect<string, never, Scope.Scope> =>
  Effect.gen(function* () {
    const channel = yield* amqpChannel(url)
    const name = `strowger-test-${randomUUID()}`
    return yield* Effect.acquireRelease(
      Effect.promise(async () => {
        await channel.assertExchange(name, "headers", { durable: true })
        return name
      }),
      () => Effect.promise(() => channel.deleteExchange(name))
    )
  })

/** The bus of one node, through the broker at `url`. */
export const amqpNode = (url: string, exchange: string): Layer.Layer<EventBus, AmqpUrlInvalid | BadKnobs> =>
  Layer.fresh(layerAmqp).pipe(
    Layer.provide(AppConfig.layerFrom({ STROWGER_AMQP_URL: url, STROWGER_AMQP_EXCHANGE: exchange }))
  )

/** The bus of one node, on an exchange of its own. */
export const amqpTestLayer = (url: string): Layer.Layer<EventBus, AmqpUrlInvalid | BadKnobs> =>
  Layer.unwrap(Effect.map(testExchange(url), (exchange) => amqpNode(url, exchange)))

async function findBroker(): Promise<string | undefined> {
  const url = process.env["STROWGER_TEST_AMQP_URL"] ?? "amqp://127.0.0.1:5672"
  try {
    const connection = await amqp.connect(url, { timeout: 5_000 })
    await connection.close()
    return url
  } catch {
    return undefined
  }
}
