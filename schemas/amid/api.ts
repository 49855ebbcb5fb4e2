import { Schema } from "effect"
import { HttpApi, HttpApiEndpoint, HttpApiGroup, HttpApiMiddleware, OpenApi } from "effect/http-api"
import { CurrentCaller, RequiredAcl, tokenSecurity } from "../common/caller.ts"
import { BadRequest, IncompatibleAction, Unauthorized, Unreachable } from "./errors.ts"

/** Checks token, ACL and tenant header; refusals are amid's 401. */
export class AmidAuthentication extends HttpApiMiddleware.Service<
  AmidAuthentication,
  { provides: CurrentCaller }
>()("strowger/amid/Authentication", { security: { token: tokenSecurity }, error: Unauthorized }) {}

/** Turns away whose token is not of the master tenant, whatever the tenant header says, before the body is read. */
export class AmidMasterOnly extends HttpApiMiddleware.Service<AmidMasterOnly, { requires: CurrentCaller }>()(
  "strowger/amid/MasterOnly",
  { error: Unauthorized }
) {}

/** Turns undecodable input into amid's own 400. */
export class AmidInput extends HttpApiMiddleware.Service<AmidInput>()("strowger/amid/Input", {
  error: BadRequest
}) {}

/** An AMI message as JSON: all values are strings, `ChanVariable` is an object (contracts/callcenter.md 7.1). */
const AmiJson = Schema.Record(
  Schema.String,
  Schema.Union([Schema.String, Schema.Record(Schema.String, Schema.String)])
)

const Health = Schema.Struct({ status: Schema.Literals(["ok", "fail"]) })

/** AMI actions over HTTP (contracts/callcenter.md 9.1, 9.2). */
export class AmiActionsGroup extends HttpApiGroup.make("actions")
  .add(
    HttpApiEndpoint.post("command", "/action/Command", {
      payload: Schema.Struct({ command: Schema.String }),
      success: Schema.Struct({ response: Schema.Array(Schema.String) }),
      error: [BadRequest, Unreachable]
    })
      .annotate(RequiredAcl, "amid.action.Command.create")
      // A null is told apart from a wrong type.
      .annotate(HttpApi.PayloadParseOptions, { errors: "all", reportInput: true }),
    HttpApiEndpoint.post("action", "/action/:action", {
      params: { action: Schema.String },
      success: Schema.Array(AmiJson),
      error: [BadRequest, IncompatibleAction, Unreachable]
    }).annotate(RequiredAcl, "amid.action.{action}.create")
  )
  .middleware(AmidInput)
  .middleware(AmidMasterOnly)
  .middleware(AmidAuthentication) {}

/** Configuration that can be changed while running (contracts/callcenter.md 9.4). */
export const ConfigPatch = Schema.Array(
  Schema.Struct({
    op: Schema.Literal("replace"),
    path: Schema.Literal("/debug"),
    value: Schema.Union([
      Schema.Boolean,
      Schema.Literals(["true", "True", "TRUE", "false", "False", "FALSE"])
    ])
  })
).check(Schema.isMaxLength(100))

const Configuration = Schema.Record(Schema.String, Schema.Unknown)

/** amid's configuration and health. */
export class AmidService extends HttpApiGroup.make("amid")
  .add(
    HttpApiEndpoint.get("config", "/config", { success: Configuration })
      .annotate(RequiredAcl, "amid.config.read")
      .middleware(AmidMasterOnly),
    HttpApiEndpoint.patch("patchConfig", "/config", {
      payload: ConfigPatch,
      success: Configuration,
      error: [BadRequest]
    })
      .annotate(RequiredAcl, "amid.config.update")
      .annotate(HttpApi.PayloadParseOptions, { errors: "all", onExcessProperty: "error" })
      .middleware(AmidMasterOnly),
    HttpApiEndpoint.get("status", "/status", {
      success: Schema.Struct({
        rest_api: Health,
        ami_socket: Health,
        bus_publisher: Health,
        service_token: Health
      })
    }).annotate(RequiredAcl, "amid.status.read")
  )
  .middleware(AmidInput)
  .middleware(AmidAuthentication) {}

/** amid's REST surface (contracts/callcenter.md 9). */
export class AmidApi extends HttpApi.make("amid")
  .add(AmiActionsGroup, AmidService)
  .prefix("/api/amid/1.0")
  .annotate(HttpApi.PayloadParseOptions, { errors: "all" })
  .annotateMerge(OpenApi.annotations({ title: "amid", version: "1.0" })) {}
