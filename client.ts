import { Effect } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import { HttpApiClient } from "effect/http-api"
import { AgentdApi } from "./schemas/agentd/api.ts"
import { AmidApi } from "./schemas/amid/api.ts"
import { AuthApi } from "./schemas/auth/api.ts"
import { ConfdApi } from "./schemas/confd/api.ts"
import { ProvdApi } from "./schemas/provd/api.ts"
import { SupervisorApi } from "./schemas/supervisor/api.ts"
import { WebhookdApi } from "./schemas/webhookd/api.ts"

/** Which runtime, and as whom. */
export interface ClientOptions {
  /** For instance `http://127.0.0.1:9080`. */
  readonly url: string
  readonly token?: string
  /** The tenant to act in; absent: the token's own. */
  readonly tenantUuid?: string
}

/**
 * A typed client of every surface, derived from their declarations: parameters and answers have the types of the
 * schemas, refusals are typed failures. Needs an `HttpClient`, for instance `FetchHttpClient.layer` of effect/http.
 *
 * ```ts
 * const { agentd } = yield* makeClient({ url: "http://127.0.0.1:9080", token })
 * const status = yield* agentd.agents.getByNumber({ params: { agent_number: "1001" } })
 * ```
 */
export const makeClient = ({ url, token, tenantUuid }: ClientOptions) => {
  const options = {
    baseUrl: url,
    transformClient: HttpClient.mapRequest((request: HttpClientRequest.HttpClientRequest) =>
      HttpClientRequest.setHeaders(request, {
        ...(token === undefined ? {} : { "X-Auth-Token": token }),
        ...(tenantUuid === undefined ? {} : { "Accent-Tenant": tenantUuid })
      })
    )
  }
  return Effect.all({
    auth: HttpApiClient.make(AuthApi, options),
    agentd: HttpApiClient.make(AgentdApi, options),
    amid: HttpApiClient.make(AmidApi, options),
    confd: HttpApiClient.make(ConfdApi, options),
    provd: HttpApiClient.make(ProvdApi, options),
    supervisor: HttpApiClient.make(SupervisorApi, options),
    webhookd: HttpApiClient.make(WebhookdApi, options)
  })
}
