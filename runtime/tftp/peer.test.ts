import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { temporaryFolder } from "../../test/runtime.ts"
import { fetchWithTftpClient, tftpClientInstalled } from "../../test/tftp-client.ts"
import { tftpListener } from "./listener.ts"
import { bytesSource } from "./tftp.ts"

describe.runIf(tftpClientInstalled)("Debian's TFTP client", () => {
  it.live("gets files of every size, and hears that there is none", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const { port } = yield* tftpListener({
        host: "127.0.0.1",
        port: 0,
        open: ({ path }) => {
          const size = Number(path.slice(1))
          return Number.isNaN(size) ? undefined : bytesSource(Buffer.alloc(size, 7))
        }
      })
      for (const size of [0, 1, 511, 512, 513, 1_024, 300_000]) {
        const local = join(folder, String(size))
        assert.strictEqual(yield* fetchWithTftpClient(port, String(size), local), "")
        assert.isTrue(readFileSync(local).equals(Buffer.alloc(size, 7)), `${size} bytes`)
      }
      const refusal = yield* fetchWithTftpClient(port, "nothing", join(folder, "nothing"))
      assert.include(refusal, "File not found")
    })
  )
})
