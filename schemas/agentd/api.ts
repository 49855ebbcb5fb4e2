import { Schema, SchemaTransformation } from "effect"
import {
  HttpApi,
  HttpApiEndpoint,
  HttpApiGroup,
  HttpApiMiddleware,
  HttpApiSchema,
  OpenApi
} from "effect/http-api"
import { CurrentCaller, RequiredAcl, tokenSecurity } from "../common/caller.ts"
import { Id } from "../common/fields.ts"
import { BadRequest, Conflict, NotFound, Unauthorized, Unavailable } from "./errors.ts"
import { AgentStatus } from "./status.ts"

/** Checks token, ACL and tenant header; refusals are agentd's 401. */
export class AgentdAuthentication extends HttpApiMiddleware.Service<
  AgentdAuthentication,
  { provides: CurrentCaller }
>()("strowger/agentd/Authentication", { security: { token: tokenSecurity }, error: Unauthorized }) {}

/** Turns undecodable input into agentd's own 400 (`invalid fields: …`) and 404. */
export class AgentdInput extends HttpApiMiddleware.Service<AgentdInput>()("strowger/agentd/Input", {
  error: [BadRequest, NotFound]
}) {}

const Done = HttpApiSchema.NoContent
const recurse = Schema.optionalKey(Schema.String)

/** Any integer is an id: one that nothing can have names nothing, which each endpoint answers in its own way. */
const PathId = Schema.String.check(Schema.isPattern(/^[0-9]{1,100}$/)).pipe(
  Schema.decodeTo(Schema.Finite, SchemaTransformation.numberFromString)
)
const byId = { agent_id: PathId }
const byNumber = { agent_number: Schema.String }
const queue = { queue_id: PathId }

/** What goes into an AMI header must not end its line. */
const singleLine = Schema.isPattern(/^[^\r\n\0]*$/)

/** Body of a login by extension. `endpoint` picks one of the lines on that extension. */
export const LoginBody = Schema.Struct({
  extension: Schema.String.check(Schema.isMaxLength(80)),
  context: Schema.String.check(Schema.isMaxLength(79)),
  endpoint: Schema.optionalKey(Schema.NullOr(Schema.String.check(Schema.isMaxLength(128))))
})
export const LineLoginBody = Schema.Struct({ line_id: Id })
export const QueueBody = Schema.Struct({ queue_id: Id })
export const PauseBody = Schema.Struct({
  reason: Schema.optionalKey(
    Schema.NullOr(Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(80), singleLine))
  )
})

const login = [BadRequest, NotFound, Conflict, Unavailable] as const
const command = [BadRequest, NotFound, Conflict, Unavailable] as const

/** Commands and status of agents by id, number and queue (contracts/callcenter.md 4). */
export class Agents extends HttpApiGroup.make("agents")
  .add(
    HttpApiEndpoint.get("list", "/agents", {
      query: { recurse },
      success: Schema.Array(AgentStatus),
      error: [Unavailable]
    }).annotate(RequiredAcl, "agentd.agents.read"),
    HttpApiEndpoint.post("logoffAll", "/agents/logoff", {
      query: { recurse },
      success: Done,
      error: [Unavailable]
    }).annotate(RequiredAcl, "agentd.agents.logoff.create"),
    HttpApiEndpoint.post("relogAll", "/agents/relog", {
      query: { recurse, all_queues: Schema.optionalKey(Schema.String) },
      success: Done,
      error: [Unavailable]
    }).annotate(RequiredAcl, "agentd.agents.relog.create"),
    HttpApiEndpoint.get("getById", "/agents/by-id/:agent_id", {
      params: byId,
      success: AgentStatus,
      error: [NotFound, Unavailable]
    }).annotate(RequiredAcl, "agentd.agents.by-id.{agent_id}.read"),
    HttpApiEndpoint.get("getByNumber", "/agents/by-number/:agent_number", {
      params: byNumber,
      success: AgentStatus,
      error: [NotFound, Unavailable]
    }).annotate(RequiredAcl, "agentd.agents.by-number.{agent_number}.read"),
    HttpApiEndpoint.post("loginById", "/agents/by-id/:agent_id/login", {
      params: byId,
      payload: LoginBody,
      success: Done,
      error: login
    }).annotate(RequiredAcl, "agentd.agents.by-id.{agent_id}.login.create"),
    HttpApiEndpoint.post("loginByNumber", "/agents/by-number/:agent_number/login", {
      params: byNumber,
      payload: LoginBody,
      success: Done,
      error: login
    }).annotate(RequiredAcl, "agentd.agents.by-number.{agent_number}.login.create"),
    HttpApiEndpoint.post("logoffById", "/agents/by-id/:agent_id/logoff", {
      params: byId,
      success: Done,
      error: command
    }).annotate(RequiredAcl, "agentd.agents.by-id.{agent_id}.logoff.create"),
    HttpApiEndpoint.post("logoffByNumber", "/agents/by-number/:agent_number/logoff", {
      params: byNumber,
      success: Done,
      error: command
    }).annotate(RequiredAcl, "agentd.agents.by-number.{agent_number}.logoff.create"),
    HttpApiEndpoint.post("addToQueue", "/agents/by-id/:agent_id/add", {
      params: byId,
      payload: QueueBody,
      success: Done,
      error: login
    }).annotate(RequiredAcl, "agentd.agents.by-id.{agent_id}.add.create"),
    HttpApiEndpoint.post("removeFromQueue", "/agents/by-id/:agent_id/remove", {
      params: byId,
      payload: QueueBody,
      success: Done,
      error: login
    }).annotate(RequiredAcl, "agentd.agents.by-id.{agent_id}.delete.create"),
    HttpApiEndpoint.post("pauseByNumber", "/agents/by-number/:agent_number/pause", {
      params: byNumber,
      payload: PauseBody,
      success: Done,
      error: command
    }).annotate(RequiredAcl, "agentd.agents.by-number.{agent_number}.pause.create"),
    HttpApiEndpoint.post("unpauseByNumber", "/agents/by-number/:agent_number/unpause", {
      params: byNumber,
      success: Done,
      error: command
    }).annotate(RequiredAcl, "agentd.agents.by-number.{agent_number}.unpause.create"),
    HttpApiEndpoint.put("queueLogin", "/agents/:agent_id/queues/:queue_id/login", {
      params: { ...byId, ...queue },
      success: Done,
      error: login
    }).annotate(RequiredAcl, "agentd.agents.{agent_id}.queues.{queue_id}.login.update"),
    HttpApiEndpoint.put("queueLogoff", "/agents/:agent_id/queues/:queue_id/logoff", {
      params: { ...byId, ...queue },
      success: Done,
      error: login
    }).annotate(RequiredAcl, "agentd.agents.{agent_id}.queues.{queue_id}.logoff.update")
  )
  .middleware(AgentdInput)
  .middleware(AgentdAuthentication) {}

/** The same commands for the caller's own agent (contracts/callcenter.md 4.2). */
export class MyAgent extends HttpApiGroup.make("my agent")
  .add(
    HttpApiEndpoint.get("status", "/users/me/agents", {
      success: AgentStatus,
      error: [NotFound, Unavailable]
    }).annotate(RequiredAcl, "agentd.users.me.agents.read"),
    HttpApiEndpoint.post("login", "/users/me/agents/login", {
      payload: LineLoginBody,
      success: Done,
      error: login
    }).annotate(RequiredAcl, "agentd.users.me.agents.login.create"),
    HttpApiEndpoint.post("logoff", "/users/me/agents/logoff", { success: Done, error: login }).annotate(
      RequiredAcl,
      "agentd.users.me.agents.logoff.create"
    ),
    HttpApiEndpoint.post("pause", "/users/me/agents/pause", {
      payload: PauseBody,
      success: Done,
      error: login
    }).annotate(RequiredAcl, "agentd.users.me.agents.pause.create"),
    HttpApiEndpoint.post("unpause", "/users/me/agents/unpause", { success: Done, error: login }).annotate(
      RequiredAcl,
      "agentd.users.me.agents.unpause.create"
    ),
    HttpApiEndpoint.put("queueLogin", "/users/me/agents/queues/:queue_id/login", {
      params: queue,
      success: Done,
      error: login
    }).annotate(RequiredAcl, "agentd.users.me.agents.queues.{queue_id}.login.update"),
    HttpApiEndpoint.put("queueLogoff", "/users/me/agents/queues/:queue_id/logoff", {
      params: queue,
      success: Done,
      error: login
    }).annotate(RequiredAcl, "agentd.users.me.agents.queues.{queue_id}.logoff.update")
  )
  .middleware(AgentdInput)
  .middleware(AgentdAuthentication) {}

const Health = Schema.Struct({ status: Schema.Literals(["ok", "fail"]) })

/** What agentd says of itself. */
export class AgentdService extends HttpApiGroup.make("agentd")
  .add(
    HttpApiEndpoint.get("status", "/status", {
      success: Schema.Struct({ bus_consumer: Health, service_token: Health })
    }).annotate(RequiredAcl, "agentd.status.read")
  )
  .middleware(AgentdAuthentication) {}

/** agentd's REST surface (contracts/callcenter.md 4). */
export class AgentdApi extends HttpApi.make("agentd")
  .add(Agents, MyAgent, AgentdService)
  .prefix("/api/agentd/1.0")
  .annotate(HttpApi.ParseOptions, { errors: "all" })
  .annotateMerge(OpenApi.annotations({ title: "agentd", version: "1.0" })) {}
