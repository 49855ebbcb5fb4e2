import type { TimeZone } from "../../schemas/provd/phone-plugin.ts"

/** When clocks change: as in Europe, in North America, south of the equator, in some other way, or never. */
type Rule = "europe" | "america" | "south" | "other" | "never"

/**
 * The place of a zone in the phone's own list: of those with the same offset the last that changes its clocks alike,
 * else one that never does, else the last with that offset, else with the nearest one.
 */
export const zoneNumber = (zone: TimeZone): number => {
  const minutes = zone.utcOffset / 60
  const rule = ruleOf(zone)
  const distance = Math.min(...list.map(([offset]) => Math.abs(offset - minutes)))
  const near = list
    .map(([offset, rule], index) => ({ offset, rule, index }))
    .filter(({ offset }) => Math.abs(offset - minutes) === distance)
  const found =
    near.findLast((entry) => entry.rule === rule) ??
    near.findLast((entry) => entry.rule === "never") ??
    near.at(-1)
  return found?.index ?? 0
}

const ruleOf = ({ dst }: TimeZone): Rule => {
  if (dst === null) return "never"
  if (dst.start.month > dst.end.month) return "south"
  if (dst.start.month !== 3 || dst.start.weekday !== 0) return "other"
  if (dst.start.week === 5) return "europe"
  return dst.start.week === 2 ? "america" : "other"
}

/** The phone's zones in its order, from number 0: minutes east of Greenwich and when clocks change. */
const list: ReadonlyArray<readonly [minutes: number, rule: Rule]> = [
  [-720, "never"],
  [-660, "never"],
  [-600, "never"],
  [-540, "america"],
  [-480, "america"],
  [-420, "never"],
  [-420, "america"],
  [-360, "america"],
  [-360, "never"],
  [-360, "never"],
  [-300, "never"],
  [-300, "america"],
  [-300, "never"],
  [-240, "america"],
  [-240, "never"],
  [-210, "america"],
  [-180, "south"],
  [-180, "never"],
  [-120, "other"],
  [-60, "europe"],
  [0, "never"],
  [0, "europe"],
  [60, "europe"],
  [60, "europe"],
  [60, "europe"],
  [60, "europe"],
  [120, "europe"],
  [120, "europe"],
  [120, "other"],
  [120, "never"],
  [120, "europe"],
  [120, "other"],
  [180, "other"],
  [180, "europe"],
  [180, "never"],
  [210, "other"],
  [240, "never"],
  [240, "europe"],
  [270, "never"],
  [300, "europe"],
  [300, "never"],
  [330, "never"],
  [345, "never"],
  [360, "never"],
  [360, "never"],
  [390, "never"],
  [420, "never"],
  [480, "never"],
  [480, "never"],
  [480, "never"],
  [540, "never"],
  [540, "never"],
  [540, "europe"],
  [570, "south"],
  [570, "never"],
  [600, "never"],
  [600, "south"],
  [600, "never"],
  [600, "south"],
  [600, "europe"],
  [660, "never"],
  [720, "south"],
  [720, "never"],
  [780, "never"]
]
