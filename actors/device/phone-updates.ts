import { Clock, Effect } from "effect"
import { ActorSystem } from "../../runtime/actor/system.ts"
import { AppConfig } from "../../runtime/config.ts"
import type { DeviceInfo, JsonObject } from "../../schemas/provd/device.ts"
import type { PhoneRequest } from "../../schemas/provd/phone-plugin.ts"
import { Tenants } from "../identity/tenants.ts"
import { makeAskDevice, orDieUnlessRefused } from "./ask-device.ts"
import { bestPlugin } from "./association.ts"
import { autocreated } from "./autocreate.ts"
import { makeAutocreateRate } from "./autocreate-rate.ts"
import { ConfigStore } from "./config-store.ts"
import { deviceActor } from "./device.ts"
import { DeviceIndex, type KnownDevice } from "./device-index.ts"
import { makeIdSource } from "./ids.ts"
import { makeKeyedLock } from "./keyed-lock.ts"
import { printable } from "./log-text.ts"
import type { AccompanyingConfig, DeviceEvent } from "./machine.ts"
import { PhonePlugins, pluginOf } from "./plugins/phone-plugins.ts"
import { identityOf, infoOf, learnedFrom, retrieve } from "./retrieval.ts"
import { shownAccount } from "./shown-account.ts"
import { SystemParameters } from "./system-parameters.ts"

/**
 * What a request changes of the device it comes from (contracts/provisioning.md 8.3 to 8.5). `mayChange` tells
 * requests that change nothing, `settle` does the work of the others.
 */
export const makePhoneUpdates = Effect.gen(function* () {
  const actors = yield* ActorSystem
  const settings = yield* AppConfig
  const configs = yield* ConfigStore
  const index = yield* DeviceIndex
  const plugins = yield* PhonePlugins
  const parameters = yield* SystemParameters
  const tenants = yield* Tenants
  const askDevice = makeAskDevice(actors, configs)
  const holding = makeKeyedLock()
  const newId = makeIdSource(settings.phoneIds, (id) => index.get(id) !== undefined)
  const rate = makeAutocreateRate(settings.phoneAutocreateRate)

  /** Tells a device something; whether it took it. What goes wrong fails the request. */
  const tell = (id: string, event: DeviceEvent): Effect.Effect<boolean> =>
    orDieUnlessRefused(askDevice(id, event)).pipe(
      Effect.as(true),
      Effect.catchTag("Refused", () => Effect.succeed(false))
    )

  /** Devices, other than the one that asks, that have its address. */
  const othersAt = (info: DeviceInfo, id: string | undefined): ReadonlyArray<string> =>
    info.ip === undefined || parameters.nat() === 1
      ? []
      : index.idsBy("ip", info.ip).filter((other) => other !== id)

  /** Whether the updaters of section 8.4 may have something to do. */
  const isNews = ({ document }: KnownDevice, info: DeviceInfo): boolean => {
    if (settings.phoneUpdater === "secure") return false
    if (Object.keys(learnedFrom(document, info)).length > 0) return true
    if (othersAt(info, document.id).length > 0) return true
    if (!("config" in document) && autocreated(configs) !== undefined) return true
    if ("plugin" in document) return false
    const plugin = bestPlugin(plugins.loaded(), infoOf(document))
    return plugin !== undefined
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

  const accountOf = ({ document }: KnownDevice, request: PhoneRequest) =>
    shownAccount(configs, document, pluginOf(plugins, document), request)

  /** Whether a request may change its device: also where a plugin must be waited for to know, whose answer is a promise. */
  const mayChange = (known: KnownDevice, info: DeviceInfo, request: PhoneRequest): boolean =>
    isNews(known, info) || accountOf(known, request) !== undefined

  /** Finds, enters and updates the device; requests of one phone, or from one address, one after the other. */
  const settle = (info: DeviceInfo, request: PhoneRequest): Effect.Effect<KnownDevice | undefined> => {
    const identity = identityOf(info)
    const keys = [
      ...(identity === undefined ? [] : [identity]),
      ...(info.ip === undefined ? [] : [`ip:${info.ip}`])
    ]
    const work = Effect.gen(function* () {
      const { id: found, several } = retrieve(index, info, settings.phoneRetriever)
      if (several) {
        yield* Effect.logWarning(`Several devices have the address ${info.ip}: none of them is meant`)
      }
      const id = found ?? (yield* add(info, request))
      if (id === undefined) return undefined
      if (found !== undefined || index.get(id) === undefined) yield* update(id, info)
      const known = index.get(id)
      if (known === undefined) return undefined
      const account = yield* Effect.promise(async () => accountOf(known, request))
      if (account !== undefined) {
        yield* tell(id, { type: "learn", changes: { remote_state_sip_username: account } })
      }
      return index.get(id)
    })
    return holding(keys, work)
  }

  return { mayChange, settle }
})
