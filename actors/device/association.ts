import type { DeviceInfo } from "../../schemas/provd/device.ts"
import { support } from "../../schemas/provd/phone-plugin.ts"
import { isPromise } from "./extraction.ts"
import type { LoadedPlugin } from "./plugins/loaded-plugin.ts"

/**
 * The plugin that suits a device best (contracts/provisioning.md 7.3), if one suits it; of two that suit it alike the
 * greater id. Plugins come in the order of their ids. A promise only when a plugin gives one.
 */
export const bestPlugin = (
  plugins: ReadonlyArray<LoadedPlugin>,
  info: DeviceInfo
): string | undefined | Promise<string | undefined> => {
  const scores = plugins.map((plugin) => plugin.associate(info))
  return scores.some(isPromise)
    ? Promise.all(scores).then((all) => best(plugins, all))
    : // None of them is a promise.
      best(plugins, scores as ReadonlyArray<number | undefined>)
}

const best = (
  plugins: ReadonlyArray<LoadedPlugin>,
  scores: ReadonlyArray<number | undefined>
): string | undefined => {
  let highest: number = support.probable
  let found: string | undefined
  plugins.forEach(({ id }, place) => {
    const score = scores[place]
    if (score === undefined || !(score >= highest)) return
    highest = score
    found = id
  })
  return found
}
