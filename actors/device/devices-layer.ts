import { Effect, Layer } from "effect"
import type { SqlClient } from "effect/sql"
import { ActorSystem } from "../../runtime/actor/system.ts"
import { AppConfig } from "../../runtime/config.ts"
import { type ConfigDocument, readConfigDocument } from "../../schemas/provd/config-document.ts"
import type { DeviceDocument, JsonObject } from "../../schemas/provd/device.ts"
import { type DeviceBody, readDeviceBody } from "../../schemas/provd/device-document.ts"
import { idProblem, withoutKeys } from "../../schemas/provd/document.ts"
import { isObject, own } from "../../schemas/provd/json.ts"
import { Tenants } from "../identity/tenants.ts"
import { makeAskDevice, orDieUnlessRefused } from "./ask-device.ts"
import { autocreated } from "./autocreate.ts"
import { NoAutocreateConfig } from "./configs.ts"
import { ConfigStore } from "./config-store.ts"
import { deviceActor } from "./device.ts"
import { DeviceIndex } from "./device-index.ts"
import { Devices, type DeviceScope, IdTaken, InvalidDocument, NoSuchDevice } from "./devices.ts"
import { makeIdSource } from "./ids.ts"
import { listed } from "./listing.ts"
import type { DeviceEvent } from "./machine.ts"
import { PhoneNotifier } from "./phone-notifier.ts"
import { PhonePlugins } from "./plugins/phone-plugins.ts"
import { Regenerations } from "./regenerations.ts"
import { sourcesOfNode } from "./rendering.ts"
import { synchronize } from "./synchronize.ts"
import { SystemParameters } from "./system-parameters.ts"

/** The devices of this node's index, changed by their actors. Needs the kind `device` registered. */
export const devicesLayer: Layer.Layer<
  Devices,
  never,
  | SqlClient.SqlClient
  | ActorSystem
  | AppConfig
  | ConfigStore
  | DeviceIndex
  | PhoneNotifier
  | PhonePlugins
  | Regenerations
  | SystemParameters
  | Tenants
> = Layer.effect(
  Devices,
  Effect.gen(function* () {
    const actors = yield* ActorSystem
    const sources = yield* sourcesOfNode
    const { settings, configs } = sources
    const index = yield* DeviceIndex
    const regenerations = yield* Regenerations
    const tenants = yield* Tenants
    const notifier = yield* PhoneNotifier
    const askDevice = makeAskDevice(actors, configs)
    const newId = makeIdSource(settings.phoneIds, (id) => index.get(id) !== undefined)

    /** The device after the event; an actor that does not take it has no such device to show to the asker. */
    const ask = (id: string, event: DeviceEvent): Effect.Effect<DeviceDocument, NoSuchDevice> =>
      orDieUnlessRefused(askDevice(id, event)).pipe(
        Effect.mapError(() => new NoSuchDevice({ id })),
        Effect.flatMap(({ context: { document } }) =>
          document === null ? Effect.fail(new NoSuchDevice({ id })) : Effect.succeed(document)
        )
      )

    const visibleTo = Effect.fnUntraced(function* ({ visible }: DeviceScope, id: string) {
      const document = index.get(id)?.document
      if (document === undefined || !visible.includes(document.tenant_uuid)) {
        return yield* new NoSuchDevice({ id })
      }
      return document
    })

    const replace = (
      scope: DeviceScope,
      body: DeviceBody,
      config?: { readonly document: ConfigDocument; readonly revision: number }
    ): DeviceEvent => ({
      type: "replace",
      body,
      editor: { tenantUuid: scope.tenantUuid, visible: scope.visible, master: tenants.master },
      ...(config === undefined ? {} : { config })
    })

    const create = Effect.fnUntraced(function* ({ tenantUuid }: DeviceScope, given: JsonObject) {
      const id = own(given, "id") === undefined ? newId() : given["id"]
      const problem = idProblem(id)
      if (problem !== undefined) return yield* new InvalidDocument({ message: problem })
      const body = yield* readBody(given)
      const document: DeviceDocument = {
        ...body,
        id: String(id),
        tenant_uuid: tenantUuid,
        is_new: tenantUuid === tenants.master,
        configured: false
      }
      return yield* ask(document.id, { type: "create", document }).pipe(
        Effect.catchTag("NoSuchDevice", () => Effect.fail(new IdTaken({ id: document.id })))
      )
    })

    return {
      list: ({ tenantUuid, visible }, recurse, query) =>
        Effect.suspend(() => {
          const selector = isObject(query.selector)
            ? withoutKeys(query.selector, ["tenant_uuid"])
            : query.selector
          const seen = new Set(recurse ? visible : [tenantUuid])
          return listed(documentsOf(index, seen), { ...query, selector })
        }),
      get: visibleTo,
      create: (scope, given) =>
        Effect.retry(create(scope, given), {
          // An id of ours may be taken between its making and the creation: numbers are.
          while: ({ _tag }) => _tag === "IdTaken" && own(given, "id") === undefined,
          times: 20
        }),
      update: Effect.fnUntraced(function* (scope: DeviceScope, id: string, given: JsonObject) {
        yield* editableBy(index, scope, id)
        const body = yield* readBody(given)
        return yield* ask(id, replace(scope, body))
      }),
      updateWithConfig: Effect.fnUntraced(function* (
        scope: DeviceScope,
        id: string,
        given: JsonObject,
        givenConfig: JsonObject
      ) {
        yield* editableBy(index, scope, id)
        const body = yield* readBody(given)
        const config = yield* readConfig(givenConfig)
        const changed = yield* configs.changing((revision) =>
          Effect.map(ask(id, replace(scope, body, { document: config, revision })), (result) => ({
            result,
            apply: () => {}
          }))
        )
        const others = [...configs.descendants(config.id)].flatMap((each) => index.idsBy("config", each))
        yield* regenerations.run(others.filter((other) => other !== id))
        return changed
      }),
      remove: Effect.fnUntraced(function* (scope: DeviceScope, id: string) {
        yield* visibleTo(scope, id)
        // What is left of a device that is gone is no document: that is no failure here.
        yield* Effect.mapError(
          orDieUnlessRefused(actors.ask(deviceActor, id, { type: "remove", visible: scope.visible })),
          () => new NoSuchDevice({ id })
        )
      }),
      reconfigure: Effect.fnUntraced(function* (scope: DeviceScope, id: string) {
        yield* visibleTo(scope, id)
        yield* ask(id, { type: "regenerate" })
      }),
      synchronize: Effect.fnUntraced(function* (scope: DeviceScope, id: string) {
        yield* synchronize(sources, index, notifier, yield* visibleTo(scope, id))
      }),
      resetToAutoprov: Effect.fnUntraced(function* (scope: DeviceScope, id: string) {
        yield* visibleTo(scope, id)
        const document = autocreated(configs)
        if (document === undefined) return yield* new NoAutocreateConfig()
        const config = { document, revision: configs.latestRevision() }
        yield* ask(id, { type: "reset", config })
      })
    }
  })
)

function* documentsOf(index: DeviceIndex["Service"], tenants: ReadonlySet<string>): Iterable<DeviceDocument> {
  for (const { document } of index.all()) if (tenants.has(document.tenant_uuid)) yield document
}

/** A new device may be edited by anybody: that is how it finds its tenant. */
const editableBy = Effect.fnUntraced(function* (
  index: DeviceIndex["Service"],
  { visible }: DeviceScope,
  id: string
) {
  const document = index.get(id)?.document
  if (document === undefined || !(document.is_new || visible.includes(document.tenant_uuid))) {
    return yield* new NoSuchDevice({ id })
  }
})

const readBody = (given: JsonObject): Effect.Effect<DeviceBody, InvalidDocument> => {
  const read = readDeviceBody(given)
  return "problem" in read
    ? Effect.fail(new InvalidDocument({ message: read.problem }))
    : Effect.succeed(read.body)
}

const readConfig = (given: JsonObject): Effect.Effect<ConfigDocument, InvalidDocument> => {
  const problem = idProblem(own(given, "id"))
  const read = problem === undefined ? readConfigDocument(String(given["id"]), given) : { problem }
  return "problem" in read
    ? Effect.fail(new InvalidDocument({ message: read.problem }))
    : Effect.succeed(read.config)
}
