import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import type { BusEvent } from "../../schemas/events/envelope.ts"
import { type Answer, idOf, live, newContext, TestConfd, testConfdLayer, uuidOf } from "./fixture.ts"

/** What subscribers see of an event: its name, its right and its data. */
const told = (events: ReadonlyArray<BusEvent>) =>
  events.map(({ name, headers, data }) => [name, headers["required_acl"], data])

/** The data of an event whose type the test knows by its name. */
const dataOf = <T>(event: BusEvent | undefined) => (event?.data ?? {}) as T

const tenantClass = (event: BusEvent | undefined, tenantUuid: string) => {
  assert.strictEqual(event?.headers["tenant_uuid"], tenantUuid)
  assert.isTrue(event?.headers["user_uuid:*"])
}

const userClass = (event: BusEvent | undefined, tenantUuid: string, userUuid: string) => {
  assert.strictEqual(event?.headers["tenant_uuid"], tenantUuid)
  assert.isTrue(event?.headers[`user_uuid:${userUuid}`])
  assert.notProperty(event?.headers ?? {}, "user_uuid:*")
}

layer(testConfdLayer(), live)("the events of a change", (it) => {
  it.effect("of an agent, a queue and their members", () =>
    Effect.gen(function* () {
      const { client, eventsOf } = yield* TestConfd
      const confd = yield* client()
      const tenant_uuid = confd.tenantUuid
      const does = (work: Effect.Effect<Answer>) => eventsOf(work)
      const created = yield* does(confd.post("/agents", { number: "1" }))
      const { id } = dataOf<{ id: number }>(created[0])
      assert.deepStrictEqual(told(created), [["agent_created", "events.config.agent.created", { id }]])
      tenantClass(created[0], tenant_uuid)
      const [queueCreated] = yield* does(confd.post("/queues", { name: `q-${tenant_uuid}` }))
      const queue = dataOf<{ id: number }>(queueCreated).id
      assert.strictEqual(queueCreated?.headers["required_acl"], "events.config.queues.created")
      assert.deepStrictEqual(told(yield* does(confd.put(`/agents/${id}`, { firstname: "x" }))), [
        ["agent_edited", "events.config.agent.edited", { id }]
      ])
      assert.deepStrictEqual(told(yield* does(confd.put(`/queues/${queue}`, { label: "x" }))), [
        ["queue_edited", "events.config.queues.edited", { id: queue }]
      ])
      const member = `/queues/${queue}/members/agents/${id}`
      const edited = ["agent_edited", "events.config.agent.edited", { id }]
      assert.deepStrictEqual(told(yield* does(confd.put(member, { penalty: 2 }))), [
        [
          "queue_member_agent_associated",
          "events.config.queues.agents.updated",
          { queue_id: queue, agent_id: id, penalty: 2 }
        ],
        edited
      ])
      // A repeated PUT tells a changed penalty by agent_edited, and nothing when nothing changed.
      assert.deepStrictEqual(told(yield* does(confd.put(member, { penalty: 2 }))), [])
      assert.deepStrictEqual(told(yield* does(confd.put(member, { penalty: 5 }))), [edited])
      assert.deepStrictEqual(told(yield* does(confd.delete(member))), [
        [
          "queue_member_agent_dissociated",
          "events.config.queues.agents.deleted",
          { queue_id: queue, agent_id: id }
        ],
        edited
      ])
      assert.deepStrictEqual(told(yield* does(confd.delete(member))), [])
      assert.deepStrictEqual(told(yield* does(confd.delete(`/queues/${queue}`))), [
        ["queue_deleted", "events.config.queues.deleted", { id: queue }]
      ])
      const deleted = yield* does(confd.delete(`/agents/${id}`))
      assert.deepStrictEqual(told(deleted), [
        ["agent_deleted", "events.config.agent.deleted", { id, tenant_uuid }]
      ])
      tenantClass(deleted[0], tenant_uuid)
    })
  )

  it.effect("of a user, its agent and its queues", () =>
    Effect.gen(function* () {
      const { client, eventsOf } = yield* TestConfd
      const confd = yield* client()
      const tenant_uuid = confd.tenantUuid
      const agent = idOf(yield* confd.post("/agents", { number: "1" }))
      const queue = idOf(yield* confd.post("/queues", { name: `q-${tenant_uuid}` }))
      const [created] = yield* eventsOf(confd.post("/users", { firstname: "Ann", subscription_type: 2 }))
      const data = dataOf<{ id: number; uuid: string; created_at: string }>(created)
      const { id, uuid } = data
      assert.deepStrictEqual<unknown>(data, {
        id,
        uuid,
        subscription_type: 2,
        created_at: data.created_at,
        tenant_uuid
      })
      assert.strictEqual(created?.headers["required_acl"], "events.config.user.created")
      tenantClass(created, tenant_uuid)
      const [edited] = yield* eventsOf(confd.put(`/users/${uuid}`, { subscription_type: 3 }))
      assert.deepInclude(edited, { name: "user_edited", data: { ...data, subscription_type: 3 } })
      const associated = yield* eventsOf(confd.put(`/users/${id}/agents/${agent}`))
      assert.deepStrictEqual(told(associated), [
        [
          "user_agent_associated",
          `events.config.users.${uuid}.agents.updated`,
          { user_uuid: uuid, agent_id: agent }
        ]
      ])
      userClass(associated[0], tenant_uuid, uuid)
      assert.deepStrictEqual(told(yield* eventsOf(confd.put(`/users/${id}/agents/${agent}`))), [])
      assert.deepStrictEqual(told(yield* eventsOf(confd.delete(`/users/${id}/agents`))), [
        [
          "user_agent_dissociated",
          `events.config.users.${uuid}.agents.deleted`,
          { user_uuid: uuid, agent_id: agent }
        ]
      ])
      assert.deepStrictEqual(told(yield* eventsOf(confd.delete(`/users/${id}/agents`))), [])
      const member = yield* eventsOf(confd.put(`/queues/${queue}/members/users/${id}`, {}))
      const membership = { queue_id: queue, user_uuid: uuid }
      assert.deepStrictEqual(told(member), [
        ["queue_member_user_associated", "events.config.queues.users.updated", membership]
      ])
      userClass(member[0], tenant_uuid, uuid)
      assert.deepStrictEqual(told(yield* eventsOf(confd.delete(`/queues/${queue}/members/users/${uuid}`))), [
        ["queue_member_user_dissociated", "events.config.queues.users.deleted", membership]
      ])
      const [deleted] = yield* eventsOf(confd.delete(`/users/${id}`))
      assert.deepInclude(deleted, { name: "user_deleted", data: { ...data, subscription_type: 3 } })
    })
  )

  it.effect("of a line, its endpoint, its extension and its user, without the endpoint's secrets", () =>
    Effect.gen(function* () {
      const { client, eventsOf } = yield* TestConfd
      const confd = yield* client()
      const tenant_uuid = confd.tenantUuid
      const { name: context } = yield* newContext(confd)
      const endpoint_sip = { name: `s-${tenant_uuid}`, auth_section_options: [["password", "s3cret"]] }
      const body = { context, endpoint_sip, extensions: [{ exten: "1001" }] }
      const created = yield* eventsOf(confd.post("/lines", body))
      assert.deepStrictEqual(
        created.map(({ name }) => name),
        [
          "line_created",
          "sip_endpoint_created",
          "line_endpoint_sip_associated",
          "extension_created",
          "line_extension_associated"
        ]
      )
      assert.notInclude(JSON.stringify(created), "s3cret")
      const { id } = dataOf<{ id: number }>(created[0])
      const { uuid: sip } = dataOf<{ uuid: string }>(created[1])
      const { extension_id } = dataOf<{ extension_id: number }>(created[4])
      const line = { id, tenant_uuid, name: endpoint_sip.name }
      assert.deepStrictEqual(told(created).slice(1), [
        [
          "sip_endpoint_created",
          "events.config.sip_endpoint.created",
          { uuid: sip, name: endpoint_sip.name, label: null, tenant_uuid }
        ],
        [
          "line_endpoint_sip_associated",
          `events.config.lines.${id}.endpoints.sip.${sip}.updated`,
          { line, endpoint_sip: { uuid: sip, name: endpoint_sip.name } }
        ],
        [
          "extension_created",
          "events.config.extensions.created",
          { id: extension_id, exten: "1001", context }
        ],
        [
          "line_extension_associated",
          "events.config.line_extension_associated.updated",
          { line_id: id, extension_id }
        ]
      ])
      const user = yield* confd.post("/users", { firstname: "Ann" })
      const uuid = uuidOf(user)
      const link = {
        user: { id: idOf(user), uuid, tenant_uuid },
        line: {
          id,
          name: endpoint_sip.name,
          endpoint_sip: { uuid: sip },
          endpoint_sccp: null,
          endpoint_custom: null
        },
        main_user: true,
        main_line: true
      }
      const associated = yield* eventsOf(confd.put(`/users/${uuid}/lines/${id}`))
      assert.deepStrictEqual(told(associated), [
        ["user_line_associated", `events.config.users.${uuid}.lines.${id}.updated`, link]
      ])
      userClass(associated[0], tenant_uuid, uuid)
      assert.deepStrictEqual(told(yield* eventsOf(confd.put(`/lines/${id}`, { position: 2 }))), [
        [
          "line_edited",
          "events.config.line.edited",
          { id, protocol: "sip", name: endpoint_sip.name, tenant_uuid }
        ]
      ])
      assert.deepStrictEqual(told(yield* eventsOf(confd.delete(`/lines/${id}/extensions/${extension_id}`))), [
        [
          "line_extension_dissociated",
          "events.config.line_extension_associated.deleted",
          { line_id: id, extension_id }
        ]
      ])
      assert.deepStrictEqual(told(yield* eventsOf(confd.delete(`/lines/${id}`))), [
        ["user_line_dissociated", `events.config.users.${uuid}.lines.${id}.deleted`, link],
        [
          "line_deleted",
          "events.config.line.deleted",
          { id, protocol: "sip", name: endpoint_sip.name, tenant_uuid }
        ]
      ])
      assert.deepStrictEqual(told(yield* eventsOf(confd.delete(`/endpoints/sip/${sip}`))), [
        [
          "sip_endpoint_deleted",
          "events.config.sip_endpoint.deleted",
          { uuid: sip, name: endpoint_sip.name, label: null, tenant_uuid }
        ]
      ])
    })
  )

  it.effect("of a context, an extension, a custom endpoint and a conference", () =>
    Effect.gen(function* () {
      const { client, eventsOf } = yield* TestConfd
      const confd = yield* client()
      const tenant_uuid = confd.tenantUuid
      const range = [{ start: "1000", end: "1999" }]
      const [made] = yield* eventsOf(confd.post("/contexts", { label: "x", conference_room_ranges: range }))
      const context = dataOf<{ id: number; name: string }>(made)
      assert.deepStrictEqual(told(made ? [made] : []), [
        ["context_created", "events.config.contexts.created", { ...context, type: "internal", tenant_uuid }]
      ])
      const dial = { exten: "1001", context: context.name }
      const extension = idOf(yield* confd.post("/extensions", dial))
      assert.deepStrictEqual(
        told(yield* eventsOf(confd.put(`/extensions/${extension}`, { exten: "1002" }))),
        [["extension_edited", "events.config.extensions.edited", { ...dial, id: extension, exten: "1002" }]]
      )
      const custom = { interface: `Local/${tenant_uuid}`, tenant_uuid }
      const [endpoint] = yield* eventsOf(confd.post("/endpoints/custom", custom))
      const { id: endpointId } = dataOf<{ id: number }>(endpoint)
      assert.deepStrictEqual(told(endpoint ? [endpoint] : []), [
        ["custom_endpoint_created", "events.config.custom_endpoint.created", { ...custom, id: endpointId }]
      ])
      const line = idOf(yield* confd.post("/lines", { context: context.name }))
      const data = {
        line: { id: line, tenant_uuid, name: custom.interface },
        endpoint_custom: { id: endpointId, interface: custom.interface }
      }
      const path = `/lines/${line}/endpoints/custom/${endpointId}`
      const acl = `events.config.lines.${line}.endpoints.custom.${endpointId}`
      assert.deepStrictEqual(told(yield* eventsOf(confd.put(path))), [
        ["line_endpoint_custom_associated", `${acl}.updated`, data]
      ])
      assert.deepStrictEqual(told(yield* eventsOf(confd.delete(path))), [
        ["line_endpoint_custom_dissociated", `${acl}.deleted`, data]
      ])
      const [room] = yield* eventsOf(confd.post("/conferences", {}))
      const { id } = dataOf<{ id: number }>(room)
      assert.deepStrictEqual(told(room ? [room] : []), [
        ["conference_created", "events.config.conferences.created", { id }]
      ])
      assert.strictEqual(room?.headers["conference_id"], id)
      const [joined] = yield* eventsOf(confd.put(`/conferences/${id}/extensions/${extension}`))
      assert.deepStrictEqual(told(joined ? [joined] : []), [
        [
          "conference_extension_associated",
          "events.config.conferences.extensions.updated",
          { conference_id: id, extension_id: extension }
        ]
      ])
      assert.strictEqual(joined?.headers["conference_id"], id)
      assert.deepStrictEqual(
        (yield* eventsOf(confd.delete(`/conferences/${id}`))).map(({ name }) => name),
        ["conference_deleted"]
      )
      yield* confd.delete(`/extensions/${extension}`)
      yield* confd.delete(`/lines/${line}`)
      assert.deepStrictEqual(
        (yield* eventsOf(confd.delete(`/contexts/${context.id}`))).map(({ name }) => name),
        ["context_deleted"]
      )
    })
  )

  it.effect("are none when the change is refused", () =>
    Effect.gen(function* () {
      const { client, eventsOf } = yield* TestConfd
      const confd = yield* client()
      const { name: context } = yield* newContext(confd)
      yield* confd.post("/agents", { number: "1" })
      assert.deepStrictEqual(yield* eventsOf(confd.post("/agents", { number: "1" })), [])
      const line = { context, endpoint_sip: {}, extensions: [{ exten: "9999" }] }
      assert.deepStrictEqual(yield* eventsOf(confd.post("/users", { firstname: "x", lines: [line] })), [])
    })
  )
})
