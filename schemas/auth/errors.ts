import { Schema } from "effect"

/**
 * The error bodies of auth (contracts/auth.md 2). Family A describes a resource (`error_id`, `details`); family B,
 * whose classes are called `Reason…`, gives a list of reasons and is what token and policy endpoints answer.
 */

const familyA = {
  message: Schema.Union([Schema.String, Schema.Record(Schema.String, Schema.Unknown)]),
  error_id: Schema.String,
  details: Schema.Record(Schema.String, Schema.Unknown),
  timestamp: Schema.Finite,
  resource: Schema.optionalKey(Schema.String)
}

const familyB = {
  reason: Schema.Array(Schema.String),
  timestamp: Schema.Array(Schema.Finite),
  status_code: Schema.Int
}

export class Invalid extends Schema.Error<Invalid>("auth/Invalid")(familyA, { httpApiStatus: 400 }) {}
export class Unauthorized extends Schema.Error<Unauthorized>("auth/Unauthorized")(familyA, {
  httpApiStatus: 401
}) {}
export class Forbidden extends Schema.Error<Forbidden>("auth/Forbidden")(familyA, { httpApiStatus: 403 }) {}
export class NotFound extends Schema.Error<NotFound>("auth/NotFound")(familyA, { httpApiStatus: 404 }) {}
export class NotAllowed extends Schema.Error<NotAllowed>("auth/NotAllowed")(familyA, {
  httpApiStatus: 405
}) {}
export class Conflict extends Schema.Error<Conflict>("auth/Conflict")(familyA, { httpApiStatus: 409 }) {}

export class ReasonInvalid extends Schema.Error<ReasonInvalid>("auth/ReasonInvalid")(familyB, {
  httpApiStatus: 400
}) {}
export class ReasonUnauthorized extends Schema.Error<ReasonUnauthorized>("auth/ReasonUnauthorized")(familyB, {
  httpApiStatus: 401
}) {}
export class ReasonForbidden extends Schema.Error<ReasonForbidden>("auth/ReasonForbidden")(familyB, {
  httpApiStatus: 403
}) {}
export class ReasonNotFound extends Schema.Error<ReasonNotFound>("auth/ReasonNotFound")(familyB, {
  httpApiStatus: 404
}) {}
export class ReasonConflict extends Schema.Error<ReasonConflict>("auth/ReasonConflict")(familyB, {
  httpApiStatus: 409
}) {}
export class ReasonTooMany extends Schema.Error<ReasonTooMany>("auth/ReasonTooMany")(familyB, {
  httpApiStatus: 429
}) {}

/** What is wrong with one field: a sentence, and the rule in a form for programs. */
export interface FieldProblem {
  readonly message: string
  readonly constraint_id: string
  readonly constraint: unknown
}

const seconds = () => Date.now() / 1000

const about = (
  resource: string,
  error_id: string,
  message: string | Record<string, unknown>,
  details: Record<string, unknown>
) => ({ message, error_id, details, timestamp: seconds(), resource })

const because = (status_code: number, reason: string) => ({
  reason: [reason],
  timestamp: [seconds()],
  status_code
})

/** The first invalid field of a body; `details` is the field with its problem, nested as the field is. */
export const invalidData = (resource: string, message: string, details: Record<string, unknown>) =>
  new Invalid(about(resource, "invalid-data", message, details))
/** Invalid list parameters, each with its problem; the resource is `users` for every list. */
export const invalidListParameters = (problems: Record<string, FieldProblem>) =>
  new Invalid(about("users", "invalid-list-param", problems, {}))
export const invalidListParameter = (parameter: string, problem: FieldProblem) =>
  invalidListParameters({ [parameter]: problem })
/** A way to authenticate that nothing offers; `field` is what it was given for. */
export const unknownMethod = (resource: "users" | "tenants", field: string, method: string) =>
  invalidData(resource, `No such authentication method: "${method}"`, { [field]: method })
export const tenantHasChildren = (uuid: string) =>
  new Invalid(about("tenants", "tenant-has-children", `Tenant "${uuid}" has at least one child`, { uuid }))

/** What is wrong with a list of email addresses: the message is the whole error object. */
export const invalidEmails = (problem: Record<string, unknown>) =>
  new Invalid(about("emails", "invalid-data", problem, {}))
export const tenantMismatch = (userTenant: string, groupTenant: string) =>
  new Invalid(
    about("groups", "missmatching-tenant", "The user and the group are of different tenants", {
      user_tenant_uuid: userTenant,
      group_tenant_uuid: groupTenant
    })
  )

/** Why a caller is not let in; details name the access or the tenant that was asked for. */
export const unauthorized = (details: Record<string, unknown>) =>
  new Unauthorized({ message: "Unauthorized", error_id: "unauthorized", details, timestamp: seconds() })
export const unauthorizedTenant = (tenant_uuid: string | null) =>
  new Unauthorized({
    message: "Unauthorized tenant",
    error_id: "unauthorized-tenant",
    details: { tenant_uuid },
    timestamp: seconds()
  })

export const deletingOwnTenant = (uuid: string) =>
  new Forbidden(
    about("tenants", "deleting-own-tenant-forbidden", "Deleting one's own tenant is forbidden", { uuid })
  )

export const forbiddenGroup = (uuid: string) =>
  new Forbidden(about("groups", "forbidden-group", `The group "${uuid}" is managed by the system`, { uuid }))
export const passwordManagedExternally = (uuid: string) =>
  new NotAllowed(
    about("users", "password-managed-externally", "The password is kept by another service", { uuid })
  )

export const unknownUser = (uuid: string) =>
  new NotFound(about("users", "unknown-user", `No such user: "${uuid}"`, { uuid }))
export const unknownTenant = (uuid: string) =>
  new NotFound(about("tenants", "unknown-tenant", `No such tenant: "${uuid}"`, { uuid }))

export const unknownGroup = (uuid: string) =>
  new NotFound(about("groups", "unknown-group", `No such group: "${uuid}"`, { uuid }))
export const unknownEmail = (uuid: string) =>
  new NotFound(about("emails", "unknown-email", `No such email: "${uuid}"`, { uuid }))
export const unknownIdp = (type: string) =>
  new NotFound(about("idp", "unknown-idp-type", `No such authentication method: "${type}"`, { type }))
/** A path that answers as if it did not exist. */
export const unknownPath = () =>
  new NotFound({
    message: "The requested URL was not found on the server",
    error_id: "not-found",
    details: {},
    timestamp: seconds()
  })

export const unknownRefreshToken = (client_id: string) =>
  new NotFound(
    about(
      "tokens",
      "cannot-find-refresh-token-matching-client-id",
      `No refresh token for the client "${client_id}"`,
      { client_id }
    )
  )

export const userConflict = (field: "username" | "email_address" | "uuid", value: string) =>
  conflict("users", field, `The ${field === "uuid" ? "uuid" : "login"} "${value}" is already used`)
export const tenantSlugConflict = (slug: string) =>
  conflict("tenants", "slug", `The slug "${slug}" is already used`)
export const tenantDomainConflict = (names: ReadonlyArray<string>) =>
  new Conflict(
    about("tenants", "conflict", "Conflict detected", {
      domain_names: {
        "constraint-id": "unique",
        message: `Of the domain names ${names.map((name) => `"${name}"`).join(", ")} one is already in use`
      }
    })
  )
export const tenantIdentityConflict = (uuid: string) =>
  new Conflict(
    about("tenants", "tenant-identity-conflict", `A tenant with the uuid "${uuid}" already exists`, { uuid })
  )

export const emailAlreadyConfirmed = (uuid: string) =>
  new Conflict(about("emails", "conflict", "The email address is already confirmed", { uuid }))

export const tenantBelowItself = (uuid: string) =>
  conflict("tenants", "parent_uuid", `The tenant "${uuid}" cannot be moved below itself`)

const conflict = (resource: string, field: string, message: string) =>
  new Conflict(
    about(resource, "conflict", "Conflict detected", { [field]: { constraint_id: "unique", message } })
  )

export const reasonInvalid = (reason: string) => new ReasonInvalid(because(400, reason))
export const authenticationFailed = () => new ReasonUnauthorized(because(401, "Authentication Failed"))
export const tooManySessions = () =>
  new ReasonTooMany(because(429, "The user has reached the maximum number of concurrent sessions"))
export const wrongPassword = () => new ReasonUnauthorized(because(401, "The old password is wrong"))
export const tooManyFailures = (seconds: number) =>
  new ReasonTooMany(because(429, `Too many failed logins, try again in ${seconds} seconds`))
export const unknownToken = () => new ReasonNotFound(because(404, "No such token"))
export const scopeDenied = (scope: string) =>
  new ReasonForbidden(because(403, `Unauthorized for ${ascii(scope)}`))
export const tokenTenantDenied = (tenant: string) =>
  new ReasonForbidden(because(403, `Unauthorized for tenant ${ascii(tenant)}`))

export const unknownPolicy = (id: string) => new ReasonNotFound(because(404, `No such policy ${id}`))
export const readOnlyPolicy = (uuid: string) =>
  new ReasonForbidden(because(403, `Forbidden policy modification: "${uuid}"`))
export const duplicatePolicy = (name: string) =>
  new ReasonConflict(because(409, `Policy "${name}" already exists`))
export const duplicateAccess = (access: string) =>
  new ReasonConflict(because(409, `Policy already associated to ${access}`))

export const duplicateGroup = (name: string) =>
  new ReasonConflict(because(409, `The name or the slug of the group "${name}" is already used`))
export const invalidSortColumn = (column: string) =>
  new ReasonInvalid(because(400, `Invalid sort column: ${column}`))

/** Accents dropped, what has no ASCII form replaced. */
const ascii = (text: string): string =>
  text
    .normalize("NFKD")
    .replace(/\p{Mark}/gu, "")
    .replace(/[^\x20-\x7e]/gu, "?")
