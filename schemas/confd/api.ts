import { Schema } from "effect"
import {
  HttpApi,
  HttpApiEndpoint,
  HttpApiGroup,
  HttpApiMiddleware,
  HttpApiSchema,
  OpenApi
} from "effect/http-api"
import { CurrentCaller, RequiredAcl, tokenSecurity } from "../common/caller.ts"
import { IdFromString } from "../common/fields.ts"
import { pageOf, pageQuery } from "../common/paging.ts"
import { Agent, AgentCreation, AgentEdit, agentColumns } from "./agent.ts"
import { Conference, ConferenceBody, conferenceColumns } from "./conference.ts"
import { Context, ContextCreation, ContextEdit, contextColumns } from "./context.ts"
import { Device, DeviceBody, deviceColumns, LineDevice } from "./device.ts"
import {
  CustomEndpoint,
  CustomEndpointCreation,
  CustomEndpointEdit,
  customEndpointColumns,
  SipEndpoint,
  SipEndpointBody,
  sipEndpointColumns
} from "./endpoint.ts"
import { BadRequestBody, NotFoundBody, UnauthorizedBody } from "./errors.ts"
import {
  Extension,
  ExtensionCreation,
  ExtensionEdit,
  extensionColumns,
  LineExtensionBody
} from "./extension.ts"
import { UuidFromPath } from "./fields.ts"
import { Line, LineCreation, LineEdit, lineColumns } from "./line.ts"
import { AgentMember, Queue, QueueCreation, QueueEdit, queueColumns, UserMember } from "./queue.ts"
import { User, UserCreation, UserDirectoryEntry, UserEdit, UserSummary, userColumns } from "./user.ts"

/** Checks token, ACL and tenant header; refusals are confd's 401. */
export class ConfdAuthentication extends HttpApiMiddleware.Service<
  ConfdAuthentication,
  { provides: CurrentCaller }
>()("strowger/confd/Authentication", { security: { token: tokenSecurity }, error: UnauthorizedBody }) {}

/** Refuses a request without the body its endpoint wants, and words undecodable input as confd does. */
export class ConfdInput extends HttpApiMiddleware.Service<ConfdInput>()("strowger/confd/Input", {
  error: [BadRequestBody, NotFoundBody]
}) {}

const Done = HttpApiSchema.NoContent
const refusals = [BadRequestBody, NotFoundBody] as const

/** 201 with the new object and where it is. */
const created = <S extends Schema.Top>(resource: S) =>
  HttpApiSchema.WithHeaders(resource.pipe(HttpApiSchema.status(201)), { location: Schema.String })

/** The five endpoints that every kind of configuration has. `acl` is the beginning of its accesses. */
const configuration = <
  const Path extends `/${string}`,
  const Key extends string,
  Params extends Schema.Struct.Fields,
  Query extends Schema.Struct.Fields,
  Page extends Schema.Top,
  Resource extends Schema.Top,
  Creation extends Schema.Top & { readonly sseMode?: never },
  Edit extends Schema.Top & { readonly sseMode?: never }
>(kind: {
  readonly path: Path
  readonly acl: string
  readonly key: Key
  readonly params: Params
  readonly query: Query
  readonly page: Page
  readonly resource: Resource
  readonly creation: Creation
  readonly edit: Edit
}) => {
  const { acl, params } = kind
  const item = `${kind.path}/:${kind.key}` as const
  const itemAcl = `${acl}.{${kind.key}}`
  return [
    HttpApiEndpoint.get("list", kind.path, {
      query: kind.query,
      success: kind.page,
      error: [BadRequestBody]
    }).annotate(RequiredAcl, `${acl}.read`),
    HttpApiEndpoint.post("create", kind.path, {
      payload: kind.creation,
      success: created(kind.resource),
      error: refusals
    }).annotate(RequiredAcl, `${acl}.create`),
    HttpApiEndpoint.get("get", item, { params, success: kind.resource, error: refusals }).annotate(
      RequiredAcl,
      `${itemAcl}.read`
    ),
    HttpApiEndpoint.put("edit", item, {
      params,
      payload: kind.edit,
      success: Done,
      error: refusals
    }).annotate(RequiredAcl, `${itemAcl}.update`),
    HttpApiEndpoint.delete("remove", item, { params, success: Done, error: refusals }).annotate(
      RequiredAcl,
      `${itemAcl}.delete`
    )
  ] as const
}

const byId = { key: "id", params: { id: IdFromString } } as const

/** A user in a path: id or uuid. */
const UserPath = Schema.String.check(Schema.isMaxLength(64))

/** An association: PUT makes it, DELETE ends it. */
const associations = <const Path extends `/${string}`, Params extends Schema.Struct.Fields>(association: {
  readonly path: Path
  readonly acl: string
  readonly params: Params
}) => {
  const { path, acl, params } = association
  return [
    HttpApiEndpoint.put("associate", path, { params, success: Done, error: refusals }).annotate(
      RequiredAcl,
      `${acl}.update`
    ),
    HttpApiEndpoint.delete("dissociate", path, { params, success: Done, error: refusals }).annotate(
      RequiredAcl,
      `${acl}.delete`
    )
  ] as const
}

export class ContextsGroup extends HttpApiGroup.make("contexts")
  .add(
    ...configuration({
      ...byId,
      path: "/contexts",
      acl: "confd.contexts",
      query: pageQuery(contextColumns),
      page: pageOf(Context),
      resource: Context,
      creation: ContextCreation,
      edit: ContextEdit
    })
  )
  .middleware(ConfdInput)
  .middleware(ConfdAuthentication) {}

export class UsersGroup extends HttpApiGroup.make("users")
  .add(
    ...configuration({
      key: "id",
      params: { id: UserPath },
      path: "/users",
      acl: "confd.users",
      query: {
        ...pageQuery(userColumns),
        view: Schema.optionalKey(Schema.Literals(["directory", "summary"]))
      },
      page: Schema.Union([pageOf(User), pageOf(UserDirectoryEntry), pageOf(UserSummary)]),
      resource: User,
      creation: UserCreation,
      edit: UserEdit
    })
  )
  .middleware(ConfdInput)
  .middleware(ConfdAuthentication) {}

export class UserLinesGroup extends HttpApiGroup.make("user lines")
  .add(
    ...associations({
      path: "/users/:user_id/lines/:line_id",
      acl: "confd.users.{user_id}.lines.{line_id}",
      params: { user_id: UserPath, line_id: IdFromString }
    })
  )
  .middleware(ConfdInput)
  .middleware(ConfdAuthentication) {}

export class UserAgentsGroup extends HttpApiGroup.make("user agents")
  .add(
    HttpApiEndpoint.put("associate", "/users/:user_id/agents/:agent_id", {
      params: { user_id: UserPath, agent_id: IdFromString },
      success: Done,
      error: refusals
    }).annotate(RequiredAcl, "confd.users.{user_id}.agents.{agent_id}.update"),
    HttpApiEndpoint.delete("dissociate", "/users/:user_id/agents", {
      params: { user_id: UserPath },
      success: Done,
      error: refusals
    }).annotate(RequiredAcl, "confd.users.{user_id}.agents.delete")
  )
  .middleware(ConfdInput)
  .middleware(ConfdAuthentication) {}

export class LinesGroup extends HttpApiGroup.make("lines")
  .add(
    ...configuration({
      ...byId,
      path: "/lines",
      acl: "confd.lines",
      query: pageQuery(lineColumns),
      page: pageOf(Line),
      resource: Line,
      creation: LineCreation,
      edit: LineEdit
    })
  )
  .middleware(ConfdInput)
  .middleware(ConfdAuthentication) {}

export class LineExtensionsGroup extends HttpApiGroup.make("line extensions")
  .add(
    ...associations({
      path: "/lines/:line_id/extensions/:extension_id",
      acl: "confd.lines.{line_id}.extensions.{extension_id}",
      params: { line_id: IdFromString, extension_id: IdFromString }
    }),
    HttpApiEndpoint.post("create", "/lines/:line_id/extensions", {
      params: { line_id: IdFromString },
      payload: LineExtensionBody,
      success: created(Extension),
      error: refusals
    }).annotate(RequiredAcl, "confd.lines.{line_id}.extensions.create")
  )
  .middleware(ConfdInput)
  .middleware(ConfdAuthentication) {}

export class LineCustomEndpointsGroup extends HttpApiGroup.make("line custom endpoints")
  .add(
    ...associations({
      path: "/lines/:line_id/endpoints/custom/:endpoint_id",
      acl: "confd.lines.{line_id}.endpoints.custom.{endpoint_id}",
      params: { line_id: IdFromString, endpoint_id: IdFromString }
    })
  )
  .middleware(ConfdInput)
  .middleware(ConfdAuthentication) {}

export class LineSipEndpointsGroup extends HttpApiGroup.make("line SIP endpoints")
  .add(
    ...associations({
      path: "/lines/:line_id/endpoints/sip/:endpoint_uuid",
      acl: "confd.lines.{line_id}.endpoints.sip.{endpoint_uuid}",
      params: { line_id: IdFromString, endpoint_uuid: UuidFromPath }
    })
  )
  .middleware(ConfdInput)
  .middleware(ConfdAuthentication) {}

export class CustomEndpointsGroup extends HttpApiGroup.make("custom endpoints")
  .add(
    ...configuration({
      ...byId,
      path: "/endpoints/custom",
      acl: "confd.endpoints.custom",
      query: pageQuery(customEndpointColumns),
      page: pageOf(CustomEndpoint),
      resource: CustomEndpoint,
      creation: CustomEndpointCreation,
      edit: CustomEndpointEdit
    })
  )
  .middleware(ConfdInput)
  .middleware(ConfdAuthentication) {}

export class SipEndpointsGroup extends HttpApiGroup.make("SIP endpoints")
  .add(
    ...configuration({
      key: "uuid",
      params: { uuid: UuidFromPath },
      path: "/endpoints/sip",
      acl: "confd.endpoints.sip",
      query: pageQuery(sipEndpointColumns),
      page: pageOf(SipEndpoint),
      resource: SipEndpoint,
      creation: SipEndpointBody,
      edit: SipEndpointBody
    })
  )
  .middleware(ConfdInput)
  .middleware(ConfdAuthentication) {}

export class ExtensionsGroup extends HttpApiGroup.make("extensions")
  .add(
    ...configuration({
      ...byId,
      path: "/extensions",
      acl: "confd.extensions",
      query: pageQuery(extensionColumns),
      page: pageOf(Extension),
      resource: Extension,
      creation: ExtensionCreation,
      edit: ExtensionEdit
    })
  )
  .middleware(ConfdInput)
  .middleware(ConfdAuthentication) {}

export class AgentsGroup extends HttpApiGroup.make("agents")
  .add(
    ...configuration({
      ...byId,
      path: "/agents",
      acl: "confd.agents",
      query: pageQuery(agentColumns),
      page: pageOf(Agent),
      resource: Agent,
      creation: AgentCreation,
      edit: AgentEdit
    })
  )
  .middleware(ConfdInput)
  .middleware(ConfdAuthentication) {}

export class QueuesGroup extends HttpApiGroup.make("queues")
  .add(
    ...configuration({
      ...byId,
      path: "/queues",
      acl: "confd.queues",
      query: pageQuery(queueColumns),
      page: pageOf(Queue),
      resource: Queue,
      creation: QueueCreation,
      edit: QueueEdit
    })
  )
  .middleware(ConfdInput)
  .middleware(ConfdAuthentication) {}

const agentMember = { queue_id: IdFromString, agent_id: IdFromString }
const userMember = { queue_id: IdFromString, user_id: UserPath }

export class QueueMembersGroup extends HttpApiGroup.make("queue members")
  .add(
    HttpApiEndpoint.put("associateAgent", "/queues/:queue_id/members/agents/:agent_id", {
      params: agentMember,
      payload: AgentMember,
      success: Done,
      error: refusals
    }).annotate(RequiredAcl, "confd.queues.{queue_id}.members.agents.{agent_id}.update"),
    HttpApiEndpoint.delete("dissociateAgent", "/queues/:queue_id/members/agents/:agent_id", {
      params: agentMember,
      success: Done,
      error: refusals
    }).annotate(RequiredAcl, "confd.queues.{queue_id}.members.agents.{agent_id}.delete"),
    HttpApiEndpoint.put("associateUser", "/queues/:queue_id/members/users/:user_id", {
      params: userMember,
      payload: UserMember,
      success: Done,
      error: refusals
    }).annotate(RequiredAcl, "confd.queues.{queue_id}.members.users.{user_id}.update"),
    HttpApiEndpoint.delete("dissociateUser", "/queues/:queue_id/members/users/:user_id", {
      params: userMember,
      success: Done,
      error: refusals
    }).annotate(RequiredAcl, "confd.queues.{queue_id}.members.users.{user_id}.delete")
  )
  .middleware(ConfdInput)
  .middleware(ConfdAuthentication) {}

export class ConferencesGroup extends HttpApiGroup.make("conferences")
  .add(
    ...configuration({
      ...byId,
      path: "/conferences",
      acl: "confd.conferences",
      query: pageQuery(conferenceColumns),
      page: pageOf(Conference),
      resource: Conference,
      creation: ConferenceBody,
      edit: ConferenceBody
    }),
    ...associations({
      path: "/conferences/:conference_id/extensions/:extension_id",
      acl: "confd.conferences.{conference_id}.extensions.{extension_id}",
      params: { conference_id: IdFromString, extension_id: IdFromString }
    })
  )
  .middleware(ConfdInput)
  .middleware(ConfdAuthentication) {}

/** Ids of devices are text; one that can be none names nothing. */
const DevicePath = Schema.String.check(Schema.isPattern(/^[A-Za-z0-9_.-]{1,255}$/))
const ofDevice = { device_id: DevicePath }
const deviceAcl = "confd.devices.{id}"
/** GETs that do something, as their clients know them. */
const deviceAct = { params: { id: DevicePath }, success: Done, error: refusals }

/** Phones (contracts/provisioning.md 10.2). */
export class DevicesGroup extends HttpApiGroup.make("devices")
  .add(
    ...configuration({
      key: "id",
      params: { id: DevicePath },
      path: "/devices",
      acl: "confd.devices",
      query: pageQuery(deviceColumns),
      page: pageOf(Device),
      resource: Device,
      creation: DeviceBody,
      edit: DeviceBody
    }),
    HttpApiEndpoint.get("autoprov", "/devices/:id/autoprov", deviceAct).annotate(
      RequiredAcl,
      `${deviceAcl}.autoprov.read`
    ),
    HttpApiEndpoint.get("synchronize", "/devices/:id/synchronize", deviceAct).annotate(
      RequiredAcl,
      `${deviceAcl}.synchronize.read`
    ),
    HttpApiEndpoint.get("unallocated", "/devices/unallocated", {
      query: pageQuery(deviceColumns),
      success: pageOf(Device),
      error: [BadRequestBody]
    }).annotate(RequiredAcl, "confd.devices.unallocated.read"),
    HttpApiEndpoint.put("allocate", "/devices/unallocated/:id", deviceAct).annotate(
      RequiredAcl,
      "confd.devices.unallocated.{id}.update"
    )
  )
  .middleware(ConfdInput)
  .middleware(ConfdAuthentication) {}

/** The lines of phones (contracts/provisioning.md 10.2). */
export class LineDevicesGroup extends HttpApiGroup.make("line devices")
  .add(
    ...associations({
      path: "/lines/:line_id/devices/:device_id",
      acl: "confd.lines.{line_id}.devices.{device_id}",
      params: { line_id: IdFromString, ...ofDevice }
    }),
    HttpApiEndpoint.get("ofLine", "/lines/:line_id/devices", {
      params: { line_id: IdFromString },
      success: LineDevice,
      error: refusals
    }).annotate(RequiredAcl, "confd.lines.{line_id}.devices.read"),
    HttpApiEndpoint.get("ofDevice", "/devices/:device_id/lines", {
      params: ofDevice,
      success: pageOf(LineDevice),
      error: refusals
    }).annotate(RequiredAcl, "confd.devices.{device_id}.lines.read")
  )
  .middleware(ConfdInput)
  .middleware(ConfdAuthentication) {}

/** What confd says of the platform. */
export class InfosGroup extends HttpApiGroup.make("infos")
  .add(
    HttpApiEndpoint.get("infos", "/infos", {
      success: Schema.Struct({ uuid: Schema.String, wazo_version: Schema.String })
    }).annotate(RequiredAcl, "confd.infos.read")
  )
  .middleware(ConfdAuthentication) {}

/** The configuration subset of confd (contracts/callcenter.md 10). */
export class ConfdApi extends HttpApi.make("confd")
  .add(
    InfosGroup,
    ContextsGroup,
    UsersGroup,
    UserLinesGroup,
    UserAgentsGroup,
    LinesGroup,
    LineExtensionsGroup,
    LineCustomEndpointsGroup,
    LineSipEndpointsGroup,
    CustomEndpointsGroup,
    SipEndpointsGroup,
    ExtensionsGroup,
    AgentsGroup,
    QueuesGroup,
    QueueMembersGroup,
    ConferencesGroup,
    DevicesGroup,
    LineDevicesGroup
  )
  .prefix("/api/confd/1.1")
  .annotate(HttpApi.ParseOptions, { errors: "all" })
  .annotateMerge(OpenApi.annotations({ title: "confd", version: "1.1" })) {}
