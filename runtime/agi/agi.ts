/** What the dialplan asks over FastAGI: `AGI(agi://host:4573/agent?id=7,more,arguments)`. */
export interface AgiRequest {
  /** The path of the URL without its query: `agent`. Empty when there is none. */
  readonly script: string
  /** The query of the URL. */
  readonly query: URLSearchParams
  /** The arguments after the URL, in order. */
  readonly args: ReadonlyArray<string>
  /** All `agi_*` lines by their names; of a repeated name the first, which is Asterisk's own. */
  readonly variables: ReadonlyMap<string, string>
}

/** What the dialplan is told: variables of the channel that asked, set in this order. */
export interface AgiAnswer {
  readonly variables: ReadonlyArray<readonly [name: string, value: string]>
  /** One line for Asterisk's console. */
  readonly notice?: string
}
