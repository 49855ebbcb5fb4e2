import { createWebSocketReceiver, type StatelyInspectionEvent } from "@statelyai/inspect"
import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { randomUUID } from "node:crypto"
import { WebSocket } from "ws"
import { Sessions } from "../../actors/identity/sessions.ts"
import { Inspector } from "../../runtime/actor/inspection.ts"
import { ActorSystem } from "../../runtime/actor/system.ts"
import { issueToken } from "../../test/identity.ts"
import { ListenAddress } from "../server.ts"
import { doorKind, Inspection, inspectTestLayer, subTenant, trunkKind } from "./fixture.ts"

const options = { excludeTestServices: true, timeout: "60 seconds" } as const

const webSocketUrl = (pathAndQuery: string) =>
  Effect.map(ListenAddress, ({ url }) => url.replace(/^http/, "ws") + pathAndQuery)

const watchingToken = Effect.map(issueToken({ acl: ["inspect.stream.read"] }), ({ id }) => id)

/** What an inspector has received, and a way to wait for more. */
class Received {
  readonly messages: Array<StatelyInspectionEvent> = []
  #onMessage: () => void = () => {}

  add(message: StatelyInspectionEvent): void {
    this.messages.push(message)
    this.#onMessage()
  }

  of(sessionId: string): ReadonlyArray<StatelyInspectionEvent> {
    return this.messages.filter((message) => message.sessionId === sessionId)
  }

  /** Completes when what has come is as expected. */
  until(expected: (received: Received) => boolean): Effect.Effect<void> {
    return Effect.callback((resume) => {
      this.#onMessage = () => {
        if (expected(this)) resume(Effect.void)
      }
      this.#onMessage()
    })
  }
}

/** An inspector of Stately's own, attached to a path. */
const attachReceiver = Effect.fnUntraced(function* (path: string) {
  const server = yield* webSocketUrl(`${path}${path.includes("?") ? "&" : "?"}token=${yield* watchingToken}`)
  const received = new Received()
  createWebSocketReceiver({ server }).subscribe((message) => received.add(message))
  return received
})

/** A bare WebSocket client. It ends with the scope. */
const connect = Effect.fnUntraced(function* (pathAndQuery: string, headers: Record<string, string> = {}) {
  const url = yield* webSocketUrl(pathAndQuery)
  const webSocket = yield* Effect.acquireRelease(
    Effect.sync(() => new WebSocket(url, { headers })),
    (client) => Effect.sync(() => client.terminate())
  )
  const received = new Received()
  webSocket.on("error", () => {})
  webSocket.on("message", (data) => received.add(JSON.parse(String(data))))
  const closed = Deferred.makeUnsafe<number>()
  webSocket.on("close", (code) => Deferred.doneUnsafe(closed, Effect.succeed(code)))
  return { webSocket, received, closed: Deferred.await(closed) }
})

const ask = Effect.fnUntraced(function* (id: string, type: "open" | "close") {
  const command = type === "open" ? { type, by: "alice" } : { type }
  yield* (yield* ActorSystem).ask(doorKind, id, command)
})

layer(inspectTestLayer, options)("the live inspection", (it) => {
  for (const path of ["/api/inspect/ws", "/inspect"]) {
    it.effect(
      `Stately's receiver attaches unchanged to ${path} and sees an actor, its events and states`,
      () =>
        Effect.gen(function* () {
          const id = `live-${randomUUID()}`
          const sessionId = `door/${id}`
          yield* ask(id, "open")
          const received = yield* attachReceiver(path)
          yield* received.until((all) => all.of(sessionId).length >= 1)
          yield* ask(id, "close")
          yield* received.until((all) => all.of(sessionId).length >= 3)
          const [actor, event, snapshot] = received.of(sessionId)
          assert(actor?.type === "@xstate.actor")
          assert.deepInclude(actor, { name: sessionId, rootId: sessionId })
          assert.strictEqual(JSON.parse(actor.definition ?? "").id, "door")
          assert.deepInclude(actor.snapshot, { status: "active", value: "open" })
          assert(event?.type === "@xstate.event")
          assert.strictEqual(event.event.type, "close")
          assert(snapshot?.type === "@xstate.snapshot")
          assert.propertyVal(snapshot.snapshot, "value", "closed")
          assert.match(snapshot.createdAt, /^\d{13}$/)
          assert.strictEqual(snapshot._version, "0.7.2")
        })
    )
  }

  it.effect("every actor is introduced before anything else is told of it, also one that comes later", () =>
    Effect.gen(function* () {
      const ids = Array.from({ length: 30 }, () => randomUUID())
      yield* Effect.forEach(ids, (id) => ask(id, "open"))
      const { received } = yield* connect(`/api/inspect/ws?token=${yield* watchingToken}`)
      yield* received.until((all) => all.messages.length > 0)
      const later = randomUUID()
      yield* Effect.forEach([...ids, later], (id) => ask(id, id === later ? "open" : "close"), {
        concurrency: "unbounded"
      })
      yield* received.until((all) => [...ids, later].every((id) => all.of(`door/${id}`).length >= 1))
      yield* received.until((all) =>
        all.of(`door/${later}`).some((message) => message.type === "@xstate.snapshot")
      )
      for (const id of [...ids, later]) {
        const types = received.of(`door/${id}`).map(({ type }) => type)
        assert.strictEqual(types[0], "@xstate.actor")
        assert.strictEqual(types.filter((type) => type === "@xstate.actor").length, 1)
      }
    })
  )

  it.effect("a watcher of one kind hears of no other", () =>
    Effect.gen(function* () {
      const id = randomUUID()
      yield* registerTrunk(randomUUID())
      const { received } = yield* connect(`/api/inspect/ws?kind=trunk&token=${yield* watchingToken}`)
      yield* received.until((all) => all.messages.length > 0)
      yield* ask(id, "open")
      yield* registerTrunk(id)
      yield* received.until((all) => all.of(`trunk/${id}`).some(({ type }) => type === "@xstate.snapshot"))
      assert.deepEqual(
        [...new Set(received.messages.map(({ sessionId }) => sessionId.split("/")[0]))],
        ["trunk"]
      )
    })
  )

  it.effect("secrets of events and contexts are not sent", () =>
    Effect.gen(function* () {
      const id = randomUUID()
      const { received } = yield* connect(`/api/inspect/ws?token=${yield* watchingToken}`)
      yield* received.until((all) => all.messages.length > 0)
      yield* registerTrunk(id)
      yield* received.until((all) => all.of(`trunk/${id}`).some(({ type }) => type === "@xstate.snapshot"))
      const sent = JSON.stringify(received.messages)
      assert.include(sent, "bob")
      assert.notInclude(sent, "hunter2")
    })
  )

  it.effect("the token may stand in the header", () =>
    Effect.gen(function* () {
      yield* ask(randomUUID(), "open")
      const { received } = yield* connect("/api/inspect/ws", { "X-Auth-Token": yield* watchingToken })
      yield* received.until((all) => all.messages.length > 0)
    })
  )

  it.effect("without a token it closes with 4001, without the right or from another tenant with 4002", () =>
    Effect.gen(function* () {
      const code = Effect.fnUntraced(function* (query: string) {
        const { received, closed } = yield* connect(`/api/inspect/ws${query}`)
        const seen = yield* closed
        assert.deepEqual(received.messages, [])
        return seen
      })
      const poor = yield* issueToken({ acl: ["inspect.actors.read"] })
      const elsewhere = yield* issueToken({ acl: ["#"], tenantUuid: yield* subTenant })
      assert.strictEqual(yield* code(""), 4001)
      assert.strictEqual(yield* code(`?token=${randomUUID()}`), 4002)
      assert.strictEqual(yield* code(`?token=${poor.id}`), 4002)
      assert.strictEqual(yield* code(`?token=${elsewhere.id}`), 4002)
    })
  )

  it.effect("a watcher is closed with 4003 when its token ends", () =>
    Effect.gen(function* () {
      yield* ask(randomUUID(), "open")
      const token = yield* watchingToken
      const revoked = yield* connect(`/api/inspect/ws?token=${token}`)
      yield* revoked.received.until((all) => all.messages.length > 0)
      yield* (yield* Sessions).revokeToken(token)
      assert.strictEqual(yield* Effect.timeout(revoked.closed, "2 seconds"), 4003)
      const short = yield* issueToken({ acl: ["inspect.stream.read"], lifetimeSeconds: 2 })
      const expired = yield* connect(`/api/inspect/ws?token=${short.id}`)
      assert.strictEqual(yield* Effect.timeout(expired.closed, "10 seconds"), 4003)
    })
  )

  it.effect("a reader that stays behind is closed and the actors go on", () =>
    Effect.gen(function* () {
      const id = randomUUID()
      yield* ask(id, "open")
      const { webSocket, received, closed } = yield* connect(
        `/api/inspect/ws?kind=door&token=${yield* watchingToken}`
      )
      yield* received.until((all) => all.of(`door/${id}`).length > 0)
      webSocket.pause()
      const system = yield* ActorSystem
      const number = "7".repeat(400_000)
      for (let round = 0; round < 40; round++) {
        yield* system.ask(doorKind, id, { type: "number", value: number + round })
      }
      webSocket.resume()
      assert.strictEqual(yield* closed, 1011)
    })
  )

  it.effect("a plain request for the WebSocket is answered 426", () =>
    Effect.gen(function* () {
      const { url } = yield* ListenAddress
      const response = yield* Effect.promise(() => fetch(`${url}/api/inspect/ws`))
      assert.strictEqual(response.status, 426)
    })
  )

  it.effect("the page and all that it loads come from here, and nothing from elsewhere", () =>
    Effect.gen(function* () {
      const { url } = yield* ListenAddress
      const load = (path: string) =>
        Effect.promise(async () => {
          const response = await fetch(url + path)
          return { status: response.status, headers: response.headers, text: await response.text() }
        })
      const page = yield* load("/inspect")
      assert.strictEqual(page.status, 200)
      assert.include(page.headers.get("content-type") ?? "", "text/html")
      assert.include(page.headers.get("content-security-policy") ?? "", "default-src 'none'")
      const pending = [...page.text.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => path ?? "")
      const loaded = new Set<string>()
      for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
        if (loaded.has(path)) continue
        loaded.add(path)
        const { status, text } = yield* load(path)
        assert.strictEqual(status, 200, path)
        assert.notMatch(text, /https?:\/\/(?!www\.w3\.org\/)/, path)
        for (const [, name] of text.matchAll(/from "\.\/([^"]+)"/g)) pending.push(`/inspect/${name}`)
      }
      assert.isTrue(loaded.has("/inspect/main.js"))
      assert.strictEqual((yield* load("/inspect/../../package.json")).status, 404)
      assert.strictEqual((yield* load("/inspect/secret.js")).status, 404)
    })
  )
})

/** On a server of their own: Stately's receivers never leave. */
layer(inspectTestLayer, options)("the live inspection of a quiet server", (it) => {
  it.effect("nothing is collected while nobody watches", () =>
    Effect.gen(function* () {
      const inspector = yield* Inspector
      yield* ask(randomUUID(), "open")
      assert.isFalse(inspector.watched())
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { received } = yield* connect(`/api/inspect/ws?token=${yield* watchingToken}`)
          yield* received.until((all) => all.messages.length > 0)
          assert.isTrue(inspector.watched())
        })
      )
      yield* Effect.repeat(Effect.sleep("10 millis"), { while: () => inspector.watched() })
    })
  )

  it.effect("a server that stops closes its watchers with 1001", () =>
    Effect.gen(function* () {
      yield* ask(randomUUID(), "open")
      const { received, closed } = yield* connect(`/api/inspect/ws?token=${yield* watchingToken}`)
      yield* received.until((all) => all.messages.length > 0)
      const closing = yield* Effect.forkChild((yield* Inspection).close)
      assert.strictEqual(yield* closed, 1001)
      yield* Fiber.join(closing)
    })
  )
})

const registerTrunk = Effect.fnUntraced(function* (id: string) {
  yield* (yield* ActorSystem).ask(trunkKind, id, {
    type: "register",
    username: "bob",
    password: "hunter2",
    headers: [["Authorization", "Digest hunter2"]]
  })
})
