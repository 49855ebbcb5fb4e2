import { timeZone } from "../../../phones/kit/time-zone.ts"
import { makeTemplates, type TemplateFolders } from "../../../runtime/template/templates.ts"
import type { PluginHost } from "../../../schemas/provd/phone-plugin.ts"

/** Which plugin the host is for, and what it works on. */
interface HostOptions {
  readonly id: string
  readonly templates: TemplateFolders
  readonly settings: Readonly<Record<string, unknown>>
  /** The current values of the plugin's parameters. */
  readonly parameter: (id: string) => string | null
}

/** What a plugin is given when it is loaded, in the process and in a thread alike. Loads nothing of Effect. */
export const makePluginHost = ({ id, templates, settings, parameter }: HostOptions): PluginHost => ({
  id,
  render: makeTemplates(templates).render,
  timeZone: (name) => timeZone(name),
  settings,
  parameter
})
