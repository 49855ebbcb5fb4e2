import { Console, Effect } from "effect"
import { type BootedPhone, bootFleet, type FleetOptions } from "./fleet.ts"
import { phoneModels } from "./models.ts"

/** A fleet by the names of its vendors. */
export interface RunFleetOptions extends Omit<FleetOptions, "models"> {
  /** Names of `phoneModels`; empty: all. */
  readonly vendors: ReadonlyArray<string>
}

/**
 * Boots phones and tells how they fared: progress while it lasts, then a table by vendor. Gives whether every phone
 * works.
 */
export const runFleet = Effect.fnUntraced(function* ({ vendors, ...options }: RunFleetOptions) {
  const unknown = vendors.filter((vendor) => !phoneModels.some(({ name }) => name === vendor))
  if (unknown.length > 0) {
    yield* Console.error(
      `No phones of ${unknown.join(", ")}; there are ${phoneModels.map(({ name }) => name).join(", ")}`
    )
    return false
  }
  const models = phoneModels.filter(({ name }) => vendors.length === 0 || vendors.includes(name))
  const began = performance.now()
  let done = 0
  const step = Math.max(1, Math.floor(options.count / 10))
  const phones = yield* bootFleet({
    ...options,
    models,
    onBooted: () => {
      done++
      if (done % step === 0 || done === options.count) {
        process.stdout.write(`${done} of ${options.count} phones have booted\n`)
      }
    }
  })
  yield* Console.log(report(phones, (performance.now() - began) / 1_000))
  return phones.every(({ problem }) => problem === undefined)
})

const report = (phones: ReadonlyArray<BootedPhone>, seconds: number): string => {
  const names = [...new Set(phones.map(({ model }) => model))]
  const rows = names.map((name) => {
    const own = phones.filter(({ model }) => model === name)
    const waits = own.map(({ waited }) => waited).toSorted((left, right) => left - right)
    const failed = own.filter(({ problem }) => problem !== undefined)
    const line = [
      name.padEnd(14),
      `${own.length - failed.length} of ${own.length} work`.padEnd(20),
      `configuration after ${percentile(waits, 0.5)} ms (median), ${percentile(waits, 0.99)} ms (p99)`
    ].join("")
    const problem = failed[0]?.problem
    return problem === undefined ? line : `${line}\n  ${problem}`
  })
  const requests = phones.reduce((sum, phone) => sum + phone.requests, 0)
  return [...rows, `${phones.length} phones, ${requests} requests in ${seconds.toFixed(1)} s`].join("\n")
}

const percentile = (sorted: ReadonlyArray<number>, share: number): string =>
  (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1)
