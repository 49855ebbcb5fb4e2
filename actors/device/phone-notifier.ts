import { Context, Effect, Layer } from "effect"
import { header } from "../../runtime/ami/ami.ts"
import { AppConfig } from "../../runtime/config.ts"
import { sendNotify } from "../../runtime/sip/notify.ts"
import type { SipNotify } from "../../schemas/provd/phone-plugin.ts"
import { AmiActions } from "../ami-session/actions.ts"
import { CannotSynchronize } from "./devices.ts"

/** Whom a NOTIFY goes to: a PJSIP endpoint by its name, or whatever answers at an address. */
export type NotifyTarget = { readonly endpoint: string } | { readonly address: string }

/** Sends SIP NOTIFY to phones (contracts/provisioning.md, section 11). Succeeds when it was sent. */
export class PhoneNotifier extends Context.Service<
  PhoneNotifier,
  { readonly notify: (target: NotifyTarget, notify: SipNotify) => Effect.Effect<void, CannotSynchronize> }
>()("strowger/actors/device/PhoneNotifier") {
  /** By the action PJSIPNotify of Asterisk. */
  static readonly layerAmi: Layer.Layer<PhoneNotifier, never, AmiActions> = Layer.effect(
    PhoneNotifier,
    Effect.map(AmiActions, (actions) => ({
      notify: (target, notify) =>
        actions.run({ action: "PJSIPNotify", headers: notifyHeaders(target, notify) }).pipe(
          Effect.mapError((error) => new CannotSynchronize({ reason: error.message })),
          Effect.flatMap(({ response }) =>
            header(response, "Response") === "Success"
              ? Effect.void
              : Effect.fail(
                  new CannotSynchronize({
                    reason: header(response, "Message") ?? "Asterisk refused the NOTIFY"
                  })
                )
          )
        )
    }))
  )
  /** Straight from this process over UDP; knows phones by their addresses alone. */
  static readonly layerSip: Layer.Layer<PhoneNotifier> = Layer.succeed(PhoneNotifier, {
    notify: (target, { event, contentType, body }) =>
      "endpoint" in target
        ? Effect.fail(new CannotSynchronize({ reason: "the address of the phone is not known" }))
        : sendNotify({
            address: target.address,
            event,
            ...(contentType === undefined ? {} : { contentType }),
            ...(body === undefined ? {} : { body: body.map((line) => `${line}\r\n`).join("") })
          }).pipe(Effect.mapError(({ message }) => new CannotSynchronize({ reason: message })))
  })
  /** For installations that tell no phone anything. */
  static readonly layerNone: Layer.Layer<PhoneNotifier> = Layer.succeed(PhoneNotifier, {
    notify: () => Effect.fail(new CannotSynchronize({ reason: "STROWGER_PHONE_SYNC is none" }))
  })
  /** As `STROWGER_PHONE_SYNC` says. */
  static readonly layer: Layer.Layer<PhoneNotifier, never, AppConfig | AmiActions> = Layer.unwrap(
    Effect.map(AppConfig, ({ phoneSync }) => {
      switch (phoneSync) {
        case "asterisk_ami":
          return PhoneNotifier.layerAmi
        case "sip":
          return PhoneNotifier.layerSip
        case "none":
          return PhoneNotifier.layerNone
      }
    })
  )
}

/** The headers of PJSIPNotify, in their order. */
export const notifyHeaders = (
  target: NotifyTarget,
  { event, contentType, body }: SipNotify
): ReadonlyArray<readonly [name: string, value: string]> => [
  "endpoint" in target ? ["Endpoint", target.endpoint] : ["URI", `sip:anonymous@${hostOf(target.address)}`],
  variable("Event", event),
  ...(contentType === undefined ? [] : [variable("Content-Type", contentType)]),
  ...(body ?? []).map((line) => variable("Content", line))
]

/** Asterisk splits the value of a `Variable` at commas and drops quotes; a backslash keeps either. */
const variable = (name: string, value: string): readonly [string, string] => [
  "Variable",
  `${name}=${value.replace(/[\\",]/g, "\\$&")}`
]

/** An IPv6 address stands in brackets in a SIP URI (RFC 3261, 25.1). */
const hostOf = (address: string): string => (address.includes(":") ? `[${address}]` : address)
