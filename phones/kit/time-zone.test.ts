import { assert, describe, it } from "vitest"
import type { TimeZone } from "../../schemas/provd/phone-plugin.ts"
import { hourOf, timeZone } from "./time-zone.ts"

const now = new Date("2026-06-01T00:00:00Z")
const hour = 3600

describe("time zones of phones", () => {
  const rules: ReadonlyArray<readonly [name: string, utcOffset: number, dst: TimeZone["dst"]]> = [
    [
      "Europe/Paris",
      hour,
      {
        start: { month: 3, week: 5, weekday: 0, time: 2 * hour },
        end: { month: 10, week: 5, weekday: 0, time: 3 * hour },
        save: hour
      }
    ],
    [
      "America/New_York",
      -5 * hour,
      {
        start: { month: 3, week: 2, weekday: 0, time: 2 * hour },
        end: { month: 11, week: 1, weekday: 0, time: 2 * hour },
        save: hour
      }
    ],
    [
      "Australia/Sydney",
      10 * hour,
      {
        start: { month: 10, week: 1, weekday: 0, time: 2 * hour },
        end: { month: 4, week: 1, weekday: 0, time: 3 * hour },
        save: hour
      }
    ],
    [
      "Australia/Lord_Howe",
      10.5 * hour,
      {
        start: { month: 10, week: 1, weekday: 0, time: 2 * hour },
        end: { month: 4, week: 1, weekday: 0, time: 2 * hour },
        save: hour / 2
      }
    ],
    [
      "Europe/Dublin",
      0,
      {
        start: { month: 3, week: 5, weekday: 0, time: hour },
        end: { month: 10, week: 5, weekday: 0, time: 2 * hour },
        save: hour
      }
    ],
    ["Asia/Kolkata", 5.5 * hour, null],
    ["UTC", 0, null],
    ["Etc/GMT+5", -5 * hour, null],
    ["America/Sao_Paulo", -3 * hour, null],
    ["Africa/Casablanca", hour, null]
  ]
  for (const [name, utcOffset, dst] of rules) {
    it(`knows the rule of ${name}`, () =>
      assert.deepStrictEqual(timeZone(name, now), { name, utcOffset, dst }))
  }

  it("takes the evening before where midnight of a later day is no rule", () => {
    const zone = timeZone("America/Santiago", now)
    assert.deepStrictEqual(zone?.dst?.start, { month: 9, week: 1, weekday: 6, time: 24 * hour })
    assert.strictEqual(zone?.dst && hourOf(zone.dst.start), 23)
  })

  it("takes the week of most years where none is right in all", () => {
    assert.deepStrictEqual(timeZone("Asia/Jerusalem", now)?.dst?.start, {
      month: 3,
      week: 4,
      weekday: 5,
      time: 2 * hour
    })
  })

  it("knows no zone that is no IANA name", () => {
    for (const name of ["", "Mars/Olympus", "+02:00", "\0", "Europe"]) {
      assert.isUndefined(timeZone(name, now), name)
    }
  })
})
