import { assert, describe, it } from "@effect/vitest"
import { Effect, Metric } from "effect"
import { randomUUID } from "node:crypto"
import { defineEvent, makeEvent } from "../../schemas/events/envelope.ts"
import {
  type Fixture,
  handshake,
  masterTenant,
  originUuid,
  rawClient,
  startFixture,
  TestClient
} from "./fixture.ts"
import { slowCloses } from "./metrics.ts"

const hostile = (name: string, test: (fixture: Fixture) => Promise<void>) =>
  it.live(name, () => startFixture().pipe(Effect.flatMap((fixture) => Effect.promise(() => test(fixture)))))

const connectClient = async ({ port, tokens }: Fixture): Promise<TestClient> => {
  const client = new TestClient(port, `/?token=${tokens.grant({ tenantUuid: masterTenant })}&version=2`)
  await client.next()
  return client
}

const listener = async (fixture: Fixture): Promise<TestClient> => {
  const client = await connectClient(fixture)
  await client.ask({ op: "subscribe", data: { event_name: "*" } })
  await client.ask({ op: "start" })
  return client
}

const ping = async (client: TestClient): Promise<void> => {
  const payload = randomUUID()
  assert.deepStrictEqual(await client.ask({ op: "ping", data: { payload } }), {
    op: "pong",
    code: 0,
    data: { payload }
  })
}

const bigEvent = (number: number) =>
  makeEvent(
    defineEvent({ name: "big", class: "service", routingKey: "big" }),
    { originUuid, at: 0 },
    {},
    { number, filler: "x".repeat(16_384) }
  )

/** The code of the close frame that a raw client was sent last. */
const closeCode = (bytes: Buffer): number => {
  const close = bytes.lastIndexOf(Buffer.of(0x88, 0x02))
  assert.notStrictEqual(close, -1, "no close frame")
  return bytes.readUInt16BE(close + 2)
}

describe("hostile clients", () => {
  hostile("a message in fragments with a ping between them is read like a whole one", async (fixture) => {
    const client = await connectClient(fixture)
    const { webSocket } = client
    const pong = new Promise<string>((resolve) =>
      webSocket.on("pong", (payload) => resolve(payload.toString()))
    )
    const text = '{"op":"ping","data":{"payload":"é"}}'
    const bytes = Buffer.from(text)
    const inside = bytes.indexOf(0xc3) + 1
    webSocket.send(bytes.subarray(0, inside), { binary: false, fin: false })
    webSocket.ping("between")
    webSocket.send(bytes.subarray(inside, inside + 1), { binary: false, fin: false })
    webSocket.send("", { fin: false })
    webSocket.send(bytes.subarray(inside + 1), { binary: false, fin: true })
    assert.strictEqual(await pong, "between")
    assert.deepStrictEqual(await client.next(), { op: "pong", code: 0, data: { payload: "é" } })
  })

  hostile("fragments that add up to more than a mebibyte close with 1009", async (fixture) => {
    const client = await connectClient(fixture)
    for (let index = 0; index < 9; index++) {
      client.webSocket.send("x".repeat(131_072), { fin: false })
    }
    assert.deepStrictEqual(await client.closed, { code: 1009, reason: "" })
  })

  for (const [what, bytes, code] of [
    ["text without a mask", [0x81, 0x02, 0x7b, 0x7d], 1002],
    ["a reserved opcode", [0x83, 0x80, 0, 0, 0, 0], 1002],
    ["reserved bits", [0xf1, 0x80, 0, 0, 0, 0], 1002],
    ["a continuation of nothing", [0x80, 0x80, 0, 0, 0, 0], 1002],
    ["a ping in fragments", [0x09, 0x80, 0, 0, 0, 0], 1002],
    ["text that is no UTF-8", [0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28], 1007],
    ["a length of 2^63", [0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0], 1009],
    ["an HTTP request", [...Buffer.from("GET / HTTP/1.1\r\n\r\n")], 1002]
  ] as const) {
    hostile(`${what} after the handshake closes with ${code} and disturbs nobody`, async (fixture) => {
      const other = await listener(fixture)
      const { socket, received, ended } = rawClient(fixture.port)
      socket.write(handshake(fixture.tokens.grant(), 2))
      socket.write(Buffer.from(bytes))
      // The peer's half of the closing handshake.
      socket.once("data", () => socket.end(Buffer.of(0x88, 0x80, 0, 0, 0, 0)))
      await ended
      assert.strictEqual(closeCode(received()), code)
      await ping(other)
    })
  }

  hostile(
    "clients that vanish during the handshake or the token lookup leave nothing behind",
    async (fixture) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      fixture.tokens.lookup = () => promise
      const vanished = await Promise.all(
        Array.from({ length: 50 }, async (_, index) => {
          const { socket, ended } = rawClient(fixture.port)
          const bytes = handshake(fixture.tokens.grant(), 2)
          const cut = index % 2 === 0 ? bytes.length : Math.floor(bytes.length / 2)
          await new Promise((written) => socket.write(bytes.slice(0, cut), written))
          socket.resetAndDestroy()
          return ended
        })
      )
      assert.strictEqual(vanished.length, 50)
      resolve()
      fixture.tokens.lookup = undefined
      const client = await listener(fixture)
      while (fixture.websocketd.sessions() > 1) await ping(client)
      assert.strictEqual(fixture.tokens.watched, 1)
    }
  )

  hostile(
    "a reader that never reads is closed with 1011, the others get everything in order",
    async (fixture) => {
      const closesBefore = Number((await Effect.runPromise(Metric.value(slowCloses))).count)
      const reader = await listener(fixture)
      const sleeper = await listener(fixture)
      sleeper.webSocket.pause()
      const total = 3_000
      for (let number = 0; number < total; number++) {
        fixture.publish(bigEvent(number))
        const frame = (await reader.next()) as { data: { data: { number: number } } }
        assert.strictEqual(frame.data.data.number, number)
      }
      assert.strictEqual(Number((await Effect.runPromise(Metric.value(slowCloses))).count), closesBefore + 1)
      sleeper.webSocket.resume()
      assert.deepStrictEqual(await sleeper.closed, { code: 1011, reason: "" })
      let received = 0
      for (; ; received++) {
        const text = await sleeper.nextText().catch(() => undefined)
        if (text === undefined) break
        assert.strictEqual(JSON.parse(text).data.data.number, received)
      }
      assert.isAtLeast(received, 1_000)
      assert.isBelow(received, total)
    }
  )

  hostile("a burst of 1,000 events in one go closes nobody", async (fixture) => {
    const client = await listener(fixture)
    for (let number = 0; number < 1_000; number++) fixture.publish(bigEvent(number))
    for (let number = 0; number < 1_000; number++) {
      assert.deepInclude(await client.next(), { op: "event" })
    }
    await ping(client)
  })

  hostile(
    "who floods with operations and reads no answers is not read either, until it reads",
    async (fixture) => {
      const other = await connectClient(fixture)
      const flooder = await connectClient(fixture)
      flooder.webSocket.pause()
      const frame = JSON.stringify({ op: "ping", data: { payload: "x".repeat(100_000) } })
      const count = 600
      for (let index = 0; index < count; index++) flooder.webSocket.send(frame)
      let unsent = Number.POSITIVE_INFINITY
      while (flooder.webSocket.bufferedAmount < unsent) {
        unsent = flooder.webSocket.bufferedAmount
        for (let round = 0; round < 100; round++) await ping(other)
      }
      assert.isAbove(unsent, count * frame.length * 0.5)
      flooder.webSocket.resume()
      for (let index = 0; index < count; index++) await flooder.nextText()
      await ping(flooder)
    }
  )

  hostile(
    "thousands of subscriptions are answered; past 4,096 names the client is closed with 1008",
    async (fixture) => {
      const client = await connectClient(fixture)
      const subscribe = (name: string) => client.ask({ op: "subscribe", data: { event_name: name } })
      for (let index = 0; index < 4_096; index++) {
        assert.deepStrictEqual(await subscribe(`event_${index}`), { op: "subscribe", code: 0, data: null })
      }
      for (let index = 0; index < 4_096; index++) client.send({ op: "start" })
      for (let index = 0; index < 4_096; index++) await client.next()
      assert.deepStrictEqual(await subscribe("event_0"), { op: "subscribe", code: 0, data: null })
      client.send({ op: "subscribe", data: { event_name: "one more" } })
      assert.deepStrictEqual(await client.closed, { code: 1008, reason: "too many subscriptions" })
    }
  )

  hostile("what follows a protocol error in the same packet is not carried out", async (fixture) => {
    const client = await listener(fixture)
    client.webSocket.send("garbage")
    for (let index = 0; index < 100; index++) client.send({ op: "ping", data: { payload: "x" } })
    assert.deepStrictEqual(await client.closed, { code: 4004, reason: "" })
    const nothing = await client.nextText().catch((error: Error) => error.message)
    assert.match(nothing, /closed with 4004/)
  })
})
