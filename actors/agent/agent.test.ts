import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { startKit, storedActor } from "../../runtime/actor/fixture.ts"
import { registerKind } from "../../runtime/actor/host.ts"
import { Ami, type AmiAction } from "../../runtime/ami/ami.ts"
import type { AgentIdentity, QueueMembership } from "../../schemas/agentd/agent.ts"
import { testDatabaseLayer } from "../../test/database.ts"
import { agentActor, agentKind } from "./agent.ts"
import { Drift } from "./drift.ts"
import { callsTakenOn } from "./machine.ts"

const sales: QueueMembership = { id: 3, name: "sales", penalty: 3 }
const support: QueueMembership = { id: 4, name: "support", penalty: 0 }
const agentOf = (id: number): AgentIdentity => ({ id, tenantUuid: "t", number: `${1000 + id}`, users: [] })

/** Agents that talk to an Asterisk that takes every action; `told` are the actions, a line each. */
const start = Effect.gen(function* () {
  const told: Array<string> = []
  const ami = {
    up: () => true,
    send: ({ action, headers = [] }: AmiAction) =>
      Effect.sync(() => {
        const values = ["Queue", "Paused", "Reason"].flatMap(
          (name) => headers.find(([key]) => key === name) ?? []
        )
        told.push([action, ...values].join(" "))
        return { response: { headers: [] }, events: [] }
      })
  }
  const untouched = { assign: () => Effect.succeed(false), unassign: () => Effect.succeed(false) }
  const { system } = yield* startKit({
    kinds: [
      registerKind(agentKind(untouched)).pipe(
        Effect.provideService(Ami, ami),
        Effect.provideService(Drift, { suspect: () => {}, onSuspicion: () => {} })
      )
    ]
  })
  return { system, told }
})

/** An agent on duty as a version of the runtime stored it. */
const storeOnDuty = Effect.fnUntraced(function* (id: number, version: number, pauses?: object) {
  const sql = yield* SqlClient.SqlClient
  const snapshot = {
    status: "active",
    value: { on: { availability: pauses ? "ready" : "paused", call: "idle", queues: "settled" } },
    context: {
      session: { extension: "1001", context: "inside", stateInterface: "PJSIP/abcd", loginAt: 1_000 },
      agent: agentOf(id),
      paused: pauses === undefined,
      pausedReason: pauses === undefined ? "lunch" : null,
      ...(pauses === undefined ? {} : { pauses }),
      enabled: [sales],
      left: [],
      call: null,
      wrapUp: 0,
      change: null,
      entering: [],
      logoffAt: 0,
      loggedOffAt: null,
      availabilitySince: 1_000,
      callSince: null,
      callsTaken: 2
    }
  }
  yield* sql`insert into actor (kind, id, version, snapshot)
    values ('agent', ${String(id)}, ${version}, ${JSON.stringify(snapshot)}::text::jsonb)`
})

layer(testDatabaseLayer, { excludeTestServices: true })("agents", (it) => {
  it.effect("stored by version 2 keep the calls of the day that they logged in on", () =>
    Effect.gen(function* () {
      const { system } = yield* start
      yield* storeOnDuty(6, 2, {})
      const { context } = yield* system.ask(agentActor, "6", { type: "pause", reason: "lunch" })
      assert.strictEqual(callsTakenOn(context, 1_000), 2)
      assert.strictEqual(callsTakenOn(context, Date.now()), 0)
    }).pipe(Effect.scoped)
  )

  it.effect("stored by version 1 are read: nothing is known of the pauses of their queues", () =>
    Effect.gen(function* () {
      const { system } = yield* start
      yield* storeOnDuty(1, 1)
      const { value, context } = yield* system.ask(agentActor, "1", {
        type: "penaltiesChanged",
        agent: agentOf(1),
        assigned: [{ ...sales, penalty: 5 }]
      })
      assert.deepStrictEqual(value, { on: { availability: "paused", call: "idle", queues: "settled" } })
      assert.deepStrictEqual(context.pauses, {})
      assert.deepInclude(context, { paused: true, pausedReason: "lunch", callsTaken: 2 })
      assert.strictEqual((yield* storedActor("agent", "1"))?.version, agentActor.version)
    }).pipe(Effect.scoped)
  )

  it.effect("stored by a later version are not guessed at and stay as they are", () =>
    Effect.gen(function* () {
      const { system } = yield* start
      yield* storeOnDuty(2, agentActor.version + 1)
      const refused = yield* Effect.flip(system.ask(agentActor, "2", { type: "unpause" }))
      assert.strictEqual(refused._tag, "ActorUnavailable")
      assert.strictEqual((yield* storedActor("agent", "2"))?.version, agentActor.version + 1)
    }).pipe(Effect.scoped)
  )

  it.effect(
    "enter a queue with the pause that was commanded, although Asterisk has not reported it (5.3, 5.5)",
    () =>
      Effect.gen(function* () {
        const { system, told } = yield* start
        yield* storeOnDuty(3, 2, {})
        const agent = agentOf(3)
        yield* system.ask(agentActor, "3", { type: "pause", reason: "lunch" })
        const { context } = yield* system.ask(agentActor, "3", { type: "enterQueue", agent, queue: support })
        assert.deepStrictEqual(told, [
          "QueuePause Paused 1 Reason lunch",
          "QueueAdd Queue support Paused 1 Reason lunch"
        ])
        // Only what Asterisk reports makes the agent paused; the new member is paused because it was added so.
        assert.deepInclude(context, { paused: false, pausedReason: null })
        assert.deepStrictEqual(context.pauses, { support: "lunch" })
      }).pipe(Effect.scoped)
  )

  it.effect("enter a queue as Asterisk last reported, once it has reported the command", () =>
    Effect.gen(function* () {
      const { system, told } = yield* start
      yield* storeOnDuty(4, 2, {})
      const agent = agentOf(4)
      const reported = (paused: boolean, reason: string) =>
        system.ask(agentActor, "4", { type: "asteriskPaused", agent, queue: "sales", paused, reason })
      yield* system.ask(agentActor, "4", { type: "pause", reason: "lunch" })
      yield* reported(true, "lunch")
      // Somebody else's doing.
      yield* reported(false, "")
      yield* system.ask(agentActor, "4", { type: "enterQueue", agent, queue: support })
      assert.deepStrictEqual(told.slice(1), ["QueueAdd Queue support Paused 0"])
    }).pipe(Effect.scoped)
  )

  it.effect("enter a queue unpaused after an unpause that overtook the report of a pause", () =>
    Effect.gen(function* () {
      const { system, told } = yield* start
      yield* storeOnDuty(5, 2, {})
      const agent = agentOf(5)
      yield* system.ask(agentActor, "5", { type: "pause", reason: "lunch" })
      yield* system.ask(agentActor, "5", { type: "unpause" })
      yield* system.ask(agentActor, "5", {
        type: "asteriskPaused",
        agent,
        queue: "sales",
        paused: true,
        reason: "lunch"
      })
      yield* system.ask(agentActor, "5", { type: "enterQueue", agent, queue: support })
      assert.deepStrictEqual(told.slice(2), ["QueueAdd Queue support Paused 0"])
    }).pipe(Effect.scoped)
  )
})
