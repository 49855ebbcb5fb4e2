import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { randomUUID } from "node:crypto"
import { ActorSystem } from "../../runtime/actor/system.ts"
import { ActorHost } from "../../runtime/actor/host.ts"
import { ActorDetail, ActorPage, KindList } from "../../schemas/inspect/actor.ts"
import { MachineDefinition } from "../../schemas/inspect/definition.ts"
import {
  type Answer,
  as,
  ErrorBody,
  doorKind,
  Gate,
  inspectTestLayer,
  request,
  subTenant,
  trollKind,
  trunkKind,
  until
} from "./fixture.ts"

const get = (path: string) => request("GET", `/api/inspect${path}`)
const post = (path: string) => request("POST", `/api/inspect${path}`)
const page = (answer: Answer) => as(ActorPage, answer)
const idsOf = (answer: Answer) => page(answer).items.map(({ id }) => id)
const actor = (answer: Answer) => as(ActorDetail, answer)
const error = (answer: Answer) => as(ErrorBody, answer)

const openDoor = Effect.fnUntraced(function* (id: string) {
  yield* (yield* ActorSystem).ask(doorKind, id, { type: "open", by: "alice" })
})

/** Crashes a troll until its supervisor gives up. */
const failTroll = Effect.fnUntraced(function* (id: string) {
  const system = yield* ActorSystem
  const crash = Effect.flip(system.ask(trollKind, id, { type: "dieInAction" }))
  for (let reason = ""; reason !== "failed"; ) {
    const error = yield* crash
    reason = error._tag === "ActorUnavailable" ? error.reason : ""
  }
})

const registerTrunk = Effect.fnUntraced(function* (id: string) {
  yield* (yield* ActorSystem).ask(trunkKind, id, {
    type: "register",
    username: "bob",
    password: "hunter2",
    headers: [["Authorization", "Digest hunter2"]]
  })
})

const options = { excludeTestServices: true, timeout: "60 seconds" } as const

layer(inspectTestLayer, options)("the inspection surface", (it) => {
  it.effect("the kinds are listed with their states and how their actors are doing", () =>
    Effect.gen(function* () {
      yield* openDoor("listed-1")
      yield* openDoor("listed-2")
      const { total, items } = as(KindList, yield* get("/kinds"))
      assert.strictEqual(total, 3)
      const door = items.find(({ name }) => name === "door")
      assert.deepInclude(door, { name: "door", version: 3, durable: true })
      assert.isAtLeast(door?.residents.running ?? 0, 2)
      assert.isAtLeast(door?.states.find(({ path }) => path === "open")?.residents ?? 0, 2)
    })
  )

  it.effect("the machine of a kind is JSON with actions and guards by name", () =>
    Effect.gen(function* () {
      const trunk = as(MachineDefinition, yield* get("/kinds/trunk"))
      assert.deepInclude(trunk, { id: "trunk", type: "compound", initial: "unregistered" })
      assert.deepEqual(trunk.states?.unregistered?.on?.register, [
        { target: ["#trunk.refused"], guard: "isBanned" },
        { target: ["#trunk.up"], guard: "isKnown", actions: ["assign"] }
      ])
      assert.strictEqual(trunk.states?.up?.type, "parallel")
      assert.deepEqual(trunk.states?.up?.states?.registration?.states?.fresh?.after, {
        3600000: [{ target: ["#trunk.up.registration.stale"] }]
      })
      const door = as(MachineDefinition, yield* get("/kinds/door"))
      assert.deepEqual(door.delays, { selfClosing: 60_000 })
      assert.deepInclude(door.states?.opening ?? {}, { tags: ["pending"], entry: ["turnMotor"] })
    })
  )

  it.effect("a machine is Mermaid text with nested and parallel states, events, guards and delays", () =>
    Effect.gen(function* () {
      const { status, text, headers } = yield* get("/kinds/trunk/diagram.mmd")
      assert.strictEqual(status, 200)
      assert.include(headers.get("content-type") ?? "", "mermaid")
      const lines = text.split("\n").map((line) => line.trim())
      for (const expected of [
        "stateDiagram-v2",
        "[*] --> trunk_unregistered",
        'state "up" as trunk_up {',
        "--",
        "trunk_unregistered --> trunk_up : register [isKnown] / assign",
        "trunk_up_registration_fresh --> trunk_up_registration_stale : after 60 min",
        "trunk_up_registration_stale --> trunk_up_registration_fresh : always [isKnown]",
        "trunk_refused --> [*]"
      ]) {
        assert.include(lines, expected)
      }
    })
  )

  it.effect("a machine is drawn as SVG with a box for every state and a line for every transition", () =>
    Effect.gen(function* () {
      const { status, text, headers } = yield* get("/kinds/door/diagram.svg")
      assert.strictEqual(status, 200)
      assert.include(headers.get("content-type") ?? "", "image/svg+xml")
      for (const path of ["closed", "opening", "open"]) assert.include(text, `data-path="${path}"`)
      assert.include(text, 'data-events="close xstate.after.selfClosing.door.open"')
      assert.match(text, />after selfClosing \(60 s\)</)
      assert.notInclude(text, "NaN")
    })
  )

  it.effect("an unknown kind is 404", () =>
    Effect.gen(function* () {
      for (const path of ["/kinds/dragon", "/kinds/dragon/diagram.mmd", "/kinds/dragon/diagram.svg"]) {
        const answer = yield* get(path)
        assert.strictEqual(answer.status, 404)
        assert.strictEqual(error(answer).error_id, "unknown-kind")
      }
    })
  )

  it.effect("actors are found by kind, state and part of the id, a page at a time", () =>
    Effect.gen(function* () {
      const prefix = `Page-${randomUUID()}`
      for (const number of [1, 2, 3, 4, 5]) yield* openDoor(`${prefix}-${number}`)
      yield* (yield* ActorSystem).ask(doorKind, `${prefix}-5`, { type: "close" })
      const search = `kind=door&search=${prefix.toLowerCase()}`
      const first = yield* get(`/actors?${search}&limit=2`)
      assert.strictEqual(page(first).total, 5)
      assert.deepEqual(idsOf(first), [`${prefix}-1`, `${prefix}-2`])
      assert.deepEqual(idsOf(yield* get(`/actors?${search}&limit=2&offset=4`)), [`${prefix}-5`])
      assert.deepEqual(idsOf(yield* get(`/actors?${search}&state=closed`)), [`${prefix}-5`])
      const beyond = yield* get(`/actors?${search}&offset=50`)
      assert.deepEqual(page(beyond), { total: 5, items: [] })
      assert.deepInclude(page(first).items[0] ?? {}, {
        kind: "door",
        resident: true,
        health: "running",
        state: "open",
        restarts: 0,
        last_error: null,
        mailbox: 0
      })
      assert.isAtLeast(page(first).items[0]?.age ?? -1, 0)
    })
  )

  it.effect("an actor at rest is found with its stored state, and counted once when it is in memory", () =>
    Effect.gen(function* () {
      const id = `rest-${randomUUID()}`
      yield* openDoor(id)
      assert.strictEqual((yield* post(`/actors/door/${id}/passivate`)).status, 204)
      const rest = page(yield* get(`/actors?search=${id}&state=open`))
      assert.strictEqual(rest.total, 1)
      assert.deepInclude(rest.items[0], {
        id,
        resident: false,
        health: "resting",
        state: "open",
        age: null
      })
      assert.deepEqual(idsOf(yield* get(`/actors?search=${id}&health=running`)), [])
      assert.deepEqual(idsOf(yield* get(`/actors?search=${id}&health=resting`)), [id])
      yield* (yield* ActorSystem).ask(doorKind, id, { type: "close" })
      const back = page(yield* get(`/actors?search=${id}`))
      assert.strictEqual(back.total, 1)
      assert.deepInclude(back.items[0], { resident: true, state: "closed" })
    })
  )

  it.effect("a nested state is found by its dotted path", () =>
    Effect.gen(function* () {
      const id = `nested-${randomUUID()}`
      yield* registerTrunk(id)
      for (const state of ["up", "up.calls", "up.calls.none"]) {
        assert.deepEqual(idsOf(yield* get(`/actors?search=${id}&state=${state}`)), [id], state)
      }
      assert.deepEqual(idsOf(yield* get(`/actors?search=${id}&state=up.calls.some`)), [])
      assert.deepEqual(idsOf(yield* get(`/actors?search=${id}&state=calls`)), [])
    })
  )

  it.effect("a senseless limit or health is 400 and names the field", () =>
    Effect.gen(function* () {
      const answer = yield* get("/actors?limit=many&health=fine")
      assert.strictEqual(answer.status, 400)
      assert.strictEqual(error(answer).error_id, "invalid-data")
      assert.hasAllKeys(error(answer).details, ["limit", "health"])
    })
  )

  it.effect("one actor is shown with its state, deadlines and recent transitions", () =>
    Effect.gen(function* () {
      const id = `one-${randomUUID()}`
      yield* openDoor(id)
      const one = actor(yield* get(`/actors/door/${id}`))
      assert.deepInclude(one, {
        kind: "door",
        id,
        state: "open",
        active: ["open"],
        version: 3,
        outstanding: []
      })
      assert.deepEqual(one.context, { opener: "alice", openings: 1, number: null })
      assert.deepEqual(
        one.deadlines.map((deadline) => deadline.id),
        ["xstate.after.selfClosing.door.open"]
      )
      assert.isAbove(Date.parse(one.deadlines[0]?.at ?? ""), Date.now())
      assert.deepInclude(one.transitions.at(-1) ?? {}, { event: "open", from: "closed", to: "open" })
    })
  )

  it.effect("an actor at rest is shown from the store", () =>
    Effect.gen(function* () {
      const id = `stored-${randomUUID()}`
      yield* openDoor(id)
      yield* post(`/actors/door/${id}/passivate`)
      const one = actor(yield* get(`/actors/door/${id}`))
      assert.deepInclude(one, { health: "resting", state: "open", transitions: [] })
      assert.strictEqual(one.deadlines.length, 1)
      assert.isUndefined((yield* ActorHost).resident("door", id))
    })
  )

  it.effect("an actor that acts is shown with its outstanding action and is too busy for an operator", () =>
    Effect.gen(function* () {
      const id = `busy-${randomUUID()}`
      const gate = yield* Gate
      const opened = yield* Deferred.make<void>()
      gate.wait = Deferred.await(opened)
      const opening = yield* Effect.forkChild(openDoor(id))
      const busy = yield* until(
        get(`/actors/door/${id}`),
        (answer) => answer.status === 200 && actor(answer).outstanding.length > 0
      )
      assert.strictEqual(actor(busy).state, "opening")
      assert.deepEqual(actor(busy).outstanding, [{ type: "turnMotor", params: { by: "alice" } }])
      for (const operation of ["restart", "passivate"]) {
        const refused = yield* post(`/actors/door/${id}/${operation}`)
        assert.strictEqual(refused.status, 409)
        assert.strictEqual(error(refused).error_id, "actor-busy")
      }
      gate.wait = Effect.void
      yield* Deferred.succeed(opened, undefined)
      yield* Fiber.join(opening)
    })
  )

  it.effect("an unknown actor is 404 for every operation", () =>
    Effect.gen(function* () {
      const id = `nobody-${randomUUID()}`
      for (const answer of [
        yield* get(`/actors/door/${id}`),
        yield* get(`/actors/dragon/${id}`),
        yield* post(`/actors/door/${id}/restart`),
        yield* post(`/actors/door/${id}/passivate`)
      ]) {
        assert.strictEqual(answer.status, 404)
        assert.strictEqual(error(answer).error_id, "unknown-actor")
      }
    })
  )

  it.effect("an actor that has failed is shown with its error and runs again after a restart", () =>
    Effect.gen(function* () {
      const id = `failed-${randomUUID()}`
      const system = yield* ActorSystem
      yield* system.ask(trollKind, id, { type: "count" })
      yield* failTroll(id)
      assert.deepEqual(idsOf(yield* get(`/actors?health=failed&search=${id}`)), [id])
      const failed = actor(yield* get(`/actors/troll/${id}`))
      assert.strictEqual(failed.health, "failed")
      assert.isAtLeast(failed.restarts, 3)
      assert.include(failed.last_error ?? "", "no route to")
      assert.deepEqual(failed.context, { counted: 1 })
      assert.strictEqual((yield* post(`/actors/troll/${id}/restart`)).status, 204)
      const view = yield* system.ask(trollKind, id, { type: "count" })
      assert.strictEqual(view.context.counted, 2)
      assert.strictEqual(actor(yield* get(`/actors/troll/${id}`)).health, "running")
    })
  )

  it.effect("a restart brings an actor at rest into memory", () =>
    Effect.gen(function* () {
      const id = `woken-${randomUUID()}`
      yield* openDoor(id)
      yield* post(`/actors/door/${id}/passivate`)
      assert.strictEqual((yield* post(`/actors/door/${id}/restart`)).status, 204)
      assert.isTrue(actor(yield* get(`/actors/door/${id}`)).resident)
    })
  )

  it.effect("an actor that is kept in memory alone cannot be put to rest", () =>
    Effect.gen(function* () {
      const id = `volatile-${randomUUID()}`
      yield* registerTrunk(id)
      assert.strictEqual((yield* post(`/actors/trunk/${id}/passivate`)).status, 409)
      assert.deepInclude(actor(yield* get(`/actors/trunk/${id}`)), { version: null, health: "running" })
    })
  )

  it.effect("secrets of contexts, events and errors never appear", () =>
    Effect.gen(function* () {
      const id = `secret-${randomUUID()}`
      yield* registerTrunk(id)
      yield* failTroll(id)
      const trunk = yield* get(`/actors/trunk/${id}`)
      assert.deepInclude(actor(trunk).context, { authToken: "***", credentials: "***" })
      const answers = [trunk, yield* get(`/actors/troll/${id}`), yield* get(`/actors?search=${id}`)]
      for (const { text } of answers) {
        assert.notInclude(text, "hunter2")
        assert.notInclude(text, "4711-abc")
      }
    })
  )

  it.effect("without a token, without the right or from another tenant nothing is shown", () =>
    Effect.gen(function* () {
      const path = "/api/inspect/actors/door/x"
      const without = yield* request("GET", path, { token: null })
      const wrong = yield* request("GET", path, { token: randomUUID() })
      const poor = yield* request("GET", path, { acl: ["inspect.actors.read"] })
      const elsewhere = yield* request("GET", path, { tenantUuid: yield* subTenant })
      for (const answer of [without, wrong, poor, elsewhere]) {
        assert.strictEqual(answer.status, 401)
        assert.strictEqual(error(answer).error_id, "unauthorized")
      }
      assert.strictEqual(error(poor).details.required_access, "inspect.actors.door.read")
    })
  )

  it.effect("each operation needs its own right", () =>
    Effect.gen(function* () {
      const id = `rights-${randomUUID()}`
      yield* openDoor(id)
      const rights: ReadonlyArray<readonly [string, string, string]> = [
        ["GET", "/kinds", "inspect.kinds.read"],
        ["GET", "/kinds/door", "inspect.kinds.door.read"],
        ["GET", "/kinds/door/diagram.svg", "inspect.kinds.door.read"],
        ["GET", "/actors", "inspect.actors.read"],
        ["GET", `/actors/door/${id}`, "inspect.actors.door.read"],
        ["POST", `/actors/door/${id}/restart`, "inspect.actors.door.restart.create"],
        ["POST", `/actors/door/${id}/passivate`, "inspect.actors.door.passivate.create"]
      ]
      for (const [method, path, access] of rights) {
        const others = rights.map(([, , other]) => other).filter((other) => other !== access)
        assert.strictEqual((yield* request(method, `/api/inspect${path}`, { acl: others })).status, 401, path)
        assert.oneOf(
          (yield* request(method, `/api/inspect${path}`, { acl: [access] })).status,
          [200, 204],
          path
        )
      }
    })
  )

  it.effect("an unknown path is 404 and a wrong method 405, in the surface's words", () =>
    Effect.gen(function* () {
      const unknown = yield* get("/nothing")
      assert.strictEqual(unknown.status, 404)
      assert.strictEqual(error(unknown).error_id, "not-found")
      assert.strictEqual((yield* post("/kinds")).status, 405)
    })
  )
})
