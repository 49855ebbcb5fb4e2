import { networkInterfaces } from "node:os"
import type { Settings } from "../../runtime/config.ts"
import type { Guard } from "./destination.ts"
import type { HookAttempt, HookService } from "./hook-service.ts"
import { call } from "./http-call.ts"
import { BadRequest, buildRequest, type HookRequest } from "./http-request.ts"
import { type Outcome, permanent } from "./outcome.ts"
import { TemplateError } from "./template/values.ts"

/** Calls the URL of a subscription (contracts/webhooks.md 7 and 15.1). Whatever goes wrong is in the outcome. */
export const httpService = (settings: Settings, tenants: { readonly master: string }): HookService => {
  const guard = guardOf(settings)
  const slots = new HostSlots(settings.hookConcurrencyPerHost)
  const run = async (attempt: HookAttempt): Promise<Outcome> => {
    const { config, subscription, signal } = attempt
    const request = withDeliveryHeaders(buildRequest(config, attempt.event), attempt)
    return slots.with(request.url.hostname, () =>
      call(request, {
        guard,
        asker: {
          owned: subscription.ownerUserUuid !== null,
          inMasterTenant: subscription.tenantUuid === tenants.master
        },
        verifyCertificate: config["verify_certificate"],
        signal
      })
    )
  }
  return {
    name: "http",
    run: (attempt) =>
      run(attempt).catch((error: unknown) => {
        if (error instanceof BadRequest || error instanceof TemplateError) return permanent(error.message)
        throw error
      })
  }
}

/** How many calls of this node each host has, where that is limited. */
class HostSlots {
  readonly #most: number
  readonly #busy = new Map<string, number>()

  constructor(most: number) {
    this.#most = most
  }

  async with(host: string, work: () => Promise<Outcome>): Promise<Outcome> {
    const busy = this.#busy.get(host) ?? 0
    if (this.#most > 0 && busy >= this.#most) {
      return { class: "postponed", detail: {}, retryAfter: postponedSeconds }
    }
    this.#busy.set(host, busy + 1)
    try {
      return await work()
    } finally {
      const left = (this.#busy.get(host) ?? 1) - 1
      if (left === 0) this.#busy.delete(host)
      else this.#busy.set(host, left)
    }
  }
}

/** When a host that has as many calls as it may is tried again. */
const postponedSeconds = 0.25

/** Own headers take the place of the usual ones; those of the delivery take the place of both. */
const withDeliveryHeaders = (request: HookRequest, attempt: HookAttempt): HookRequest => {
  const headers = { ...request.headers, "User-Agent": "Strowger-Webhooks/0.1.0" }
  const put = (name: string, value: string): string => {
    const known = Object.keys(headers).find((other) => other.toLowerCase() === name.toLowerCase()) ?? name
    Object.assign(headers, { [known]: value })
    return known
  }
  const own = Object.entries(attempt.headers).map(([name, value]) => put(name, value))
  for (const [name, value] of Object.entries(attempt.sign(request.body))) put(name, value)
  put("x-strowger-attempt", String(attempt.number))
  put("x-strowger-event", headerText(attempt.eventName))
  return { ...request, headers, confidential: [...request.confidential, ...own] }
}

/** Names of events are any text; a header takes less. */
const headerText = (text: string): string => text.replace(/[^\x20-\x7e]/g, "?")

const guardOf = (settings: Settings): Guard => {
  const { httpHost, httpPort } = settings
  const everywhere = httpHost === "0.0.0.0" || httpHost === "::"
  const addresses = everywhere
    ? Object.values(networkInterfaces()).flatMap((found) => (found ?? []).map(({ address }) => address))
    : [httpHost]
  return {
    profile: settings.ssrfProfile,
    httpsOnly: settings.ssrfHttpsOnly,
    allow: entries(settings.ssrfAllow),
    deny: entries(settings.ssrfDeny),
    own: addresses.map((address) => `${address}:${httpPort}`)
  }
}

const entries = (list: string): ReadonlyArray<string> =>
  list
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "")
