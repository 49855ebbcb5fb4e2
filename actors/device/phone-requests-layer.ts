import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { fileNameOf } from "../../phones/kit/user-agent.ts"
import type { ActorSystem } from "../../runtime/actor/system.ts"
import { AppConfig } from "../../runtime/config.ts"
import type { DeviceDocument, DeviceInfo } from "../../schemas/provd/device.ts"
import { textOf } from "../../schemas/provd/document.ts"
import type { PhoneRequest } from "../../schemas/provd/phone-plugin.ts"
import type { Tenants } from "../identity/tenants.ts"
import { phoneUrl } from "./base-config.ts"
import type { ConfigStore } from "./config-store.ts"
import { DeviceIndex, type KnownDevice } from "./device-index.ts"
import { extractInfo, isPromise } from "./extraction.ts"
import { printable } from "./log-text.ts"
import { PhoneRequests, type Served } from "./phone-requests.ts"
import { makePhoneUpdates } from "./phone-updates.ts"
import type { LoadedPlugin } from "./plugins/loaded-plugin.ts"
import { PhonePlugins, pluginOf } from "./plugins/phone-plugins.ts"
import { retrieve } from "./retrieval.ts"
import { makeServedFiles, missing } from "./served-files.ts"
import { SystemParameters } from "./system-parameters.ts"

/** The chain of every request of a phone, on the index of this node. Needs the kind `device` registered. */
export const phoneRequestsLayer: Layer.Layer<
  PhoneRequests,
  never,
  | SqlClient.SqlClient
  | ActorSystem
  | AppConfig
  | ConfigStore
  | DeviceIndex
  | PhonePlugins
  | SystemParameters
  | Tenants
> = Layer.effect(
  PhoneRequests,
  Effect.gen(function* () {
    const settings = yield* AppConfig
    const index = yield* DeviceIndex
    const plugins = yield* PhonePlugins
    const parameters = yield* SystemParameters
    const context = yield* Effect.context<never>()
    const { mayChange, settle } = yield* makePhoneUpdates
    const keyed = {
      url: phoneUrl(settings),
      keyOf: (device: DeviceDocument) => parameters.provisioningKey(device.tenant_uuid)
    }
    const served = makeServedFiles(
      yield* SqlClient.SqlClient,
      index,
      settings.phoneHttpAuth === "url_key" ? keyed : undefined
    )

    const log = (line: string) => void Effect.runForkWith(context)(Effect.logInfo(line))

    /** Where the tenant's key opens the door it opens it to the tenant's own devices, and to those of nobody. */
    const mayHave = ({ document }: KnownDevice, keyTenant: string | undefined): boolean =>
      keyTenant === undefined || document.is_new || document.tenant_uuid === keyTenant

    const answer = (known: KnownDevice, request: PhoneRequest): Served | Effect.Effect<Served> => {
      const plugin = pluginOf(plugins, known.document)
      if (plugin === undefined) return missing(noPlugin(known))
      tellSensitive(plugin, request)
      const path = plugin.rewritePath(request.path)
      return isPromise(path)
        ? Effect.flatMap(
            Effect.promise(() => path),
            (rewritten) => asEffect(served(known, plugin, rewritten))
          )
        : served(known, plugin, path)
    }

    const tellSensitive = (plugin: LoadedPlugin, { address, path }: PhoneRequest) => {
      const name = fileNameOf(path)
      const line = () => log(`Sensitive file requested from ${printable(address)}: ${printable(name)}`)
      const sensitive = plugin.isSensitive(name)
      if (isPromise(sensitive)) void sensitive.then((is) => is && line())
      else if (sensitive) line()
    }

    const slowly = (
      info: DeviceInfo,
      request: PhoneRequest,
      keyTenant: string | undefined
    ): Effect.Effect<Served> =>
      Effect.flatMap(settle(info, request), (known) => {
        if (known === undefined) return Effect.succeed(missing("the phone is unknown"))
        if (!mayHave(known, keyTenant)) return Effect.succeed(missing(otherTenant))
        return asEffect(answer(known, request))
      })

    const follow = (
      info: DeviceInfo,
      request: PhoneRequest,
      keyTenant: string | undefined
    ): Served | Effect.Effect<Served> => {
      const { id } = retrieve(index, info, settings.phoneRetriever)
      const known = id === undefined ? undefined : index.get(id)
      if (known === undefined) return slowly(info, request, keyTenant)
      if (!mayHave(known, keyTenant)) return missing(otherTenant)
      return mayChange(known, info, request) ? slowly(info, request, keyTenant) : answer(known, request)
    }

    return {
      serve: (request, key) => {
        const usesKey = settings.phoneHttpAuth === "url_key" && request.protocol === "http"
        const keyTenant = usesKey ? parameters.tenantOfKey(key ?? "") : undefined
        if (usesKey && keyTenant === undefined) return missing("the provisioning key is unknown")
        const info = extractInfo(plugins.loaded(), request)
        return isPromise(info)
          ? Effect.flatMap(
              Effect.promise(() => info),
              (found) => asEffect(follow(found, request, keyTenant))
            )
          : follow(info, request, keyTenant)
      },
      learn: (request) =>
        Effect.promise(async () => extractInfo(plugins.loaded(), request)).pipe(
          Effect.flatMap((info) => settle(info, request)),
          Effect.asVoid
        )
    }
  })
)

const otherTenant = "the device is of another tenant than the provisioning key"

const asEffect = (served: Served | Effect.Effect<Served>): Effect.Effect<Served> =>
  Effect.isEffect(served) ? served : Effect.succeed(served)

const noPlugin = ({ document }: KnownDevice): string => {
  const plugin = textOf(document, "plugin")
  return plugin === undefined || plugin === ""
    ? `device ${document.id} has no plugin`
    : `the plugin ${plugin} of device ${document.id} is not loaded`
}
