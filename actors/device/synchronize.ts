import { Effect } from "effect"
import type { DeviceDocument } from "../../schemas/provd/device.ts"
import { textOf } from "../../schemas/provd/document.ts"
import type { DeviceIndex } from "./device-index.ts"
import { CannotSynchronize } from "./devices.ts"
import type { NotifyTarget, PhoneNotifier } from "./phone-notifier.ts"
import { readyFor, type Sources } from "./rendering.ts"

/** Makes a phone fetch its files again (contracts/provisioning.md, section 11). Ends when its plugin has told it. */
export const synchronize = Effect.fnUntraced(function* (
  sources: Sources,
  index: DeviceIndex["Service"],
  notifier: PhoneNotifier["Service"],
  document: DeviceDocument
) {
  const fail = (reason: string) => new CannotSynchronize({ reason })
  if (!document.configured) return yield* fail("the device is not configured")
  const ready = readyFor(sources, { document, config: null })
  if ("reason" in ready) return yield* fail(ready.reason)
  const { plugin, config } = ready
  if (plugin.synchronize === undefined) return yield* fail(`the plugin ${plugin.id} cannot synchronize`)
  const run = Effect.runPromiseWith(yield* Effect.context<never>())
  yield* plugin
    .synchronize(document, config, (notify) => {
      const target = notifyTarget(document, index, sources.settings.phoneSync !== "sip")
      const sent = "reason" in target ? Effect.fail(fail(target.reason)) : notifier.notify(target, notify)
      // A plugin fails with the message of the error that it is handed.
      return run(Effect.mapError(sent, ({ reason }) => new Error(reason)))
    })
    .pipe(Effect.mapError(({ message }) => fail(message)))
})

/**
 * Whom the NOTIFY for a device goes to: its endpoint, unless that is an account shared by all phones without a line,
 * else its address, unless several phones share that behind a NAT. Only Asterisk knows endpoints.
 */
const notifyTarget = (
  document: DeviceDocument,
  index: DeviceIndex["Service"],
  endpointsAreKnown: boolean
): NotifyTarget | { readonly reason: string } => {
  const username = textOf(document, "remote_state_sip_username") ?? ""
  if (endpointsAreKnown && username !== "" && !isAutoprovAccount(username)) return { endpoint: username }
  const address = textOf(document, "ip") ?? ""
  if (address === "") return { reason: "neither its account nor its address is known" }
  if (index.idsBy("ip", address).length > 1) return { reason: "several devices have its address" }
  return { address }
}

/** A NOTIFY to it would reboot every phone that has no line yet. */
const isAutoprovAccount = (username: string): boolean => username.startsWith("ap") && username.length === 10
