import { Console, Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { phoneUrl } from "../actors/device/base-config.ts"
import { AppConfig } from "../runtime/config.ts"
import { bundledPlugins } from "../phones/bundled.ts"
import { dhcpConfig, dhcpFormats } from "./dhcp-config.ts"
import { type RuntimeAddress, restOf } from "./rest.ts"

/** `strowger provd`: what the site around the phones needs. */
export const provdCommand = (runtimeFlags: RuntimeFlags) =>
  Command.make("provd").pipe(
    Command.withDescription("What the site around the phones needs"),
    Command.withSubcommands([dhcpConfigCommand(runtimeFlags)])
  )

type RuntimeFlags = { readonly [K in keyof RuntimeAddress]: Flag.Flag<string> }

const dhcpConfigCommand = (runtimeFlags: RuntimeFlags) =>
  Command.make(
    "dhcp-config",
    {
      ...runtimeFlags,
      format: Flag.Literals("format", dhcpFormats).pipe(
        Flag.withDescription("The DHCP server: isc, kea or dnsmasq"),
        Flag.withDefault("dnsmasq")
      ),
      all: Flag.Boolean("all").pipe(
        Flag.withDescription("For every bundled plugin, without asking a running runtime"),
        Flag.withDefault(false)
      )
    },
    ({ format, all, ...address }) =>
      Effect.gen(function* () {
        const url = phoneUrl(yield* AppConfig)
        const plugins = all ? bundledPlugins.map(({ id }) => id) : yield* installedPlugins(address)
        const host = URL.canParse(url) ? new URL(url).hostname : ""
        yield* Console.log(dhcpConfig(format, { url, host }, plugins))
      }).pipe(Effect.provide(AppConfig.layer))
  ).pipe(
    Command.withDescription(
      "Print what the site's DHCP server tells the phones of the installed plugins; the URL is STROWGER_PHONE_URL"
    ),
    Command.withExamples([
      { command: "strowger provd dhcp-config --format kea -p demo", description: "For Kea" }
    ])
  )

const installedPlugins = Effect.fnUntraced(function* (address: RuntimeAddress) {
  const rest = yield* restOf(address)
  // provd's own answer.
  const { plugins } = (yield* rest("GET", "/api/provd/0.2/pg_mgr/plugins")) as {
    readonly plugins: Readonly<Record<string, unknown>>
  }
  return Object.keys(plugins)
})
