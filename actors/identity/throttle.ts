import { Context, Effect, Layer } from "effect"
import { AppConfig, millis } from "../../runtime/config.ts"
import { type ReasonTooMany, tooManyFailures } from "../../schemas/auth/errors.ts"
import { foldLogin } from "./logins.ts"

/**
 * Slows down who guesses passwords: too many failed logins with one name, or from one address, within
 * `STROWGER_LOGIN_WINDOW`, and further ones are refused before the password is looked at. A name counts whether it
 * is somebody's or not, so a refusal tells nothing. Each node counts for itself, in bounded memory.
 */
export class LoginThrottle extends Context.Service<
  LoginThrottle,
  {
    readonly check: (login: string, address: string) => Effect.Effect<void, ReasonTooMany>
    readonly failed: (login: string, address: string) => Effect.Effect<void>
    /** The name's failures are forgotten; those of the address are not. */
    readonly succeeded: (login: string) => Effect.Effect<void>
    /** Whether one more mail may be caused for a login. Counts it. */
    readonly mayCauseMail: (login: string) => Effect.Effect<boolean>
  }
>()("strowger/actors/identity/LoginThrottle") {
  static readonly layer: Layer.Layer<LoginThrottle, never, AppConfig> = Layer.effect(
    LoginThrottle,
    Effect.map(AppConfig, (config) => {
      const window = millis(config.loginWindow)
      const accounts = makeCounter(config.maxAccountFailures, window)
      const addresses = makeCounter(config.maxAddressFailures, window)
      const mails = makeCounter(mailsPerWindow, window)
      return {
        check: (login, address) =>
          Effect.suspend(() => {
            const wait = Math.max(accounts.waitMillis(foldLogin(login)), addresses.waitMillis(address))
            return wait > 0 ? Effect.fail(tooManyFailures(Math.ceil(wait / 1000))) : Effect.void
          }),
        failed: (login, address) =>
          Effect.sync(() => {
            accounts.count(foldLogin(login))
            addresses.count(address)
          }),
        succeeded: (login) => Effect.sync(() => accounts.forget(foldLogin(login))),
        mayCauseMail: (login) =>
          Effect.sync(() => {
            const key = foldLogin(login)
            if (mails.waitMillis(key) > 0) return false
            mails.count(key)
            return true
          })
      }
    })
  )
}

const mailsPerWindow = 10
/** Keys that are counted at once; the oldest go first. */
const capacity = 50_000

/** Counts by key within a window that begins with the first of them. */
const makeCounter = (limit: number, windowMillis: number) => {
  const counts = new Map<string, { since: number; count: number }>()
  const current = (key: string) => {
    const known = counts.get(key)
    return known && known.since + windowMillis > Date.now() ? known : undefined
  }
  return {
    /** Milliseconds until the key may go on; 0: it may. */
    waitMillis: (key: string): number => {
      const known = current(key)
      return known && known.count >= limit ? known.since + windowMillis - Date.now() : 0
    },
    count: (key: string): void => {
      const known = current(key)
      if (known) known.count++
      else {
        counts.delete(key)
        counts.set(key, { since: Date.now(), count: 1 })
        if (counts.size > capacity) for (const [oldest] of counts) return void counts.delete(oldest)
      }
    },
    forget: (key: string): void => void counts.delete(key)
  }
}
