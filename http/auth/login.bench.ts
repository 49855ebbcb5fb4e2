import { Effect } from "effect"
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { hashesAtOnce, Passwords } from "../../actors/identity/passwords.ts"
import { type BenchResult, median } from "../../runtime/bench.ts"
import { logIn, startStrowger, stop, tokenRequest } from "./token.bench.ts"

/**
 * `POST /token` with a password, in logins a second, while a thousand token checks a second are answered too.
 *
 * - figure: the whole runtime, hashing and all, with twice as many clients as it computes hashes at once: while one
 *   hash is computed the next login is already waiting. `p99` is in milliseconds and has that wait in it.
 * - ceiling: the same hash alone, as many at once as the runtime computes.
 *
 * Each is the median of some rounds, in which the two take turns.
 */
export const run = async (): Promise<BenchResult> => {
  const folder = await mkdtemp(join(tmpdir(), "strowger-bench-"))
  const server = await startStrowger(folder)
  const checks = await startChecks(server.url)
  try {
    const logins: Array<number> = []
    const hashes: Array<number> = []
    const latencies: Array<number> = []
    for (let round = 0; round <= rounds; round++) {
      const took: Array<number> = []
      const login = await repeatedly(2 * hashesAtOnce, () => logIn(server.url), took)
      const hash = await hashing((check) => repeatedly(hashesAtOnce, check, []))
      if (round === 0) continue
      logins.push(login)
      hashes.push(hash)
      latencies.push(...took)
    }
    const [figure, ceiling] = [median(logins), median(hashes)]
    const sorted = latencies.toSorted((left, right) => left - right)
    return {
      name: "login",
      figure: Math.round(figure * 10) / 10,
      unit: "logins/s",
      ceiling: Math.round(ceiling * 10) / 10,
      ratio: Math.round((100 * figure) / ceiling) / 100,
      p99: Math.round(sorted[Math.floor(sorted.length * 0.99)] ?? 0),
      tokenChecks: checks.rate()
    }
  } finally {
    checks.end()
    await stop(server)
    await rm(folder, { recursive: true })
  }
}

const rounds = 3
const roundMillis = 2_000

/** Runs tasks, some at once, for a round; answers how many a second, and adds the milliseconds of each. */
const repeatedly = async (
  atOnce: number,
  task: () => Promise<unknown>,
  took: Array<number>
): Promise<number> => {
  const startedAt = performance.now()
  let done = 0
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (performance.now() - startedAt < roundMillis) {
        const began = performance.now()
        await task()
        took.push(performance.now() - began)
        done++
      }
    })
  )
  return (done * 1000) / (performance.now() - startedAt)
}

/** Gives a task that checks one password. */
const hashing = <A>(use: (check: () => Promise<unknown>) => Promise<A>): Promise<A> =>
  Effect.runPromise(
    Effect.gen(function* () {
      const passwords = yield* Passwords
      const stored = yield* passwords.hash("benchmark")
      return yield* Effect.promise(() => use(() => Effect.runPromise(passwords.check("benchmark", stored))))
    }).pipe(Effect.provide(Passwords.layer))
  )

/** A token check every millisecond, on one connection, until the end. */
const startChecks = async (url: string) => {
  const request = await tokenRequest(url)
  const socket = connect(Number(new URL(url).port), "127.0.0.1")
  await once(socket, "connect")
  let answered = 0
  const startedAt = performance.now()
  socket.setNoDelay(true).on("data", (bytes: Buffer) => {
    answered += bytes.toString("latin1").split("HTTP/1.1 204").length - 1
  })
  let sent = 0
  const timer = setInterval(() => {
    for (const due = performance.now() - startedAt; sent < due; sent++) socket.write(request)
  }, 5)
  return {
    /** A second. */
    rate: () => Math.round((answered * 1000) / (performance.now() - startedAt)),
    end: () => {
      clearInterval(timer)
      socket.destroy()
    }
  }
}
