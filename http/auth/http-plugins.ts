import { Effect } from "effect"
import { IdentityPlugins } from "../../actors/identity/plugins.ts"
import { AppConfig, namesOff } from "../../runtime/config.ts"
import type { PlainDoor } from "../server.ts"
import { authSurface } from "./surface.ts"

/**
 * The parts of auth's HTTP API that `STROWGER_ENABLED_HTTP_PLUGINS` knows, and the paths of each; the first that
 * matches counts (contracts/auth.md 19).
 */
const parts: ReadonlyArray<readonly [name: string, path: RegExp]> = [
  ["api", /^\/api\/api\./],
  ["idp", /^\/idp(\/|$)/],
  ["ldap_config", /^\/backends\/ldap$/],
  ["saml_config", /^\/backends\/saml(\/|$)/],
  ["backends", /^\/backends$/],
  ["config", /^\/config$/],
  ["email_confirm", /^\/emails\//],
  ["external", /^(\/users\/[^/]+)?\/external(\/|$)/],
  ["group_policy", /^\/groups\/[^/]+\/policies(\/|$)/],
  ["user_group", /^(\/groups\/[^/]+\/users|\/users\/[^/]+\/groups)(\/|$)/],
  ["groups", /^\/groups(\/|$)/],
  ["password_reset", /^\/users\/password\/reset$/],
  ["user_registration", /^\/users\/register$/],
  ["policies", /^\/policies(\/|$)/],
  ["sessions", /^\/sessions(\/|$)/],
  ["status", /^\/status$/],
  ["tenants", /^\/tenants(\/|$)/],
  ["tokens", /^(\/token|(\/users\/[^/]+)?\/tokens)(\/|$)/],
  ["user_email", /^(\/admin)?\/users\/[^/]+\/emails(\/|$)/],
  ["user_policy", /^\/users\/[^/]+\/policies(\/|$)/],
  ["user_session", /^\/users\/[^/]+\/sessions(\/|$)/],
  ["users", /^\/users(\/|$)/],
  ["saml", /^\/saml\//]
]

export const httpPlugins: ReadonlyArray<string> = parts.map(([name]) => name)

/** The part that a path below `/api/auth/0.1` belongs to. */
export const httpPluginOf = (path: string): string | undefined =>
  parts.find(([, pattern]) => pattern.test(path))?.[0]

/**
 * Answers as unknown what is switched off: parts of the API, and types of external accounts
 * (`STROWGER_ENABLED_EXTERNAL_AUTH_PLUGINS`). Comes before the doors and routes of auth.
 */
export const switchedOffDoor: Effect.Effect<PlainDoor, never, AppConfig | IdentityPlugins> = Effect.gen(
  function* () {
    const config = yield* AppConfig
    const { routes } = yield* IdentityPlugins
    const known = [...httpPlugins, ...new Set(routes.map(({ plugin }) => plugin))]
    const off = namesOff(config.enabledHttpPlugins)
    const typesOff = namesOff(config.enabledExternalPlugins)
    for (const name of off.filter((name) => !known.includes(name))) {
      yield* Effect.logWarning(`STROWGER_ENABLED_HTTP_PLUGINS: there is no ${name}, only ${known.join(", ")}`)
    }
    if (off.length === 0 && typesOff.length === 0) return {}
    const isOff = (path: string): boolean => {
      const type = /^\/users\/[^/]+\/external\/([^/]+)/.exec(path)?.[1]
      return off.includes(httpPluginOf(path) ?? "") || typesOff.includes(type ?? "")
    }
    return {
      request: (_, response, path) => {
        const { prefix } = authSurface
        if (!path.startsWith(`${prefix}/`) || !isOff(decoded(path.slice(prefix.length)))) return false
        response.writeHead(404, { "Content-Type": "application/json" })
        response.end(unknownPath)
        return true
      }
    }
  }
)

/** As the router reads it: no spelling gets past a switch. */
const decoded = (path: string): string => {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

const unknownPath = JSON.stringify({ message: "The requested URL was not found on the server" })
