import type { RawConfig } from "../../schemas/provd/raw-config-type.ts"
import { sortedKeys, type NumberedKey } from "../kit/keys.ts"
import { sortedLines } from "../kit/lines.ts"
import type { KeyLayout } from "./models.ts"

/** A key as the phone takes it. Type 0 does nothing, 1 watches or dials, 2 is a key event or a line. */
export interface Key {
  readonly index: number
  readonly type: number
  readonly value: string
  readonly title: string
}

/** A page of keys. */
export interface Page {
  readonly page: number
  readonly keys: ReadonlyArray<Key>
}

/** The keys of a phone by where they are. */
export interface Keys {
  /** One list for the phones that know no pages. */
  readonly all: ReadonlyArray<Key>
  readonly side: ReadonlyArray<Page>
  readonly soft: ReadonlyArray<Key>
  readonly pages: ReadonlyArray<Page>
}

/**
 * The function keys (contracts/provisioning-vendors.md, section 10), gaps between them filled with keys that do
 * nothing, so that a key that was taken away is gone from the phone too.
 */
export const keysOf = (config: RawConfig, layout: KeyLayout): Keys => {
  const wanted = new Map(sortedKeys(config).map((key) => [key.key, written(key, config)]))
  const lines = new Set(sortedLines(config).map(({ line }) => line))
  const last = Math.max(0, ...wanted.keys())
  const slot = (key: number) => wanted.get(key) ?? nothing
  const sideSlot = (key: number) => (lines.has(key) ? lineKey(key) : slot(key))

  const sideCount = layout.side?.count ?? 0
  const softCount = layout.soft ?? 0
  const side = range(Math.min(sideCount, Math.max(last, 0, ...lines))).map(sideSlot)
  const soft = range(Math.min(softCount, last - sideCount)).map((key) => slot(sideCount + key))
  const rest = range(last - sideCount - softCount).map((key) => slot(sideCount + softCount + key))
  return {
    all: range(last).map((key) => ({ index: key, ...slot(key) })),
    side: paged(side, layout.side?.perPage),
    soft: soft.map((key, at) => ({ index: at + 1, ...key })),
    pages: paged(rest, layout.perPage)
  }
}

type Slot = Omit<Key, "index">

const nothing: Slot = { type: 0, value: "", title: "" }

const lineKey = (line: number): Slot => ({ type: 2, value: `SIP${line}`, title: "" })

const written = (key: NumberedKey, config: RawConfig): Slot => {
  const target = `${key.value}@${key.line ?? 1}`
  const pickup = config.exten_pickup_call ? `${config.exten_pickup_call}${key.value}` : ""
  switch (key.type) {
    case "speeddial":
      return { type: 1, value: `${target}/f`, title: key.label }
    case "blf":
      return { type: 1, value: `${target}/ba${pickup}`, title: key.label }
    case "park":
      return { type: 2, value: `${target}/c`, title: key.label }
  }
}

const range = (count: number) => Array.from({ length: Math.max(0, count) }, (_, index) => index + 1)

const paged = (keys: ReadonlyArray<Slot>, perPage: number | undefined): ReadonlyArray<Page> => {
  if (perPage === undefined) return []
  return range(Math.ceil(keys.length / perPage)).map((page) => ({
    page,
    keys: keys.slice((page - 1) * perPage, page * perPage).map((key, at) => ({ index: at + 1, ...key }))
  }))
}
