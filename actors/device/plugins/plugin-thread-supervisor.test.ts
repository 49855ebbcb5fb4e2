import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, afterEach, assert, describe, it } from "vitest"
import { PluginFailure } from "./loaded-plugin.ts"
import { type PluginThread, startPluginThread, type ThreadOptions } from "./plugin-thread-supervisor.ts"

const folder = mkdtempSync(join(tmpdir(), "strowger-plugin-thread-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const threads: Array<PluginThread> = []
afterEach(() => Promise.all(threads.splice(0).map((thread) => thread.close())))

let entries = 0
const start = async (plugin: string, own: Partial<ThreadOptions> = {}) => {
  const entry = join(folder, `entry-${++entries}.mjs`)
  writeFileSync(entry, `export default (host) => (${plugin})`)
  const faults: Array<string> = []
  const failed: Array<string> = []
  const thread = await startPluginThread({
    id: "acme",
    entry,
    templates: { own: folder },
    settings: {},
    parameters: {},
    timeout: 2_000,
    synchronizeTimeout: 2_000,
    onFault: (fault) => faults.push(fault),
    onFailed: (reason) => failed.push(reason),
    ...own
  })
  threads.push(thread)
  return { thread, faults, failed }
}

const failureOf = async (call: Promise<unknown>): Promise<string> => {
  try {
    await call
  } catch (error) {
    if (error instanceof PluginFailure) return error.message
  }
  return assert.fail("expected a PluginFailure")
}

const request = { userAgent: "Acme 1.0", hang: false }

describe("the thread of a plugin from outside", { timeout: 60_000 }, () => {
  it("calls the plugin with what it needs and gives its answer", async () => {
    writeFileSync(join(folder, "base.tpl"), "{{ zone }}/{{ setting }}/{{ parameter }}")
    const { thread } = await start(
      `{
        extract: (request) => ({ vendor: request.userAgent.split(" ")[0] }),
        deviceFiles: () => [{ path: "a", content: host.render({}, {
          zone: host.timeZone("Europe/Paris").utcOffset, setting: host.settings.color, parameter: host.parameter("p")
        }, "none") }]
      }`,
      { settings: { color: "red" }, parameters: { p: "1" } }
    )
    assert.deepStrictEqual([...thread.functions], ["extract", "deviceFiles"])
    assert.deepStrictEqual(await thread.call("extract", request), { vendor: "Acme" })
    assert.deepStrictEqual(await thread.call("deviceFiles", {}, {}), [{ path: "a", content: "3600/red/1" }])
    thread.setParameters({ p: "2" })
    assert.deepStrictEqual(await thread.call("deviceFiles", {}, {}), [{ path: "a", content: "3600/red/2" }])
  })

  it("sees nothing of the environment", async () => {
    const { thread } = await start(`{ extract: () => ({ vendor: JSON.stringify(process.env) }) }`)
    assert.deepStrictEqual(await thread.call("extract", request), { vendor: "{}" })
  })

  it("fails the one call that throws, without the secrets of the parameters", async () => {
    const { thread, faults } = await start(
      `{ deviceFiles: (device, config) => { throw new Error("cannot use " + config.admin_password) } }`
    )
    assert.strictEqual(
      await failureOf(thread.call("deviceFiles", {}, { admin_password: "s3cret" })),
      "cannot use ***"
    )
    assert.strictEqual(await thread.call("isSensitive", "x"), undefined)
    assert.deepStrictEqual(faults, [])
  })

  it("ends a call that hangs, and serves the calls behind it", async () => {
    const { thread, faults, failed } = await start(
      `{ extract: (request) => { while (request.hang); return { vendor: "Acme" } } }`
    )
    const hanging = failureOf(thread.call("extract", { ...request, hang: true }))
    const behind = [thread.call("extract", request), thread.call("extract", request)]
    assert.strictEqual(await hanging, "extract took longer than 2000 ms")
    assert.deepStrictEqual(await Promise.all(behind), [{ vendor: "Acme" }, { vendor: "Acme" }])
    assert.deepStrictEqual(faults, ["extract took longer than 2000 ms"])
    assert.deepStrictEqual(failed, [])
  })

  it("survives a plugin that ends its thread, crashes later, or eats all memory", async () => {
    const { thread, failed } = await start(
      `{
        extract: () => process.exit(1),
        rewritePath: (path) => path,
        associate: () => { const all = []; for (;;) all.push(new Array(1e6).fill({})) }
      }`,
      { timeout: 20_000 }
    )
    assert.strictEqual(await failureOf(thread.call("extract", request)), "it ended")
    assert.strictEqual(await thread.call("rewritePath", "/a"), "/a")
    assert.strictEqual(await failureOf(thread.call("associate", {})), "it crashed: ERR_WORKER_OUT_OF_MEMORY")
    assert.strictEqual(await thread.call("rewritePath", "/a"), "/a")
    assert.deepStrictEqual(failed, [])
  })

  it("gives a plugin up that falls three times within a minute", async () => {
    const { thread, failed } = await start(`{ extract: () => process.exit(1) }`)
    const calls = [1, 2, 3, 4].map(() => failureOf(thread.call("extract", request)))
    const reason = "it ended; it fell 3 times"
    assert.deepStrictEqual(await Promise.all(calls), ["it ended", "it ended", "it ended", reason])
    assert.deepStrictEqual(failed, [reason])
    assert.strictEqual(await failureOf(thread.call("extract", request)), reason)
  })

  it("refuses code that does not load", async () => {
    assert.match(await failureOf(start("(() => { throw new Error('broken') })()")), /broken/)
    assert.match(await failureOf(start("null")), /gave no plugin/)
    assert.match(await failureOf(start("{}", { entry: join(folder, "missing.mjs") })), /missing\.mjs/)
    assert.match(await failureOf(start("process.exit(0)")), /it ended/)
  })

  it("sends what a synchronization asks for, beside other calls", async () => {
    const { thread } = await start(
      `{
        extract: () => ({ vendor: "Acme" }),
        synchronize: async (device, config, tools) => { await tools.notify({ event: "check-sync" }) }
      }`
    )
    const sent: Array<string> = []
    const gate = Promise.withResolvers<void>()
    const synchronization = thread.synchronize({}, {}, async ({ event }) => {
      sent.push(event)
      await gate.promise
    })
    assert.deepStrictEqual(await thread.call("extract", request), { vendor: "Acme" })
    gate.resolve()
    await synchronization
    assert.deepStrictEqual(sent, ["check-sync"])
    assert.strictEqual(
      await failureOf(thread.synchronize({}, {}, () => Promise.reject(new Error("no AMI")))),
      "the NOTIFY could not be sent"
    )
  })

  it("ends a synchronization that takes too long, and goes on", async () => {
    const { thread, faults } = await start(
      `{ extract: () => ({ vendor: "Acme" }), synchronize: () => new Promise(() => undefined) }`
    )
    const nothing = () => Promise.resolve()
    assert.match(await failureOf(thread.synchronize({}, {}, nothing)), /synchronize took longer/)
    assert.deepStrictEqual(await thread.call("extract", request), { vendor: "Acme" })
    assert.deepStrictEqual(faults, [])
  })

  it("answers the calls that are open when it is closed, and none after that", async () => {
    const { thread } = await start(`{ extract: () => ({ vendor: "Acme" }) }`)
    const open = [thread.call("extract", request), thread.call("extract", request)]
    await thread.close()
    assert.deepStrictEqual(await Promise.all(open), [{ vendor: "Acme" }, { vendor: "Acme" }])
    assert.match(await failureOf(thread.call("extract", request)), /out of service/)
  })

  it("refuses a call whose arguments cannot be handed over, and serves the next", async () => {
    const { thread } = await start(`{ extract: () => ({ vendor: "Acme" }) }`)
    assert.match(await failureOf(thread.call("extract", () => 1)), /no thread can take/)
    assert.deepStrictEqual(await thread.call("extract", request), { vendor: "Acme" })
  })
})
