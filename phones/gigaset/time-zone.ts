import type { TimeZone } from "../../schemas/provd/phone-plugin.ts"

/** The number that N510 and N720 have for an offset from Greenwich, of the nearest where there is none. */
export const zoneCode = (zone: TimeZone): number => nearest(codes, zone.utcOffset / 60)

/** The name that N670 and N870 know: the zone's own or one whose clocks show the same. */
export const zoneName = (zone: TimeZone): string => {
  if (zone.name.startsWith("Europe/") || known.has(zone.name)) return zone.name
  const [plain, summer] = nearest(names, zone.utcOffset / 60)
  return zone.dst === null ? plain : summer
}

const nearest = <Value>(table: ReadonlyMap<number, Value>, minutes: number): Value => {
  const [first, ...others] = table.entries()
  if (first === undefined) throw new Error("no zones")
  const distance = ([offset]: readonly [number, Value]) => Math.abs(offset - minutes)
  return others.reduce((best, entry) => (distance(entry) < distance(best) ? entry : best), first)[1]
}

const codes: ReadonlyMap<number, number> = new Map([
  [-720, 0x00],
  [-660, 0x01],
  [-600, 0x02],
  [-540, 0x03],
  [-480, 0x04],
  [-420, 0x07],
  [-360, 0x09],
  [-300, 0x0d],
  [-240, 0x10],
  [-180, 0x12],
  [-120, 0x16],
  [-60, 0x18],
  [0, 0x1a],
  [60, 0x1b],
  [120, 0x20],
  [180, 0x28],
  [240, 0x2c],
  [270, 0x2d],
  [300, 0x2f],
  [330, 0x30],
  [345, 0x31],
  [360, 0x33],
  [390, 0x35],
  [420, 0x36],
  [480, 0x38],
  [540, 0x3d],
  [570, 0x40],
  [600, 0x43],
  [660, 0x47],
  [720, 0x48],
  [780, 0x50]
])

/** By minutes: a zone without daylight saving time, one with. */
const names: ReadonlyMap<number, readonly [plain: string, summer: string]> = new Map([
  [-600, ["Pacific/Honolulu", "Pacific/Honolulu"]],
  [-540, ["America/Anchorage", "America/Anchorage"]],
  [-480, ["America/Los_Angeles", "America/Los_Angeles"]],
  [-420, ["America/Denver", "America/Denver"]],
  [-360, ["America/Chicago", "America/Chicago"]],
  [-300, ["America/New_York", "America/New_York"]],
  [-240, ["America/Caracas", "America/Caracas"]],
  [-180, ["America/Sao_Paulo", "America/Sao_Paulo"]],
  [0, ["Greenwich", "Europe/London"]],
  [60, ["Europe/Paris", "Europe/Paris"]],
  [120, ["Africa/Cairo", "Europe/Athens"]],
  [180, ["Europe/Moscow", "Europe/Moscow"]],
  [240, ["Asia/Dubai", "Asia/Dubai"]],
  [300, ["Asia/Karachi", "Asia/Karachi"]],
  [360, ["Asia/Dhaka", "Asia/Dhaka"]],
  [480, ["Asia/Hong_Kong", "Asia/Hong_Kong"]],
  [540, ["Asia/Tokyo", "Asia/Tokyo"]],
  [570, ["Australia/Darwin", "Australia/Adelaide"]],
  [600, ["Australia/Brisbane", "Australia/Sydney"]],
  [660, ["Pacific/Noumea", "Pacific/Noumea"]]
])

const known = new Set([...names.values()].flat())
