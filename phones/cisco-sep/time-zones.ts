import type { TimeZone } from "../../schemas/provd/phone-plugin.ts"

/**
 * The name that Cisco's SEP phones have for a zone: the one that keeps the same time all year, else one of the same
 * standard time. Undefined: there is none, or no zone was given.
 */
export const ciscoTimeZone = (
  name: string | null | undefined,
  timeZone: (name: string) => TimeZone | undefined
): string | undefined => {
  const zone = name ? timeZone(name) : undefined
  if (zone === undefined) return undefined
  const candidates = ciscoZones.flatMap(([cisco, iana]) => {
    const candidate = timeZone(iana)
    return candidate?.utcOffset === zone.utcOffset ? [{ cisco, dst: candidate.dst }] : []
  })
  const same = candidates.find(({ dst }) => JSON.stringify(dst) === JSON.stringify(zone.dst))
  const alike = candidates.find(({ dst }) => (dst === null) === (zone.dst === null))
  return (same ?? alike ?? candidates[0])?.cisco
}

/** Cisco's names with a zone that each stands for. Of two that keep the same time the first is taken. */
const ciscoZones: ReadonlyArray<readonly [cisco: string, iana: string]> = [
  ["Dateline Standard Time", "Etc/GMT+12"],
  ["Samoa Standard Time", "Pacific/Pago_Pago"],
  ["Hawaiian Standard Time", "Pacific/Honolulu"],
  ["Alaskan Standard/Daylight Time", "America/Anchorage"],
  ["Pacific Standard/Daylight Time", "America/Los_Angeles"],
  ["Mountain Standard/Daylight Time", "America/Denver"],
  ["US Mountain Standard Time", "America/Phoenix"],
  ["Central Standard/Daylight Time", "America/Chicago"],
  ["Canada Central Standard Time", "America/Regina"],
  ["Eastern Standard/Daylight Time", "America/New_York"],
  ["US Eastern Standard Time", "America/Bogota"],
  ["Atlantic Standard/Daylight Time", "America/Halifax"],
  ["SA Western Standard Time", "America/La_Paz"],
  ["Newfoundland Standard/Daylight Time", "America/St_Johns"],
  ["SA Eastern Standard Time", "America/Argentina/Buenos_Aires"],
  ["Mid-Atlantic Standard/Daylight Time", "Atlantic/South_Georgia"],
  ["Azores Standard/Daylight Time", "Atlantic/Azores"],
  ["GMT Standard/Daylight Time", "Europe/London"],
  ["Greenwich Standard Time", "Etc/GMT"],
  ["Central Europe Standard/Daylight Time", "Europe/Paris"],
  ["GTB Standard/Daylight Time", "Europe/Athens"],
  ["Egypt Standard/Daylight Time", "Africa/Cairo"],
  ["South Africa Standard Time", "Africa/Johannesburg"],
  ["Jerusalem Standard/Daylight Time", "Asia/Jerusalem"],
  ["Saudi Arabia Standard Time", "Asia/Riyadh"],
  ["Iran Standard/Daylight Time", "Asia/Tehran"],
  ["Arabian Standard Time", "Asia/Dubai"],
  ["Afghanistan Standard Time", "Asia/Kabul"],
  ["West Asia Standard Time", "Asia/Tashkent"],
  ["India Standard Time", "Asia/Kolkata"],
  ["Central Asia Standard Time", "Asia/Dhaka"],
  ["SE Asia Standard Time", "Asia/Bangkok"],
  ["China Standard/Daylight Time", "Asia/Shanghai"],
  ["Taipei Standard Time", "Asia/Taipei"],
  ["Tokyo Standard Time", "Asia/Tokyo"],
  ["Cen. Australia Standard/Daylight Time", "Australia/Adelaide"],
  ["AUS Central Standard Time", "Australia/Darwin"],
  ["E. Australia Standard Time", "Australia/Brisbane"],
  ["AUS Eastern Standard/Daylight Time", "Australia/Sydney"],
  ["West Pacific Standard Time", "Pacific/Port_Moresby"],
  ["Central Pacific Standard Time", "Pacific/Guadalcanal"],
  ["Fiji Standard Time", "Pacific/Fiji"],
  ["New Zealand Standard/Daylight Time", "Pacific/Auckland"]
]
