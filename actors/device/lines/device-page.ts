import type { Page, PageQuery } from "../../../schemas/common/paging.ts"
import { deviceColumns } from "../../../schemas/confd/device.ts"
import type { JsonObject } from "../../../schemas/provd/device.ts"

type Name = (typeof deviceColumns)[number]

/**
 * One page of devices, filtered, searched, ordered and cut as confd's lists are (contracts/provisioning.md 10.2): text
 * is compared without case and accents, devices of equal rank stay in the order of their ids.
 */
export const devicePage = (
  documents: ReadonlyArray<JsonObject>,
  query: PageQuery<Name>
): Page<JsonObject> => {
  const search = query.search === undefined ? undefined : folded(query.search)
  const wanted = documents.filter(
    (document) =>
      deviceColumns.every((name) => query[name] === undefined || textOf(document, name) === query[name]) &&
      (!search || deviceColumns.some((name) => folded(textOf(document, name)).includes(search)))
  )
  const order = query.order ?? "id"
  const sign = query.direction === "desc" ? -1 : 1
  const ranked = wanted
    .map((document) => ({ document, rank: folded(textOf(document, order)), id: textOf(document, "id") }))
    .sort((one, other) => sign * (compare(one.rank, other.rank) || compare(one.id, other.id)))
  const offset = query.offset ?? 0
  const items = ranked.slice(offset, query.limit === undefined ? undefined : offset + query.limit)
  return { total: wanted.length, items: items.map(({ document }) => document) }
}

const textOf = (document: JsonObject, name: Name): string => String(document[name] ?? "")

const folded = (text: string): string =>
  text
    .normalize("NFKD")
    .replace(/[\u0300-\u036f]/g, "")
    .toLowerCase()

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0)
