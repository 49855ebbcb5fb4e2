import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { SystemParameters } from "../../actors/device/system-parameters.ts"
import { CurrentCaller } from "../../schemas/common/caller.ts"
import { ProvdApi } from "../../schemas/provd/api.ts"
import { invalid, noSuchResource } from "../../schemas/provd/errors.ts"
import { pathTo } from "./links.ts"

/** The parameters of the system and of the acting tenant (contracts/provisioning.md 6.5). */
export const parameterHandlers = HttpApiBuilder.group(
  ProvdApi,
  "parameters",
  Effect.fnUntraced(function* (handlers) {
    const parameters = yield* SystemParameters
    return handlers.handleAll({
      list: () =>
        Effect.map(CurrentCaller, ({ tenantUuid }) => ({
          params: Object.entries(table).map(([id, { description, read }]) => ({
            id,
            description: localized(description, parameters.locale()),
            value: read(parameters, tenantUuid),
            links: [{ rel: "srv.configure.param", href: pathTo("configure", id) }]
          }))
        })),
      get: ({ params }) =>
        Effect.flatMap(CurrentCaller, ({ tenantUuid }) => {
          const parameter = parameterOf(params.param_id)
          return parameter === undefined
            ? Effect.fail(noSuchResource())
            : Effect.succeed({ param: { value: parameter.read(parameters, tenantUuid) } })
        }),
      set: ({ params: { param_id }, payload }) =>
        Effect.flatMap(CurrentCaller, ({ tenantUuid }) =>
          parameterOf(param_id) === undefined
            ? Effect.fail(noSuchResource())
            : Effect.mapError(parameters.set(param_id, tenantUuid, payload.param.value), ({ message }) =>
                invalid(message)
              )
        )
    })
  })
)

interface Description {
  readonly en: string
  readonly fr: string
}

interface Parameter {
  readonly description: Description
  readonly read: (parameters: SystemParameters["Service"], tenantUuid: string) => string | number | null
}

const table: Readonly<Record<string, Parameter>> = {
  plugin_server: {
    description: { en: "URL of the plugin repository", fr: "Adresse (URL) du dépôt de plugins" },
    read: (parameters) => parameters.pluginServer()
  },
  http_proxy: {
    description: {
      en: "Proxy for HTTP requests, http://[user:password@]host:port",
      fr: "Proxy pour les requêtes HTTP, http://[user:password@]host:port"
    },
    read: (parameters) => parameters.httpProxy()
  },
  ftp_proxy: {
    description: {
      en: "Proxy for FTP requests, http://[user:password@]host:port",
      fr: "Proxy pour les requêtes FTP, http://[user:password@]host:port"
    },
    read: (parameters) => parameters.ftpProxy()
  },
  https_proxy: {
    description: {
      en: "Proxy for HTTPS requests, host:port",
      fr: "Proxy pour les requêtes HTTPS, host:port"
    },
    read: (parameters) => parameters.httpsProxy()
  },
  locale: {
    description: {
      en: "Language of descriptions, for instance fr_FR",
      fr: "Langue des descriptions, par exemple fr_FR"
    },
    read: (parameters) => parameters.locale()
  },
  NAT: {
    description: {
      en: "1 when several phones share one address, else 0",
      fr: "1 si plusieurs téléphones partagent une adresse, sinon 0"
    },
    read: (parameters) => parameters.nat()
  },
  provisioning_key: {
    description: {
      en: "First part of the URLs that phones of the tenant fetch files from",
      fr: "Première partie des adresses où les téléphones du tenant cherchent leurs fichiers"
    },
    read: (parameters, tenantUuid) => parameters.provisioningKey(tenantUuid)
  }
}

const parameterOf = (id: string): Parameter | undefined => (Object.hasOwn(table, id) ? table[id] : undefined)

const localized = ({ en, fr }: Description, locale: string | null): string =>
  locale?.startsWith("fr") ? fr : en
