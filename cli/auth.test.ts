import { spawn } from "node:child_process"
import { text } from "node:stream/consumers"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { join } from "node:path"
import { logIn } from "../test/client.ts"
import { initialisedFolder } from "../test/initialised-folder.ts"
import { admin, ambient, startRuntime } from "../test/runtime.ts"

/** Runs `strowger auth …` on a data folder. */
const auth = (folder: string, words: ReadonlyArray<string>, input = "") =>
  Effect.promise(async () => {
    const child = spawn(process.execPath, [join(import.meta.dirname, "..", "main.ts"), "auth", ...words], {
      env: {
        ...ambient,
        STROWGER_DATA_DIR: folder,
        STROWGER_ADMIN_PASSWORD: admin.password
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
        assert.include(busy.err, String(runtime.process.pid))
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
})
