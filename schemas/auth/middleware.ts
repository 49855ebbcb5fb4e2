import { Context } from "effect"
import { HttpApiMiddleware } from "effect/http-api"
import { type CurrentCaller, tokenSecurity } from "../common/caller.ts"
import { Invalid, NotFound, ReasonInvalid, Unauthorized } from "./errors.ts"

/** Checks token, ACL and tenant header; refusals are family A (contracts/auth.md 2). */
export class AuthAuthentication extends HttpApiMiddleware.Service<
  AuthAuthentication,
  { provides: CurrentCaller }
>()("strowger/auth/Authentication", { security: { token: tokenSecurity }, error: Unauthorized }) {}

/** Words undecodable input: family A with the group's resource, or family B for tokens and policies. */
export class AuthInput extends HttpApiMiddleware.Service<AuthInput>()("strowger/auth/Input", {
  error: [Invalid, NotFound, ReasonInvalid]
}) {}

/** Annotation of a group: the `resource` of its validation errors. A group without one answers family B. */
export class ErrorResource extends Context.Service<ErrorResource, string>()("strowger/auth/ErrorResource") {}

/** Lets nobody to the registration unless it is switched on: the path answers as an unknown one. */
export class RegistrationOpen extends HttpApiMiddleware.Service<RegistrationOpen>()(
  "strowger/auth/RegistrationOpen",
  { error: NotFound }
) {}
