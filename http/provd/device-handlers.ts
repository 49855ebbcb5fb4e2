import { Effect, Queue } from "effect"
import { HttpApiBuilder, HttpApiSchema } from "effect/http-api"
import { Devices, type DeviceScope } from "../../actors/device/devices.ts"
import { Operations } from "../../actors/device/operations.ts"
import { PhoneRequests } from "../../actors/device/phone-requests.ts"
import { CurrentCaller } from "../../schemas/common/caller.ts"
import { isRecurse } from "../../schemas/common/fields.ts"
import { ProvdApi } from "../../schemas/provd/api.ts"
import { failed, invalid, noSuchResource } from "../../schemas/provd/errors.ts"
import type { PhoneRequest } from "../../schemas/provd/phone-plugin.ts"
import { dhcpInfoOf } from "./dhcp-info.ts"
import { linksTo, pathTo } from "./links.ts"
import { documentQueryOf, first } from "./list-query.ts"
import { forgetOperation, operationStatus, startedAs } from "./operation-handlers.ts"

const synchronizations = "dev_mgr/synchronize"

/** Devices as provd's clients manage them (contracts/provisioning.md 6.2). */
export const deviceHandlers = HttpApiBuilder.group(
  ProvdApi,
  "devices",
  Effect.fnUntraced(function* (handlers) {
    const devices = yield* Devices
    const operations = yield* Operations
    const learn = yield* makeLearner
    return handlers.handleAll({
      root: () =>
        Effect.succeed(
          linksTo({
            "dev.synchronize": synchronizations,
            "dev.reconfigure": "dev_mgr/reconfigure",
            "dev.dhcpinfo": "dev_mgr/dhcpinfo",
            "dev.devices": "dev_mgr/devices"
          })
        ),
      list: ({ query }) =>
        Effect.flatMap(asked, (scope) =>
          devices.list(scope, isRecurse(first(query.recurse)), documentQueryOf(query))
        ).pipe(
          Effect.map((found) => ({ devices: found })),
          Effect.catchTag("InvalidDocument", ({ message }) => Effect.fail(invalid(message)))
        ),
      create: ({ payload }) =>
        Effect.flatMap(asked, (scope) => devices.create(scope, payload.device)).pipe(
          Effect.map(({ id }) =>
            HttpApiSchema.withHeaders({
              body: { id },
              headers: { location: pathTo("dev_mgr/devices", id) }
            })
          ),
          Effect.catchTags({
            InvalidDocument: ({ message }) => Effect.fail(invalid(message)),
            IdTaken: ({ id }) => Effect.fail(invalid(`The id ${id} is taken`))
          })
        ),
      get: ({ params }) =>
        Effect.flatMap(asked, (scope) => devices.get(scope, params.device_id)).pipe(
          Effect.map((device) => ({ device })),
          Effect.mapError(noSuchResource)
        ),
      update: ({ params, payload }) =>
        Effect.flatMap(asked, (scope) => devices.update(scope, params.device_id, payload.device)).pipe(
          Effect.asVoid,
          Effect.catchTags({
            NoSuchDevice: () => Effect.fail(noSuchResource()),
            InvalidDocument: ({ message }) => Effect.fail(failed(message))
          })
        ),
      remove: ({ params }) =>
        Effect.flatMap(asked, (scope) => devices.remove(scope, params.device_id)).pipe(
          Effect.mapError(noSuchResource)
        ),
      synchronize: ({ payload: { id } }) =>
        Effect.gen(function* () {
          const scope = yield* asked
          yield* Effect.mapError(devices.get(scope, id), noSuchResource)
          const work = Effect.tapError(devices.synchronize(scope, id), (error) =>
            Effect.logWarning(`Device ${id} cannot be synchronized`, error)
          )
          return startedAs(synchronizations)(yield* operations.start(synchronizations, undefined, () => work))
        }),
      synchronizeStatus: ({ params }) => operationStatus(operations, synchronizations, params.operation_id),
      synchronizeForget: ({ params }) => forgetOperation(operations, synchronizations, params.operation_id),
      reconfigure: ({ payload: { id } }) =>
        Effect.flatMap(asked, (scope) => devices.reconfigure(scope, id)).pipe(
          Effect.mapError(() => invalid(`There is no device ${id}`))
        ),
      dhcpinfo: ({ payload }) => {
        const info = dhcpInfoOf(payload.dhcp_info)
        if (info.kind === "invalid") return Effect.fail(invalid(info.message))
        return info.kind === "commit" ? learn(info.request) : Effect.void
      }
    })
  })
)

/** T and V(T) of the caller. */
const asked: Effect.Effect<DeviceScope, never, CurrentCaller> = Effect.map(
  CurrentCaller,
  ({ tenantUuid, visibleTenants }) => ({ tenantUuid, visible: visibleTenants })
)

/** What DHCP servers tell is worked off in the background; only when very much is waiting they wait too. */
const makeLearner = Effect.gen(function* () {
  const requests = yield* PhoneRequests
  const waiting = yield* Queue.bounded<PhoneRequest>(1_000)
  const work = Queue.take(waiting).pipe(
    Effect.flatMap(requests.learn),
    Effect.catchCause((cause) => Effect.logError("What a DHCP server told could not be used", cause)),
    Effect.forever
  )
  for (let worker = 0; worker < workers; worker++) yield* Effect.forkScoped(work)
  return (request: PhoneRequest) => Effect.asVoid(Queue.offer(waiting, request))
})

const workers = 4
