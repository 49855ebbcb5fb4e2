import { Context, Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import type { Page, PageQuery } from "../../../schemas/common/paging.ts"
import type { Device, DeviceBody, deviceColumns } from "../../../schemas/confd/device.ts"
import {
  alreadyExists,
  associated,
  type BadRequest,
  fieldNotFound,
  invalidField,
  type NotFound,
  notFound,
  type Refusal,
  resourceError
} from "../../../schemas/confd/errors.ts"
import type { DeviceDocument, JsonObject } from "../../../schemas/provd/device.ts"
import { isObject, own } from "../../../schemas/provd/json.ts"
import { Tenants } from "../../identity/tenants.ts"
import type { TenantScope } from "../../pbx/listing.ts"
import { Configs } from "../configs.ts"
import { Devices, type DeviceScope, type InvalidDocument } from "../devices.ts"
import { keyedTurns } from "../keyed-turns.ts"
import { PhonePlugins } from "../plugins/phone-plugins.ts"
import { devicePage } from "./device-page.ts"
import { grounded } from "./grounded.ts"
import { visibleDevice } from "./line-devices.ts"
import { linesOn } from "./phone-lines.ts"
import { everywhere } from "./settlement.ts"

type Name = (typeof deviceColumns)[number]

/** Devices as confd's clients manage them (contracts/provisioning.md 10.2). */
export class ConfdDevices extends Context.Service<
  ConfdDevices,
  {
    readonly list: (scope: TenantScope, query: PageQuery<Name>) => Effect.Effect<Page<Device>>
    /** The devices that are nobody's yet. */
    readonly unallocated: (query: PageQuery<Name>) => Effect.Effect<Page<Device>>
    readonly get: (scope: TenantScope, id: string) => Effect.Effect<Device, NotFound>
    readonly create: (scope: TenantScope, body: DeviceBody) => Effect.Effect<Device, Refusal>
    readonly edit: (scope: TenantScope, id: string, body: DeviceBody) => Effect.Effect<void, Refusal>
    readonly remove: (scope: TenantScope, id: string) => Effect.Effect<void, Refusal>
    /** Gives a device that is nobody's yet to the acting tenant. */
    readonly allocate: (scope: TenantScope, id: string) => Effect.Effect<void, Refusal>
    /** Makes the phone fetch its files, in the background: a phone that cannot be told is logged. */
    readonly synchronize: (scope: TenantScope, id: string) => Effect.Effect<void, NotFound>
  }
>()("strowger/actors/device/lines/ConfdDevices") {
  static readonly layer: Layer.Layer<
    ConfdDevices,
    never,
    SqlClient.SqlClient | Devices | Configs | Tenants | PhonePlugins
  > = Layer.effect(
    ConfdDevices,
    Effect.gen(function* () {
      const here = grounded(yield* Effect.context<Ground>())
      const scope = yield* Effect.scope
      // Nobody else may take a MAC address between the look and the write.
      const inTurn = keyedTurns()
      const alone =
        <Args extends ReadonlyArray<unknown>, A, E>(operation: (...args: Args) => Effect.Effect<A, E>) =>
        (...args: Args) =>
          inTurn("mac", operation(...args))
      return {
        list: here(list),
        unallocated: here(unallocated),
        get: here(get),
        create: alone(here(create)),
        edit: alone(here(edit)),
        remove: here(remove),
        allocate: here(allocate),
        synchronize: here((asked: TenantScope, id: string) =>
          Effect.flatMap(visibleDevice(asked, id), (device) =>
            Effect.asVoid(Effect.forkIn(synchronize(device), scope))
          )
        )
      }
    })
  )
}

type Ground = SqlClient.SqlClient | Devices | Configs | Tenants | PhonePlugins

const list = Effect.fnUntraced(function* (scope: TenantScope, query: PageQuery<Name>) {
  const devices = yield* Devices
  const found = yield* Effect.orDie(devices.list(deviceScopeOf(scope), query.recurse === true, {}))
  return yield* pageOf(found, query)
})

const unallocated = Effect.fnUntraced(function* (query: PageQuery<Name>) {
  const devices = yield* Devices
  const { tenantUuid } = yield* everywhere
  const asked = { tenantUuid, visible: [tenantUuid] }
  return yield* pageOf(yield* Effect.orDie(devices.list(asked, false, {})), query)
})

const pageOf = Effect.fnUntraced(function* (documents: ReadonlyArray<JsonObject>, query: PageQuery<Name>) {
  const { total, items } = devicePage(documents, query)
  return { total, items: yield* Effect.forEach(items, present) }
})

const get = (scope: TenantScope, id: string) => Effect.flatMap(visibleDevice(scope, id), present)

const create = Effect.fnUntraced(function* (scope: TenantScope, body: DeviceBody) {
  const devices = yield* Devices
  const configs = yield* Configs
  const { template_id, ...fields } = yield* checked(body, undefined)
  const config = yield* Effect.mapError(configs.autocreate, () =>
    resourceError("There is no config that new devices begin with")
  )
  if (template_id) yield* takeTemplate(config, template_id)
  const device = yield* devices.create(deviceScopeOf(scope), { ...fields, config }).pipe(
    Effect.catchTag("IdTaken", ({ id }) => Effect.fail(alreadyExists("Device", { id }))),
    Effect.catchTag("InvalidDocument", refuse),
    Effect.tapError(() => Effect.ignore(configs.remove(config)))
  )
  return yield* present(device)
})

const edit = Effect.fnUntraced(function* (scope: TenantScope, id: string, body: DeviceBody) {
  const devices = yield* Devices
  const device = yield* visibleDevice(scope, id)
  const { template_id, ...fields } = yield* checked(body, device)
  yield* devices.update(ownScope(device), id, { ...device, ...fields }).pipe(
    Effect.catchTag("NoSuchDevice", () => Effect.fail(notFound("Device", { id }))),
    Effect.catchTag("InvalidDocument", refuse)
  )
  if (template_id !== undefined && typeof device["config"] === "string") {
    yield* takeTemplate(device["config"], template_id ?? "defaultconfigdevice")
  }
})

const remove = Effect.fnUntraced(function* (scope: TenantScope, id: string) {
  const devices = yield* Devices
  const device = yield* visibleDevice(scope, id)
  const lines = (yield* linesOn(id)).filter(({ state }) => state !== "leaving")
  if (lines.length > 0) {
    const about = { device_id: id, line_ids: lines.map(({ line_id }) => line_id) }
    return yield* associated("Device", "Line", about)
  }
  yield* Effect.mapError(devices.remove(ownScope(device), id), () => notFound("Device", { id }))
})

const allocate = Effect.fnUntraced(function* (scope: TenantScope, id: string) {
  const devices = yield* Devices
  const device = yield* visibleDevice(scope, id, { orNew: true })
  if (!device.is_new) return yield* notFound("Device", { id })
  yield* devices.update(deviceScopeOf(scope), id, device).pipe(
    Effect.catchTag("NoSuchDevice", () => Effect.fail(notFound("Device", { id }))),
    Effect.catchTag("InvalidDocument", refuse)
  )
})

const synchronize = Effect.fnUntraced(function* (device: DeviceDocument) {
  const devices = yield* Devices
  yield* Effect.catchCause(devices.synchronize(ownScope(device), device.id), (cause) =>
    Effect.logWarning(`Device ${device.id} cannot be synchronized`, cause)
  )
})

const deviceScopeOf = ({ tenantUuid, visibleTenants }: TenantScope): DeviceScope => ({
  tenantUuid,
  visible: visibleTenants
})

/** For what its tenant may do: who asks has been checked. */
const ownScope = ({ tenant_uuid }: DeviceDocument): DeviceScope => ({
  tenantUuid: tenant_uuid,
  visible: [tenant_uuid]
})

/** The body with its MAC address in the form it is stored in, once what it names has been found. */
const checked = Effect.fnUntraced(function* (body: DeviceBody, present: DeviceDocument | undefined) {
  const mac = body.mac?.toLowerCase()
  if (mac !== undefined && mac !== present?.["mac"]) {
    const devices = yield* Devices
    const taken = yield* Effect.orDie(devices.list(yield* everywhere, true, { selector: { mac } }))
    if (taken.length > 0) return yield* alreadyExists("Device", { mac })
  }
  if (body.plugin && body.plugin !== present?.["plugin"]) {
    if ((yield* PhonePlugins).get(body.plugin) === undefined) {
      return yield* fieldNotFound("plugin", "Plugin", { id: body.plugin })
    }
  }
  if (body.template_id) {
    const configs = yield* Configs
    const template = yield* Effect.option(configs.get(body.template_id))
    if (Option.isNone(template) || own(template.value, "X_type") !== "device") {
      return yield* fieldNotFound("template_id", "DeviceTemplate", { id: body.template_id })
    }
  }
  return mac === undefined ? body : { ...body, mac }
})

/** The config takes its settings from the template instead of its present one. */
const takeTemplate = Effect.fnUntraced(function* (configId: string, template: string) {
  const configs = yield* Configs
  const found = yield* Effect.option(configs.get(configId))
  // What new devices begin with is nobody's own.
  if (Option.isNone(found) || own(found.value, "role") === "autocreate") return
  const config = found.value
  const before = own(config, "configdevice")
  const parents = own(config, "parent_ids")
  const others = Array.isArray(parents)
    ? parents.filter((parent) => parent !== before && parent !== template)
    : []
  yield* configs
    .update(configId, { ...config, configdevice: template, parent_ids: [...others, template] })
    .pipe(
      Effect.catchTag("NoSuchConfig", () => Effect.void),
      Effect.catchTag("InvalidDocument", refuse)
    )
})

/** The message begins with the name of the field. */
const refuse = ({ message }: InvalidDocument): Effect.Effect<never, BadRequest> => {
  const [field = "", ...reason] = message.split(": ")
  return Effect.fail(reason.length === 0 ? resourceError(message) : invalidField(field, reason.join(": ")))
}

const present = Effect.fnUntraced(function* (device: JsonObject) {
  const configs = yield* Configs
  const configId = textAt(device, "config")
  const config =
    configId === null ? undefined : Option.getOrUndefined(yield* Effect.option(configs.get(configId)))
  const options = own(device, "options")
  const switchboard = isObject(options) ? own(options, "switchboard") : undefined
  const item: Device = {
    id: String(device["id"]),
    ip: textAt(device, "ip"),
    mac: textAt(device, "mac"),
    sn: textAt(device, "sn"),
    plugin: textAt(device, "plugin"),
    vendor: textAt(device, "vendor"),
    model: textAt(device, "model"),
    version: textAt(device, "version"),
    description: textAt(device, "description"),
    status: statusOf(device, configId),
    template_id: config === undefined ? null : textAt(config, "configdevice"),
    options: isObject(options) ? { ...(typeof switchboard === "boolean" && { switchboard }) } : null,
    tenant_uuid: String(device["tenant_uuid"]),
    is_new: device["is_new"] === true
  }
  return item
})

const statusOf = (device: JsonObject, config: string | null): Device["status"] => {
  if (device["configured"] !== true) return "not_configured"
  return config?.startsWith("autoprov") ? "autoprov" : "configured"
}

const textAt = (document: JsonObject, key: string): string | null => {
  const value = own(document, key)
  return typeof value === "string" || typeof value === "number" ? String(value) : null
}
