import { spawn } from "node:child_process"
import { text } from "node:stream/consumers"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { join } from "node:path"
import { logIn } from "../test/client.ts"
import { externalTestUrl, freshDatabase } from "../test/database.ts"
import { eventually } from "../test/eventually.ts"
import { initialisedFolder } from "../test/initialised-folder.ts"
import { admin, ambient, startRuntime, temporaryFolder } from "../test/runtime.ts"

/** Runs `strowger auth …` on a data folder, or with that on the database of further knobs. */
const auth = (
  folder: string,
  words: ReadonlyArray<string>,
  input = "",
  knobs: Readonly<Record<string, string>> = {}
) =>
  Effect.promise(async () => {
    const child = spawn(process.execPath, [join(import.meta.dirname, "..", "main.ts"), "auth", ...words], {
      env: {
        ...ambient,
        STROWGER_DATA_DIR: folder,
        STROWGER_ADMIN_PASSWORD: admin.password,
        ...knobs
      }
    })
    child.stdin.end(input)
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve))
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
    return { code: await ended, out, err }
  })

describe("strowger auth", () => {
  it.live(
    "creates administrators and users and revokes tokens on a stopped runtime, and says when it is not stopped",
    () =>
      Effect.gen(function* () {
        const folder = yield* initialisedFolder
        const runtime = yield* startRuntime({ STROWGER_DATA_DIR: folder })
        yield* logIn(runtime.url)
        const busy = yield* auth(folder, ["user", "list"])
        assert.strictEqual(busy.code, 1)
        assert.include(busy.err, `in use by process ${runtime.process.pid}: stop it`)
        assert.strictEqual(yield* runtime.kill("SIGTERM"), 0)

        const made = yield* auth(folder, ["bootstrap", "--username", "root"])
        assert.strictEqual(made.code, 0, made.err)
        const password = /The password of root is (\S{28})/.exec(made.out)?.[1] ?? ""
        assert.include((yield* auth(folder, ["token", "revoke", "--user", "admin"])).out, "1 revoked")
        const ada = ["user", "create", "ada", "--policy", "wazo_default_admin_policy", "--stdin"]
        assert.strictEqual((yield* auth(folder, ada, "first")).code, 0)

        const again = yield* startRuntime({ STROWGER_DATA_DIR: folder })
        yield* logIn(again.url, { username: "root", password })
        yield* logIn(again.url, { username: "ada", password: "first" })
      }).pipe(Effect.scoped),
    180_000
  )

  if (externalTestUrl !== undefined) {
    const server = externalTestUrl
    it.live(
      "sets passwords, lists and revokes tokens, attaches policies, beside a running runtime on PostgreSQL",
      () =>
        Effect.gen(function* () {
          const folder = yield* temporaryFolder
          const database = { STROWGER_DATABASE_URL: Redacted.value(yield* freshDatabase(server)) }
          const runtime = yield* startRuntime({ STROWGER_DATA_DIR: folder, ...database })
          const run = (words: ReadonlyArray<string>, input = "") => auth(folder, words, input, database)
          const client = yield* logIn(runtime.url)
          const isLive = Effect.map(
            client.request("GET", "/api/auth/0.1/users"),
            ({ status }) => status === 200
          )
          assert.isTrue(yield* isLive)
          const made = yield* run(
            ["user", "create", "ada", "--policy", "wazo_default_admin_policy", "--stdin"],
            "p"
          )
          assert.strictEqual(made.code, 0, made.err)
          yield* logIn(runtime.url, { username: "ada", password: "p" })
          assert.match((yield* run(["token", "list", "--user", "ada"])).out, /\tada\tfalse\t/)
          yield* run(["token", "revoke", "--user", "admin"])
          yield* eventually(isLive, (live) => !live)
          assert.notInclude((yield* run(["token", "list"])).out, "admin")
          yield* run(["user", "password", "ADA", "--stdin"], "q\n")
          yield* logIn(runtime.url, { username: "ada", password: "q" })
          assert.match((yield* run(["user", "list", "--search", "ad"])).out, /\tada\ttrue\tuser\t/)
          const attached = yield* run(["policy", "attach", "wazo_default_user_policy", "ada"])
          assert.strictEqual(attached.code, 0, attached.err)
          const unknown = yield* run(["policy", "attach", "nothing", "ada"])
          assert.deepStrictEqual([unknown.code, unknown.err.trim()], [1, "strowger: No such policy nothing"])
          const other = yield* run(["bootstrap", "--username", "admin", "--stdin"], "other\n")
          assert.strictEqual(other.code, 1)
          assert.include(other.err, "--reset")
          const same = yield* run(["bootstrap", "--username", "admin", "--stdin"], `${admin.password}\n`)
          assert.include(same.out, "with this password")
        }).pipe(Effect.scoped),
      180_000
    )
  }

  it.live(
    "tells by --help what each command is for, with examples",
    () =>
      Effect.gen(function* () {
        for (const [words, taught] of [
          [["--help"], "the data directory of a stopped runtime"],
          [["bootstrap", "--help"], "strowger auth bootstrap --reset --stdin < password.txt"]
        ] as const) {
          const { code, out } = yield* auth("/nonexistent", words)
          assert.strictEqual(code, 0, words.join(" "))
          assert.include(out.replace(/\s+/g, " "), taught)
        }
      }),
    60_000
  )
})
