import { Effect } from "effect"
import { HttpApiBuilder, HttpApiSchema } from "effect/http-api"
import { ConfdDevices } from "../../actors/device/lines/confd-devices.ts"
import { LineDevices } from "../../actors/device/lines/line-devices.ts"
import { CurrentCaller } from "../../schemas/common/caller.ts"
import { ConfdApi } from "../../schemas/confd/api.ts"
import { linkerOf, locationOf, presentDevice, presentLineDevice } from "./present.ts"

/** Phones (contracts/provisioning.md 10.2). */
export const deviceHandlers = HttpApiBuilder.group(
  ConfdApi,
  "devices",
  Effect.fnUntraced(function* (handlers) {
    const devices = yield* ConfdDevices
    const lines = yield* LineDevices
    return handlers.handleAll({
      list: Effect.fnUntraced(function* ({ query, request }) {
        const { total, items } = yield* devices.list(yield* CurrentCaller, query)
        return { total, items: items.map(presentDevice(linkerOf(request))) }
      }),
      create: Effect.fnUntraced(function* ({ payload, request }) {
        const link = linkerOf(request)
        const device = yield* devices.create(yield* CurrentCaller, payload)
        return HttpApiSchema.withHeaders({
          body: presentDevice(link)(device),
          headers: { location: locationOf(link, "devices", device.id) }
        })
      }),
      get: Effect.fnUntraced(function* ({ params, request }) {
        return presentDevice(linkerOf(request))(yield* devices.get(yield* CurrentCaller, params.id))
      }),
      edit: ({ params, payload }) =>
        Effect.flatMap(CurrentCaller, (caller) => devices.edit(caller, params.id, payload)),
      remove: ({ params }) => Effect.flatMap(CurrentCaller, (caller) => devices.remove(caller, params.id)),
      autoprov: ({ params }) => Effect.flatMap(CurrentCaller, (caller) => lines.reset(caller, params.id)),
      synchronize: ({ params }) =>
        Effect.flatMap(CurrentCaller, (caller) => devices.synchronize(caller, params.id)),
      unallocated: Effect.fnUntraced(function* ({ query, request }) {
        const { total, items } = yield* devices.unallocated(query)
        return { total, items: items.map(presentDevice(linkerOf(request))) }
      }),
      allocate: ({ params }) => Effect.flatMap(CurrentCaller, (caller) => devices.allocate(caller, params.id))
    })
  })
)

/** The lines of phones (contracts/provisioning.md 10.2). */
export const lineDeviceHandlers = HttpApiBuilder.group(
  ConfdApi,
  "line devices",
  Effect.fnUntraced(function* (handlers) {
    const lines = yield* LineDevices
    return handlers.handleAll({
      associate: ({ params }) =>
        Effect.flatMap(CurrentCaller, (caller) => lines.associate(caller, params.line_id, params.device_id)),
      dissociate: ({ params }) =>
        Effect.flatMap(CurrentCaller, (caller) => lines.dissociate(caller, params.line_id, params.device_id)),
      ofLine: Effect.fnUntraced(function* ({ params, request }) {
        const association = yield* lines.ofLine(yield* CurrentCaller, params.line_id)
        return presentLineDevice(linkerOf(request))(association)
      }),
      ofDevice: Effect.fnUntraced(function* ({ params, request }) {
        const items = yield* lines.ofDevice(yield* CurrentCaller, params.device_id)
        return { total: items.length, items: items.map(presentLineDevice(linkerOf(request))) }
      })
    })
  })
)
