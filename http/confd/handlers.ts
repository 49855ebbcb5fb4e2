import { Effect, Layer } from "effect"
import type { HttpServerRequest } from "effect/http"
import { HttpApiBuilder, HttpApiSchema } from "effect/http-api"
import { Agents } from "../../actors/pbx/agents.ts"
import { Conferences } from "../../actors/pbx/conferences.ts"
import type { Configuration } from "../../actors/pbx/configuration.ts"
import { Contexts } from "../../actors/pbx/contexts.ts"
import { CustomEndpoints, SipEndpoints } from "../../actors/pbx/endpoints.ts"
import { Extensions } from "../../actors/pbx/extensions.ts"
import { LineEndpoints } from "../../actors/pbx/line-endpoints.ts"
import { LineExtensions } from "../../actors/pbx/line-extensions.ts"
import { Lines } from "../../actors/pbx/lines.ts"
import { QueueMembers } from "../../actors/pbx/queue-members.ts"
import { Queues } from "../../actors/pbx/queues.ts"
import { UserAgents } from "../../actors/pbx/user-agents.ts"
import { UserLines } from "../../actors/pbx/user-lines.ts"
import { Users } from "../../actors/pbx/users.ts"
import { Platform } from "../../runtime/platform.ts"
import { CurrentCaller } from "../../schemas/common/caller.ts"
import type { Page, PageQuery } from "../../schemas/common/paging.ts"
import { ConfdApi } from "../../schemas/confd/api.ts"
import {
  type Linker,
  linkerOf,
  locationOf,
  presentAgent,
  presentConference,
  presentContext,
  presentCustomEndpoint,
  presentExtension,
  presentLine,
  presentQueue,
  presentSipEndpoint,
  presentUser,
  type Rel
} from "./present.ts"
import { deviceHandlers, lineDeviceHandlers } from "./device-handlers.ts"
import { confdMiddleware } from "./surface.ts"

interface Asked {
  readonly request: HttpServerRequest.HttpServerRequest
}
type Query<Name extends string> = Asked & { readonly query: PageQuery<Name> }
type Item<Params> = Asked & { readonly params: Params }
type Body<Payload> = Asked & { readonly payload: Payload }

/** The five handlers of a kind of configuration: the same for all kinds but for how one looks. */
const configuration = <
  Entity extends { readonly id: number } | { readonly uuid: string },
  Creation,
  Edit,
  Name extends string,
  K,
  Params,
  View
>(
  service: Configuration<Entity, Creation, Edit, Name, K>,
  how: {
    readonly rel: Rel
    readonly key: (params: Params) => K
    readonly present: (link: Linker) => (entity: Entity) => View
  }
) => ({
  list: ({ query, request }: Query<Name>) =>
    Effect.flatMap(CurrentCaller, (caller) => service.list(caller, query)).pipe(
      Effect.map(presentPage(how.present(linkerOf(request))))
    ),
  create: ({ payload, request }: Body<Creation>) =>
    Effect.flatMap(CurrentCaller, (caller) => service.create(caller, payload)).pipe(
      Effect.map(createdAs(how.rel, linkerOf(request), how.present))
    ),
  get: ({ params, request }: Item<Params>) =>
    Effect.flatMap(CurrentCaller, (caller) => service.get(caller, how.key(params))).pipe(
      Effect.map(how.present(linkerOf(request)))
    ),
  edit: ({ params, payload }: Item<Params> & Body<Edit>) =>
    Effect.flatMap(CurrentCaller, (caller) => service.edit(caller, how.key(params), payload)),
  remove: ({ params }: Item<Params>) =>
    Effect.flatMap(CurrentCaller, (caller) => service.remove(caller, how.key(params)))
})

const presentPage =
  <Entity, View>(present: (entity: Entity) => View) =>
  ({ total, items }: Page<Entity>) => ({ total, items: items.map(present) })

const createdAs =
  <Entity extends { readonly id: number } | { readonly uuid: string }, View>(
    rel: Rel,
    link: Linker,
    present: (link: Linker) => (entity: Entity) => View
  ) =>
  (entity: Entity) =>
    HttpApiSchema.withHeaders({
      body: present(link)(entity),
      headers: { location: locationOf(link, rel, "id" in entity ? entity.id : entity.uuid) }
    })

const byId = <K>({ id }: { readonly id: K }): K => id

const infos = HttpApiBuilder.group(
  ConfdApi,
  "infos",
  Effect.fnUntraced(function* (handlers) {
    const { uuid } = yield* Platform
    return handlers.handleAll({ infos: () => Effect.succeed({ uuid, wazo_version: "26.08" }) })
  })
)

const contexts = HttpApiBuilder.group(
  ConfdApi,
  "contexts",
  Effect.fnUntraced(function* (handlers) {
    const how = { rel: "contexts", key: byId<number>, present: presentContext } as const
    return handlers.handleAll(configuration(yield* Contexts, how))
  })
)

const users = HttpApiBuilder.group(
  ConfdApi,
  "users",
  Effect.fnUntraced(function* (handlers) {
    const service = yield* Users
    const common = configuration(service, { rel: "users", key: byId<string>, present: presentUser })
    return handlers.handleAll({
      ...common,
      list: Effect.fnUntraced(function* ({ query, request }) {
        const caller = yield* CurrentCaller
        if (query.view === "directory") return yield* service.directory(caller, query)
        if (query.view === "summary") return yield* service.summary(caller, query)
        return presentPage(presentUser(linkerOf(request)))(yield* service.list(caller, query))
      })
    })
  })
)

const userLines = HttpApiBuilder.group(
  ConfdApi,
  "user lines",
  Effect.fnUntraced(function* (handlers) {
    const service = yield* UserLines
    return handlers.handleAll({
      associate: ({ params }) =>
        Effect.flatMap(CurrentCaller, (caller) => service.associate(caller, params.user_id, params.line_id)),
      dissociate: ({ params }) =>
        Effect.flatMap(CurrentCaller, (caller) => service.dissociate(caller, params.user_id, params.line_id))
    })
  })
)

const userAgents = HttpApiBuilder.group(
  ConfdApi,
  "user agents",
  Effect.fnUntraced(function* (handlers) {
    const service = yield* UserAgents
    return handlers.handleAll({
      associate: ({ params }) =>
        Effect.flatMap(CurrentCaller, (caller) => service.associate(caller, params.user_id, params.agent_id)),
      dissociate: ({ params }) =>
        Effect.flatMap(CurrentCaller, (caller) => service.dissociate(caller, params.user_id))
    })
  })
)

const lines = HttpApiBuilder.group(
  ConfdApi,
  "lines",
  Effect.fnUntraced(function* (handlers) {
    const how = { rel: "lines", key: byId<number>, present: presentLine } as const
    return handlers.handleAll(configuration(yield* Lines, how))
  })
)

const lineExtensions = HttpApiBuilder.group(
  ConfdApi,
  "line extensions",
  Effect.fnUntraced(function* (handlers) {
    const service = yield* LineExtensions
    return handlers.handleAll({
      associate: ({ params }) =>
        Effect.flatMap(CurrentCaller, (caller) =>
          service.associate(caller, params.line_id, params.extension_id)
        ),
      dissociate: ({ params }) =>
        Effect.flatMap(CurrentCaller, (caller) =>
          service.dissociate(caller, params.line_id, params.extension_id)
        ),
      create: ({ params, payload, request }) =>
        Effect.flatMap(CurrentCaller, (caller) => service.create(caller, params.line_id, payload)).pipe(
          Effect.map(createdAs("extensions", linkerOf(request), presentExtension))
        )
    })
  })
)

const lineCustomEndpoints = HttpApiBuilder.group(
  ConfdApi,
  "line custom endpoints",
  Effect.fnUntraced(function* (handlers) {
    const service = yield* LineEndpoints
    return handlers.handleAll({
      associate: ({ params }) =>
        Effect.flatMap(CurrentCaller, (caller) =>
          service.associateCustom(caller, params.line_id, params.endpoint_id)
        ),
      dissociate: ({ params }) =>
        Effect.flatMap(CurrentCaller, (caller) =>
          service.dissociateCustom(caller, params.line_id, params.endpoint_id)
        )
    })
  })
)

const lineSipEndpoints = HttpApiBuilder.group(
  ConfdApi,
  "line SIP endpoints",
  Effect.fnUntraced(function* (handlers) {
    const service = yield* LineEndpoints
    return handlers.handleAll({
      associate: ({ params }) =>
        Effect.flatMap(CurrentCaller, (caller) =>
          service.associateSip(caller, params.line_id, params.endpoint_uuid)
        ),
      dissociate: ({ params }) =>
        Effect.flatMap(CurrentCaller, (caller) =>
          service.dissociateSip(caller, params.line_id, params.endpoint_uuid)
        )
    })
  })
)

const customEndpoints = HttpApiBuilder.group(
  ConfdApi,
  "custom endpoints",
  Effect.fnUntraced(function* (handlers) {
    const how = { rel: "endpoint_custom", key: byId<number>, present: presentCustomEndpoint } as const
    return handlers.handleAll(configuration(yield* CustomEndpoints, how))
  })
)

const sipEndpoints = HttpApiBuilder.group(
  ConfdApi,
  "SIP endpoints",
  Effect.fnUntraced(function* (handlers) {
    const key = ({ uuid }: { readonly uuid: string }) => uuid
    const how = { rel: "endpoint_sip", key, present: presentSipEndpoint } as const
    return handlers.handleAll(configuration(yield* SipEndpoints, how))
  })
)

const extensions = HttpApiBuilder.group(
  ConfdApi,
  "extensions",
  Effect.fnUntraced(function* (handlers) {
    const how = { rel: "extensions", key: byId<number>, present: presentExtension } as const
    return handlers.handleAll(configuration(yield* Extensions, how))
  })
)

const agents = HttpApiBuilder.group(
  ConfdApi,
  "agents",
  Effect.fnUntraced(function* (handlers) {
    const how = { rel: "agents", key: byId<number>, present: presentAgent } as const
    return handlers.handleAll(configuration(yield* Agents, how))
  })
)

const queues = HttpApiBuilder.group(
  ConfdApi,
  "queues",
  Effect.fnUntraced(function* (handlers) {
    const how = { rel: "queues", key: byId<number>, present: presentQueue } as const
    return handlers.handleAll(configuration(yield* Queues, how))
  })
)

const queueMembers = HttpApiBuilder.group(
  ConfdApi,
  "queue members",
  Effect.fnUntraced(function* (handlers) {
    const service = yield* QueueMembers
    return handlers.handleAll({
      associateAgent: ({ params, payload }) =>
        Effect.flatMap(CurrentCaller, (caller) =>
          service.associateAgent(caller, params.queue_id, params.agent_id, payload)
        ),
      dissociateAgent: ({ params }) =>
        Effect.flatMap(CurrentCaller, (caller) =>
          service.dissociateAgent(caller, params.queue_id, params.agent_id)
        ),
      associateUser: ({ params, payload }) =>
        Effect.flatMap(CurrentCaller, (caller) =>
          service.associateUser(caller, params.queue_id, params.user_id, payload)
        ),
      dissociateUser: ({ params }) =>
        Effect.flatMap(CurrentCaller, (caller) =>
          service.dissociateUser(caller, params.queue_id, params.user_id)
        )
    })
  })
)

const conferences = HttpApiBuilder.group(
  ConfdApi,
  "conferences",
  Effect.fnUntraced(function* (handlers) {
    const service = yield* Conferences
    return handlers.handleAll({
      ...configuration(service, { rel: "conferences", key: byId<number>, present: presentConference }),
      associate: ({ params }) =>
        Effect.flatMap(CurrentCaller, (caller) =>
          service.associate(caller, params.conference_id, params.extension_id)
        ),
      dissociate: ({ params }) =>
        Effect.flatMap(CurrentCaller, (caller) =>
          service.dissociate(caller, params.conference_id, params.extension_id)
        )
    })
  })
)

/** The routes of confd. */
export const confdRoutes = HttpApiBuilder.layer(ConfdApi, {
  openapiPath: "/api/confd/1.1/api/api.json"
}).pipe(
  Layer.provide([
    infos,
    contexts,
    users,
    userLines,
    userAgents,
    lines,
    lineExtensions,
    lineCustomEndpoints,
    lineSipEndpoints,
    customEndpoints,
    sipEndpoints,
    extensions,
    agents,
    queues,
    queueMembers,
    conferences,
    deviceHandlers,
    lineDeviceHandlers
  ]),
  Layer.provide(confdMiddleware)
)
