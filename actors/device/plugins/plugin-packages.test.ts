import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { tarOf, tgzOf, zipOf } from "../../../runtime/archive/fixture.ts"
import { eventually } from "../../../test/eventually.ts"
import { temporaryFolder } from "../../../test/runtime.ts"
import { Operations } from "../operations.ts"
import { makeBench, makeRepository, managerLayer, packed, pluginDatabaseLayer } from "./fixture.ts"
import { PluginManager, pluginOperations } from "./plugin-manager.ts"

const sha1 = (content: Uint8Array) => createHash("sha1").update(content).digest("hex")

/** A package of one file with its steps. */
const definition = (id: string, url: string, content: Uint8Array, steps: ReadonlyArray<string>) => `
[pkg_${id}]
description: Package ${id}
description_fr: Paquet ${id}
version: 1.0
files: ${id}
install: ${id}
[install_${id}]
${steps.join("\n")}
[file_${id}]
url: ${url}
size: ${content.length}
sha1sum: ${sha1(content)}
`

const zip = zipOf([
  { path: "fw/one.rom", content: "one" },
  { path: "fw/two.rom", content: "two" },
  { path: "fw/readme.txt", content: "read" }
])
const tgz = tgzOf([
  { path: "lang/fr.xml", content: "fr" },
  { path: "lang/de.xml", content: "de" },
  { path: "doc/manual.pdf", content: "pdf" }
])
const tar = tarOf([{ path: "plain.txt", content: "plain" }])
const evil = zipOf([{ path: "../../evil", content: "evil" }])
const rom = Buffer.from("rom")

layer(pluginDatabaseLayer, { timeout: "60 seconds", excludeTestServices: true })(
  "packages of a plugin",
  (it) => {
    /** A plugin with packages, installed; gives its `var` and how to install one and hear its last words. */
    const workshop = Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const repository = yield* makeRepository
      const bench = { ...makeBench(), server: repository.url }
      const file = (name: string, content: Buffer) => {
        repository.paths.set(`/files/${name}`, content)
        return new URL(`/files/${name}`, repository.url).href
      }
      const definitions = [
        definition("fw", file("fw.zip", zip), zip, ["a-b: unzip $FILE1", "b-c: cp fw/*.rom firmware/"]),
        definition("lang", file("lang.tgz", tgz), tgz, [
          "a-b: untar *.tgz",
          "b-c: include lang",
          "c-d: exclude */de.*"
        ]),
        definition("tar", file("a.tar", tar), tar, ["a-b: untar a.tar"]),
        definition("cp", file("a.rom", rom), rom, ["a-b: cp a.rom renamed.rom"]),
        definition("evil", file("evil.zip", evil), evil, ["a-b: unzip evil.zip"]),
        definition("climb", file("c.rom", rom), rom, ["a-b: cp c.rom ../../../c.rom"]),
        definition("rar", file("r.rar", rom), rom, ["a-b: unrar r.rar"]),
        definition("nothing", file("n.rom", rom), rom, ["a-b: cp *.st firmware/"]),
        definition("wrong", file("w.rom", Buffer.from("other")), rom, ["a-b: cp w.rom ./"]),
        definition("local", "", rom, ["a-b: cp local.rom ./"]).replace("url:", "filename: local.rom\nurl:")
      ]
      repository.offer("acme", packed("acme", {}, { "pkgs/pkgs.db": definitions.join("\n") }))
      const own = join(folder, "provd", "plugins", "acme", "var")
      return { folder, repository, bench, own }
    })

    const ended = Effect.fnUntraced(function* (collection: string, id: string) {
      const { status } = yield* Operations
      const text = yield* eventually(
        status(collection, id),
        (text) => !/\|progress/.test(text ?? ""),
        "30 seconds"
      )
      return text ?? ""
    })
    const prepared = Effect.gen(function* () {
      const manager = yield* PluginManager
      yield* ended(pluginOperations.update, yield* manager.update)
      yield* ended(pluginOperations.install, yield* manager.install("acme"))
    })
    const installed = Effect.fnUntraced(function* (id: string) {
      const manager = yield* PluginManager
      return yield* ended(pluginOperations.packageInstall("acme"), yield* manager.installPackage("acme", id))
    })

    it.effect(
      "are downloaded, unfolded and laid where phones find them; removal takes exactly their files",
      () =>
        Effect.gen(function* () {
          const { folder, repository, bench, own } = yield* workshop
          const served = (path: string) => readFileSync(join(own, "tftpboot", path), "utf8")
          yield* Effect.gen(function* () {
            const manager = yield* PluginManager
            yield* prepared
            assert.deepStrictEqual(yield* manager.services("acme"), { packages: true, parameters: false })
            bench.locale = "fr_FR"
            assert.deepStrictEqual((yield* manager.installablePackages("acme"))["fw"], {
              description: "Paquet fw",
              version: "1.0",
              dsize: zip.length
            })
            assert.deepStrictEqual(yield* manager.installedPackages("acme"), {})

            assert.strictEqual(
              yield* installed("fw"),
              `install_pkg|success(download|success(success;${zip.length}/${zip.length}))(install|success)`
            )
            assert.strictEqual(served("firmware/one.rom"), "one")
            assert.deepStrictEqual(readdirSync(join(own, "tftpboot", "firmware")), ["one.rom", "two.rom"])
            yield* installed("lang")
            assert.deepStrictEqual(readdirSync(join(own, "tftpboot")).sort(), ["firmware", "lang"])
            assert.deepStrictEqual(readdirSync(join(own, "tftpboot", "lang")), ["fr.xml"])
            yield* installed("tar")
            yield* installed("cp")
            assert.strictEqual(served("plain.txt"), "plain")
            assert.strictEqual(served("renamed.rom"), "rom")
            assert.deepStrictEqual((yield* manager.installedPackages("acme"))["fw"], {
              description: "Paquet fw",
              version: "1.0"
            })

            // A second time it comes from the cache.
            const requests = repository.requests.length
            assert.strictEqual(
              yield* installed("fw"),
              "install_pkg|success(download|success(success))(install|success)"
            )
            assert.strictEqual(repository.requests.length, requests)

            writeFileSync(join(own, "tftpboot", "firmware", "mine.rom"), "mine")
            yield* manager.uninstallPackage("acme", "fw")
            assert.deepStrictEqual(readdirSync(join(own, "tftpboot", "firmware")), ["mine.rom"])
            yield* manager.uninstallPackage("acme", "lang")
            assert.isFalse(existsSync(join(own, "tftpboot", "lang")))
            assert.strictEqual(served("plain.txt"), "plain")
            assert.deepStrictEqual(Object.keys(yield* manager.installedPackages("acme")), ["cp", "tar"])
            assert.strictEqual(
              (yield* Effect.flip(manager.uninstallPackage("acme", "fw")))._tag,
              "PackageNotInstalled"
            )
          }).pipe(Effect.provide(managerLayer(folder, bench)))
        }).pipe(Effect.scoped)
    )

    it.effect("that go wrong fail the operation and leave nothing", () =>
      Effect.gen(function* () {
        const { folder, bench, own } = yield* workshop
        yield* Effect.gen(function* () {
          const manager = yield* PluginManager
          yield* prepared
          for (const id of ["evil", "climb", "rar", "nothing"])
            assert.match(
              yield* installed(id),
              /^install_pkg\|fail\(download\|success.*\(install\|fail\)$/,
              id
            )
          assert.match(yield* installed("wrong"), /^install_pkg\|fail\(download\|fail/)
          assert.match(yield* installed("local"), /^install_pkg\|fail\(download\|fail/)
          assert.deepStrictEqual(readdirSync(join(own, "tftpboot")), [])
          assert.deepStrictEqual(readdirSync(join(folder, "provd", "scratch")), [])
          assert.isFalse(
            existsSync(join(folder, "provd", "c.rom")) || existsSync(join(folder, "provd", "evil"))
          )
          assert.deepStrictEqual(yield* manager.installedPackages("acme"), {})

          // What cannot be downloaded may be put into the cache by hand.
          mkdirSync(join(own, "cache"), { recursive: true })
          writeFileSync(join(own, "cache", "local.rom"), rom)
          assert.match(yield* installed("local"), /^install_pkg\|success/)
          assert.deepStrictEqual(readdirSync(join(own, "tftpboot")), ["local.rom"])
        }).pipe(Effect.provide(managerLayer(folder, bench)))
      }).pipe(Effect.scoped)
    )

    it.effect("that are unknown or under way are refused at once", () =>
      Effect.gen(function* () {
        const { folder, repository, bench } = yield* workshop
        yield* Effect.gen(function* () {
          const manager = yield* PluginManager
          yield* prepared
          let release = () => {}
          repository.paths.set("/files/a.rom", (_, response) => {
            release = () => response.end(rom)
          })
          const first = yield* manager.installPackage("acme", "cp")
          assert.strictEqual(
            (yield* Effect.flip(manager.installPackage("acme", "cp")))._tag,
            "OperationUnderWay"
          )
          assert.strictEqual((yield* Effect.flip(manager.uninstall("acme")))._tag, "OperationUnderWay")
          assert.match(yield* installed("tar"), /^install_pkg\|success/)
          yield* eventually(
            Effect.sync(() => repository.requests),
            (requests) => requests.includes("/files/a.rom")
          )
          release()
          assert.match(yield* ended(pluginOperations.packageInstall("acme"), first), /^install_pkg\|success/)
          assert.strictEqual(
            (yield* Effect.flip(manager.installPackage("acme", "none")))._tag,
            "UnknownPackage"
          )
          assert.strictEqual((yield* Effect.flip(manager.installPackage("none", "fw")))._tag, "NoSuchPlugin")
        }).pipe(Effect.provide(managerLayer(folder, bench)))
      }).pipe(Effect.scoped)
    )
  }
)
