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
import { pageQuery } from "../common/paging.ts"
import { ActorDetail, ActorHealth, ActorPage, KindList } from "./actor.ts"
import { BadRequest, Conflict, NotFound, Unauthorized, Unavailable } from "./errors.ts"
import { MachineDefinition } from "./definition.ts"

/** Checks token, ACL and that the token is of the master tenant. */
export class InspectAuthentication extends HttpApiMiddleware.Service<
  InspectAuthentication,
  { provides: CurrentCaller }
>()("strowger/inspect/Authentication", { security: { token: tokenSecurity }, error: Unauthorized }) {}

/** Turns undecodable input into a 400 that names each wrong field. */
export class InspectInput extends HttpApiMiddleware.Service<InspectInput>()("strowger/inspect/Input", {
  error: BadRequest
}) {}

const Name = Schema.String.check(Schema.isMaxLength(255))
const ofKind = { kind: Name }
const ofActor = { kind: Name, id: Schema.String.check(Schema.isMaxLength(1_024)) }
const { limit, offset, search } = pageQuery([])

/** What kinds of actors there are, and their machines. */
export class Kinds extends HttpApiGroup.make("kinds")
  .add(
    HttpApiEndpoint.get("list", "/kinds", { success: KindList }).annotate(RequiredAcl, "inspect.kinds.read"),
    HttpApiEndpoint.get("get", "/kinds/:kind", {
      params: ofKind,
      success: MachineDefinition,
      error: NotFound
    }).annotate(RequiredAcl, "inspect.kinds.{kind}.read"),
    HttpApiEndpoint.get("mermaid", "/kinds/:kind/diagram.mmd", {
      params: ofKind,
      success: Schema.String.pipe(HttpApiSchema.asText({ contentType: "text/vnd.mermaid" })),
      error: NotFound
    }).annotate(RequiredAcl, "inspect.kinds.{kind}.read"),
    HttpApiEndpoint.get("svg", "/kinds/:kind/diagram.svg", {
      params: ofKind,
      success: Schema.String.pipe(HttpApiSchema.asText({ contentType: "image/svg+xml" })),
      error: NotFound
    }).annotate(RequiredAcl, "inspect.kinds.{kind}.read")
  )
  .middleware(InspectInput)
  .middleware(InspectAuthentication) {}

/** The actors, in memory and at rest. */
export class Actors extends HttpApiGroup.make("actors")
  .add(
    HttpApiEndpoint.get("list", "/actors", {
      query: {
        kind: Schema.optionalKey(Name),
        health: Schema.optionalKey(ActorHealth),
        state: Schema.optionalKey(Name),
        search,
        limit,
        offset
      },
      success: ActorPage,
      error: Unavailable
    }).annotate(RequiredAcl, "inspect.actors.read"),
    HttpApiEndpoint.get("get", "/actors/:kind/:id", {
      params: ofActor,
      success: ActorDetail,
      error: [NotFound, Unavailable]
    }).annotate(RequiredAcl, "inspect.actors.{kind}.read"),
    HttpApiEndpoint.post("restart", "/actors/:kind/:id/restart", {
      params: ofActor,
      success: HttpApiSchema.NoContent,
      error: [NotFound, Conflict, Unavailable]
    }).annotate(RequiredAcl, "inspect.actors.{kind}.restart.create"),
    HttpApiEndpoint.post("passivate", "/actors/:kind/:id/passivate", {
      params: ofActor,
      success: HttpApiSchema.NoContent,
      error: [NotFound, Conflict, Unavailable]
    }).annotate(RequiredAcl, "inspect.actors.{kind}.passivate.create")
  )
  .middleware(InspectInput)
  .middleware(InspectAuthentication) {}

/** What runs inside: kinds, machines and actors (architecture, section 2). For tokens of the master tenant. */
export class InspectApi extends HttpApi.make("inspect")
  .add(Kinds, Actors)
  .prefix("/api/inspect")
  .annotate(HttpApi.ParseOptions, { errors: "all" })
  .annotateMerge(OpenApi.annotations({ title: "inspect", version: "1.0" })) {}
