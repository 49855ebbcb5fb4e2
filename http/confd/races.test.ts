import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { forEachDatabase } from "../../test/database.ts"
import { type Answer, idOf, live, newContext, TestConfd, testConfdLayer } from "./fixture.ts"

const together = (count: number, request: (n: number) => Effect.Effect<Answer>) =>
  Effect.forEach(Array.from({ length: count }), (_, n) => request(n), { concurrency: "unbounded" })

const statuses = (answers: ReadonlyArray<Answer>) => answers.map(({ status }) => status).sort()

forEachDatabase((name, database) => {
  layer(testConfdLayer(database), live)(`requests at the same time on the ${name}`, (it) => {
    it.effect("that create the same unique thing end in one 201, the others in 400", () =>
      Effect.gen(function* () {
        const confd = yield* (yield* TestConfd).client()
        const { name: context } = yield* newContext(confd)
        const unique = confd.tenantUuid
        const bodies = [
          ["/agents", { number: "1" }],
          ["/queues", { name: `r-${unique}` }],
          ["/users", { firstname: "x", email: `r@${unique}.example` }],
          ["/users", { firstname: "x", username: unique }],
          ["/extensions", { exten: "1001", context }],
          ["/endpoints/custom", { interface: `Local/${unique}` }],
          ["/endpoints/sip", { name: `r-${unique}` }],
          ["/lines", { context, provisioning_code: "313131" }]
        ] as const
        for (const [path, body] of bodies) {
          const answers = yield* together(4, () => confd.post(path, body))
          assert.deepStrictEqual(statuses(answers), [201, 400, 400, 400], `${path} ${JSON.stringify(body)}`)
        }
      })
    )

    it.effect("that make the same association all succeed", () =>
      Effect.gen(function* () {
        const confd = yield* (yield* TestConfd).client()
        const { name: context } = yield* newContext(confd)
        const agent = idOf(yield* confd.post("/agents", { number: "1" }))
        const queue = idOf(yield* confd.post("/queues", { name: `a-${confd.tenantUuid}` }))
        const user = idOf(yield* confd.post("/users", { firstname: "x" }))
        const line = idOf(yield* confd.post("/lines", { context, endpoint_sip: {} }))
        const extension = idOf(yield* confd.post("/extensions", { exten: "1001", context }))
        const conference = idOf(yield* confd.post("/conferences", {}))
        const room = idOf(yield* confd.post("/extensions", { exten: "1002", context }))
        const paths = [
          `/queues/${queue}/members/agents/${agent}`,
          `/queues/${queue}/members/users/${user}`,
          `/users/${user}/lines/${line}`,
          `/users/${user}/agents/${agent}`,
          `/lines/${line}/extensions/${extension}`,
          `/conferences/${conference}/extensions/${room}`
        ]
        for (const path of paths) {
          assert.deepStrictEqual(
            statuses(yield* together(4, () => confd.put(path, {}))),
            [204, 204, 204, 204],
            path
          )
        }
      })
    )

    it.effect("that give one user two main lines leave it one", () =>
      Effect.gen(function* () {
        const confd = yield* (yield* TestConfd).client()
        const { name: context } = yield* newContext(confd)
        const user = idOf(yield* confd.post("/users", { firstname: "x" }))
        const lines = yield* Effect.forEach([1, 2, 3], () =>
          confd.post("/lines", { context, endpoint_sip: {} })
        )
        const answers = yield* together(3, (n) => {
          const line = lines[n]
          return confd.put(`/users/${user}/lines/${line ? idOf(line) : 0}`)
        })
        assert.deepStrictEqual(statuses(answers), [204, 204, 204])
        assert.strictEqual((yield* confd.get("/users?view=directory")).total, 1)
      })
    )

    it.effect("that use a thing while it is deleted never fail with 500", () =>
      Effect.gen(function* () {
        const confd = yield* (yield* TestConfd).client()
        for (let round = 0; round < 5; round++) {
          const context = yield* newContext(confd)
          const agent = idOf(yield* confd.post("/agents", { number: `${round}` }))
          const user = idOf(yield* confd.post("/users", { firstname: "x" }))
          const queue = idOf(yield* confd.post("/queues", { name: `d${round}-${confd.tenantUuid}` }))
          const line = idOf(yield* confd.post("/lines", { context: context.name, endpoint_sip: {} }))
          const requests = [
            confd.put(`/users/${user}/agents/${agent}`),
            confd.put(`/users/${user}/lines/${line}`),
            confd.put(`/queues/${queue}/members/agents/${agent}`, {}),
            confd.put(`/queues/${queue}/members/users/${user}`, {}),
            confd.post(`/lines/${line}/extensions`, { exten: "1001", context: context.name }),
            confd.post("/extensions", { exten: "1002", context: context.name }),
            confd.delete(`/agents/${agent}`),
            confd.delete(`/lines/${line}`),
            confd.delete(`/queues/${queue}`),
            confd.delete(`/users/${user}`),
            confd.delete(`/contexts/${context.id}`)
          ]
          const answers = yield* Effect.all(requests, { concurrency: "unbounded" })
          for (const { status, text } of answers) assert.isBelow(status, 500, text)
        }
      })
    )

    it.effect("that create lines on the same new extension share it", () =>
      Effect.gen(function* () {
        const confd = yield* (yield* TestConfd).client()
        const { name: context } = yield* newContext(confd)
        const body = { context, endpoint_sip: {}, extensions: [{ exten: "1001" }] }
        const answers = yield* together(4, () => confd.post("/lines", body))
        assert.deepStrictEqual(statuses(answers), [201, 201, 201, 201])
        assert.strictEqual((yield* confd.get("/extensions")).total, 1)
      })
    )
  })
})
