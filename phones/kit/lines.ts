import type { RawConfig, SipLine, SccpCallManager } from "../../schemas/provd/raw-config-type.ts"

/** A SIP account with the number of its line. */
export type NumberedLine = SipLine & { readonly line: number }

/** The SIP accounts by line number, smallest first. An entry whose key is no number from 1 is left out. */
export const sortedLines = (config: RawConfig): ReadonlyArray<NumberedLine> =>
  numbered(config.sip_lines).map(([line, account]) => ({ ...account, line }))

/** The SCCP call managers, the most important first, with their priority from 1. */
export const sortedCallManagers = (
  config: RawConfig
): ReadonlyArray<SccpCallManager & { readonly priority: number }> =>
  numbered(config.sccp_call_managers).map(([priority, manager]) => ({ ...manager, priority }))

/** The entries of a table whose keys are numbers from 1, in their order. */
export const numbered = <Value>(
  table: Readonly<Record<string, Value>> | null | undefined
): ReadonlyArray<readonly [number, Value]> =>
  Object.entries(table ?? {})
    .filter(([key]) => /^[1-9]\d{0,5}$/.test(key))
    .map(([key, value]) => [Number(key), value] as const)
    .sort(([a], [b]) => a - b)
