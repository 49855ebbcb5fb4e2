import { Data, Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import type { AgiAnswer, AgiRequest } from "../../runtime/agi/agi.ts"
import { AgiScripts } from "../../runtime/agi/scripts.ts"
import { dieOnSqlError } from "../../runtime/database/sql-errors.ts"
import { normalizeIp } from "../../schemas/provd/address.ts"
import { Tenants } from "../identity/tenants.ts"
import { Devices } from "./devices.ts"
import { LineDevices } from "./lines/line-devices.ts"
import { everywhere } from "./lines/settlement.ts"

/**
 * The script `provision` of the dialplan (contracts/provisioning.md 10.1): a phone at the autoprov account has dialled
 * the provisioning code of a line, `AGI(agi://<host>:4573/provision,<code>,<ip[:port] of the phone>)`. With the code
 * `autoprov` a phone gives its lines back.
 */
export const provisioningCodeLayer: Layer.Layer<
  never,
  never,
  AgiScripts | Devices | LineDevices | SqlClient.SqlClient | Tenants
> = Layer.effectDiscard(
  Effect.gen(function* () {
    const scripts = yield* AgiScripts
    const services = yield* Effect.context<Ground>()
    scripts.serve("provision", (request) => Effect.provideContext(answerProvision(request), services))
  })
)

type Ground = Devices | LineDevices | SqlClient.SqlClient | Tenants

/** Nothing was changed; the reason is for Asterisk's console and the log. */
class NotProvisioned extends Data.TaggedError("NotProvisioned")<{ readonly reason: string }> {}

/** A NOTIFY that is still under way after this time is not waited for: the caller hears nothing until then. */
const notifyPatience = "2 seconds"

/**
 * Answers one request: `ACCENT_PROV_OK` and `XIVO_PROV_OK` are 1 when the phone has its line and was told to fetch its
 * files, else empty. A failure at any step leaves everything as it was.
 */
const answerProvision = (request: AgiRequest): Effect.Effect<AgiAnswer, never, Ground> =>
  provision(request).pipe(
    Effect.as(answerOf("1")),
    // What has begun is brought to its end, whoever hangs up.
    Effect.uninterruptible,
    Effect.catchTag("NotProvisioned", ({ reason }) =>
      Effect.as(Effect.logWarning(`A phone was not provisioned: ${reason}`), {
        ...answerOf(""),
        notice: `Strowger does not provision the phone: ${reason}`
      })
    ),
    Effect.catchCause((cause) =>
      Effect.as(Effect.logError("A phone was not provisioned", cause), answerOf(""))
    )
  )

const answerOf = (flag: "1" | ""): AgiAnswer => ({
  variables: [
    ["ACCENT_PROV_OK", flag],
    ["XIVO_PROV_OK", flag]
  ]
})

const provision = Effect.fnUntraced(function* ({ query, args }: AgiRequest) {
  const code = query.get("code") ?? args[0] ?? ""
  const address = addressOf(query.get("address") ?? args[query.has("code") ? 0 : 1] ?? "")
  if (code !== "autoprov" && !/^\d{6}$/.test(code)) return yield* refused("the code has six digits")
  if (address === undefined) return yield* refused("the address of the phone is none")
  const deviceId = yield* deviceAt(address)
  return yield* code === "autoprov" ? giveBack(deviceId) : takeLine(deviceId, code)
})

const refused = (reason: string) => new NotProvisioned({ reason })

/** `192.0.2.7:5060`, `[2001:db8::7]:5060` or an address alone. */
const addressOf = (text: string): string | undefined => {
  const [, bracketed, plain] = /^(?:\[([0-9a-f:.]{2,45})\]|([0-9.]{7,15}))(?::\d{1,5})?$/i.exec(text) ?? []
  return normalizeIp(bracketed ?? plain ?? text)
}

/** Behind a NAT several phones have one address: then it is not known who dials. */
const deviceAt = Effect.fnUntraced(function* (ip: string) {
  const devices = yield* Devices
  const found = yield* Effect.orDie(devices.list(yield* everywhere, true, { selector: { ip } }))
  const [device] = found
  if (device === undefined) return yield* refused(`no phone has the address ${ip}`)
  if (found.length > 1) return yield* refused(`several phones have the address ${ip}`)
  return String(device["id"])
})

const giveBack = Effect.fnUntraced(function* (deviceId: string) {
  const lines = yield* LineDevices
  const { tenantUuid, visible } = yield* everywhere
  yield* Effect.mapError(lines.reset({ tenantUuid, visibleTenants: visible }, deviceId), unwilling)
  yield* notify(deviceId)
})

const takeLine = Effect.fnUntraced(function* (deviceId: string, code: string) {
  const sql = yield* SqlClient.SqlClient
  const lines = yield* LineDevices
  const [line] = yield* dieOnSqlError(
    sql<{ id: number; tenant_uuid: string }>`
      SELECT id, tenant_uuid FROM pbx_lines WHERE provisioning_code = ${code}`
  )
  if (line === undefined) return yield* refused("no line has this code")
  const scope = { tenantUuid: line.tenant_uuid, visibleTenants: [line.tenant_uuid] }
  const before = yield* Effect.option(lines.ofLine(scope, line.id))
  yield* Effect.mapError(lines.associate(scope, line.id, deviceId), unwilling)
  const undo = Option.isSome(before) ? Effect.void : Effect.ignore(lines.dissociate(scope, line.id, deviceId))
  yield* Effect.tapError(notify(deviceId), () => undo)
})

const unwilling = ({ messages }: { readonly messages: ReadonlyArray<string> }) => refused(messages.join("; "))

const notify = Effect.fnUntraced(function* (deviceId: string) {
  const devices = yield* Devices
  yield* devices.synchronize(yield* everywhere, deviceId).pipe(
    Effect.mapError((error) =>
      refused(error._tag === "CannotSynchronize" ? error.reason : "the phone was deleted meanwhile")
    ),
    Effect.timeoutOrElse({ duration: notifyPatience, orElse: () => Effect.void }),
    Effect.interruptible
  )
})
