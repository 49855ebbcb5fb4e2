import { randomUUID } from "node:crypto"
import { Context, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { alreadyExists, invalidField, type NotFound } from "../../schemas/confd/errors.ts"
import type {
  User,
  UserCreation,
  UserDirectoryEntry,
  UserEdit,
  UserSummary,
  userColumns
} from "../../schemas/confd/user.ts"
import type { Page, PageQuery } from "../../schemas/common/paging.ts"
import { userCreated, userDeleted, userEdited } from "../../schemas/events/confd.ts"
import { dieOnSqlError, onConstraint } from "../../runtime/database/sql-errors.ts"
import { addAgent } from "./agents.ts"
import {
  type Configuration,
  change,
  columnsOf,
  deleteRow,
  type Emit,
  type Ground,
  insertRow,
  readingOf,
  updateRow,
  within
} from "./configuration.ts"
import { addLine, lineJoins, lineSelect } from "./lines.ts"
import { lineRow } from "./line-row.ts"
import {
  booleanColumn,
  getRow,
  integerColumn,
  listPage,
  type Resource,
  type TenantScope,
  textColumn
} from "./listing.ts"
import { becomeAgent } from "./user-agents.ts"
import { holdUser, readUserKey, type UserKey, type UserRow } from "./user-key.ts"
import { attachLine, promoteUsers } from "./user-lines.ts"

type Name = (typeof userColumns)[number]

/** The people of a tenant (contracts/callcenter.md 3.1 and 10). */
export class Users extends Context.Service<
  Users,
  Configuration<User, UserCreation, UserEdit, Name, UserKey> & {
    readonly directory: (
      scope: TenantScope,
      query: PageQuery<Name>
    ) => Effect.Effect<Page<UserDirectoryEntry>>
    readonly summary: (scope: TenantScope, query: PageQuery<Name>) => Effect.Effect<Page<UserSummary>>
  }
>()("strowger/actors/pbx/Users") {
  static readonly layer: Layer.Layer<Users, never, Ground> = Layer.effect(
    Users,
    Effect.gen(function* () {
      const here = within(yield* Effect.context<Ground>())
      const { list } = readingOf<User, Name>(userResource)
      return {
        list: here(list),
        directory: here(directory),
        summary: here(summary),
        get: here(get),
        create: here(create),
        edit: here(edit),
        remove: here(remove)
      }
    })
  )
}

const userResource: Resource<Name> = {
  name: "User",
  table: "pbx_users",
  key: "id",
  select: `it.id, it.uuid, it.tenant_uuid, it.firstname, it.lastname, it.email, it.username, it.password,
    it.mobile_phone_number, it.description, it.userfield, it.language, it.timezone, it.caller_id, it.enabled,
    it.subscription_type, it.ring_seconds, it.simultaneous_calls,
    to_char(it.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"') AS created_at,
    (SELECT json_build_object('id', a.id, 'number', a.number) FROM pbx_agents a WHERE a.id = it.agent_id) AS agent,
    (SELECT coalesce(json_agg(json_build_object('id', q.id, 'name', q.name, 'label', q.label)
        ORDER BY m.priority, q.id), '[]')
      FROM pbx_queue_users m JOIN pbx_queues q ON q.id = m.queue_id WHERE m.user_id = it.id) AS queues,
    (SELECT coalesce(json_agg(to_json(line) ORDER BY mine.main_line DESC, line.id), '[]')
      FROM pbx_user_lines mine
      JOIN LATERAL (SELECT ${lineSelect} FROM pbx_lines it ${lineJoins} WHERE it.id = mine.line_id) line ON true
      WHERE mine.user_id = it.id) AS lines`,
  joins: `LEFT JOIN pbx_user_lines main ON main.user_id = it.id AND main.main_line
    LEFT JOIN pbx_lines l ON l.id = main.line_id
    LEFT JOIN pbx_line_extensions le ON le.line_id = l.id
    LEFT JOIN pbx_extensions ext ON ext.id = le.extension_id`,
  columns: {
    id: integerColumn("id"),
    uuid: { ...textColumn("uuid"), several: true },
    firstname: textColumn("firstname"),
    lastname: textColumn("lastname"),
    fullname: { sql: "concat_ws(' ', it.firstname, it.lastname)", type: "text" },
    email: textColumn("email"),
    username: textColumn("username"),
    mobile_phone_number: { ...textColumn("mobile_phone_number"), several: true },
    description: textColumn("description"),
    userfield: textColumn("userfield"),
    language: textColumn("language"),
    timezone: textColumn("timezone"),
    caller_id: textColumn("caller_id"),
    enabled: booleanColumn("enabled"),
    subscription_type: integerColumn("subscription_type"),
    exten: { sql: "ext.exten", type: "text", several: true },
    context: { sql: "ext.context", type: "text" },
    provisioning_code: { sql: "l.provisioning_code", type: "text" }
  },
  searched: "concat_ws(E'\\n', it.folded, ext.exten, l.provisioning_code)",
  defaultOrder: "lastname"
}

const directorySelect = `it.id, it.uuid, main.line_id, it.agent_id::text AS agent_id, it.firstname,
  nullif(it.lastname, '') AS lastname, nullif(it.email, '') AS email, ext.exten,
  nullif(it.mobile_phone_number, '') AS mobile_phone_number, NULL AS voicemail_number,
  nullif(it.userfield, '') AS userfield, nullif(it.description, '') AS description, ext.context`

/** A phone that is no hardware, a browser or a custom endpoint, is not provisioned. */
const summarySelect = `it.id, it.uuid, it.firstname, nullif(it.lastname, '') AS lastname,
  nullif(it.email, '') AS email, ext.exten AS extension, ext.context,
  CASE WHEN l.endpoint_custom_id IS NULL AND NOT coalesce(web.rtc, false) THEN l.provisioning_code END
    AS provisioning_code,
  CASE WHEN l.endpoint_sip_uuid IS NOT NULL THEN 'sip' WHEN l.endpoint_custom_id IS NOT NULL THEN 'custom' END
    AS protocol,
  it.enabled, it.subscription_type, coalesce(web.rtc, false) AS is_webrtc`

const summaryResource: Resource<Name> = {
  ...userResource,
  select: summarySelect,
  joins: `${userResource.joins ?? ""} LEFT JOIN LATERAL (
    SELECT sip.endpoint_section_options @> '[["webrtc", "yes"]]' AS rtc
    FROM pbx_endpoints_sip sip WHERE sip.uuid = l.endpoint_sip_uuid) web ON true`
}

const directory = (scope: TenantScope, query: PageQuery<Name>) =>
  dieOnSqlError(listPage<UserDirectoryEntry, Name>(userResource, scope, query, directorySelect))

const summary = (scope: TenantScope, query: PageQuery<Name>) =>
  dieOnSqlError(listPage<UserSummary, Name>(summaryResource, scope, query))

const get = Effect.fnUntraced(function* (
  scope: TenantScope,
  key: UserKey
): Effect.fn.Return<User, NotFound, Ground> {
  return yield* readingOf<User, Name>(userResource).get(scope, yield* readUserKey(key))
})

const create = (scope: TenantScope, body: UserCreation) =>
  change((emit) =>
    Effect.gen(function* () {
      const user = yield* addUser(emit, scope, body)
      yield* addLinesOf(emit, scope, user, body)
      yield* addAgentOf(emit, scope, user, body)
      return yield* getRow<User>(userResource, user.id, [user.tenant_uuid])
    })
  )

const addUser = Effect.fnUntraced(function* (
  emit: Emit,
  scope: TenantScope,
  { lines: _lines, agent: _agent, ...body }: UserCreation
) {
  const user = yield* insertRow<UserRow>(userResource.table, {
    caller_id: `"${[body.firstname, body.lastname].filter(Boolean).join(" ")}"`,
    ...columnsOf(body),
    uuid: randomUUID(),
    tenant_uuid: scope.tenantUuid
  }).pipe(taken(body))
  emit(userCreated, { tenantUuid: user.tenant_uuid }, dataOf(user))
  return user
})

const addLinesOf = Effect.fnUntraced(function* (
  emit: Emit,
  scope: TenantScope,
  user: UserRow,
  { lines = [] }: UserCreation
) {
  for (const body of lines) {
    const { id, tenant_uuid } = yield* addLine(emit, scope, body)
    yield* attachLine(emit, user, yield* lineRow(id, [tenant_uuid], "update"))
  }
})

const addAgentOf = Effect.fnUntraced(function* (
  emit: Emit,
  scope: TenantScope,
  user: UserRow,
  { agent, lines, firstname, lastname }: UserCreation
) {
  if (!agent) return
  const number = agent.number ?? lines?.[0]?.extensions?.[0]?.exten
  if (number === undefined) return yield* invalidField("agent", "Missing data for required field number.")
  const body = {
    number,
    firstname: agent.firstname ?? firstname,
    lastname: agent.lastname ?? lastname ?? null,
    queues: agent.queues ?? []
  }
  yield* becomeAgent(emit, user, yield* addAgent(emit, scope, body))
})

const edit = (scope: TenantScope, key: UserKey, body: UserEdit) =>
  change((emit) =>
    Effect.gen(function* () {
      const user = yield* holdUser(key, scope.visibleTenants, "update")
      yield* updateRow(userResource.table, user.id, columnsOf(body)).pipe(taken(body))
      const { subscription_type = user.subscription_type } = body
      emit(userEdited, { tenantUuid: user.tenant_uuid }, dataOf({ ...user, subscription_type }))
    })
  )

const remove = (scope: TenantScope, key: UserKey) =>
  change((emit) =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const user = yield* holdUser(key, scope.visibleTenants, "update")
      const lines = yield* sql<{ id: number }>`
        SELECT id FROM pbx_lines WHERE id IN (SELECT line_id FROM pbx_user_lines WHERE user_id = ${user.id})
        ORDER BY id FOR UPDATE`
      yield* deleteRow(userResource.table, user.id)
      yield* promoteUsers(lines.map(({ id }) => id))
      emit(userDeleted, { tenantUuid: user.tenant_uuid }, dataOf(user))
    })
  )

const taken = (body: UserEdit) =>
  onConstraint({
    pbx_user_email: () => alreadyExists("User", { email: body.email ?? "" }),
    pbx_user_username: () => alreadyExists("User", { username: body.username ?? "" })
  })

const dataOf = (user: UserRow) => ({
  id: user.id,
  uuid: user.uuid,
  subscription_type: user.subscription_type,
  created_at: user.created_at.toISOString().replace("Z", "+00:00"),
  tenant_uuid: user.tenant_uuid
})
