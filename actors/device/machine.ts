import { assign, enqueueActions, setup } from "xstate"
import type { ConfigDocument } from "../../schemas/provd/config-document.ts"
import type { DeviceDocument, JsonObject } from "../../schemas/provd/device.ts"
import { isAutoprov, needsReconfiguration } from "../../schemas/provd/device-document.ts"
import { textOf, withoutKeys } from "../../schemas/provd/document.ts"
import { sameJson } from "../../schemas/provd/json.ts"

/** Who edits: T and V(T) of contracts/provisioning.md 4.3, and the tenant that new devices live in. */
export interface Editor {
  readonly tenantUuid: string
  readonly visible: ReadonlyArray<string>
  readonly master: string
}

/** A config that is stored with the device's change, or not at all. */
export interface AccompanyingConfig {
  readonly document: ConfigDocument
  readonly revision: number
}

/** A generated file, without what stands in it. */
export interface FileRecord {
  readonly path: string
  /** Of the content; tells a file that became another one from a file that was generated again. */
  readonly digest: string
  /** Milliseconds since the epoch, whole seconds: HTTP's dates know no less. Grows with every other content. */
  readonly modifiedAt: number
}

/** A generated file as a plugin gave it. */
export interface RenderedFile {
  readonly path: string
  readonly digest: string
  readonly content: Uint8Array
}

/** What administrators, phones and plugins say to a device. Times in milliseconds since the epoch. */
export type DeviceEvent =
  | { type: "create"; document: DeviceDocument; config?: AccompanyingConfig; identity?: string }
  /** Full replacement of everything but the server-set keys. */
  | { type: "replace"; body: JsonObject; editor: Editor; config?: AccompanyingConfig }
  /** What a request of the phone told. */
  | { type: "learn"; changes: JsonObject; config?: AccompanyingConfig }
  /** Another phone has this address now. */
  | { type: "loseIp"; ip: string }
  /** Back to the autoprov account. */
  | { type: "reset"; config: AccompanyingConfig }
  /** What the files are made of has changed. */
  | { type: "regenerate" }
  /** The plugin is gone, and its files with it. */
  | { type: "withdraw" }
  /** `visible` absent: nobody asks who wants it. */
  | { type: "remove"; visible?: ReadonlyArray<string> }
  | {
      type: "generated"
      files: ReadonlyArray<RenderedFile>
      /** Of the configs that the files were made from. */
      revision: number
      renderedBy: string
      at: number
    }
  | { type: "failed"; revision: number }

/** The change whose files are being generated. */
interface Change {
  readonly before: DeviceDocument | null
  readonly config: AccompanyingConfig | null
  /** The config that the device leaves goes with it, also when it is not transient. */
  readonly dropsOldConfig: boolean
}

/** What a device is, and what it is about to become. */
export interface DeviceContext {
  /** Null: there is no such device, or no more. */
  readonly document: DeviceDocument | null
  readonly files: ReadonlyArray<FileRecord>
  /** By what a phone that nobody entered is known: one such device for each. */
  readonly identity: string | null
  /** What generated the files, see `renderedBy` of the kind. */
  readonly renderedBy: string | null
  readonly revision: number
  readonly change: Change | null
}

/** What is written and told of a change; one of the first two is in every commit that changes something. */
export type DeviceEmitted =
  | {
      readonly type: "saved"
      readonly document: DeviceDocument
      readonly config: AccompanyingConfig | null
      /** The config that it was on until now. */
      readonly left: { readonly config: string; readonly drop: boolean } | null
      /** Null: the files stay as they are. */
      readonly files: {
        readonly kept: ReadonlyArray<string>
        readonly written: ReadonlyArray<RenderedFile & FileRecord>
      } | null
      readonly revision: number
      readonly renderedBy: string | null
    }
  | { readonly type: "removed"; readonly config: string | null }
  | { readonly type: "told"; readonly verb: "created" | "edited" | "deleted"; readonly tenantUuid: string }

/** What files are generated from. */
export interface GenerateParams {
  readonly document: DeviceDocument
  readonly config: AccompanyingConfig | null
}

const nobody: DeviceContext = {
  document: null,
  files: [],
  identity: null,
  renderedBy: null,
  revision: 0,
  change: null
}

/** Whether the device is its editor's to change (contracts/provisioning.md 4.3): a new one is anybody's. */
const mayEdit = ({ document }: DeviceContext, event: DeviceEvent): boolean => {
  if (document === null) return false
  if (event.type === "replace") return document.is_new || event.editor.visible.includes(document.tenant_uuid)
  if (event.type === "remove") return event.visible?.includes(document.tenant_uuid) ?? true
  return true
}

/** The document that an event leads to. */
const changed = (document: DeviceDocument, event: DeviceEvent): DeviceDocument => {
  switch (event.type) {
    case "replace":
      return { ...event.body, ...serverSet(document, event.editor) }
    case "learn":
      return { ...document, ...event.changes, ...serverSetKeysOf(document) }
    case "loseIp":
      return document["ip"] === event.ip ? keeping(withoutKeys(document, ["ip"]), document) : document
    case "reset":
      return {
        ...keeping(withoutKeys(document, ["options"]), document),
        config: event.config.document.id
      }
    default:
      return document
  }
}

/** The keys that clients cannot set (contracts/provisioning.md 3.1). */
const serverSetKeysOf = ({ id, tenant_uuid, is_new, configured }: DeviceDocument) => ({
  id,
  tenant_uuid,
  is_new,
  configured
})

const keeping = (rest: JsonObject, document: DeviceDocument): DeviceDocument => ({
  ...rest,
  ...serverSetKeysOf(document)
})

/** A new device goes, once, to the tenant that edits it. */
const serverSet = (document: DeviceDocument, { tenantUuid, master }: Editor) =>
  document.is_new
    ? { ...serverSetKeysOf(document), tenant_uuid: tenantUuid, is_new: tenantUuid === master }
    : serverSetKeysOf(document)

/** The update rule of contracts/provisioning.md 10; the key of its tenant stands in a device's URLs too (8.6). */
const needsFilesAs = (before: DeviceDocument, after: DeviceDocument): boolean =>
  before.tenant_uuid !== after.tenant_uuid || needsReconfiguration(before, after)

const second = 1_000

/** The records of files generated now: what has the content it had keeps its date. */
const recorded = (
  before: ReadonlyArray<FileRecord>,
  files: ReadonlyArray<RenderedFile>,
  at: number
): ReadonlyArray<RenderedFile & FileRecord> =>
  files.map((file) => {
    const known = before.find(({ path }) => path === file.path)
    const now = Math.floor(at / second) * second
    const modifiedAt =
      known?.digest === file.digest ? known.modifiedAt : Math.max(now, (known?.modifiedAt ?? 0) + second)
    return { ...file, modifiedAt }
  })

const configOf = (document: DeviceDocument | null): string | null =>
  document === null ? null : (textOf(document, "config") ?? null)

/** The config that a change leaves behind. */
const leftBy = (before: DeviceDocument | null, after: DeviceDocument, drop: boolean) => {
  const old = configOf(before)
  return old === null || old === configOf(after) ? null : { config: old, drop }
}

/** A phone that is no longer known by what it was entered with may be entered again by another. */
const stillKnownBy = (identity: string | null, document: DeviceDocument): string | null => {
  if (identity === null) return null
  const [kind = ""] = identity.split(":", 1)
  return textOf(document, kind) === identity.slice(kind.length + 1) ? identity : null
}

const deviceSetup = setup({
  types: {
    context: {} as DeviceContext,
    events: {} as DeviceEvent,
    emitted: {} as DeviceEmitted
  },
  guards: {
    mayEdit: ({ context, event }) => mayEdit(context, event),
    changesNothing: ({ context, event }) =>
      mayEdit(context, event) &&
      context.document !== null &&
      !("config" in event && event.config !== undefined) &&
      sameJson(context.document, changed(context.document, event)),
    needsFiles: ({ context, event }) =>
      mayEdit(context, event) &&
      context.document !== null &&
      (("config" in event && event.config !== undefined) ||
        needsFilesAs(context.document, changed(context.document, event))),
    isAutoprov: ({ context }) => context.document !== null && isAutoprov(context.document)
  },
  actions: {
    generate: (_, _params: GenerateParams) => {},
    /** The command is taken and there is nothing to do. */
    accept: enqueueActions(() => {}),
    create: assign(({ event }) =>
      event.type === "create"
        ? {
            ...nobody,
            document: event.document,
            identity: event.identity ?? null,
            change: { before: null, config: event.config ?? null, dropsOldConfig: false }
          }
        : {}
    ),
    take: assign(({ context, event }) => {
      const { document, identity } = context
      if (document === null) return {}
      const after = changed(document, event)
      return {
        document: after,
        identity: stillKnownBy(identity, after),
        change: {
          before: document,
          config: ("config" in event ? event.config : undefined) ?? null,
          dropsOldConfig: event.type === "reset"
        }
      }
    }),
    /** The files stay right as they are. */
    takeInPlace: enqueueActions(({ context, event, enqueue }) => {
      const { document: before, identity, revision, renderedBy } = context
      if (before === null) return
      const document = changed(before, event)
      enqueue.assign({ document, identity: stillKnownBy(identity, document) })
      enqueue.emit({ type: "saved", document, config: null, left: null, files: null, revision, renderedBy })
      enqueue.emit({ type: "told", verb: "edited", tenantUuid: document.tenant_uuid })
    }),
    settle: enqueueActions(({ context, event, enqueue }) => {
      const { document: pending, change } = context
      if (pending === null || (event.type !== "generated" && event.type !== "failed")) return
      const document = { ...pending, configured: event.type === "generated" }
      const { revision } = event
      const files = event.type === "generated" ? recorded(context.files, event.files, event.at) : []
      const records = files.map(({ path, digest, modifiedAt }) => ({ path, digest, modifiedAt }))
      const renderedBy = event.type === "generated" ? event.renderedBy : null
      const before = change?.before ?? null
      const isKept = ({ path, digest }: FileRecord) =>
        context.files.some((known) => known.path === path && known.digest === digest)
      enqueue.assign({ document, files: records, revision, renderedBy, change: null })
      enqueue.emit({
        type: "saved",
        document,
        config: change?.config ?? null,
        left: leftBy(before, document, change?.dropsOldConfig ?? false),
        files: {
          kept: records.filter(isKept).map(({ path }) => path),
          written: files.filter((file) => !isKept(file))
        },
        revision,
        renderedBy
      })
      if (before === null) {
        enqueue.emit({ type: "told", verb: "created", tenantUuid: document.tenant_uuid })
      } else if (!sameJson(before, document)) {
        enqueue.emit({ type: "told", verb: "edited", tenantUuid: document.tenant_uuid })
      }
    }),
    withdraw: enqueueActions(({ context, enqueue }) => {
      const { document: before, files, revision } = context
      if (before === null || (!before.configured && files.length === 0)) return
      const document = { ...before, configured: false }
      enqueue.assign({ document, files: [], renderedBy: null })
      enqueue.emit({
        type: "saved",
        document,
        config: null,
        left: null,
        files: { kept: [], written: [] },
        revision,
        renderedBy: null
      })
      if (before.configured) {
        enqueue.emit({ type: "told", verb: "edited", tenantUuid: document.tenant_uuid })
      }
    }),
    remove: enqueueActions(({ context, enqueue }) => {
      const { document } = context
      if (document === null) return
      enqueue.assign(nobody)
      enqueue.emit({ type: "removed", config: configOf(document) })
      enqueue.emit({ type: "told", verb: "deleted", tenantUuid: document.tenant_uuid })
    })
  }
})

const create = { target: "generating", actions: "create" } as const

/** A change by an event that says what becomes of the document. */
const change = [
  { guard: "changesNothing", actions: "accept" },
  { guard: "needsFiles", target: "generating", actions: "take" },
  { guard: "mayEdit", actions: "takeInPlace" }
] as const

/** What is taken in every state of a device that there is. */
const whileKnown = {
  replace: change,
  learn: change,
  loseIp: change,
  reset: { target: "generating", actions: "take" },
  regenerate: { target: "generating", actions: "take" },
  withdraw: { target: "not_configured", actions: "withdraw" },
  remove: { guard: "mayEdit", target: "deleted", actions: "remove" }
} as const

/**
 * The life of a phone (contracts/provisioning.md, section 10). `generating` is passed through within one command: the
 * device is committed once, with its files, in the state that follows.
 */
export const deviceMachine = deviceSetup.createMachine({
  id: "device",
  context: nobody,
  initial: "unknown",
  states: {
    unknown: { on: { create } },
    generating: {
      entry: {
        type: "generate",
        params: ({ context }) => ({
          document: knownDocument(context),
          config: context.change?.config ?? null
        })
      },
      on: {
        generated: [
          { guard: "isAutoprov", target: "autoprov", actions: "settle" },
          { target: "configured", actions: "settle" }
        ],
        failed: { target: "not_configured", actions: "settle" }
      }
    },
    not_configured: { on: whileKnown },
    autoprov: { on: whileKnown },
    configured: { on: whileKnown },
    deleted: { on: { create } }
  }
})

/** Files are generated only of a device that there is. */
function knownDocument({ document }: DeviceContext): DeviceDocument {
  if (document === null) throw new Error("there is no such device")
  return document
}
