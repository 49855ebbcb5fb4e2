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
import { SupervisedAgent, Summary } from "./agent.ts"
import { BadRequest, Conflict, NotFound, Unauthorized, Unavailable } from "./errors.ts"
import { QueueDetail, QueueState } from "./queue.ts"

/** Checks token, ACL and tenant header. */
export class SupervisorAuthentication extends HttpApiMiddleware.Service<
  SupervisorAuthentication,
  { provides: CurrentCaller }
>()("strowger/supervisor/Authentication", { security: { token: tokenSecurity }, error: Unauthorized }) {}

/** Turns undecodable input into a 400 that names the fields, or a 404 for an id that is none. */
export class SupervisorInput extends HttpApiMiddleware.Service<SupervisorInput>()(
  "strowger/supervisor/Input",
  {
    error: Schema.Union([BadRequest, NotFound])
  }
) {}

/** What goes into an AMI header must not end its line. */
const line = (maximum: number) =>
  Schema.String.check(
    Schema.isMinLength(1),
    Schema.isMaxLength(maximum),
    // oxlint-disable-next-line no-control-regex
    Schema.isPattern(/^[^\r\n\u0000]*$/, { message: "Expected a single line" })
  )

/** Why an agent is paused or logged off. */
export const ReasonBody = Schema.Struct({ reason: Schema.optionalKey(Schema.NullOr(line(80))) })

/** The supervisor's own phone: one of the tenant's lines, or an extension in one of its contexts. */
export const PhoneBody = Schema.Struct({
  interface: Schema.optionalKey(
    Schema.String.check(
      Schema.isMaxLength(128),
      Schema.isPattern(/^[A-Za-z0-9_]+\/[A-Za-z0-9#*./_@:-]+$/, { message: "Expected a device: PJSIP/abcd" })
    )
  ),
  extension: Schema.optionalKey(
    Schema.String.check(
      Schema.isMaxLength(80),
      Schema.isPattern(/^[A-Za-z0-9*#+._-]+$/, { message: "Expected an extension" })
    )
  ),
  context: Schema.optionalKey(
    Schema.String.check(
      Schema.isMaxLength(79),
      Schema.isPattern(/^[A-Za-z0-9._-]+$/, { message: "Expected the name of a context" })
    )
  )
})
export type PhoneBody = typeof PhoneBody.Type

const listOf = <S extends Schema.Constraint>(item: S) =>
  Schema.Struct({ total: Schema.Int, items: Schema.Array(item) })
const recurse = { recurse: Schema.optionalKey(Schema.String) }
const Done = HttpApiSchema.NoContent
const reading = [NotFound, Unavailable] as const
const command = [BadRequest, NotFound, Conflict, Unavailable] as const
const agent = { agent_id: IdFromString }

const spying = <const Mode extends "listen" | "whisper" | "barge">(mode: Mode) =>
  HttpApiEndpoint.post(mode, `/agents/:agent_id/${mode}`, {
    params: agent,
    payload: PhoneBody,
    success: Done,
    error: command
  }).annotate(RequiredAcl, `supervisor.agents.{agent_id}.${mode}.create`)

/** Live state of queues and agents, and what a supervisor may do to them. */
export class SupervisorGroup extends HttpApiGroup.make("supervisor")
  .add(
    HttpApiEndpoint.get("queues", "/queues", {
      query: recurse,
      success: listOf(QueueState),
      error: reading
    }).annotate(RequiredAcl, "supervisor.queues.read"),
    HttpApiEndpoint.get("queue", "/queues/:queue_id", {
      params: { queue_id: IdFromString },
      success: QueueDetail,
      error: reading
    }).annotate(RequiredAcl, "supervisor.queues.{queue_id}.read"),
    HttpApiEndpoint.get("agents", "/agents", {
      query: recurse,
      success: listOf(SupervisedAgent),
      error: reading
    }).annotate(RequiredAcl, "supervisor.agents.read"),
    HttpApiEndpoint.get("agent", "/agents/:agent_id", {
      params: agent,
      success: SupervisedAgent,
      error: reading
    }).annotate(RequiredAcl, "supervisor.agents.{agent_id}.read"),
    HttpApiEndpoint.get("summary", "/summary", {
      query: recurse,
      success: Summary,
      error: reading
    }).annotate(RequiredAcl, "supervisor.summary.read"),
    HttpApiEndpoint.post("pause", "/agents/:agent_id/pause", {
      params: agent,
      payload: ReasonBody,
      success: Done,
      error: command
    }).annotate(RequiredAcl, "supervisor.agents.{agent_id}.pause.create"),
    HttpApiEndpoint.post("unpause", "/agents/:agent_id/unpause", {
      params: agent,
      success: Done,
      error: command
    }).annotate(RequiredAcl, "supervisor.agents.{agent_id}.unpause.create"),
    HttpApiEndpoint.post("logoff", "/agents/:agent_id/logoff", {
      params: agent,
      payload: ReasonBody,
      success: Done,
      error: command
    }).annotate(RequiredAcl, "supervisor.agents.{agent_id}.logoff.create"),
    spying("listen"),
    spying("whisper"),
    spying("barge"),
    HttpApiEndpoint.post("hangup", "/calls/:call_id/hangup", {
      params: { call_id: Schema.String.check(Schema.isMaxLength(256)) },
      success: Done,
      error: command
    }).annotate(RequiredAcl, "supervisor.calls.{call_id}.hangup.create")
  )
  .middleware(SupervisorInput)
  .middleware(SupervisorAuthentication) {}

/** The supervisor's REST surface. */
export class SupervisorApi extends HttpApi.make("supervisor")
  .add(SupervisorGroup)
  .prefix("/api/supervisor/1.0")
  .annotate(HttpApi.ParseOptions, { errors: "all" })
  .annotateMerge(OpenApi.annotations({ title: "supervisor", version: "1.0" })) {}
