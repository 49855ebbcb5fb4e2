import { randomBytes } from "node:crypto"
import amqp, { type ChannelModel, type ConsumeMessage, type RecoveringChannelModel } from "amqplib"
import { type Context, Data, Effect, Redacted, type Scope } from "effect"
import type { ConfirmedPublisher } from "./confirmed-publisher.ts"

/** The URL of the broker is not one. It is not repeated here: it has a password. */
export class AmqpUrlInvalid extends Data.TaggedError("AmqpUrlInvalid") {
  override get message() {
    return "STROWGER_AMQP_URL: expected amqp://user:password@host:port/vhost"
  }
}

export interface AmqpOptions {
  readonly url: Redacted.Redacted<string>
  readonly exchange: string
  readonly publisher: ConfirmedPublisher
  readonly onMessage: (message: ConsumeMessage) => void
  /** Messages were missed until now and come from now on. */
  readonly onConnected: () => void
}

/**
 * Keeps a connection to the broker until the scope ends. After each connect the exchange and the node's queue are
 * declared, the queue is consumed and the publisher gets its channel. Losing either channel or the queue gives the
 * whole connection up: the next one starts from nothing.
 */
export const connectAmqp = Effect.fnUntraced(function* (
  options: AmqpOptions
): Effect.fn.Return<void, AmqpUrlInvalid, Scope.Scope> {
  const url = yield* parseUrl(options.url)
  const where = `${url.host}${url.pathname}`
  const log = logger(yield* Effect.context<never>(), where)
  yield* Effect.acquireRelease(
    Effect.promise(async () => {
      const connection = await amqp.connect(url.href, {
        timeout: 10_000,
        noDelay: true,
        clientProperties: { connection_name: "strowger" },
        recovery: {
          initialDelay: 200,
          maxDelay: 5_000,
          maxRetries: Number.POSITIVE_INFINITY,
          waitForConnect: false,
          setup: (model: ChannelModel) => prepare(model, options, log.down)
        }
      })
      connection.on("connect", () => {
        log.up()
        options.onConnected()
      })
      connection.on("connect-failed", log.down)
      connection.on("disconnect", log.down)
      connection.on("error", () => {})
      return connection
    }),
    (connection) => close(connection, options.publisher)
  )
})

const prepare = async (
  model: ChannelModel,
  { exchange, publisher, onMessage }: AmqpOptions,
  onFault: (error: Error) => void
): Promise<void> => {
  const giveUp = () => void model.close().catch(() => {})
  const incoming = await model.createChannel()
  incoming.on("error", onFault)
  incoming.on("close", giveUp)
  await incoming.assertExchange(exchange, "headers", { durable: true })
  const queue = `strowger.${randomBytes(3).toString("hex")}`
  await incoming.assertQueue(queue, { durable: false, autoDelete: true })
  await incoming.bindQueue(queue, exchange, "", { "x-match": "all" })
  await incoming.consume(queue, (message) => (message === null ? giveUp() : onMessage(message)), {
    noAck: true
  })
  const outgoing = await model.createConfirmChannel({ highWaterMark: WRITE_BUFFER })
  outgoing.on("error", onFault)
  outgoing.on("close", giveUp)
  publisher.attach(outgoing)
}

const close = (connection: RecoveringChannelModel, publisher: ConfirmedPublisher): Effect.Effect<void> =>
  Effect.promise(async () => {
    const until = Date.now() + CLOSE_LIMIT
    while (publisher.attached && publisher.unconfirmed > 0 && Date.now() < until) await pause(10)
    await Promise.race([connection.close().catch(() => {}), pause(CLOSE_LIMIT)])
  })

/** Bytes that may wait for a slow broker: a burst of some ten thousand AMI events. */
const WRITE_BUFFER = 16 * 1024 * 1024

/** Milliseconds that the last confirms, and then the goodbye, may take. */
const CLOSE_LIMIT = 2_000

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds).unref())

const parseUrl = (given: Redacted.Redacted<string>): Effect.Effect<URL, AmqpUrlInvalid> =>
  Effect.suspend(() => {
    const url = URL.parse(Redacted.value(given))
    if (url === null || url.hostname === "" || !["amqp:", "amqps:"].includes(url.protocol)) {
      return Effect.fail(new AmqpUrlInvalid())
    }
    if (!url.searchParams.has("heartbeat")) url.searchParams.set("heartbeat", "10")
    return Effect.succeed(url)
  })

/** Says once for each outage that the broker is gone, and once that it is back. */
const logger = (context: Context.Context<never>, where: string) => {
  const runFork = Effect.runForkWith(context)
  let told = false
  return {
    up: () => {
      told = false
      runFork(Effect.logInfo(`the event bus is connected to ${where}`))
    },
    down: (error: Error) => {
      if (told) return
      told = true
      runFork(Effect.logWarning(`the event bus has no connection to ${where}: ${error.message}`))
    }
  }
}
