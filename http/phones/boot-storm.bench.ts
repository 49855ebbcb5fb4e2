import { Effect } from "effect"
import { connect } from "node:net"
import { once } from "node:events"
import type { BenchResult } from "../../runtime/bench.ts"
import { bootFleet } from "../../simulator/phones/fleet.ts"
import { phoneModels } from "../../simulator/phones/models.ts"
import { administratorOf, startPhoneRuntime } from "./phone-bench.ts"

const count = 1_000
const perSecond = 20
const warmUp = 28

/**
 * A thousand phones of fourteen kinds that nobody entered are switched on within a minute: each becomes a device
 * with an account, has its files generated and its state committed before its own request is answered. On the
 * embedded database.
 *
 * - figure: p99 of the request for a phone's own configuration, in milliseconds.
 * - ceiling: the time a round trip over a fresh loopback connection takes in the same run (p99): what no server can go
 *   below. The ratio says how many of those a phone waits.
 * - memoryPerDeviceKiB: heap after the storm and a collection over that before it, for each device.
 */
export const run = async (): Promise<BenchResult> => {
  const runtime = await startPhoneRuntime()
  try {
    const request = await administratorOf(runtime.url)
    const tftp = { host: "127.0.0.1", port: runtime.tftpPort }
    const boot = (options: { readonly count: number; readonly first: number; readonly perSecond?: number }) =>
      Effect.runPromise(bootFleet({ models: phoneModels, url: runtime.phoneUrl, tftp, ...options }))
    await boot({ count: warmUp, first: 1 })
    const before = await runtime.heap()
    const port = Number(new URL(runtime.url).port)
    const trips: Array<number> = []
    const probe = setInterval(() => void roundTrip(port).then((millis) => trips.push(millis)), 100)
    const startedAt = performance.now()
    const phones = await boot({ count, first: 1_001, perSecond })
    const seconds = (performance.now() - startedAt) / 1_000
    clearInterval(probe)
    const after = await runtime.heap()
    const failed = phones.filter(({ problem }) => problem !== undefined)
    if (failed.length > 0) throw new Error(`${failed.length} phones do not work: ${failed[0]?.problem}`)
    const devices = await request("GET", "/api/provd/0.2/dev_mgr/devices?fields=configured")
    // The list of provd: contracts/provisioning.md 6.2.
    const { devices: known } = (await devices.json()) as { devices: ReadonlyArray<{ configured: boolean }> }
    if (known.length !== count + warmUp)
      throw new Error(`${known.length} devices instead of ${count + warmUp}`)
    const figure = percentile(phones.map(({ waited }) => waited))
    const ceiling = percentile(trips)
    return {
      name: "boot-storm",
      figure: rounded(figure),
      unit: "ms (p99)",
      ceiling: rounded(ceiling),
      ratio: rounded(figure / ceiling),
      phones: count,
      seconds: Math.round(seconds),
      memoryPerDeviceKiB: rounded((after - before) / 1024 / count)
    }
  } finally {
    await runtime.stop()
  }
}

const roundTrip = async (port: number): Promise<number> => {
  const startedAt = performance.now()
  const socket = connect(port, "127.0.0.1")
  socket.write("GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
  await once(socket, "data")
  socket.destroy()
  return performance.now() - startedAt
}

const percentile = (values: ReadonlyArray<number>): number =>
  values.toSorted((left, right) => left - right)[Math.floor(values.length * 0.99)] ?? 0

const rounded = (value: number): number => Math.round(value * 100) / 100
