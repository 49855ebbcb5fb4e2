import { Clock, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { ActorSystem } from "../../runtime/actor/system.ts"
import { AppConfig } from "../../runtime/config.ts"
import type { DeviceDocument, DeviceInfo, JsonObject } from "../../schemas/provd/device.ts"
import { textOf } from "../../schemas/provd/document.ts"
import { isObject, own } from "../../schemas/provd/json.ts"
import type { PhoneRequest } from "../../schemas/provd/phone-plugin.ts"
import { Tenants } from "../identity/tenants.ts"
import { makeAskDevice, orDieUnlessRefused } from "./ask-device.ts"
import { bestPlugin } from "./association.ts"
import { autocreated } from "./autocreate.ts"
import { makeAutocreateRate } from "./autocreate-rate.ts"
import { phoneUrl } from "./base-config.ts"
import { ConfigStore } from "./config-store.ts"
import { deviceActor } from "./device.ts"
import { DeviceIndex, type KnownDevice } from "./device-index.ts"
import { extractInfo, isPromise } from "./extraction.ts"
import { makeIdSource } from "./ids.ts"
import { makeKeyedLock } from "./keyed-lock.ts"
import type { AccompanyingConfig, DeviceEvent } from "./machine.ts"
import { PhoneRequests, type Served } from "./phone-requests.ts"
import type { LoadedPlugin } from "./plugins/loaded-plugin.ts"
import { PhonePlugins } from "./plugins/phone-plugins.ts"
import { identityOf, infoOf, learnedFrom, retrieve } from "./retrieval.ts"
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
    const actors = yield* ActorSystem
    const settings = yield* AppConfig
    const configs = yield* ConfigStore
    const index = yield* DeviceIndex
    const plugins = yield* PhonePlugins
    const parameters = yield* SystemParameters
    const tenants = yield* Tenants
    const context = yield* Effect.context<never>()
    const keyed = {
      url: phoneUrl(settings),
      keyOf: (device: DeviceDocument) => parameters.provisioningKey(device.tenant_uuid)
    }
    const served = makeServedFiles(
      yield* SqlClient.SqlClient,
      index,
      settings.phoneHttpAuth === "url_key" ? keyed : undefined
    )
    const askDevice = makeAskDevice(actors, configs)
    const holding = makeKeyedLock()
    const newId = makeIdSource(settings.phoneIds, (id) => index.get(id) !== undefined)
    const rate = makeAutocreateRate(settings.phoneAutocreateRate)

    const log = (line: string) => void Effect.runForkWith(context)(Effect.logInfo(line))

    /** Tells a device something; whether it took it. What goes wrong fails the request. */
    const tell = (id: string, event: DeviceEvent): Effect.Effect<boolean> =>
      orDieUnlessRefused(askDevice(id, event)).pipe(
        Effect.as(true),
        Effect.catchTag("Refused", () => Effect.succeed(false))
      )

    const pluginOf = ({ document }: KnownDevice): LoadedPlugin | undefined =>
      plugins.get(textOf(document, "plugin") ?? "")

    /** Devices, other than the one that asks, that have its address. */
    const othersAt = (info: DeviceInfo, id: string | undefined): ReadonlyArray<string> =>
      info.ip === undefined || parameters.nat() === 1
        ? []
        : index.idsBy("ip", info.ip).filter((other) => other !== id)

    /** Whether the updaters of section 8.4 have something to do; a promise when a plugin must be waited for. */
    const isNews = ({ document }: KnownDevice, info: DeviceInfo): boolean | Promise<boolean> => {
      if (settings.phoneUpdater === "secure") return false
      if (Object.keys(learnedFrom(document, info)).length > 0) return true
      if (othersAt(info, document.id).length > 0) return true
      if (!("config" in document) && autocreated(configs) !== undefined) return true
      if ("plugin" in document) return false
      const plugin = bestPlugin(plugins.loaded(), infoOf(document))
      return isPromise(plugin) ? plugin.then((found) => found !== undefined) : plugin !== undefined
    }

    /** What the updaters add to a document: the best plugin, a config of its own. */
    const completed = Effect.fnUntraced(function* (document: JsonObject) {
      const plugin =
        "plugin" in document
          ? undefined
          : yield* Effect.promise(async () => bestPlugin(plugins.loaded(), infoOf(document)))
      const config = "config" in document ? undefined : autocreated(configs)
      const changes: JsonObject = {
        ...(plugin === undefined ? {} : { plugin }),
        ...(config === undefined ? {} : { config: config.id })
      }
      const accompanying: AccompanyingConfig | undefined = config && {
        document: config,
        revision: configs.latestRevision()
      }
      return { changes, ...(accompanying === undefined ? {} : { config: accompanying }) }
    })

    /** The address belongs to the phone that asked last. */
    const takeAddress = (info: DeviceInfo, id: string) =>
      Effect.forEach(othersAt(info, id), (other) => tell(other, { type: "loseIp", ip: info.ip ?? "" }), {
        discard: true
      })

    /** Enters a phone that nobody entered; gives its id, or that of the device that it is after all. */
    const add = Effect.fnUntraced(function* (info: DeviceInfo, request: PhoneRequest) {
      const identity = identityOf(info)
      if (settings.phoneRetriever === "secure" || identity === undefined) return undefined
      const now = yield* Clock.currentTimeMillis
      if (!rate.admits(request.address, now)) {
        const from = printable(request.address)
        yield* Effect.logWarning(`Too many new devices from ${from}: this one is not entered`)
        return undefined
      }
      // An id may be taken between its making and the creation: numbers are.
      const id = yield* Effect.retry(enter(info, identity), {
        while: ({ _tag }) => _tag === "Refused",
        times: 20
      }).pipe(
        // Entered by another node a moment ago, or known by nothing but its address.
        Effect.catchTag("ClaimTaken", () => actors.holder(deviceActor, identity)),
        Effect.orDie
      )
      if (id !== undefined && settings.phoneUpdater !== "secure") yield* takeAddress(info, id)
      return id
    })

    const enter = Effect.fnUntraced(function* (info: DeviceInfo, identity: string) {
      const id = newId()
      const bare = {
        ...info,
        id,
        added: "auto",
        tenant_uuid: tenants.master,
        is_new: true,
        configured: false
      }
      const addition = settings.phoneUpdater === "secure" ? { changes: {} } : yield* completed(bare)
      yield* askDevice(id, {
        type: "create",
        document: { ...bare, ...addition.changes },
        identity,
        ...("config" in addition ? { config: addition.config } : {})
      })
      yield* Effect.logInfo(`New device created automatically from ${info.ip ?? "an unknown address"}: ${id}`)
      return id
    })

    const update = Effect.fnUntraced(function* (id: string, info: DeviceInfo) {
      const known = index.get(id)
      if (known === undefined || settings.phoneUpdater === "secure") return
      yield* takeAddress(info, id)
      const learned = learnedFrom(known.document, info)
      const { changes, config } = yield* completed({ ...known.document, ...learned })
      yield* tell(id, {
        type: "learn",
        changes: { ...learned, ...changes },
        ...(config === undefined ? {} : { config })
      })
    })

    /** The SIP account that a phone shows to use by asking for its configuration (8.5); undefined: it shows nothing new. */
    const accountShown = (
      { document }: KnownDevice,
      plugin: LoadedPlugin | undefined,
      { path, protocol }: PhoneRequest
    ): string | undefined | Promise<string | undefined> => {
      const username = document.configured ? usernameIn(configs, document) : undefined
      if (plugin === undefined || username === undefined || protocol === "dhcp") return undefined
      if (username === textOf(document, "remote_state_sip_username")) return undefined
      const name = lastSegment(path)
      const shown = (trigger: string | undefined) => (trigger === name ? username : undefined)
      const trigger = plugin.remoteStateTrigger(document)
      return isPromise(trigger) ? trigger.then(shown) : shown(trigger)
    }

    const find = (info: DeviceInfo) => retrieve(index, info, settings.phoneRetriever)

    /** Finds, enters and updates the device; requests of one phone, or from one address, one after the other. */
    const settle = (info: DeviceInfo, request: PhoneRequest): Effect.Effect<KnownDevice | undefined> => {
      const identity = identityOf(info)
      const keys = [
        ...(identity === undefined ? [] : [identity]),
        ...(info.ip === undefined ? [] : [`ip:${info.ip}`])
      ]
      const work = Effect.gen(function* () {
        const { id: found, several } = find(info)
        if (several) {
          yield* Effect.logWarning(`Several devices have the address ${info.ip}: none of them is meant`)
        }
        const id = found ?? (yield* add(info, request))
        if (id === undefined) return undefined
        if (found !== undefined || index.get(id) === undefined) yield* update(id, info)
        const known = index.get(id)
        if (known === undefined) return undefined
        const account = yield* Effect.promise(async () => accountShown(known, pluginOf(known), request))
        if (account !== undefined) {
          yield* tell(id, { type: "learn", changes: { remote_state_sip_username: account } })
        }
        return index.get(id)
      })
      return holding(keys, work)
    }

    /** Where the tenant's key opens the door it opens it to the tenant's own devices, and to those of nobody. */
    const mayHave = ({ document }: KnownDevice, keyTenant: string | undefined): boolean =>
      keyTenant === undefined || document.is_new || document.tenant_uuid === keyTenant

    const answer = (known: KnownDevice, request: PhoneRequest): Served | Effect.Effect<Served> => {
      const plugin = pluginOf(known)
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
      const name = lastSegment(path)
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
      const { id } = find(info)
      const known = id === undefined ? undefined : index.get(id)
      if (known === undefined) return slowly(info, request, keyTenant)
      if (!mayHave(known, keyTenant)) return missing(otherTenant)
      const news = isNews(known, info)
      const account = news === false ? accountShown(known, pluginOf(known), request) : undefined
      // A promise takes the long way too: what comes of it is found out there.
      return news !== false || account !== undefined
        ? slowly(info, request, keyTenant)
        : answer(known, request)
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

/** Of the first line in the device's own config, not of its ancestors. */
const usernameIn = (configs: ConfigStore["Service"], document: DeviceDocument): string | undefined => {
  const config = configs.get(textOf(document, "config") ?? "")
  const lines = config && own(config.raw_config, "sip_lines")
  const line = isObject(lines) ? own(lines, "1") : undefined
  const username = isObject(line) ? textOf(line, "username") : undefined
  return username === "" ? undefined : username
}

const lastSegment = (path: string): string => path.slice(path.lastIndexOf("/") + 1)

/** What a request says, in a line of the log: it must not end the line. */
const printable = (name: string): string => name.replace(/[\p{Cc}\u2028\u2029]/gu, "?").slice(0, 512)
