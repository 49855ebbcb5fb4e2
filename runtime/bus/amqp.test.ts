import { assert, describe, it } from "@effect/vitest"
import type { Channel, ConsumeMessage } from "amqplib"
import { Context, Effect, Fiber, Layer, Logger, Metric } from "effect"
import { amqpChannel, amqpNode, amqpTestUrl, testExchange } from "../../test/amqp.ts"
import { tcpProxy } from "../../test/tcp-proxy.ts"
import { type BusEvent, envelopeOf } from "../../schemas/events/envelope.ts"
import { AppConfig } from "../config.ts"
import { busConnected, EventBus, type PublishedEvent } from "./event-bus.ts"
import { eventBusLayer } from "./event-bus-layer.ts"
import * as metrics from "./metrics.ts"

const event = (number: number, name = "agent_status_update"): BusEvent => ({
  name,
  routingKey: "status.agent",
  headers: {
    name,
    origin_uuid: "7a6d9c4e-2f5b-4b1e-9d8f-1c2b3a4d5e6f",
    timestamp: "2026-08-06T10:11:12.131415",
    required_acl: null,
    "user_uuid:1b2c3d4e-5f60-4718-8293-a4b5c6d7e8f9": true,
    weight: 1.5
  },
  data: { number }
})

const numberOf = ({ data }: BusEvent): unknown => "number" in data && data.number

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index)

const until = (condition: () => boolean) =>
  Effect.sync(condition).pipe(Effect.delay("5 millis"), Effect.repeat({ until: (reached) => reached }))

/** Messages of the exchange that match the arguments, as a plain client gets them. */
const consume = (channel: Channel, exchange: string, args: Record<string, string>) =>
  Effect.promise(async () => {
    const messages: Array<ConsumeMessage> = []
    const { queue } = await channel.assertQueue("", { exclusive: true })
    await channel.bindQueue(queue, exchange, "", args)
    await channel.consume(queue, (message) => message !== null && messages.push(message), { noAck: true })
    return messages
  })

const bodyOf = ({ content }: ConsumeMessage): BusEvent => JSON.parse(content.toString())

/** The numbers in the order in which each was first seen: what a consumer that drops repeated events is left with. */
const firstSeen = (messages: ReadonlyArray<ConsumeMessage>) => [
  ...new Set(messages.map((message) => numberOf(bodyOf(message))))
]

describe("the event bus over AMQP", () => {
  it.live("refuses a URL that is none, without telling its password", () =>
    Effect.gen(function* () {
      for (const url of ["http://guest:hunter2@127.0.0.1", "amqp://guest:hunter2@", "hunter2"]) {
        const refused = yield* Effect.flip(
          Effect.scoped(
            Layer.build(
              Layer.fresh(eventBusLayer).pipe(Layer.provide(AppConfig.layerFrom({ STROWGER_AMQP_URL: url })))
            )
          )
        )
        assert.include(refused.message, "STROWGER_AMQP_URL")
        assert.notInclude(refused.message, "hunter2")
      }
    })
  )

  if (amqpTestUrl === undefined) return
  const broker = amqpTestUrl

  /** The broker behind a proxy that can be taken down. */
  const proxied = Effect.gen(function* () {
    const url = new URL(broker)
    const proxy = yield* tcpProxy(url.hostname, Number(url.port === "" ? 5672 : url.port))
    url.hostname = "127.0.0.1"
    url.port = String(proxy.port)
    return { proxy, url: url.href }
  })

  it.live("sends a plain consumer that is bound by name the exact envelope, and nothing else", () =>
    Effect.gen(function* () {
      const exchange = yield* testExchange(broker)
      const channel = yield* amqpChannel(broker)
      const messages = yield* consume(channel, exchange, { name: "agent_status_update", "x-match": "all" })
      yield* Effect.gen(function* () {
        const bus = yield* EventBus
        yield* bus.publish(event(1, "something_else"))
        yield* bus.publish(event(2))
        yield* until(() => bus.connected())
        bus.publishTransient(event(3))
        yield* until(() => messages.length === 2)
      }).pipe(Effect.provide(amqpNode(broker, exchange)))
      const [first] = messages
      assert.strictEqual(first?.content.toString(), JSON.stringify(envelopeOf(event(2))))
      assert.deepStrictEqual({ ...first?.properties.headers }, { ...event(2).headers })
      assert.strictEqual(first?.properties.contentType, "application/json")
      assert.strictEqual(first?.properties.deliveryMode, 2)
      assert.strictEqual(first?.fields.routingKey, "status.agent")
      assert.deepStrictEqual(firstSeen(messages), [2, 3])
    }).pipe(Effect.scoped)
  )

  it.live(
    "shows an event of one node to the subscribers of all nodes once, in order, as it was published",
    () =>
      Effect.gen(function* () {
        const exchange = yield* testExchange(broker)
        const nodes = yield* Effect.all([nodeOf(broker, exchange), nodeOf(broker, exchange)])
        const seen = yield* Effect.forEach(nodes, witness)
        const [first, second] = nodes
        yield* until(() => nodes.every((node) => node.connected()))
        yield* Effect.forEach(upTo(500), (index) => first.publish(event(index)), { concurrency: 50 })
        yield* until(() => seen[1]?.length === 500)
        yield* second.publish(event(500))
        yield* until(() => seen[0]?.length === 501)
        assert.deepStrictEqual(seen[0]?.map(numberOf), upTo(501))
        assert.deepStrictEqual(seen[1]?.map(numberOf), upTo(501))
        assert.deepInclude(seen[1]?.[7], { ...event(7) })
        assert.strictEqual(seen[1]?.[7]?.json, JSON.stringify(envelopeOf(event(7))))
      }).pipe(Effect.scoped)
  )

  it.live("gives who asks for events of this node alone none of another node", () =>
    Effect.gen(function* () {
      const exchange = yield* testExchange(broker)
      const here = yield* nodeOf(broker, exchange)
      const there = yield* nodeOf(broker, exchange)
      const own: Array<unknown> = []
      const all: Array<unknown> = []
      yield* here.subscribe({ publishedBy: "this node" }, (seen) => own.push(numberOf(seen)))
      yield* here.subscribe({}, (seen) => all.push(numberOf(seen)))
      yield* until(() => here.connected() && there.connected())
      yield* there.publish(event(1))
      there.publishTransient(event(2))
      here.publishTransient(event(3))
      yield* here.publish(event(4))
      yield* until(() => all.length === 4)
      assert.deepEqual(own, [3, 4])
    }).pipe(Effect.scoped)
  )

  it.live("takes events of other services and leaves alone what is no event", () =>
    Effect.gen(function* () {
      const exchange = yield* testExchange(broker)
      const node = yield* nodeOf(broker, exchange)
      const seen = yield* witness(node)
      yield* until(() => node.connected())
      const channel = yield* amqpChannel(broker)
      const send = (body: string, headers: object) =>
        channel.publish(exchange, "", Buffer.from(body), { headers })
      const headers = { name: "call_created", origin_uuid: "another", list: [1], required_acl: null }
      send("not json", headers)
      send("[]", headers)
      send(JSON.stringify({ name: "call_created" }), headers)
      send(JSON.stringify({ data: {} }), { origin_uuid: "no name" })
      send(JSON.stringify({ name: "call_created", data: { number: 1 } }), headers)
      yield* until(() => seen.length > 0)
      assert.deepStrictEqual(seen.map(numberOf), [1])
      assert.deepStrictEqual(seen[0]?.headers, {
        name: "call_created",
        origin_uuid: "another",
        required_acl: null
      })
    }).pipe(Effect.scoped)
  )

  it.live("loses and reorders nothing that was given to publish while connections break", () =>
    Effect.gen(function* () {
      const exchange = yield* testExchange(broker)
      const channel = yield* amqpChannel(broker)
      const messages = yield* consume(channel, exchange, { "x-match": "all" })
      const { proxy, url } = yield* proxied
      const node = yield* nodeOf(url, exchange)
      let confirmed = 0
      const publishing = yield* Effect.forkChild(
        Effect.forEach(
          upTo(3_000),
          (index) => Effect.tap(node.publish(event(index)), () => Effect.sync(() => (confirmed += 1))),
          { concurrency: 100, discard: true }
        )
      )
      for (const mark of [200, 900, 1_800]) {
        yield* until(() => confirmed > mark)
        yield* proxy.cut
      }
      yield* until(() => confirmed > 2_400)
      yield* proxy.down
      yield* until(() => !node.connected())
      yield* proxy.up
      yield* Fiber.join(publishing)
      yield* until(() => messages.length >= 3_000)
      assert.deepStrictEqual(firstSeen(messages), upTo(3_000))
    }).pipe(Effect.scoped)
  )

  it.live(
    "starts without its broker, serves its own subscribers, and completes publish when the broker comes",
    () =>
      Effect.gen(function* () {
        const exchange = yield* testExchange(broker)
        const channel = yield* amqpChannel(broker)
        const messages = yield* consume(channel, exchange, { "x-match": "all" })
        const { proxy, url } = yield* proxied
        yield* proxy.down
        const node = yield* nodeOf(url, exchange)
        const seen = yield* witness(node)
        const before = (yield* Metric.value(metrics.dropped)).count
        const publishing = yield* Effect.forkChild(
          Effect.forEach([1, 2, 3], (index) => node.publish(event(index)), { concurrency: "unbounded" }),
          { startImmediately: true }
        )
        node.publishTransient(event(4))
        assert.deepStrictEqual(seen.map(numberOf), [1, 2, 3, 4])
        assert.isFalse(node.connected())
        assert.isUndefined(publishing.pollUnsafe())
        assert.strictEqual((yield* Metric.value(metrics.dropped)).count, before + 1)
        yield* proxy.up
        yield* Fiber.join(publishing)
        assert.isTrue(node.connected())
        yield* until(() => messages.length >= 3)
        assert.deepStrictEqual(firstSeen(messages), [1, 2, 3])
      }).pipe(Effect.scoped)
  )

  it.live("tells its subscribers after each connect that they may have missed events of other nodes", () =>
    Effect.gen(function* () {
      const exchange = yield* testExchange(broker)
      const { proxy, url } = yield* proxied
      const node = yield* nodeOf(url, exchange)
      let connects = 0
      yield* node.subscribe({ name: busConnected }, () => void (connects += 1))
      yield* until(() => connects === 1)
      yield* proxy.cut
      yield* until(() => connects === 2)
      assert.isTrue(node.connected())
    }).pipe(Effect.scoped)
  )

  it.live("declares the exchange again when it was deleted under way", () =>
    Effect.gen(function* () {
      const exchange = yield* testExchange(broker)
      const channel = yield* amqpChannel(broker)
      const node = yield* nodeOf(broker, exchange)
      yield* node.publish(event(1))
      yield* Effect.promise(() => channel.deleteExchange(exchange))
      yield* node.publish(event(2))
      yield* Effect.promise(() => channel.checkExchange(exchange))
    }).pipe(Effect.scoped)
  )

  it.live("completes publish for an event that the protocol cannot carry, and goes on", () =>
    Effect.gen(function* () {
      const exchange = yield* testExchange(broker)
      const channel = yield* amqpChannel(broker)
      const messages = yield* consume(channel, exchange, { "x-match": "all" })
      const node = yield* nodeOf(broker, exchange)
      const seen = yield* witness(node)
      const headers = Object.fromEntries(upTo(5_000).map((user) => [`user_uuid:${user}-0123456789`, true]))
      yield* node.publish({ ...event(1), headers: { ...event(1).headers, ...headers } })
      yield* node.publish(event(2))
      yield* until(() => messages.length > 0)
      assert.deepStrictEqual(firstSeen(messages), [2])
      assert.deepStrictEqual(seen.map(numberOf), [1, 2])
    }).pipe(Effect.scoped)
  )

  it.live("never logs the password of its URL", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const record = Logger.make(({ message, cause }) => void lines.push(JSON.stringify([message, cause])))
      const { proxy, url } = yield* proxied
      const secret = new URL(url)
      secret.username = "nobody"
      secret.password = "hunter2"
      yield* Effect.gen(function* () {
        yield* nodeOf(secret.href, "strowger-test-refused")
        yield* until(() => lines.length === 1)
      }).pipe(Effect.scoped, Effect.provide(Logger.layer([record])))
      yield* proxy.down
      yield* Effect.gen(function* () {
        yield* nodeOf(secret.href, "strowger-test-refused")
        yield* until(() => lines.length === 2)
      }).pipe(Effect.scoped, Effect.provide(Logger.layer([record])))
      assert.include(lines[0], `127.0.0.1:${secret.port}`)
      assert.notInclude(lines.join(), "hunter2")
    }).pipe(Effect.scoped)
  )
})

const nodeOf = (url: string, exchange: string) =>
  Effect.map(Layer.build(amqpNode(url, exchange)), (context) => Context.get(context, EventBus))

const witness = (bus: EventBus["Service"]) =>
  Effect.gen(function* () {
    const seen: Array<PublishedEvent> = []
    yield* bus.subscribe({}, (published) => void seen.push(published))
    return seen
  })
