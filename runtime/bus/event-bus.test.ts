import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer, Scope } from "effect"
import { type BusEvent, defineEvent, envelopeOf, makeEvent } from "../../schemas/events/envelope.ts"
import { amqpTestLayer, amqpTestUrl } from "../../test/amqp.ts"
import { EventBus, type PublishedEvent } from "./event-bus.ts"
import { layerMemory } from "./memory.ts"

const definition = defineEvent<{ number: number }>({
  name: "agent_status_update",
  class: "multi-user",
  routingKey: "status.agent",
  acl: "events.statuses.agents"
})

const event = (number: number): BusEvent =>
  makeEvent(
    definition,
    { originUuid: "7a6d9c4e-2f5b-4b1e-9d8f-1c2b3a4d5e6f", at: 1_786_000_000_000 },
    {
      tenantUuid: "0e5b7c1a-6d2f-4c3e-8a9b-2d1c0f3e4b5a",
      userUuids: ["1b2c3d4e-5f60-4718-8293-a4b5c6d7e8f9"]
    },
    { number }
  )

const named = (name: string, headers?: BusEvent["headers"]): BusEvent => ({
  name,
  routingKey: name,
  headers: { ...headers, name },
  data: {}
})

const numberOf = ({ data }: BusEvent): unknown => "number" in data && data.number

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index)

/** What every bus promises to the subscribers of its own node. */
const contract = (name: string, bus: Layer.Layer<EventBus, unknown>) => {
  describe(`the event bus ${name}`, () => {
    const scenario = <A, E>(body: (bus: EventBus["Service"]) => Effect.Effect<A, E, Scope.Scope>) =>
      Effect.flatMap(EventBus, body).pipe(Effect.scoped, Effect.provide(bus))

    it.live("calls subscribers at once and in publish order, whoever publishes and however", () =>
      scenario((bus) =>
        Effect.gen(function* () {
          const seen: Array<unknown> = []
          yield* bus.subscribe({ name: "agent_status_update" }, (published) => {
            seen.push(numberOf(published))
          })
          bus.publishTransient(event(0))
          assert.deepStrictEqual(seen, [0])
          yield* bus.publish(event(1))
          bus.publishTransient(event(2))
          assert.deepStrictEqual(seen, [0, 1, 2])
          yield* Effect.forEach(upTo(1_000), (index) => bus.publish(event(3 + index)), {
            concurrency: "unbounded",
            discard: true
          })
          assert.deepStrictEqual(seen, upTo(1_003))
        })
      )
    )

    it.live("gives subscribers the event with its envelope as JSON", () =>
      scenario((bus) =>
        Effect.gen(function* () {
          const seen: Array<PublishedEvent> = []
          yield* bus.subscribe({}, (published) => void seen.push(published))
          const original = event(1)
          yield* bus.publish(original)
          const [published] = seen
          assert.deepInclude(published, { ...original })
          assert.strictEqual(published?.json, JSON.stringify(envelopeOf(original)))
        })
      )
    )

    it.live("calls a subscriber of a name for that name only, and one without for every event", () =>
      scenario((bus) =>
        Effect.gen(function* () {
          const seen: Array<string> = []
          yield* bus.subscribe({ name: "a" }, ({ name }) => void seen.push(`a: ${name}`))
          yield* bus.subscribe({}, ({ name }) => void seen.push(`all: ${name}`))
          yield* bus.publish(named("a"))
          yield* bus.publish(named("b"))
          assert.sameMembers(seen, ["a: a", "all: a", "all: b"])
          assert.lengthOf(seen, 3)
        })
      )
    )

    it.live("matches all headers of a binding, or any of them when asked to", () =>
      scenario((bus) =>
        Effect.gen(function* () {
          const seen: Array<string> = []
          const headers = { tenant_uuid: "t1", "user_uuid:*": true }
          yield* bus.subscribe({ headers }, ({ name }) => void seen.push(`all: ${name}`))
          yield* bus.subscribe({ headers, match: "any" }, ({ name }) => void seen.push(`any: ${name}`))
          yield* bus.subscribe({ name: "both", headers }, ({ name }) => void seen.push(`named: ${name}`))
          yield* bus.publish(named("both", headers))
          yield* bus.publish(named("one", { tenant_uuid: "t1", "user_uuid:*": "true" }))
          yield* bus.publish(named("none", { tenant_uuid: "t2" }))
          assert.sameMembers(seen, ["all: both", "any: both", "named: both", "any: one"])
          assert.lengthOf(seen, 4)
        })
      )
    )

    it.live("goes on with the other subscribers when one throws", () =>
      scenario((bus) =>
        Effect.gen(function* () {
          const seen: Array<unknown> = []
          yield* bus.subscribe({}, () => {
            throw new Error("a fault of this subscriber")
          })
          yield* bus.subscribe({}, (published) => void seen.push(numberOf(published)))
          yield* bus.publish(event(1))
          bus.publishTransient(event(2))
          assert.deepStrictEqual(seen, [1, 2])
        })
      )
    )

    it.live("shows an event published by a subscriber after the one it was handling, to everybody", () =>
      scenario((bus) =>
        Effect.gen(function* () {
          const seen: Array<string> = []
          yield* bus.subscribe({ name: "cause" }, () => bus.publishTransient(named("effect")))
          yield* bus.subscribe({}, ({ name }) => void seen.push(name))
          yield* bus.publish(named("cause"))
          assert.deepStrictEqual(seen, ["cause", "effect"])
        })
      )
    )

    it.live("calls a subscriber no more once its scope has ended", () =>
      scenario((bus) =>
        Effect.gen(function* () {
          const seen: Array<unknown> = []
          const scope = yield* Scope.make()
          yield* Scope.provide(
            bus.subscribe(
              { name: "agent_status_update" },
              (published) => void seen.push(numberOf(published))
            ),
            scope
          )
          yield* bus.publish(event(1))
          yield* Scope.close(scope, Exit.void)
          yield* bus.publish(event(2))
          assert.deepStrictEqual(seen, [1])
        })
      )
    )

    it.live("serialises an event once, however many want its JSON", () =>
      scenario((bus) =>
        Effect.gen(function* () {
          let serialised = 0
          const counted: BusEvent = {
            ...named("counted"),
            data: {
              toJSON: () => {
                serialised += 1
                return {}
              }
            }
          }
          for (const _ of upTo(3)) yield* bus.subscribe({}, (published) => void published.json)
          yield* bus.publish(counted)
          assert.strictEqual(serialised, 1)
        })
      )
    )
  })
}

contract("in memory", layerMemory)

describe("the event bus in memory", () => {
  it.live("does not serialise an event whose JSON nobody wants", () =>
    Effect.gen(function* () {
      const bus = yield* EventBus
      let serialised = 0
      yield* bus.subscribe({}, () => {})
      yield* bus.publish({ ...named("counted"), data: { toJSON: () => void (serialised += 1) } })
      assert.strictEqual(serialised, 0)
    }).pipe(Effect.scoped, Effect.provide(layerMemory))
  )
})

if (amqpTestUrl !== undefined) {
  contract("over AMQP", amqpTestLayer(amqpTestUrl))
}
