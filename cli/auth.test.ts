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
    "creates administrators, sets passwords, lists and revokes tokens, attaches policies, on a stopped runtime",
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
        const other = yield* auth(folder, ["bootstrap", "--username", "root", "--stdin"], "other\n")
        assert.strictEqual(other.code, 1)
        assert.include(other.err, "--reset")
        const same = yield* auth(folder, ["bootstrap", "--username", "root", "--stdin"], `${password}\n`)
        assert.include(same.out, "with this password")

        assert.match((yield* auth(folder, ["token", "list", "--user", "admin"])).out, /\tadmin\tfalse\t/)
        assert.include((yield* auth(folder, ["token", "revoke", "--user", "admin"])).out, "1 revoked")
        assert.notInclude((yield* auth(folder, ["token", "list"])).out, "admin")

        yield* auth(folder, ["user", "create", "ada", "--stdin"], "first")
        yield* auth(folder, ["user", "password", "ADA", "--stdin"], "second\n")
        yield* auth(folder, ["policy", "attach", "wazo_default_admin_policy", "ada"])
        const unknown = yield* auth(folder, ["policy", "attach", "nothing", "ada"])
        assert.deepStrictEqual([unknown.code, unknown.err.trim()], [1, "strowger: No such policy nothing"])
        assert.match((yield* auth(folder, ["user", "list", "--search", "ad"])).out, /\tada\ttrue\tuser\t/)

        const again = yield* startRuntime({ STROWGER_DATA_DIR: folder })
        yield* logIn(again.url, { username: "root", password })
        yield* logIn(again.url, { username: "ada", password: "second" })
      }).pipe(Effect.scoped),
    180_000
  )

  if (externalTestUrl !== undefined) {
    const server = externalTestUrl
    it.live(
      "works beside a running runtime on an external PostgreSQL: who is logged out is so at once",
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
          assert.match((yield* run(["token", "list"])).out, /\tada\tfalse\t/)
          yield* run(["token", "revoke", "--user", "admin"])
          yield* eventually(isLive, (live) => !live)
          yield* run(["user", "password", "ada", "--stdin"], "q")
          yield* logIn(runtime.url, { username: "ada", password: "q" })
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
