import { randomUUID } from "node:crypto"
import { Effect, Layer } from "effect"
import { Configs, NoAutocreateConfig, NoSuchConfig, NotDeletable } from "../actors/device/configs.ts"
import {
  type DeviceScope,
  Devices,
  IdTaken,
  InvalidDocument,
  NoSuchDevice
} from "../actors/device/devices.ts"
import { Tenants } from "../actors/identity/tenants.ts"
import { readConfigDocument } from "../schemas/provd/config-document.ts"
import type { DeviceDocument, JsonObject } from "../schemas/provd/device.ts"
import { readDeviceBody } from "../schemas/provd/device-document.ts"
import { idProblem } from "../schemas/provd/document.ts"
import { isObject } from "../schemas/provd/json.ts"
import { type ListShape, readSelector, shaped } from "../schemas/provd/selector.ts"

/** Devices and configs in memory, without plugins: for tests of what stands around them. */
export const provisioningInMemory: Layer.Layer<Devices | Configs, never, Tenants> = Layer.unwrap(
  Effect.map(Tenants, (tenants) => {
    const devices = new Map<string, DeviceDocument>()
    const configs = new Map<string, JsonObject>([["autoprov", autoprov]])

    const select = (
      documents: Iterable<JsonObject>,
      { selector, ...shape }: ListShape & { readonly selector?: unknown }
    ): Effect.Effect<ReadonlyArray<JsonObject>, InvalidDocument> => {
      const matches = readSelector(selector)
      return typeof matches === "function"
        ? Effect.succeed(shaped([...documents].filter(matches), shape))
        : Effect.fail(new InvalidDocument({ message: matches.problem }))
    }
    const idOf = ({ id }: JsonObject) => {
      if (id === undefined) return Effect.succeed(randomUUID().replaceAll("-", ""))
      const problem = idProblem(id)
      return problem === undefined
        ? Effect.succeed(String(id))
        : Effect.fail(new InvalidDocument({ message: problem }))
    }
    const find = ({ visible }: DeviceScope, id: string) => {
      const device = devices.get(id)
      return device !== undefined && visible.includes(device.tenant_uuid)
        ? Effect.succeed(device)
        : Effect.fail(new NoSuchDevice({ id }))
    }
    const store = (id: string, tenantUuid: string, document: JsonObject) => {
      const read = readDeviceBody(document)
      if ("problem" in read) return Effect.fail(new InvalidDocument({ message: read.problem }))
      const device: DeviceDocument = {
        ...read.body,
        id,
        tenant_uuid: tenantUuid,
        is_new: tenantUuid === tenants.master,
        configured: typeof read.body["config"] === "string" && configs.has(read.body["config"])
      }
      devices.set(id, device)
      return Effect.succeed(device)
    }
    const storeConfig = (id: string, document: JsonObject) => {
      const read = readConfigDocument(id, document)
      if ("problem" in read) return Effect.fail(new InvalidDocument({ message: read.problem }))
      configs.set(id, read.config)
      return Effect.succeed(id)
    }
    const autocreate = Effect.suspend(() => {
      const base = [...configs.values()].find(({ role }) => role === "autocreate")
      if (base === undefined) return Effect.fail(new NoAutocreateConfig())
      const id = `${String(base["id"])}${randomUUID()}`
      configs.set(id, {
        id,
        parent_ids: [String(base["id"])],
        raw_config: base["raw_config"] ?? {},
        transient: true
      })
      return Effect.succeed(id)
    })

    const update: Devices["Service"]["update"] = (scope, id, document) =>
      Effect.suspend(() => {
        const device = devices.get(id)
        if (device?.is_new) return store(id, scope.tenantUuid, document)
        return Effect.flatMap(find(scope, id), ({ tenant_uuid }) => store(id, tenant_uuid, document))
      })

    const devicesLayer = Layer.succeed(Devices, {
      list: ({ tenantUuid, visible }, recurse, query) =>
        select(
          [...devices.values()].filter((device) =>
            recurse ? visible.includes(device.tenant_uuid) : device.tenant_uuid === tenantUuid
          ),
          query
        ),
      get: find,
      create: (scope, document) =>
        Effect.gen(function* () {
          const id = yield* idOf(document)
          if (devices.has(id)) return yield* new IdTaken({ id })
          return yield* store(id, scope.tenantUuid, document)
        }),
      update,
      updateWithConfig: (scope, id, document, config) =>
        Effect.gen(function* () {
          yield* storeConfig(String(config["id"]), config)
          return yield* update(scope, id, document)
        }),
      remove: (scope, id) => Effect.map(find(scope, id), () => void devices.delete(id)),
      reconfigure: (scope, id) => Effect.asVoid(find(scope, id)),
      synchronize: (scope, id) => Effect.asVoid(find(scope, id)),
      resetToAutoprov: (scope, id) =>
        Effect.gen(function* () {
          const { options: _, ...device } = yield* find(scope, id)
          const config = yield* Effect.orDie(autocreate)
          if (typeof device.config === "string") configs.delete(device.config)
          yield* Effect.orDie(store(id, device.tenant_uuid, { ...device, config }))
        })
    })
    const configsLayer = Layer.succeed(Configs, {
      list: (query) => select(configs.values(), query),
      get: (id) => {
        const config = configs.get(id)
        return config === undefined ? Effect.fail(new NoSuchConfig({ id })) : Effect.succeed(config)
      },
      create: (document) =>
        Effect.gen(function* () {
          const id = yield* idOf(document)
          if (configs.has(id)) return yield* new IdTaken({ id })
          return yield* storeConfig(id, document)
        }),
      update: (id, document) =>
        configs.has(id) ? Effect.asVoid(storeConfig(id, document)) : Effect.fail(new NoSuchConfig({ id })),
      remove: (id) => {
        const config = configs.get(id)
        if (config === undefined) return Effect.fail(new NoSuchConfig({ id }))
        if (config["deletable"] === false) return Effect.fail(new NotDeletable({ id }))
        return Effect.sync(() => void configs.delete(id))
      },
      raw: (id) => {
        const raw = configs.get(id)?.["raw_config"]
        return isObject(raw) ? Effect.succeed(raw) : Effect.fail(new NoSuchConfig({ id }))
      },
      autocreate
    })
    return Layer.mergeAll(devicesLayer, configsLayer)
  })
)

const autoprov: JsonObject = {
  id: "autoprov",
  role: "autocreate",
  deletable: false,
  parent_ids: [],
  raw_config: {
    sip_lines: {
      "1": { display_name: "Autoprov", number: "autoprov", username: "ap12345678", password: "12345678" }
    }
  }
}
