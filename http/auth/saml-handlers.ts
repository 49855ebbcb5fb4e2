import { Effect } from "effect"
import { type HttpServerRequest, HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { type SamlConfigInput, SamlConfigurations } from "../../actors/identity/saml-configurations.ts"
import { SamlSessions } from "../../actors/identity/saml-sessions.ts"
import { AuthApi } from "../../schemas/auth/api.ts"
import { invalidListParameter } from "../../schemas/auth/errors.ts"
import { domainPattern } from "../../schemas/auth/models.ts"
import { samlConfigInvalid, samlInvalid } from "../../schemas/auth/saml.ts"
import { type Caller, CurrentCaller } from "../../schemas/common/caller.ts"

/** What the address of the assertion consumer service looks like, for who fills in the configuration. */
export const acsUrlTemplate = "https://{{STACK_URL}}/api/auth/0.1/saml/acs"

type Request = HttpServerRequest.HttpServerRequest

/** Characters of base64; responses with hundreds of claims stay far below. */
const longestResponse = 256 * 1024

/** Login and logout by way of a browser (contracts/auth.md 14). */
export const samlHandlers = HttpApiBuilder.group(
  AuthApi,
  "saml",
  Effect.fnUntraced(function* (handlers) {
    const sessions = yield* SamlSessions
    return handlers
      .handle("sso", ({ payload: { redirect_url, domain } }) => {
        if (typeof redirect_url !== "string" || redirect_url === "")
          return Effect.fail(samlInvalid("redirect_url"))
        if (typeof domain !== "string" || !domainPattern.test(domain))
          return Effect.fail(samlInvalid("domain"))
        return sessions.begin(domain, redirect_url)
      })
      .handleRaw("acs", ({ request }) =>
        Effect.gen(function* () {
          const form = new URLSearchParams(yield* bodyText(request))
          const relayState = form.get("RelayState")
          const response = form.get("SAMLResponse")
          if (!relayState) return yield* samlInvalid("RelayState")
          if (!response || response.length > longestResponse) return yield* samlInvalid("SAMLResponse")
          return HttpServerResponse.redirect(yield* sessions.accept(relayState, response))
        })
      )
      .handle("logout", ({ query, request }) => {
        const asked = typeof query.token === "string" ? query.token : query.token?.[0]
        const token = request.headers["x-auth-token"] || asked || ""
        return Effect.map(sessions.logOut(token), (location) => ({ location }))
      })
      .handleRaw("sls", ({ request }) => {
        const start = request.url.indexOf("?")
        const query = start === -1 ? "" : request.url.slice(start + 1)
        return Effect.map(sessions.endLogout(query), (location) => HttpServerResponse.redirect(location))
      })
  })
)

const asCaller = <A, E, R>(use: (caller: Caller) => Effect.Effect<A, E, R>) =>
  Effect.flatMap(CurrentCaller, use)

/** The acting tenant's SAML configuration (contracts/auth.md 14). */
export const samlConfigHandlers = HttpApiBuilder.group(
  AuthApi,
  "saml config",
  Effect.fnUntraced(function* (handlers) {
    const configurations = yield* SamlConfigurations
    return handlers
      .handle("get", () => asCaller(({ tenantUuid }) => configurations.get(tenantUuid)))
      .handleRaw("create", ({ request }) =>
        asCaller(({ tenantUuid }) =>
          Effect.gen(function* () {
            const { domain_uuid, entity_id, acs_url, metadata } = yield* readForm(request)
            if (domain_uuid === undefined) return yield* missing("domain_uuid")
            if (entity_id === undefined) return yield* missing("entity_id")
            if (acs_url === undefined) return yield* missing("acs_url")
            if (metadata === undefined) return yield* missing("metadata")
            const input = { domain_uuid, entity_id, acs_url, metadata }
            return HttpServerResponse.jsonUnsafe(yield* configurations.create(tenantUuid, input))
          })
        )
      )
      .handleRaw("update", ({ request }) =>
        asCaller(({ tenantUuid }) =>
          Effect.gen(function* () {
            const input = yield* readForm(request)
            return HttpServerResponse.jsonUnsafe(yield* configurations.update(tenantUuid, input))
          })
        )
      )
      .handle("remove", () => asCaller(({ tenantUuid }) => configurations.remove(tenantUuid)))
      .handleRaw("metadata", () =>
        asCaller(({ tenantUuid }) =>
          Effect.map(configurations.metadata(tenantUuid), (metadata) =>
            HttpServerResponse.text(metadata, {
              contentType: "application/xml",
              headers: { "content-disposition": 'attachment; filename="metadata.xml"' }
            })
          )
        )
      )
      .handle("acsUrlTemplate", () => Effect.succeed({ acs_url: acsUrlTemplate }))
  })
)

const bodyText = (request: Request) =>
  Effect.map(Effect.orDie(request.arrayBuffer), (bytes) => Buffer.from(bytes).toString("utf8"))

const missing = (field: string) =>
  invalidListParameter(field, problem("required", "Missing data for required field."))

const problem = (constraint_id: string, message: string) => ({
  message,
  constraint_id,
  constraint: constraint_id
})

/** The parts of a multipart form that count, each within its bounds. */
const readForm = Effect.fnUntraced(function* (request: Request) {
  const bytes = yield* Effect.orDie(request.arrayBuffer)
  const contentType = request.headers["content-type"] ?? ""
  const form = yield* Effect.promise(() =>
    new Response(bytes, { headers: { "content-type": contentType } }).formData().catch(() => new FormData())
  )
  const input: { -readonly [Field in keyof SamlConfigInput]?: string } = {}
  for (const [field, { min, max }] of Object.entries(fieldLengths)) {
    const value = form.get(field)
    if (value === null) continue
    if (typeof value !== "string" || value.length < min || value.length > max || value.includes("\0")) {
      return yield* invalidListParameter(
        field,
        problem("length", `Length must be between ${min} and ${max}.`)
      )
    }
    // The keys of the table are fields of the input.
    input[field as keyof typeof fieldLengths] = value
  }
  if (input.domain_uuid !== undefined) {
    const uuid = /^\{?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\}?$/i.exec(input.domain_uuid)?.[1]
    if (uuid === undefined) return yield* samlConfigInvalid("domain_uuid", "Not a valid UUID.")
    input.domain_uuid = uuid.toLowerCase()
  }
  const file = form.get("metadata")
  if (file === null) return input
  const metadata = typeof file === "string" ? file : yield* Effect.promise(() => file.text())
  if (metadata.trim() === "") return yield* samlConfigInvalid("metadata", "The file is empty")
  return { ...input, metadata }
})

const fieldLengths = {
  domain_uuid: { min: 36, max: 38 },
  entity_id: { min: 1, max: 512 },
  acs_url: { min: 1, max: 512 }
}
