import { assert, describe, layer } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import type { RequestListener } from "node:http"
import { join } from "node:path"
import type { DeviceDocument } from "../../../schemas/provd/device.ts"
import { minimalConfig } from "../../../phones/kit/fixture.ts"
import type { BundledPlugin } from "../../../phones/bundled.ts"
import { eventually } from "../../../test/eventually.ts"
import { temporaryFolder } from "../../../test/runtime.ts"
import { Operations } from "../operations.ts"
import {
  type Bench,
  makeBench,
  makeRepository,
  managerLayer,
  packed,
  pluginDatabaseLayer
} from "./fixture.ts"
import { PhonePlugins } from "./phone-plugins.ts"
import { PluginManager, pluginOperations } from "./plugin-manager.ts"

const device: DeviceDocument = { id: "d1", tenant_uuid: "t", is_new: true, configured: false, model: "A1" }

/** An entry that identifies phones named Acme and renders one file. */
const entry = `export default (host) => ({
  extract: (request) => request.userAgent.startsWith("Acme ") ? { vendor: "Acme", model: "A1" } : undefined,
  associate: (info) => info.vendor === "Acme" ? 500 : 0,
  commonFiles: (base) => [{ path: "acme.cfg", content: base.http_base_url }],
  deviceFiles: (device) => [{ path: "acme/" + device.id + ".cfg", content: host.render({}, { device }, "none") }]
})`
const acme = (version: string) =>
  packed(
    "acme",
    { version, description_fr: "Greffon" },
    {
      "entry.js": entry,
      "templates/base.tpl": `${version} {{ device.model }}`
    }
  )

const request = {
  protocol: "http",
  path: "/acme.cfg",
  query: {},
  userAgent: "Acme 1",
  address: "192.0.2.7",
  options: {}
} as const

/** The operation's last words. */
const ended = Effect.fnUntraced(function* (collection: string, id: string) {
  const { status } = yield* Operations
  return yield* eventually(
    status(collection, id),
    (text) => !/\|progress|\|waiting|^progress/.test(text ?? ""),
    "30 seconds"
  )
})

const installed = Effect.fnUntraced(function* (id: string) {
  const manager = yield* PluginManager
  return yield* ended(pluginOperations.install, yield* manager.install(id))
})
const upgraded = Effect.fnUntraced(function* (id: string) {
  const manager = yield* PluginManager
  return yield* ended(pluginOperations.upgrade, yield* manager.upgrade(id))
})
const updated = Effect.gen(function* () {
  const manager = yield* PluginManager
  return yield* ended(pluginOperations.update, yield* manager.update)
})

const fileOfDevice = Effect.gen(function* () {
  const plugin = (yield* PhonePlugins).get("acme")
  if (plugin === undefined) return undefined
  const [file] = yield* plugin.deviceFiles(device, minimalConfig)
  return file?.content
})

/** A server that never stops. */
const endless: RequestListener = (_, response) => {
  const chunk = Buffer.alloc(1024 * 1024, " ")
  const more = () => {
    while (!response.destroyed && response.write(chunk));
  }
  response.on("drain", more)
  more()
}

/** What is left of plugins on disk, without the archive cache. */
const onDisk = (folder: string) => ({
  plugins: readdirSync(join(folder, "provd", "plugins")),
  scratch: readdirSync(join(folder, "provd", "scratch"), { recursive: true })
})

/** A repository and the manager on a folder of their own. */
const workshop = Effect.gen(function* () {
  const folder = yield* temporaryFolder
  const repository = yield* makeRepository
  const bench: Bench = { ...makeBench(), server: repository.url }
  return { folder, repository, bench }
})

layer(pluginDatabaseLayer, { timeout: "60 seconds", excludeTestServices: true })(
  "the plugin manager",
  (it) => {
    describe("plugins of a repository", () => {
      it.effect("are installed, serve phones, are upgraded without a restart, and are uninstalled", () =>
        Effect.gen(function* () {
          const { folder, repository, bench } = yield* workshop
          yield* Effect.gen(function* () {
            const manager = yield* PluginManager
            const plugins = yield* PhonePlugins
            assert.deepStrictEqual(yield* manager.installable, {})

            const first = acme("1.0")
            repository.offer("acme", first, { version: "1.0" })
            const update = yield* updated
            assert.match(update ?? "", /^update\|success;\d+$/)
            assert.deepStrictEqual(Object.keys((yield* manager.installable)["acme"] ?? {}).sort(), [
              "capabilities",
              "description",
              "dsize",
              "sha1sum",
              "version"
            ])
            assert.strictEqual(
              yield* installed("acme"),
              `install|success(download|success;${first.length}/${first.length})`
            )
            assert.deepStrictEqual(yield* manager.loaded, ["acme"])
            assert.deepStrictEqual(yield* manager.installed, {
              acme: { version: "1.0", description: "Plugin acme", capabilities: {} }
            })
            const plugin = plugins.get("acme")
            assert.deepStrictEqual(yield* Effect.promise(async () => plugin?.extract(request)), {
              vendor: "Acme",
              model: "A1"
            })
            assert.strictEqual(yield* Effect.promise(async () => plugin?.associate({ vendor: "Acme" })), 500)
            assert.strictEqual(plugin?.commonFiles.get("acme.cfg")?.content, "http://192.0.2.1:8667")
            assert.strictEqual(yield* fileOfDevice, "1.0 A1")

            // What administrators put below var survives the upgrade.
            const own = join(folder, "provd", "plugins", "acme", "var")
            mkdirSync(join(own, "templates"), { recursive: true })
            writeFileSync(join(own, "tftpboot", "logo.bmp"), "logo")
            repository.offer("acme", acme("2.0"), { version: "2.0" })
            yield* updated
            assert.match((yield* upgraded("acme")) ?? "", /^upgrade\|success\(download\|success;/)
            assert.strictEqual(yield* fileOfDevice, "2.0 A1")
            assert.strictEqual(readFileSync(join(own, "tftpboot", "logo.bmp"), "utf8"), "logo")

            // The administrator's template is seen at the next reload.
            writeFileSync(join(own, "templates", "base.tpl"), "own {{ device.model }}")
            assert.strictEqual(yield* fileOfDevice, "2.0 A1")
            yield* manager.reload("acme")
            assert.strictEqual(yield* fileOfDevice, "own A1")

            yield* manager.uninstall("acme")
            assert.deepStrictEqual(yield* manager.loaded, [])
            assert.deepStrictEqual(yield* manager.installed, {})
            assert.deepStrictEqual(onDisk(folder), { plugins: [], scratch: [] })
            assert.deepStrictEqual(bench.told, [
              "regenerate acme",
              "regenerate acme",
              "regenerate acme",
              "withdraw acme"
            ])
          }).pipe(Effect.provide(managerLayer(folder, bench)))
        }).pipe(Effect.scoped)
      )

      it.effect("answer every request while they are upgraded and reloaded", () =>
        Effect.gen(function* () {
          const { folder, repository, bench } = yield* workshop
          yield* Effect.gen(function* () {
            const manager = yield* PluginManager
            const plugins = yield* PhonePlugins
            repository.offer("acme", acme("1.0"))
            yield* updated
            yield* installed("acme")
            let asked = 0
            const missed: Array<unknown> = []
            const asking = yield* Effect.promise(async () => plugins.get("acme")?.extract(request)).pipe(
              Effect.tap((info) =>
                Effect.sync(() => {
                  asked++
                  if (info?.vendor !== "Acme") missed.push(info)
                })
              ),
              Effect.forever,
              Effect.forkChild
            )
            yield* upgraded("acme")
            yield* manager.reload("acme")
            yield* Fiber.interrupt(asking)
            assert.isAbove(asked, 0)
            assert.deepStrictEqual(missed, [])
            yield* manager.uninstall("acme")
          }).pipe(Effect.provide(managerLayer(folder, bench)))
        }).pipe(Effect.scoped)
      )

      it.effect("come from the cache when it holds the archive that the index means, and not otherwise", () =>
        Effect.gen(function* () {
          const { folder, repository, bench } = yield* workshop
          yield* Effect.gen(function* () {
            const manager = yield* PluginManager
            repository.offer("acme", acme("1.0"))
            yield* updated
            yield* installed("acme")
            yield* manager.uninstall("acme")
            bench.server = null
            assert.strictEqual(yield* installed("acme"), "install|success")
            yield* manager.uninstall("acme")

            writeFileSync(join(folder, "provd", "cache", "acme.tgz"), "damaged")
            assert.strictEqual((yield* Effect.flip(manager.install("acme")))._tag, "NoPluginServer")
            bench.server = repository.url
            assert.match((yield* installed("acme")) ?? "", /download\|success/)
            yield* manager.uninstall("acme")
          }).pipe(Effect.provide(managerLayer(folder, bench)))
        }).pipe(Effect.scoped)
      )

      it.effect("are there after a restart, broken ones logged and left out", () =>
        Effect.gen(function* () {
          const { folder, repository, bench } = yield* workshop
          const restart = managerLayer(folder, bench)
          yield* Effect.gen(function* () {
            repository.offer("acme", acme("1.0"))
            repository.offer("broken", packed("broken", {}, { "entry.js": "throw new Error('no')" }))
            yield* updated
            yield* installed("acme")
            assert.match((yield* installed("broken")) ?? "", /^install\|fail\(download\|success;/)
          }).pipe(Effect.provide(restart))
          yield* Effect.gen(function* () {
            const manager = yield* PluginManager
            assert.deepStrictEqual(yield* manager.loaded, ["acme"])
            assert.deepStrictEqual(Object.keys(yield* manager.installed), ["acme", "broken"])
            assert.deepStrictEqual(yield* manager.failures, { broken: "no" })
            assert.strictEqual((yield* Effect.flip(manager.reload("broken")))._tag, "PluginLoadFailed")
            assert.include(bench.told, "withdraw broken")
            yield* manager.uninstall("broken")
            yield* manager.uninstall("acme")
            assert.deepStrictEqual(yield* manager.failures, {})
          }).pipe(Effect.provide(Layer.fresh(restart)))
        }).pipe(Effect.scoped)
      )

      it.effect("tell their devices after a crash what could not be told before", () =>
        Effect.gen(function* () {
          const { folder, repository, bench } = yield* workshop
          const start = () => Layer.fresh(managerLayer(folder, bench))
          const hears = (words: string) =>
            eventually(
              Effect.sync(() => bench.told),
              (told) => told.at(-1) === words
            )
          repository.offer("acme", acme("1.0"))
          bench.listen = Effect.never
          yield* Effect.gen(function* () {
            yield* updated
            yield* (yield* PluginManager).install("acme")
            yield* hears("regenerate acme")
          }).pipe(Effect.provide(start()))
          assert.deepStrictEqual(bench.told.splice(0), ["regenerate acme"])

          bench.listen = Effect.void
          yield* Effect.provide(hears("regenerate acme"), start())
          bench.told.splice(0)
          yield* Effect.provide(
            Effect.flatMap(PluginManager, ({ uninstall }) => uninstall("acme")),
            start()
          )
          assert.deepStrictEqual(bench.told.splice(0), ["withdraw acme"])
          yield* Effect.provide(
            Effect.flatMap(PluginManager, ({ loaded }) => loaded),
            start()
          )
          assert.deepStrictEqual(bench.told, [])
        }).pipe(Effect.scoped)
      )

      it.effect("without an entry serve their files and nothing else", () =>
        Effect.gen(function* () {
          const { folder, repository, bench } = yield* workshop
          yield* Effect.gen(function* () {
            const manager = yield* PluginManager
            repository.offer("files", packed("files", {}, { "var/tftpboot/fw/a.rom": "one" }))
            yield* updated
            yield* installed("files")
            const plugin = (yield* PhonePlugins).get("files")
            assert.strictEqual(plugin?.synchronize, undefined)
            assert.strictEqual(plugin?.extract(request), undefined)
            assert.deepStrictEqual(plugin && (yield* plugin.deviceFiles(device, minimalConfig)), [])
            const shipped = join(plugin?.fileRoot ?? "", "fw", "a.rom")
            assert.strictEqual(readFileSync(shipped, "utf8"), "one")

            // A shipped file that nobody touched is replaced, one that was changed stays.
            repository.offer("files", packed("files", {}, { "var/tftpboot/fw/a.rom": "two" }))
            yield* updated
            yield* upgraded("files")
            assert.strictEqual(readFileSync(shipped, "utf8"), "two")
            writeFileSync(shipped, "own")
            repository.offer("files", packed("files", {}, { "var/tftpboot/fw/a.rom": "three" }))
            yield* updated
            yield* upgraded("files")
            assert.strictEqual(readFileSync(shipped, "utf8"), "own")
            yield* manager.uninstall("files")
          }).pipe(Effect.provide(managerLayer(folder, bench)))
        }).pipe(Effect.scoped)
      )
    })

    describe("what goes wrong", () => {
      it.effect("a bad archive fails the operation and leaves nothing behind", () =>
        Effect.gen(function* () {
          const { folder, repository, bench } = yield* workshop
          yield* Effect.gen(function* () {
            const manager = yield* PluginManager
            const good = acme("1.0")
            const failing = Effect.fnUntraced(function* (archive: Buffer, entry?: object) {
              repository.offer("acme", archive, entry)
              yield* updated
              const text = (yield* installed("acme")) ?? ""
              assert.match(text, /^install\|fail/)
              assert.deepStrictEqual(yield* manager.installed, {})
              assert.deepStrictEqual(onDisk(folder), { plugins: [], scratch: [] })
              return text
            })
            assert.match(yield* failing(good, { sha1sum: "0".repeat(40) }), /download\|fail/)
            assert.match(yield* failing(good, { sha256sum: "0".repeat(64) }), /download\|fail/)
            assert.deepStrictEqual(readdirSync(join(folder, "provd", "cache")), [])
            yield* failing(good.subarray(0, good.length / 2))
            yield* failing(packed("other", {}))
            yield* failing(packed("acme", {}, { "../../escaped": "x" }))
            yield* failing(packed("acme", { version: 1 }))
            yield* failing(packed("acme", { entry: "../../entry.js" }))
            yield* failing(Buffer.from("<html></html>"))
          }).pipe(Effect.provide(managerLayer(folder, bench)))
        }).pipe(Effect.scoped)
      )

      it.effect("a server that dies in the middle of an upgrade leaves the old plugin in service", () =>
        Effect.gen(function* () {
          const { folder, repository, bench } = yield* workshop
          yield* Effect.gen(function* () {
            const manager = yield* PluginManager
            repository.offer("acme", acme("1.0"))
            yield* updated
            yield* installed("acme")
            const next = acme("2.0")
            repository.offer("acme", next, { version: "2.0" })
            yield* updated
            repository.paths.set("/repository/acme.tgz", (_, response) => {
              response.writeHead(200, { "content-length": next.length })
              response.write(next.subarray(0, 100), () => response.destroy())
            })
            assert.match((yield* upgraded("acme")) ?? "", /^upgrade\|fail\(download\|fail;/)
            assert.strictEqual(yield* fileOfDevice, "1.0 A1")
            assert.strictEqual((yield* manager.installed)["acme"]?.["version"], "1.0")
            assert.deepStrictEqual(onDisk(folder).scratch, [])

            repository.paths.set("/repository/plugins.db", (_, response) => {
              response.writeHead(200, { "content-length": 10_000 })
              response.write("{", () => response.destroy())
            })
            assert.match((yield* updated) ?? "", /^update\|fail/)
            repository.paths.set("/repository/plugins.db", Buffer.from("<html></html>"))
            assert.match((yield* updated) ?? "", /^update\|fail/)
            assert.strictEqual((yield* manager.installable)["acme"]?.["version"], "2.0")
            yield* manager.uninstall("acme")
          }).pipe(Effect.provide(managerLayer(folder, bench)))
        }).pipe(Effect.scoped)
      )

      it.effect("an archive without end is given up, and nothing of it stays", () =>
        Effect.gen(function* () {
          const { folder, repository, bench } = yield* workshop
          yield* Effect.gen(function* () {
            const manager = yield* PluginManager
            repository.offer("acme", acme("1.0"))
            repository.paths.set("/repository/acme.tgz", endless)
            yield* updated
            assert.match((yield* installed("acme")) ?? "", /^install\|fail\(download\|fail;/)
            assert.deepStrictEqual(yield* manager.installed, {})
            assert.deepStrictEqual(onDisk(folder), { plugins: [], scratch: [] })
          }).pipe(Effect.provide(managerLayer(folder, bench)))
        }).pipe(Effect.scoped)
      )

      it.effect("an index without end, or one that lacks a key, is refused", () =>
        Effect.gen(function* () {
          const { folder, repository, bench } = yield* workshop
          yield* Effect.gen(function* () {
            const manager = yield* PluginManager
            repository.paths.set("/repository/plugins.db", endless)
            assert.match((yield* updated) ?? "", /^update\|fail/)
            repository.offer("acme", acme("1.0"), { version: undefined })
            yield* updated
            assert.strictEqual((yield* Effect.flip(manager.installable))._tag, "CorruptIndex")
            assert.strictEqual((yield* Effect.flip(manager.install("acme")))._tag, "CorruptIndex")
          }).pipe(Effect.provide(managerLayer(folder, bench)))
        }).pipe(Effect.scoped)
      )

      it.effect("what is installed, unknown, without a server or under way is told at once", () =>
        Effect.gen(function* () {
          const { folder, repository, bench } = yield* workshop
          yield* Effect.gen(function* () {
            const manager = yield* PluginManager
            const tag = <A, E extends { readonly _tag: string }>(work: Effect.Effect<A, E>) =>
              Effect.map(Effect.flip(work), ({ _tag }) => _tag)
            repository.offer("acme", acme("1.0"))
            bench.server = null
            assert.strictEqual(yield* tag(manager.update), "NoPluginServer")
            bench.server = repository.url
            yield* updated
            assert.strictEqual(yield* tag(manager.install("unknown")), "UnknownPlugin")
            assert.strictEqual(yield* tag(manager.install("..")), "UnknownPlugin")
            assert.strictEqual(yield* tag(manager.upgrade("acme")), "PluginNotInstalled")
            assert.strictEqual(yield* tag(manager.uninstall("acme")), "PluginNotInstalled")
            assert.strictEqual(yield* tag(manager.reload("acme")), "PluginNotInstalled")

            let release = () => {}
            repository.paths.set("/repository/acme.tgz", (_, response) => {
              release = () => response.end(acme("1.0"))
            })
            const first = yield* manager.install("acme")
            assert.strictEqual(yield* tag(manager.install("acme")), "OperationUnderWay")
            assert.strictEqual(yield* tag(manager.uninstall("acme")), "OperationUnderWay")
            yield* eventually(
              Effect.sync(() => repository.requests),
              (requests) => requests.includes("/repository/acme.tgz")
            )
            release()
            assert.match((yield* ended(pluginOperations.install, first)) ?? "", /^install\|success/)
            assert.strictEqual(yield* tag(manager.install("acme")), "PluginInstalled")
            assert.strictEqual(yield* tag(manager.info("unknown")), "NoSuchPlugin")
            yield* manager.uninstall("acme")
          }).pipe(Effect.provide(managerLayer(folder, bench)))
        }).pipe(Effect.scoped)
      )

      it.effect(
        "a plugin that throws or hangs harms one request, and is out of service after three falls",
        () =>
          Effect.gen(function* () {
            const { folder, repository, bench } = yield* workshop
            const knobs = { STROWGER_PHONE_PLUGIN_TIMEOUT: "2 seconds" }
            yield* Effect.gen(function* () {
              const manager = yield* PluginManager
              const plugins = yield* PhonePlugins
              const code = `export default () => ({
            extract: ({ userAgent }) => {
              if (userAgent === "throw") throw new Error("no")
              while (userAgent === "hang");
              if (userAgent === "die") process.exit(1)
              return { vendor: "Acme", mac: "80-5E-C0-AA-BB-CC", junk: 1 }
            },
            deviceFiles: () => [{ path: "../escape", content: "x" }]
          })`
              repository.offer("wild", packed("wild", {}, { "entry.mjs": code }))
              repository.offer("acme", acme("1.0"))
              yield* updated
              yield* installed("wild")
              yield* installed("acme")
              const ask = (id: string, userAgent: string) =>
                Effect.promise(async () => plugins.get(id)?.extract({ ...request, userAgent }))
              assert.isUndefined(yield* ask("wild", "throw"))
              const [hung, behind, other] = yield* Effect.all(
                [ask("wild", "hang"), ask("wild", "good"), ask("acme", "Acme 1")],
                { concurrency: 3 }
              )
              assert.isUndefined(hung)
              assert.deepStrictEqual(behind, { vendor: "Acme", mac: "80:5e:c0:aa:bb:cc" })
              assert.deepStrictEqual(other, { vendor: "Acme", model: "A1" })

              const wild = plugins.get("wild")
              const failure = wild && (yield* Effect.flip(wild.deviceFiles(device, minimalConfig)))
              assert.match(failure?.message ?? "", /the path of a file is wrong/)

              yield* ask("wild", "die")
              yield* ask("wild", "die")
              assert.deepStrictEqual(yield* manager.loaded, ["acme"])
              assert.match((yield* manager.failures)["wild"] ?? "", /fell 3 times/)
              assert.include(Object.keys(yield* manager.installed), "wild")
              yield* manager.reload("wild")
              assert.deepStrictEqual(yield* manager.loaded, ["acme", "wild"])
              yield* manager.uninstall("wild")
              yield* manager.uninstall("acme")
            }).pipe(Effect.provide(managerLayer(folder, bench, { knobs })))
          }).pipe(Effect.scoped)
      )

      it.effect("a plugin for another interface does not load, unless the knob says so", () =>
        Effect.gen(function* () {
          const { folder, repository, bench } = yield* workshop
          repository.offer("later", packed("later", { plugin_iface_version_min: "1.1" }))
          repository.offer("earlier", packed("earlier", { plugin_iface_version_max: 0.9 }))
          repository.offer("fitting", packed("fitting", { plugin_iface_version_min: "1.0" }))
          const all = Effect.gen(function* () {
            const manager = yield* PluginManager
            yield* updated
            const texts = [
              yield* installed("later"),
              yield* installed("earlier"),
              yield* installed("fitting")
            ]
            for (const id of Object.keys(yield* manager.installed)) yield* manager.uninstall(id)
            return texts.map((text) => /^install\|(\w+)/.exec(text ?? "")?.[1])
          })
          assert.deepStrictEqual(yield* Effect.provide(all, managerLayer(folder, bench)), [
            "fail",
            "fail",
            "success"
          ])
          const knobs = { STROWGER_PHONE_PLUGIN_COMPATIBILITY: "false" }
          assert.deepStrictEqual(
            yield* Effect.provide(all, Layer.fresh(managerLayer(folder, bench, { knobs }))),
            ["success", "success", "success"]
          )
        }).pipe(Effect.scoped)
      )
    })

    describe("descriptions and parameters", () => {
      it.effect("are in the language of the parameter locale", () =>
        Effect.gen(function* () {
          const { folder, repository, bench } = yield* workshop
          yield* Effect.gen(function* () {
            const manager = yield* PluginManager
            repository.offer("acme", acme("1.0"), { description_fr: "Greffon", description_fr_CA: "Québec" })
            yield* updated
            yield* installed("acme")
            const described = (locale: string | null) => {
              bench.locale = locale
              return Effect.map(manager.installable, (all) => all["acme"]?.["description"])
            }
            assert.strictEqual(yield* described(null), "Plugin acme")
            assert.strictEqual(yield* described("de"), "Plugin acme")
            assert.strictEqual(yield* described("fr_FR"), "Greffon")
            assert.strictEqual(yield* described("fr_CA"), "Québec")
            assert.strictEqual((yield* manager.installed)["acme"]?.["description"], "Greffon")
            assert.deepStrictEqual(yield* manager.info("acme"), {
              version: "1.0",
              description: "Greffon",
              description_fr: "Greffon",
              capabilities: {}
            })
            yield* manager.uninstall("acme")
          }).pipe(Effect.provide(managerLayer(folder, bench)))
        }).pipe(Effect.scoped)
      )

      it.effect("of a plugin are persisted and reach its code at once", () =>
        Effect.gen(function* () {
          const { folder, repository, bench } = yield* workshop
          const code = `export default (host) => ({
          parameters: [{ id: "user", description: "User", description_fr: "Utilisateur" }],
          commonFiles: () => [{ path: "user", content: String(host.parameter("user")) }]
        })`
          repository.offer("acme", packed("acme", {}, { "entry.js": code }))
          const common = Effect.map(
            PhonePlugins,
            (plugins) => plugins.get("acme")?.commonFiles.get("user")?.content
          )
          const restart = managerLayer(folder, bench)
          yield* Effect.gen(function* () {
            const manager = yield* PluginManager
            yield* updated
            yield* installed("acme")
            bench.locale = "fr_FR"
            assert.deepStrictEqual(yield* manager.parameters("acme"), [
              { id: "user", description: "Utilisateur", value: null }
            ])
            assert.deepStrictEqual(yield* manager.services("acme"), { packages: false, parameters: true })
            assert.strictEqual(yield* common, "null")
            yield* manager.setParameter("acme", "user", "joe")
            assert.strictEqual(yield* common, "joe")
            assert.strictEqual(
              (yield* Effect.flip(manager.parameter("acme", "other")))._tag,
              "UnknownParameter"
            )
            assert.strictEqual(
              (yield* Effect.flip(manager.setParameter("acme", "user", 5)))._tag,
              "InvalidParameter"
            )
          }).pipe(Effect.provide(restart))
          yield* Effect.gen(function* () {
            const manager = yield* PluginManager
            assert.strictEqual(yield* manager.parameter("acme", "user"), "joe")
            assert.strictEqual(yield* common, "joe")
            yield* manager.setParameter("acme", "user", null)
            assert.strictEqual(yield* common, "null")
            yield* manager.uninstall("acme")
          }).pipe(Effect.provide(Layer.fresh(restart)))
        }).pipe(Effect.scoped)
      )
    })

    describe("plugins of the product", () => {
      const bundled = (id: string): BundledPlugin => ({
        id,
        templates: join(import.meta.dirname, "no-templates"),
        factory: () => ({
          info: { version: "3.0", description: `Bundled ${id}`, capabilities: {} },
          extract: () => {
            if (id === "strowger-b") throw new Error("broken")
            return { vendor: id }
          }
        })
      })
      const product = [bundled("strowger-a"), bundled("strowger-b")]

      it.effect(
        "are there at the first start, can be uninstalled, and installed again without a server",
        () =>
          Effect.gen(function* () {
            const folder = yield* temporaryFolder
            const bench = makeBench()
            const start = () => Layer.fresh(managerLayer(folder, bench, { bundled: product }))
            yield* Effect.gen(function* () {
              const manager = yield* PluginManager
              const plugins = yield* PhonePlugins
              assert.deepStrictEqual(yield* manager.loaded, ["strowger-a", "strowger-b"])
              assert.deepStrictEqual(yield* manager.installable, {})
              assert.deepStrictEqual(plugins.get("strowger-a")?.extract(request), { vendor: "strowger-a" })
              assert.isUndefined(plugins.get("strowger-b")?.extract(request))
              yield* manager.uninstall("strowger-a")
              assert.strictEqual((yield* Effect.flip(manager.upgrade("strowger-b")))._tag, "UnknownPlugin")
            }).pipe(Effect.provide(start()))
            yield* Effect.gen(function* () {
              const manager = yield* PluginManager
              assert.deepStrictEqual(yield* manager.loaded, ["strowger-b"])
              assert.deepStrictEqual((yield* manager.installable)["strowger-a"], {
                version: "3.0",
                description: "Bundled strowger-a",
                capabilities: {},
                dsize: 0,
                sha1sum: ""
              })
              assert.strictEqual(yield* installed("strowger-a"), "install|success")
            }).pipe(Effect.provide(start()))
            yield* Effect.gen(function* () {
              assert.deepStrictEqual(yield* (yield* PluginManager).loaded, ["strowger-a", "strowger-b"])
            }).pipe(Effect.provide(start()))
          }).pipe(Effect.scoped)
      )

      it.effect("are those of the knob at the first start", () =>
        Effect.gen(function* () {
          const folder = yield* temporaryFolder
          const bench = makeBench()
          const named = [bundled("strowger-c"), bundled("strowger-d")]
          const knobs = { STROWGER_PHONE_PLUGINS: "strowger-c" }
          const loaded = Effect.flatMap(PluginManager, (manager) => manager.loaded)
          const start = (options: object) => managerLayer(folder, bench, { bundled: named, ...options })
          const problems = (knobs: Readonly<Record<string, string>>) =>
            Layer.build(start({ knobs })).pipe(
              Effect.scoped,
              Effect.flip,
              Effect.map(({ message }) => message)
            )
          assert.match(
            yield* problems({ STROWGER_PHONE_PLUGINS: "nonsense" }),
            /^STROWGER_PHONE_PLUGINS: .*nonsense/
          )
          assert.match(yield* problems({ STROWGER_DATA_DIR: "/dev/null/data" }), /^STROWGER_DATA_DIR: /)
          assert.deepStrictEqual(yield* Effect.provide(loaded, start({ knobs })), ["strowger-c"])
          assert.deepStrictEqual(yield* Effect.provide(loaded, start({})), ["strowger-c"])
        }).pipe(Effect.scoped)
      )
    })
  }
)
