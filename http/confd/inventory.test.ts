import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { operationsOf } from "../middleware/surface.ts"
import { ConfdApi } from "../../schemas/confd/api.ts"
import {
  type Client,
  idOf,
  live,
  newContext,
  newDevice,
  TestConfd,
  testConfdLayer,
  uuidOf
} from "./fixture.ts"

/** The confd lines of the endpoint inventory (contracts/callcenter.md): method, path, access. */
const inventory = `
GET /infos confd.infos.read
GET /contexts confd.contexts.read
POST /contexts confd.contexts.create
GET /contexts/{id} confd.contexts.{id}.read
PUT /contexts/{id} confd.contexts.{id}.update
GET /users confd.users.read
POST /users confd.users.create
GET /users/{id} confd.users.{id}.read
HEAD /users/{id} confd.users.{id}.read
PUT /users/{id} confd.users.{id}.update
GET /endpoints/custom confd.endpoints.custom.read
POST /endpoints/custom confd.endpoints.custom.create
GET /endpoints/custom/{id} confd.endpoints.custom.{id}.read
PUT /endpoints/custom/{id} confd.endpoints.custom.{id}.update
GET /endpoints/sip confd.endpoints.sip.read
POST /endpoints/sip confd.endpoints.sip.create
GET /endpoints/sip/{uuid} confd.endpoints.sip.{uuid}.read
PUT /endpoints/sip/{uuid} confd.endpoints.sip.{uuid}.update
GET /lines confd.lines.read
POST /lines confd.lines.create
GET /lines/{id} confd.lines.{id}.read
PUT /lines/{id} confd.lines.{id}.update
PUT /lines/{line_id}/endpoints/custom/{endpoint_id} confd.lines.{line_id}.endpoints.custom.{endpoint_id}.update
DELETE /lines/{line_id}/endpoints/custom/{endpoint_id} confd.lines.{line_id}.endpoints.custom.{endpoint_id}.delete
PUT /lines/{line_id}/endpoints/sip/{endpoint_uuid} confd.lines.{line_id}.endpoints.sip.{endpoint_uuid}.update
GET /extensions confd.extensions.read
POST /extensions confd.extensions.create
GET /extensions/{id} confd.extensions.{id}.read
PUT /extensions/{id} confd.extensions.{id}.update
PUT /lines/{line_id}/extensions/{extension_id} confd.lines.{line_id}.extensions.{extension_id}.update
DELETE /lines/{line_id}/extensions/{extension_id} confd.lines.{line_id}.extensions.{extension_id}.delete
POST /lines/{line_id}/extensions confd.lines.{line_id}.extensions.create
PUT /users/{user_id}/lines/{line_id} confd.users.{user_id}.lines.{line_id}.update
DELETE /users/{user_id}/lines/{line_id} confd.users.{user_id}.lines.{line_id}.delete
GET /agents confd.agents.read
POST /agents confd.agents.create
GET /agents/{id} confd.agents.{id}.read
PUT /agents/{id} confd.agents.{id}.update
PUT /users/{user_id}/agents/{agent_id} confd.users.{user_id}.agents.{agent_id}.update
DELETE /users/{user_id}/agents confd.users.{user_id}.agents.delete
GET /queues confd.queues.read
POST /queues confd.queues.create
GET /queues/{id} confd.queues.{id}.read
PUT /queues/{id} confd.queues.{id}.update
PUT /queues/{queue_id}/members/agents/{agent_id} confd.queues.{queue_id}.members.agents.{agent_id}.update
DELETE /queues/{queue_id}/members/agents/{agent_id} confd.queues.{queue_id}.members.agents.{agent_id}.delete
PUT /queues/{queue_id}/members/users/{user_id} confd.queues.{queue_id}.members.users.{user_id}.update
DELETE /queues/{queue_id}/members/users/{user_id} confd.queues.{queue_id}.members.users.{user_id}.delete
GET /conferences confd.conferences.read
POST /conferences confd.conferences.create
GET /conferences/{id} confd.conferences.{id}.read
PUT /conferences/{id} confd.conferences.{id}.update
PUT /conferences/{conference_id}/extensions/{extension_id} confd.conferences.{conference_id}.extensions.{extension_id}.update
DELETE /conferences/{conference_id}/extensions/{extension_id} confd.conferences.{conference_id}.extensions.{extension_id}.delete
DELETE /conferences/{id} confd.conferences.{id}.delete
DELETE /queues/{id} confd.queues.{id}.delete
DELETE /agents/{id} confd.agents.{id}.delete
DELETE /users/{id} confd.users.{id}.delete
DELETE /lines/{line_id}/endpoints/sip/{endpoint_uuid} confd.lines.{line_id}.endpoints.sip.{endpoint_uuid}.delete
DELETE /lines/{id} confd.lines.{id}.delete
DELETE /endpoints/custom/{id} confd.endpoints.custom.{id}.delete
DELETE /endpoints/sip/{uuid} confd.endpoints.sip.{uuid}.delete
DELETE /extensions/{id} confd.extensions.{id}.delete
DELETE /contexts/{id} confd.contexts.{id}.delete
GET /devices confd.devices.read
POST /devices confd.devices.create
GET /devices/unallocated confd.devices.unallocated.read
PUT /devices/unallocated/{id} confd.devices.unallocated.{id}.update
GET /devices/{id} confd.devices.{id}.read
PUT /devices/{id} confd.devices.{id}.update
GET /devices/{id}/autoprov confd.devices.{id}.autoprov.read
GET /devices/{id}/synchronize confd.devices.{id}.synchronize.read
PUT /lines/{line_id}/devices/{device_id} confd.lines.{line_id}.devices.{device_id}.update
GET /devices/{device_id}/lines confd.devices.{device_id}.lines.read
GET /lines/{line_id}/devices confd.lines.{line_id}.devices.read
DELETE /lines/{line_id}/devices/{device_id} confd.lines.{line_id}.devices.{device_id}.delete
DELETE /devices/{id} confd.devices.{id}.delete
`
  .trim()
  .split("\n")
  .map((line) => {
    const [method = "", path = "", acl = ""] = line.split(" ")
    return { method, path, acl }
  })

/** One object of each kind, and what a request about it must say. */
const prepare = Effect.fnUntraced(function* (confd: Client) {
  const context = yield* newContext(confd)
  const spare = yield* newContext(confd)
  const sip = uuidOf(yield* confd.post("/endpoints/sip", {}))
  const custom = idOf(yield* confd.post("/endpoints/custom", { interface: `Local/${context.id}` }))
  const bare = idOf(yield* confd.post("/lines", { context: context.name }))
  const line = idOf(yield* confd.post("/lines", { context: context.name, endpoint_sip: {} }))
  const extension = idOf(yield* confd.post("/extensions", { exten: "1001", context: context.name }))
  const roomExtension = idOf(yield* confd.post("/extensions", { exten: "1002", context: context.name }))
  const user = idOf(yield* confd.post("/users", { firstname: "Ann" }))
  const agent = idOf(yield* confd.post("/agents", { number: "1001" }))
  const queue = idOf(yield* confd.post("/queues", { name: `q${context.id}` }))
  const conference = idOf(yield* confd.post("/conferences", { name: "room" }))
  yield* confd.post("/users", {
    firstname: "Phil",
    lines: [{ context: context.name, endpoint_sip: {}, extensions: [{ exten: "1005" }] }]
  })
  const phoneLine = (yield* confd.get(`/lines?exten=1005&context=${context.name}`)).items[0]?.["id"]
  const device = String((yield* confd.post("/devices", {})).json["id"])
  const unallocated = (yield* newDevice).id
  const own: Readonly<Record<string, number | string>> = {
    devices: device,
    unallocated,
    contexts: spare.id,
    users: user,
    custom,
    sip,
    lines: bare,
    extensions: extension,
    agents: agent,
    queues: queue,
    conferences: conference
  }
  const pathOf = (path: string): string =>
    path
      .replace(/(\w+)\/\{(?:id|uuid)\}$/, (_, kind: string) => `${kind}/${own[kind]}`)
      .replace(/^\/lines\/\{line_id\}\/endpoints/, `/lines/${bare}/endpoints`)
      .replace(/^\/lines\/\{line_id\}\/devices/, `/lines/${phoneLine}/devices`)
      .replace(/^\/devices\/\{(?:id|device_id)\}/, `/devices/${device}`)
      .replace("{device_id}", device)
      .replace("{line_id}", String(line))
      .replace("{endpoint_id}", String(custom))
      .replace("{endpoint_uuid}", sip)
      .replace("{user_id}", String(user))
      .replace("{agent_id}", String(agent))
      .replace("{queue_id}", String(queue))
      .replace("{conference_id}", String(conference))
      .replace("{extension_id}", String(path.startsWith("/conf") ? roomExtension : extension))
  const bodies: Readonly<Record<string, unknown>> = {
    "POST /contexts": { label: "more" },
    "POST /users": { firstname: "Bob" },
    "POST /endpoints/custom": { interface: `Local/more-${context.id}` },
    "POST /endpoints/sip": {},
    "POST /lines": { context: context.name },
    "POST /extensions": { exten: "1003", context: context.name },
    "POST /lines/{line_id}/extensions": { exten: "1004", context: context.name },
    "POST /agents": { number: "1002" },
    "POST /queues": { name: `more${context.id}` },
    "POST /conferences": {}
  }
  return { pathOf, bodyOf: (key: string) => bodies[key] ?? {} }
})

layer(testConfdLayer(), live)("the endpoint inventory", (it) => {
  it.effect("is answered line by line, with the status that its method promises", () =>
    Effect.gen(function* () {
      const { client } = yield* TestConfd
      const confd = yield* client()
      const { pathOf, bodyOf } = yield* prepare(confd)
      for (const { method, path } of inventory) {
        const body = method === "PUT" || method === "POST" ? bodyOf(`${method} ${path}`) : undefined
        const answer = yield* confd.send(method, pathOf(path), body)
        const acts = /\/(?:autoprov|synchronize)$/.test(path)
        const promised = acts ? 204 : { GET: 200, HEAD: 200, POST: 201, PUT: 204, DELETE: 204 }[method]
        assert.strictEqual(answer.status, promised, `${method} ${path}: ${answer.text}`)
        if (method === "POST") assert.isNotNull(answer.location, path)
      }
    })
  )

  it.effect("lets a token with just the access of a line through that line, and no token without it", () =>
    Effect.gen(function* () {
      const { client } = yield* TestConfd
      const admin = yield* client()
      const { pathOf } = yield* prepare(admin)
      for (const { method, path, acl } of inventory) {
        const { tenantUuid } = admin
        const target = pathOf(path)
        const values = target.split("/")
        // The access with its placeholders filled from the path, segment by segment.
        const filled = path
          .split("/")
          .reduce((access, segment, index) => access.replace(segment, values[index] ?? ""), acl)
        const denied = yield* client({ tenantUuid, acl: ["confd.#", `!${filled}`] })
        assert.strictEqual((yield* denied.send(method, target)).status, 401, `${method} ${path}`)
        // An empty body changes nothing and is refused only after the access was checked.
        const allowed = yield* client({ tenantUuid, acl: [filled] })
        if (method !== "DELETE") {
          assert.notStrictEqual((yield* allowed.send(method, target)).status, 401, `${method} ${path}`)
        }
      }
    })
  )

  it.effect("is all that the surface declares", () =>
    Effect.gen(function* () {
      yield* TestConfd
      const declared = operationsOf(ConfdApi).map(
        ({ method, path }) => `${method} ${path.replace("/api/confd/1.1", "").replace(/:(\w+)/g, "{$1}")}`
      )
      const listed = inventory
        .filter(({ method }) => method !== "HEAD")
        .map(({ method, path }) => `${method} ${path}`)
      assert.deepStrictEqual(declared.sort(), listed.sort())
    })
  )

  it.effect("knows no other path (404) and no other method (405), and says so as a list of sentences", () =>
    Effect.gen(function* () {
      const { client } = yield* TestConfd
      const confd = yield* client()
      const unknown = yield* confd.get("/nothing")
      assert.strictEqual(unknown.status, 404)
      assert.strictEqual(unknown.sentences.length, 1)
      const wrong = yield* confd.send("PATCH", "/agents")
      assert.strictEqual(wrong.status, 405)
      assert.strictEqual(wrong.sentences.length, 1)
    })
  )
})
