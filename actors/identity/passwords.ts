import { Context, Effect, Layer, Metric, Semaphore } from "effect"
import { availableParallelism } from "node:os"
import { type Argon2Parameters, argon2, pbkdf2, randomBytes, timingSafeEqual } from "node:crypto"

/** The outcome of comparing a password with what is stored for a user. */
export interface PasswordCheck {
  readonly matches: boolean
  /** The stored form is older or weaker than what `hash` makes now: store a new one. */
  readonly outdated: boolean
}

/** Hashes that are computed at the same time. */
export const hashesAtOnce = Math.max(
  1,
  Math.min(availableParallelism(), Number(process.env["UV_THREADPOOL_SIZE"] ?? 4) - 1)
)

/** Each is the work of one login, whoever it is for. */
export const hashesComputed = Metric.counter("strowger_auth_password_hashes_total", {
  description: "Password hashes computed, to set a password or to compare one",
  incremental: true
})

/**
 * Password hashes: Argon2id as PHC strings (RFC 9106, `$argon2id$v=19$m=…,t=…,p=…$salt$hash`). Imported
 * PBKDF2-HMAC-SHA512 hashes (contracts/auth.md 5) verify as `$pbkdf2-sha512$i=…$salt$hash`.
 *
 * **Details**
 * The work is done off the event loop, on as many threads at once as there are cores, but for one of libuv's
 * (`UV_THREADPOOL_SIZE`), which is left to files and names; each takes about 19 MiB. A flood of logins waits in line
 * and takes no memory. Comparison takes constant time; a user that is unknown or has no password costs the same.
 */
export class Passwords extends Context.Service<
  Passwords,
  {
    readonly hash: (password: string) => Effect.Effect<string>
    /** `stored` undefined: unknown user or no password. Never matches then. */
    readonly check: (password: string, stored: string | undefined) => Effect.Effect<PasswordCheck>
  }
>()("strowger/actors/identity/Passwords") {
  static readonly layer: Layer.Layer<Passwords> = Layer.effect(
    Passwords,
    Effect.gen(function* () {
      const places = yield* Semaphore.make(hashesAtOnce)
      // A caller that goes away leaves the line, but never a place whose work still runs.
      const inLine = <A>(work: Effect.Effect<A>) =>
        places.withPermits(1)(
          Effect.uninterruptible(Effect.tap(work, () => Metric.update(hashesComputed, 1)))
        )
      const nobody = yield* argon2id("", randomBytes(16), current)
      const check = Effect.fnUntraced(function* (password: string, stored: string | undefined) {
        const known = stored === undefined ? undefined : parse(stored)
        const expected = known ?? { scheme: "argon2id" as const, cost: current, salt: noSalt, hash: nobody }
        const actual =
          expected.scheme === "argon2id"
            ? yield* argon2id(password, expected.salt, expected.cost, expected.hash.length)
            : yield* pbkdf2Sha512(password, expected.salt, expected.iterations, expected.hash.length)
        const matches = timingSafeEqual(actual, expected.hash) && known !== undefined
        return { matches, outdated: known !== undefined && isOutdated(known) }
      })
      return {
        hash: (password) =>
          inLine(
            Effect.suspend(() => {
              const salt = randomBytes(16)
              return Effect.map(argon2id(password, salt, current), (hash) => format(salt, hash))
            })
          ),
        check: (password, stored) => inLine(check(password, stored))
      }
    })
  )
}

/** The stored form of a PBKDF2-HMAC-SHA512 hash from elsewhere; upstream keeps `hash` in lowercase hex. */
export const importedPbkdf2 = (salt: Uint8Array, hash: Uint8Array, iterations = 250_000): string =>
  `$pbkdf2-sha512$i=${iterations}$${encode(salt)}$${encode(hash)}`

interface Cost {
  /** KiB. */
  readonly memory: number
  readonly passes: number
  readonly parallelism: number
}

type Stored =
  | { readonly scheme: "argon2id"; readonly cost: Cost; readonly salt: Buffer; readonly hash: Buffer }
  | { readonly scheme: "pbkdf2"; readonly iterations: number; readonly salt: Buffer; readonly hash: Buffer }

/** OWASP's first choice for Argon2id: 19 MiB, two passes. */
const current: Cost = { memory: 19_456, passes: 2, parallelism: 1 }
const noSalt = Buffer.alloc(16)
const hashLength = 32

const argon2Pattern =
  /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/
const pbkdf2Pattern = /^\$pbkdf2-sha512\$i=(\d{1,8})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/

/** Undefined for a stored form that is none of ours: such a user cannot log in until the password is set again. */
const parse = (stored: string): Stored | undefined => {
  const [, memory, passes, parallelism, salt, hash] = argon2Pattern.exec(stored) ?? []
  if (salt !== undefined && hash !== undefined) {
    return {
      scheme: "argon2id",
      cost: { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) },
      salt: Buffer.from(salt, "base64"),
      hash: Buffer.from(hash, "base64")
    }
  }
  const [, iterations, importedSalt, importedHash] = pbkdf2Pattern.exec(stored) ?? []
  if (importedSalt === undefined || importedHash === undefined) return undefined
  return {
    scheme: "pbkdf2",
    iterations: Number(iterations),
    salt: Buffer.from(importedSalt, "base64"),
    hash: Buffer.from(importedHash, "base64")
  }
}

const isOutdated = (stored: Stored): boolean =>
  stored.scheme !== "argon2id" ||
  stored.cost.memory < current.memory ||
  stored.cost.passes < current.passes ||
  stored.hash.length < hashLength

const format = (salt: Buffer, hash: Buffer): string =>
  `$argon2id$v=19$m=${current.memory},t=${current.passes},p=${current.parallelism}$${encode(salt)}$${encode(hash)}`

/** Base64 without padding, as PHC strings have it. */
const encode = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64").replace(/=+$/, "")

const argon2id = (password: string, salt: Buffer, cost: Cost, length = hashLength): Effect.Effect<Buffer> => {
  const parameters: Argon2Parameters = {
    message: Buffer.from(password, "utf8"),
    nonce: salt,
    parallelism: cost.parallelism,
    tagLength: length,
    memory: cost.memory,
    passes: cost.passes
  }
  return Effect.callback((resume) => {
    argon2("argon2id", parameters, (error, hash) => resume(error ? Effect.die(error) : Effect.succeed(hash)))
  })
}

const pbkdf2Sha512 = (
  password: string,
  salt: Buffer,
  iterations: number,
  length: number
): Effect.Effect<Buffer> =>
  Effect.callback((resume) => {
    pbkdf2(password, salt, iterations, length, "sha512", (error, hash) =>
      resume(error ? Effect.die(error) : Effect.succeed(hash))
    )
  })
