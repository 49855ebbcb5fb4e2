import { assert, describe, it } from "@effect/vitest"
import type { PublishedEvent } from "../../runtime/bus/event-bus.ts"
import { EventFilters, FanOut, type Subscriber } from "./fan-out.ts"
import type { Rights } from "./rights.ts"

const platform = "platform"
const master = "master"

const makeSubscriber = (rights: Partial<Rights> = {}, version: 1 | 2 = 2) => {
  const frames: Array<Buffer> = []
  return {
    version,
    filters: new EventFilters(),
    rights: {
      tokenId: "token",
      tenantUuid: "tenant",
      onlyUser: false,
      userHeader: "user_uuid:alice",
      allows: () => true,
      ...rights
    },
    frames,
    deliver: (frame: Buffer) => {
      frames.push(frame)
    }
  }
}

const makeEvent = (name: string, headers: PublishedEvent["headers"] = {}) => {
  const event = {
    name,
    headers: { name, origin_uuid: platform, tenant_uuid: "tenant", required_acl: "events.a", ...headers },
    data: {},
    routingKey: "a",
    serialised: 0,
    get json() {
      event.serialised++
      return `{"name":"${name}"}`
    }
  }
  return event
}

const enter = (fanOut: FanOut, subscriber: Subscriber, ...names: ReadonlyArray<string>) => {
  for (const name of names) subscriber.filters.add(name)
  fanOut.enter(subscriber)
}

describe("fan-out (events.md 4.4)", () => {
  it("an event becomes one frame per version, shared by all sessions", () => {
    const fanOut = new FanOut(platform, master)
    const ones = [makeSubscriber({}, 1), makeSubscriber({}, 1)]
    const twos = [makeSubscriber(), makeSubscriber({ tenantUuid: master }), makeSubscriber()]
    for (const subscriber of [...ones, ...twos]) enter(fanOut, subscriber, "a")
    const event = makeEvent("a")
    assert.strictEqual(fanOut.publish(event), 5)
    assert.strictEqual(event.serialised, 2)
    assert.strictEqual(ones[0]?.frames[0], ones[1]?.frames[0])
    assert.strictEqual(twos[0]?.frames[0], twos[1]?.frames[0])
    assert.strictEqual(twos[0]?.frames[0], twos[2]?.frames[0])
  })

  it("an event that nobody may see is never serialised", () => {
    const fanOut = new FanOut(platform, master)
    enter(fanOut, makeSubscriber({ allows: () => false }), "a")
    enter(fanOut, makeSubscriber({ onlyUser: true }), "*")
    enter(fanOut, makeSubscriber({ tenantUuid: "other" }), "*")
    const event = makeEvent("a")
    assert.strictEqual(fanOut.publish(event), 0)
    assert.strictEqual(event.serialised, 0)
  })

  it("a session that left gets nothing, however it had subscribed", () => {
    const fanOut = new FanOut(platform, master)
    const subscriber = makeSubscriber()
    enter(fanOut, subscriber, "a", "b")
    fanOut.leave(subscriber)
    fanOut.publish(makeEvent("a"))
    enter(fanOut, subscriber)
    subscriber.filters.add("*")
    fanOut.listen(subscriber, "*")
    fanOut.publish(makeEvent("a"))
    fanOut.publish(makeEvent("c"))
    fanOut.leave(subscriber)
    fanOut.publish(makeEvent("a"))
    assert.strictEqual(subscriber.frames.length, 2)
  })

  it("a session that leaves while an event is handed out disturbs nobody", () => {
    const fanOut = new FanOut(platform, master)
    const others = [makeSubscriber(), makeSubscriber()]
    const leaving: Subscriber = { ...makeSubscriber(), deliver: () => fanOut.leave(leaving) }
    for (const subscriber of [others[0], leaving, others[1]]) if (subscriber) enter(fanOut, subscriber, "a")
    assert.strictEqual(fanOut.publish(makeEvent("a")), 3)
    assert.strictEqual(fanOut.publish(makeEvent("a")), 2)
  })

  it("required_acl that is neither text nor null never leaves", () => {
    const fanOut = new FanOut(platform, master)
    enter(fanOut, makeSubscriber({ tenantUuid: master }), "*")
    assert.strictEqual(fanOut.publish(makeEvent("a", { required_acl: true })), 0)
    assert.strictEqual(fanOut.publish(makeEvent("a", { required_acl: null })), 1)
    assert.strictEqual(fanOut.publish(makeEvent("a", { required_acl: "" })), 1)
  })

  it("only the header true addresses a user", () => {
    const fanOut = new FanOut(platform, master)
    enter(fanOut, makeSubscriber({ onlyUser: true }), "*")
    assert.strictEqual(fanOut.publish(makeEvent("a", { "user_uuid:alice": false })), 0)
    assert.strictEqual(fanOut.publish(makeEvent("a", { "user_uuid:alice": true })), 1)
    assert.strictEqual(fanOut.publish(makeEvent("a", { "user_uuid:*": true })), 1)
  })
})

describe("filters of a session", () => {
  it("hold 4,096 different names and then no more", () => {
    const filters = new EventFilters()
    for (let index = 0; index < 4_096; index++) assert.isTrue(filters.add(`event_${index}`))
    assert.isFalse(filters.add("one more"))
    assert.isTrue(filters.add("event_7"))
    assert.isTrue(filters.add("*"))
    assert.isTrue(filters.add("one more"))
    assert.strictEqual(filters.names.size, 4_096)
  })

  it("a name that no event can have takes no room", () => {
    const filters = new EventFilters()
    assert.isTrue(filters.add("x".repeat(1_000_000)))
    assert.strictEqual(filters.names.size, 0)
  })
})
