import { spawn } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "vitest"
import { openPluginStore } from "./plugin-store.ts"

const root = mkdtempSync(join(tmpdir(), "strowger-plugin-store-"))
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** Runs the installer until it has installed a few releases and for some milliseconds more; gives the last release. */
const installUntilKilled = (from: number, longer: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, "plugin-store.child.ts"), root, String(from)],
      {
        stdio: ["ignore", "pipe", "inherit"]
      }
    )
    let output = ""
    child.once("error", reject)
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString()
      if (output.split("\n").length === 4) setTimeout(() => child.kill("SIGKILL"), longer)
    })
    child.once("exit", () => resolve(Number(output.trim().split("\n").at(-1))))
  })

describe("plugins on disk", { timeout: 60_000 }, () => {
  it("are the old release or the new one after a kill at any moment, with what administrators put there", async () => {
    let next = 0
    for (const longer of [0, 3, 7, 11, 16]) {
      const told = await installUntilKilled(next, longer)
      const store = await openPluginStore(root)
      assert.deepStrictEqual(await store.ids(), ["acme"])
      const release = (await store.release("acme")) ?? ""
      const version = Number(readFileSync(join(release, "file-0"), "utf8"))
      assert.isAtLeast(version, told)
      for (let file = 0; file < 20; file++)
        assert.strictEqual(readFileSync(join(release, `file-${file}`), "utf8"), String(version))

      const { tftpboot } = store.folders("acme")
      assert.strictEqual(readFileSync(join(tftpboot, "shipped"), "utf8"), String(version))
      if (next > 0) assert.strictEqual(readFileSync(join(tftpboot, "own"), "utf8"), "mine")
      assert.deepStrictEqual(readdirSync(tftpboot).sort(), next > 0 ? ["own", "shipped"] : ["shipped"])
      assert.strictEqual(readdirSync(join(release, "..")).length, 1)
      assert.deepStrictEqual(readdirSync(join(root, "scratch")), [])
      writeFileSync(join(tftpboot, "own"), "mine")
      next = version + 1
    }
  })
})
