import { describe, expect, it } from "@effect/vitest"
import { Console, Deferred, Effect, Fiber } from "effect"
import { runSimulator } from "./run.ts"

describe("strowger simulate", () => {
  it.live("says where it listens, then tells of callers and agents in words", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const connected = yield* Deferred.make<void>()
      const console: Console.Console = {
        ...globalThis.console,
        log: (line: string) => {
          lines.push(line)
          if (line.includes(" talks to ")) Effect.runSync(Deferred.succeed(connected, undefined))
        }
      }
      const running = yield* runSimulator({
        port: 0,
        secret: "hidden",
        seed: "words",
        speed: 100,
        queues: ["sales"],
        callsPerMinute: 30,
        agents: 2
      }).pipe(Effect.provideService(Console.Console, console), Effect.forkChild)
      yield* Deferred.await(connected)
      yield* Fiber.interrupt(running)
      expect(lines[0]).toMatch(/^simulated PBX: AMI on 127\.0\.0\.1:\d+, user strowger, queues sales$/)
      expect(lines.some((line) => /^sales +.+ \(555\d{4}\) waits, 1 in line$/.test(line))).toBe(true)
      expect(lines.some((line) => /^sales +Agent\/100[12] rings$/.test(line))).toBe(true)
      expect(lines.join("\n")).not.toContain("hidden")
    })
  )
})
