import { tmpdir } from "node:os"
import { Effect, Layer, Logger } from "effect"
import { SqlClient } from "effect/sql"
import { ActorHost } from "../../runtime/actor/host.ts"
import { Inspector } from "../../runtime/actor/inspection.ts"
import { actorMigrations } from "../../runtime/actor/migrations.ts"
import { ActorStore } from "../../runtime/actor/store.ts"
import { ActorSystem } from "../../runtime/actor/system.ts"
import { layerMemory } from "../../runtime/bus/memory.ts"
import { outboxMigrations } from "../../runtime/bus/outbox-migrations.ts"
import { Outbox } from "../../runtime/bus/outbox.ts"
import { clusterLayerSingle } from "../../runtime/cluster/cluster.ts"
import { AppConfig } from "../../runtime/config.ts"
import { migrate } from "../../runtime/database/migrator.ts"
import { Platform } from "../../runtime/platform.ts"
import { type DeviceInfo, macDigitsOf, normalizeMac } from "../../schemas/provd/device.ts"
import { textOf } from "../../schemas/provd/document.ts"
import type { PhoneRequest, SipNotify } from "../../schemas/provd/phone-plugin.ts"
import { Tenants } from "../identity/tenants.ts"
import { makeTenantTree } from "../identity/tenant-tree.ts"
import { deviceGroundLayer, deviceLayer } from "./device-layer.ts"
import { CannotSynchronize } from "./devices.ts"
import { deviceMigrations } from "./migrations.ts"
import { type NotifyTarget, PhoneNotifier } from "./phone-notifier.ts"
import { type LoadedPlugin, PluginFailure } from "./plugins/loaded-plugin.ts"
import { PhonePlugins } from "./plugins/phone-plugins.ts"

/** The tenants of the tests: the master, two below it, and one below the first. */
export const tenant = {
  master: "00000000-0000-4000-8000-0000000000aa",
  north: "00000000-0000-4000-8000-0000000000b1",
  south: "00000000-0000-4000-8000-0000000000b2",
  northern: "00000000-0000-4000-8000-0000000000c1"
} as const

/** A caller of a tenant who sees it and those below. */
export const scopeOf = (tenantUuid: string, ...below: ReadonlyArray<string>) => ({
  tenantUuid,
  visible: [tenantUuid, ...below]
})
/** Callers of the tenants, with what they see. */
export const master = scopeOf(tenant.master, tenant.north, tenant.south, tenant.northern)
export const north = scopeOf(tenant.north, tenant.northern)
export const south = scopeOf(tenant.south)

/** The plugins in service, as a test changes them, and what was sent to phones. */
export interface Workshop {
  readonly plugins: Map<string, LoadedPlugin>
  readonly notified: Array<{ readonly target: NotifyTarget; readonly notify: SipNotify }>
  /** What became of every NOTIFY from now on. */
  away: boolean
}

/** A workshop with these plugins; without any, with one `toyPlugin`. */
export const makeWorkshop = (...plugins: ReadonlyArray<LoadedPlugin>): Workshop => ({
  plugins: new Map((plugins.length === 0 ? [toyPlugin()] : plugins).map((plugin) => [plugin.id, plugin])),
  notified: [],
  away: false
})

/**
 * A plugin for phones that ask for `/<mac>.cfg` with a User-Agent like `Toy T1 1.0`. The file of a phone says what it
 * was made of.
 */
export const toyPlugin = (overrides: Partial<LoadedPlugin> = {}): LoadedPlugin => ({
  id: "toy",
  info: { version: "1.0", description: "Toys", capabilities: {} },
  extract: ({ path, userAgent }: PhoneRequest): DeviceInfo | undefined => {
    const [, model, version] = /^Toy (\S+) (\S+)$/.exec(userAgent) ?? []
    const mac = normalizeMac(/([0-9a-f]{12})\.cfg$/i.exec(path)?.[1] ?? "")
    if (model === undefined || version === undefined) return undefined
    return { vendor: "Toy", model, version, ...(mac === undefined ? {} : { mac }) }
  },
  associate: ({ vendor, model }) => (vendor === "Toy" ? (model === "T1" ? 500 : 300) : 100),
  deviceFiles: (device, config) => {
    const mac = textOf(device, "mac")
    if (mac === undefined) return Effect.fail(new PluginFailure({ plugin: "toy", message: "it has no mac" }))
    const line = config.sip_lines["1"]
    return Effect.succeed([
      {
        path: `${macDigitsOf(mac)}.cfg`,
        content: `url=${config.http_base_url}\nuser=${line?.username}\npassword=${line?.password}\nntp=${config.ntp_ip}\nversion=${textOf(device, "version")}\n`
      }
    ])
  },
  synchronize: (_device, _config, notify) =>
    Effect.tryPromise({
      try: () => notify({ event: "check-sync" }),
      catch: (error) =>
        new PluginFailure({ plugin: "toy", message: error instanceof Error ? error.message : "failed" })
    }),
  remoteStateTrigger: (device) => {
    const mac = textOf(device, "mac")
    return mac === undefined ? undefined : `${macDigitsOf(mac)}.cfg`
  },
  isSensitive: (name) => name.endsWith(".cfg"),
  rewritePath: (path) => path,
  commonFiles: new Map(),
  fileRoot: tmpdir(),
  ...overrides
})

/** Lines that were logged. */
export type Log = Array<string>

const collecting = (lines: Log) =>
  Logger.layer([
    Logger.make(({ message }) => {
      lines.push(Array.isArray(message) ? message.map(String).join(" ") : String(message))
    })
  ])

/** What stands below the devices of a test, on the database around it; its tables are made where they are missing. */
const groundLayer = (knobs: Readonly<Record<string, string>>) =>
  ActorSystem.layer.pipe(
    Layer.provideMerge(clusterLayerSingle),
    Layer.provideMerge(ActorHost.layer),
    Layer.provideMerge(ActorStore.layer),
    Layer.provideMerge(Outbox.layer),
    Layer.provideMerge(
      Layer.mergeAll(
        Layer.succeed(Platform, { uuid: "00000000-0000-4000-8000-000000000001" }),
        AppConfig.layerFrom({
          STROWGER_PHONE_URL: "http://provd.example:8667",
          STROWGER_PHONE_SERVER: "pbx.example",
          ...knobs
        }),
        Inspector.layer,
        layerMemory,
        Layer.succeed(Tenants, testTenants)
      )
    ),
    Layer.provideMerge(
      Layer.effectDiscard(
        Effect.andThen(migrate({ ...outboxMigrations, ...actorMigrations, ...deviceMigrations }), tenantTable)
      )
    )
  )

const testTenants = (() => {
  const tree = makeTenantTree(tenant.master)
  const put = (uuid: string, parentUuid: string) => tree.put({ uuid, parentUuid, slug: uuid.slice(-2) })
  put(tenant.master, tenant.master)
  put(tenant.north, tenant.master)
  put(tenant.south, tenant.master)
  put(tenant.northern, tenant.north)
  return tree.tenants
})()

/** Enough of auth for the sweep of tenants that are gone. */
const tenantTable = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`CREATE TABLE IF NOT EXISTS auth_tenant (uuid uuid PRIMARY KEY)`
  for (const uuid of Object.values(tenant)) {
    yield* sql`INSERT INTO auth_tenant (uuid) VALUES (${uuid}::uuid) ON CONFLICT DO NOTHING`
  }
})

/** Provisioning with these plugins on the database around it. */
export const provisioningLayer = (
  workshop: Workshop,
  options: { readonly knobs?: Readonly<Record<string, string>>; readonly log?: Log } = {}
) => {
  const plugins = Layer.succeed(PhonePlugins, {
    loaded: () => [...workshop.plugins.values()].sort((one, other) => (one.id < other.id ? -1 : 1)),
    get: (id) => workshop.plugins.get(id)
  })
  const notifier = Layer.succeed(PhoneNotifier, {
    notify: (target, notify) =>
      Effect.suspend(() => {
        if (workshop.away) return Effect.fail(new CannotSynchronize({ reason: "no AMI session" }))
        workshop.notified.push({ target, notify })
        return Effect.void
      })
  })
  return deviceLayer.pipe(
    Layer.provideMerge(deviceGroundLayer),
    Layer.provideMerge(Layer.mergeAll(plugins, notifier)),
    Layer.provideMerge(groundLayer(options.knobs ?? {})),
    Layer.provideMerge(collecting(options.log ?? [])),
    Layer.fresh
  )
}

/** The generated files of a device, as they are stored. */
export const storedFiles = (id: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const rows = yield* sql<{ path: string; content: Uint8Array }>`
      SELECT path, content FROM provd_files WHERE device_id = ${id} ORDER BY path`
    return Object.fromEntries(rows.map(({ path, content }) => [path, Buffer.from(content).toString("utf8")]))
  })

/** The names of committed events about a device, oldest first, waiting in the outbox or published. */
export const macAt = (number: number): string =>
  (number + 0x0a_00_00_00_00_00)
    .toString(16)
    .padStart(12, "0")
    .replace(/..(?!$)/g, "$&:")
