import type { DstChange, TimeZone } from "../../schemas/provd/phone-plugin.ts"

/**
 * A zone as a POSIX TZ string (POSIX.1-2017, 8.3) with the times of the changes written out:
 * `CET-1CEST-2,M3.5.0/02:00:00,M10.5.0/03:00:00`. Offsets in it grow to the west.
 */
export const posixTimeZone = (zone: TimeZone): string => {
  const [standard, summer] = names[zone.utcOffset / 60] ?? ["STD", "DST"]
  const base = `${standard}${offset(zone.utcOffset)}`
  if (zone.dst === null) return base
  const { start, end, save } = zone.dst
  return `${base}${summer}${offset(zone.utcOffset + save)},${change(start)},${change(end)}`
}

/** Phones show nothing of the names; they only have to be there. By minutes east of Greenwich. */
const names: Readonly<Record<number, readonly [standard: string, summer: string]>> = {
  [-600]: ["HST", "HDT"],
  [-540]: ["AKST", "AKDT"],
  [-480]: ["PST", "PDT"],
  [-420]: ["MST", "MDT"],
  [-360]: ["CST", "CDT"],
  [-300]: ["EST", "EDT"],
  [-240]: ["AST", "ADT"],
  [-210]: ["NST", "NDT"],
  0: ["GMT", "BST"],
  60: ["CET", "CEST"],
  120: ["EET", "EEST"],
  600: ["AEST", "AEDT"],
  720: ["NZST", "NZDT"]
}

const offset = (seconds: number) => {
  const minutes = Math.abs(Math.round(seconds / 60))
  const hours = `${seconds > 0 ? "-" : ""}${Math.floor(minutes / 60)}`
  return minutes % 60 === 0 ? hours : `${hours}:${two(minutes % 60)}`
}

const change = ({ month, week, weekday, time }: DstChange) => {
  const clock = [time / 3600, (time / 60) % 60, time % 60].map((part) => two(Math.floor(part))).join(":")
  return `M${month}.${week}.${weekday}/${clock}`
}

const two = (value: number) => String(value).padStart(2, "0")
