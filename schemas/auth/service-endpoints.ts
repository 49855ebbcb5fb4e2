import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema } from "effect/http-api"
import { RequiredAcl } from "../common/caller.ts"
import { Invalid, NotFound, Unauthorized } from "./errors.ts"
import { list, longText, objectOf, pathUuid, uuid } from "./fields.ts"
import { AuthAuthentication, AuthInput, ErrorResource } from "./middleware.ts"

const Done = HttpApiSchema.NoContent
const idp = { idp_type: longText }
const idpUser = { ...idp, user_uuid: pathUuid }

/** The users that a method is given to, all or none. */
export const IdpUsers = objectOf({ users: list(objectOf({ uuid }), 10_000) })

/** The ways to authenticate and who uses them (contracts/auth.md 16). */
export class IdpEndpoints extends HttpApiGroup.make("idp")
  .add(
    HttpApiEndpoint.get("list", "/idp", {
      success: Schema.Struct({
        total: Schema.Int,
        filtered: Schema.Int,
        items: Schema.Array(Schema.String)
      })
    }).annotate(RequiredAcl, "auth.idp.read"),
    // Decoded by the handler: an unknown method is told before a bad body.
    HttpApiEndpoint.put("assignAll", "/idp/:idp_type/users", {
      params: idp,
      payload: Schema.Unknown,
      success: Done,
      error: [NotFound, Invalid]
    }).annotate(RequiredAcl, "auth.idp.{idp_type}.users.update"),
    HttpApiEndpoint.put("assign", "/idp/:idp_type/users/:user_uuid", {
      params: idpUser,
      success: Done,
      error: NotFound
    }).annotate(RequiredAcl, "auth.idp.{idp_type}.users.{user_uuid}.create"),
    HttpApiEndpoint.delete("unassign", "/idp/:idp_type/users/:user_uuid", {
      params: idpUser,
      success: Done,
      error: NotFound
    }).annotate(RequiredAcl, "auth.idp.{idp_type}.users.{user_uuid}.delete")
  )
  .middleware(AuthInput)
  .middleware(AuthAuthentication)
  .annotate(ErrorResource, "idp") {}

const Configuration = Schema.Record(Schema.String, Schema.Unknown)

/** What can be switched while running. */
export const ConfigurationPatch = Schema.Array(
  Schema.Struct({
    op: Schema.Literal("replace"),
    path: Schema.Literals(["/debug", "/profiling_enabled"]),
    value: Schema.Boolean
  })
).check(Schema.isMaxLength(100))

/** The configuration that is in force, for the master tenant alone (contracts/auth.md 16). */
export class ConfigurationEndpoints extends HttpApiGroup.make("configuration")
  .add(
    HttpApiEndpoint.get("read", "/config", { success: Configuration, error: Unauthorized }).annotate(
      RequiredAcl,
      "auth.config.read"
    ),
    HttpApiEndpoint.patch("patch", "/config", {
      payload: Schema.Unknown,
      success: Configuration,
      error: [Unauthorized, Invalid]
    }).annotate(RequiredAcl, "auth.config.update")
  )
  .middleware(AuthInput)
  .middleware(AuthAuthentication)
  .annotate(ErrorResource, "config") {}

/** What is said without a token: the backends, and whether the service works. */
export class ServiceEndpoints extends HttpApiGroup.make("service").add(
  HttpApiEndpoint.get("backends", "/backends", {
    success: Schema.Struct({ data: Schema.Array(Schema.String) })
  }),
  HttpApiEndpoint.head("status", "/status", {
    success: HttpApiSchema.Empty(200),
    error: HttpApiSchema.Empty(503)
  })
) {}
