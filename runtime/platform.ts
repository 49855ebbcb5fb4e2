import { Context } from "effect"

/** What is true of this installation over all restarts and nodes (contracts/callcenter.md 1: origin_uuid). */
export class Platform extends Context.Service<
  Platform,
  {
    /** The uuid in `origin_uuid` of every event and in confd `/infos`. */
    readonly uuid: string
  }
>()("strowger/runtime/Platform") {}
