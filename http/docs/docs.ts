import { Layer } from "effect"
import { HttpRouter, HttpServerResponse } from "effect/http"
import { HttpApiScalar } from "effect/http-api"
import { AgentdApi } from "../../schemas/agentd/api.ts"
import { AmidApi } from "../../schemas/amid/api.ts"
import { AuthApi } from "../../schemas/auth/api.ts"
import { ConfdApi } from "../../schemas/confd/api.ts"
import { InspectApi } from "../../schemas/inspect/api.ts"
import { ProvdApi } from "../../schemas/provd/api.ts"
import { WebhookdApi } from "../../schemas/webhookd/api.ts"
import { SupervisorApi } from "../../schemas/supervisor/api.ts"
import { apiYamlRoute } from "./api-document.ts"

/** Each surface with its mount, for the index of the documentation. */
const surfaces = [
  { name: "auth", prefix: "/api/auth/0.1", about: "tokens, users, tenants, policies" },
  { name: "agentd", prefix: "/api/agentd/1.0", about: "agents: login, pause, queues" },
  { name: "amid", prefix: "/api/amid/1.0", about: "AMI actions over HTTP" },
  { name: "confd", prefix: "/api/confd/1.1", about: "users, lines, extensions, agents, queues" },
  { name: "inspect", prefix: "/api/inspect", about: "what runs inside: machines and actors" },
  { name: "provd", prefix: "/api/provd/0.2", about: "phones: devices, configs, plugins" },
  { name: "supervisor", prefix: "/api/supervisor/1.0", about: "live queues and agents, listening in" },
  { name: "webhookd", prefix: "/api/webhookd/1.0", about: "webhooks: subscriptions to events, deliveries" }
] as const

/** What people and programs read of the surfaces: pages under /docs, OpenAPI documents beside each surface. */
export const docsRoutes = Layer.mergeAll(
  HttpApiScalar.layer(AuthApi, { path: "/docs/auth" }),
  HttpApiScalar.layer(AgentdApi, { path: "/docs/agentd" }),
  HttpApiScalar.layer(AmidApi, { path: "/docs/amid" }),
  HttpApiScalar.layer(ConfdApi, { path: "/docs/confd" }),
  HttpApiScalar.layer(InspectApi, { path: "/docs/inspect" }),
  HttpApiScalar.layer(ProvdApi, { path: "/docs/provd" }),
  HttpApiScalar.layer(SupervisorApi, { path: "/docs/supervisor" }),
  HttpApiScalar.layer(WebhookdApi, { path: "/docs/webhookd" }),
  apiYamlRoute(AuthApi, "/api/auth/0.1"),
  apiYamlRoute(AgentdApi, "/api/agentd/1.0"),
  apiYamlRoute(AmidApi, "/api/amid/1.0"),
  apiYamlRoute(ConfdApi, "/api/confd/1.1"),
  apiYamlRoute(ProvdApi, "/api/provd/0.2"),
  apiYamlRoute(SupervisorApi, "/api/supervisor/1.0"),
  apiYamlRoute(WebhookdApi, "/api/webhookd/1.0"),
  HttpRouter.add("GET", "/docs", HttpServerResponse.html(indexPage()))
)

function indexPage(): string {
  const rows = surfaces
    .map(
      ({ name, prefix, about }) =>
        `<tr><td><a href="/docs/${name}">${name}</a></td><td>${about}</td><td><code>${prefix}</code></td>` +
        `<td><a href="${prefix}/api/api.json">OpenAPI 3.1</a></td></tr>`
    )
    .join("\n")
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Strowger: API</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 3rem auto; padding: 0 1rem; color: #1c2733 }
  table { border-collapse: collapse; width: 100% }
  td { padding: .6rem .8rem; border-bottom: 1px solid #d8e0e8 }
  a { color: #0b5cad }
  code { color: #52616f }
  @media (prefers-color-scheme: dark) { body { background: #12181f; color: #dfe7ee } a { color: #6db3f8 } td { border-color: #2a3541 } code { color: #93a4b3 } }
</style>
<h1>Strowger</h1>
<p>The surfaces of this runtime. All take a token in <code>X-Auth-Token</code>; <code>POST /api/auth/0.1/token</code> gives one.
Events come over the WebSocket <code>/api/websocketd</code>.</p>
<table>
${rows}
</table>
</html>
`
}
