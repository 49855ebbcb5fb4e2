import { assert, describe, it } from "@effect/vitest"
import { getShortestPaths } from "xstate/graph"
import { firstStep, type Step, step } from "../../runtime/actor/step.ts"
import type { DeviceDocument } from "../../schemas/provd/device.ts"
import {
  type DeviceContext,
  type DeviceEvent,
  deviceMachine,
  type Editor,
  type RenderedFile
} from "./machine.ts"

const master = "m"
const document: DeviceDocument = {
  id: "d",
  tenant_uuid: master,
  is_new: true,
  configured: false,
  mac: "00:11:22:33:44:55",
  ip: "10.0.0.1",
  plugin: "toy",
  config: "c",
  options: { switchboard: true }
}
const autoprov = { document: { id: "autoprov1", parent_ids: [], raw_config: {} }, revision: 3 }
const editor = (tenantUuid: string, ...visible: ReadonlyArray<string>): Editor => ({
  tenantUuid,
  visible: [tenantUuid, ...visible],
  master
})
const file = (content: string, path = "f"): RenderedFile => ({
  path,
  digest: content,
  content: Buffer.from(content)
})
const create: DeviceEvent = { type: "create", document }
const generated = (at = 5_400, ...files: ReadonlyArray<RenderedFile>): DeviceEvent => ({
  type: "generated",
  files: files.length === 0 ? [file("a")] : files,
  revision: 7,
  renderedBy: "toy 1",
  at
})
const failed: DeviceEvent = { type: "failed", revision: 8 }
const { id: _, tenant_uuid: __, is_new: ___, configured: ____, ...body } = document
const replace = (changes: object, by: Editor): DeviceEvent => ({
  type: "replace",
  body: { ...body, ...changes },
  editor: by
})

interface Emitted {
  readonly type: string
  readonly verb?: string
  readonly [more: string]: unknown
}

/** Runs events one after the other; gives the last step with everything emitted by it. */
const live = (...events: ReadonlyArray<DeviceEvent>) => {
  let taken: Step = firstStep(deviceMachine, undefined)
  for (const event of events) {
    assert.isTrue(
      taken.snapshot.can(event),
      `${event.type} is taken in ${JSON.stringify(taken.snapshot.value)}`
    )
    taken = step(deviceMachine, taken.snapshot, event)
  }
  return {
    state: taken.snapshot.value,
    // The machine is the device's.
    context: taken.snapshot.context as DeviceContext,
    actions: taken.actions,
    emitted: taken.emitted as ReadonlyArray<Emitted>,
    takes: (event: DeviceEvent) => taken.snapshot.can(event)
  }
}

const told = (emitted: ReadonlyArray<Emitted>) =>
  emitted.flatMap(({ type, verb }) => (type === "told" ? [verb] : []))

describe("the life of a phone (10)", () => {
  it("a device that is entered has its files generated before it is committed", () => {
    const { state, actions, emitted } = live(create)
    assert.strictEqual(state, "generating")
    assert.deepEqual(actions, [{ type: "generate", params: { document, config: null } }])
    assert.deepEqual(emitted, [])
  })

  it("generated it is configured, and created; autoprov when its config is one of those", () => {
    const { state, context, emitted } = live(create, generated())
    assert.strictEqual(state, "configured")
    assert.isTrue(context.document?.configured)
    assert.deepEqual(told(emitted), ["created"])
    const other = live({ type: "create", document: { ...document, config: "autoprov9b1d" } }, generated())
    assert.strictEqual(other.state, "autoprov")
  })

  it("what cannot be generated is not configured and has no files", () => {
    const { state, context, emitted } = live(create, generated(), { type: "regenerate" }, failed)
    assert.strictEqual(state, "not_configured")
    assert.isFalse(context.document?.configured)
    assert.deepEqual(context.files, [])
    assert.deepEqual(told(emitted), ["edited"])
  })

  it("a device is entered once", () => {
    assert.isFalse(live(create, generated()).takes(create))
    assert.isFalse(live(create, failed).takes(create))
    assert.isTrue(live(create, failed, { type: "remove" }).takes(create))
  })

  it("is generated anew when, and only when, something of its files' making changes", () => {
    const configured = [create, generated()]
    for (const change of [
      { plugin: "x" },
      { config: "x" },
      { mac: null },
      { uuid: "x" },
      { vendor: "x" },
      { model: "x" },
      { version: "x" },
      { options: {} }
    ]) {
      assert.strictEqual(live(...configured, replace(change, editor(master))).state, "generating")
    }
    for (const change of [{ ip: "10.0.0.2" }, { sn: "x" }, { description: "x" }, { X_own: 1 }]) {
      const { state, context, emitted } = live(...configured, replace(change, editor(master)))
      assert.strictEqual(state, "configured")
      assert.lengthOf(context.files, 1)
      assert.deepEqual(told(emitted), ["edited"])
    }
  })

  it("a change to what it is already is taken and changes nothing, not even the context", () => {
    const before = live(create, generated())
    const after = live(create, generated(), replace({}, editor(master)))
    assert.deepEqual(after.emitted, [])
    assert.deepEqual(after.context, before.context)
    const snapshot = step(deviceMachine, firstStep(deviceMachine, undefined).snapshot, create).snapshot
    const settled = step(deviceMachine, snapshot, generated()).snapshot
    assert.strictEqual(
      step(deviceMachine, settled, replace({}, editor(master))).snapshot.context,
      settled.context
    )
  })

  it("a new device goes to the tenant that edits it, the master's edit leaves it new (4.3)", () => {
    const claimed = live(create, generated(), replace({ sn: "1" }, editor("t"))).context.document
    assert.deepInclude(claimed, { tenant_uuid: "t", is_new: false })
    const kept = live(create, generated(), replace({ sn: "1" }, editor(master))).context.document
    assert.deepInclude(kept, { tenant_uuid: master, is_new: true })
  })

  it("a device that goes to a tenant has its files generated anew: the tenant's key is in their URLs (8.6)", () => {
    const claimed = live(create, generated(), replace({}, editor("t")))
    assert.strictEqual(claimed.state, "generating")
    assert.isEmpty(live(create, generated(), replace({}, editor(master))).actions)
  })

  it("a device that is not new is edited by those that see it, and never moves (4.3)", () => {
    const owned = live(create, generated(), replace({ sn: "1" }, editor("t")), generated())
    assert.isFalse(owned.takes(replace({ sn: "2" }, editor("other"))))
    assert.isFalse(owned.takes({ type: "remove", visible: ["other"] }))
    const events = [create, generated(), replace({ sn: "1" }, editor("t")), generated()]
    const after = live(...events, replace({ sn: "2" }, editor(master, "t"))).context.document
    assert.deepInclude(after, { tenant_uuid: "t", is_new: false, sn: "2" })
  })

  it("a phone's request adds to the document and never moves the device", () => {
    const { context } = live(create, generated(), {
      type: "learn",
      changes: { ip: "10.0.0.9", tenant_uuid: "t", configured: false }
    })
    assert.deepInclude(context.document, { ip: "10.0.0.9", tenant_uuid: master, configured: true })
  })

  it("loses its address to another phone when it still has that one", () => {
    assert.notProperty(live(create, generated(), { type: "loseIp", ip: "10.0.0.1" }).context.document, "ip")
    const kept = live(create, generated(), { type: "loseIp", ip: "10.0.0.2" })
    assert.strictEqual(kept.context.document?.["ip"], "10.0.0.1")
  })

  it("back to autoprov: without options, on the new config, the old one goes", () => {
    const { state, context, emitted } = live(
      create,
      generated(),
      { type: "reset", config: autoprov },
      generated()
    )
    assert.strictEqual(state, "autoprov")
    assert.notProperty(context.document, "options")
    assert.strictEqual(context.document?.["config"], "autoprov1")
    assert.deepInclude(emitted[0], { type: "saved", config: autoprov, left: { config: "c", drop: true } })
  })

  it("its plugin gone it is not configured and its files go", () => {
    const { state, context, emitted } = live(create, generated(), { type: "withdraw" })
    assert.strictEqual(state, "not_configured")
    assert.deepEqual(context.files, [])
    assert.deepInclude(emitted[0], { type: "saved", files: { kept: [], written: [] } })
  })

  it("a file with other content has a later date, of whole seconds; one with the same keeps its own", () => {
    const dates = (...events: ReadonlyArray<DeviceEvent>) =>
      live(create, ...events).context.files.map(({ modifiedAt }) => modifiedAt)
    assert.deepEqual(dates(generated(5_400)), [5_000])
    assert.deepEqual(dates(generated(5_400), { type: "regenerate" }, generated(9_000)), [5_000])
    assert.deepEqual(dates(generated(5_400), { type: "regenerate" }, generated(5_500, file("b"))), [6_000])
    const { emitted } = live(
      create,
      generated(5_400, file("a"), file("x", "g")),
      { type: "regenerate" },
      generated(9_000, file("a"), file("y", "g"))
    )
    assert.deepEqual(emitted[0]?.["files"], {
      kept: ["f"],
      written: [{ ...file("y", "g"), modifiedAt: 9_000 }]
    })
  })

  it("is known by what it was entered with while it has that", () => {
    const entered: DeviceEvent = { type: "create", document, identity: "mac:00:11:22:33:44:55" }
    assert.strictEqual(live(entered, generated()).context.identity, "mac:00:11:22:33:44:55")
    const other = replace({ mac: "00:11:22:33:44:66" }, editor(master))
    assert.isNull(live(entered, generated(), other).context.identity)
  })

  it("every state is reached, and none but generating waits for anything", () => {
    const paths = getShortestPaths(deviceMachine, {
      events: [
        create,
        { type: "create", document: { ...document, config: "autoprov2" } },
        generated(),
        failed,
        { type: "withdraw" },
        { type: "regenerate" },
        { type: "reset", config: autoprov },
        { type: "loseIp", ip: "10.0.0.1" },
        { type: "remove" }
      ],
      limit: 5_000
    })
    const reached = new Map(paths.map(({ state }) => [String(state.value), state]))
    assert.sameMembers(
      [...reached.keys()],
      ["unknown", "generating", "not_configured", "autoprov", "configured", "deleted"]
    )
    for (const { state } of paths) {
      assert.strictEqual(state.value === "generating", state.context.change !== null)
      if (state.value === "generating") {
        assert.isTrue(state.can(generated()) && state.can(failed))
      } else {
        assert.isTrue(state.can(create) || state.can({ type: "remove" }))
      }
      const isConfigured = state.value === "configured" || state.value === "autoprov"
      if (state.context.change === null) {
        assert.strictEqual(state.context.document?.configured ?? false, isConfigured)
      }
    }
  })
})
