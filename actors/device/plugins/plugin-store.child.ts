/** Installs one release of a plugin after the other until it is killed, and says which are in place. */
import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { openPluginStore } from "./plugin-store.ts"

const [root = "", from = "0"] = process.argv.slice(2)
const store = await openPluginStore(root)

for (let release = Number(from); ; release++) {
  const unfolded = join(await store.workspace(), "acme")
  await mkdir(join(unfolded, "var", "tftpboot"), { recursive: true })
  for (let file = 0; file < 20; file++) await writeFile(join(unfolded, `file-${file}`), String(release))
  await writeFile(join(unfolded, "var", "tftpboot", "shipped"), String(release))
  await store.place("acme", unfolded)
  process.stdout.write(`${release}\n`)
}
