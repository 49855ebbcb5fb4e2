/**
 * Packs a phone plugin and offers it in a repository:
 *
 *     node --disable-warning=ExperimentalWarning pack.ts <folder of the plugin> <folder of the repository>
 *
 * The name of the plugin's folder is its id. Writes `<id>-<version>.tgz` and enters it into `plugins.db`; serve the
 * folder of the repository over HTTP and set the parameter `plugin_server` to its URL. Needs Node 24 and tar.
 */
import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { stripTypeScriptTypes } from "node:module"
import { tmpdir } from "node:os"
import { basename, join, resolve } from "node:path"

const [plugin = ".", repository = "."] = process.argv.slice(2).map((folder) => resolve(folder))
const id = basename(plugin)
const info = JSON.parse(readFileSync(join(plugin, "plugin-info"), "utf8"))
const filename = `${id}-${info.version}.tgz`

const workspace = mkdtempSync(join(tmpdir(), "pack-"))
try {
  const copy = join(workspace, id)
  cpSync(plugin, copy, { recursive: true })
  const entry = join(copy, "entry.ts")
  if (existsSync(entry)) {
    writeFileSync(join(copy, "entry.js"), stripTypeScriptTypes(readFileSync(entry, "utf8")))
    rmSync(entry)
  }
  mkdirSync(repository, { recursive: true })
  execFileSync("tar", ["-czf", join(repository, filename), "-C", workspace, id])
} finally {
  rmSync(workspace, { recursive: true, force: true })
}

const archive = readFileSync(join(repository, filename))
const digest = (algorithm: string) => createHash(algorithm).update(archive).digest("hex")
const indexFile = join(repository, "plugins.db")
const index = existsSync(indexFile) ? JSON.parse(readFileSync(indexFile, "utf8")) : {}
const { entry: _entry, ...offered } = info
index[id] = {
  ...offered,
  filename,
  dsize: archive.length,
  sha1sum: digest("sha1"),
  sha256sum: digest("sha256")
}
writeFileSync(indexFile, `${JSON.stringify(index, null, 2)}\n`)
process.stdout.write(`${filename}, ${archive.length} bytes\n`)
