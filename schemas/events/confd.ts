import { defineEvent } from "./envelope.ts"

/**
 * Events of the configuration (contracts/events.md 3.4). Seen by everybody of the tenant, except those about one
 * user. The right is always `events.<routing key>`.
 */

interface Id {
  id: number
}

export const agentCreated = defineEvent<Id>({
  name: "agent_created",
  class: "tenant",
  routingKey: "config.agent.created"
})
export const agentEdited = defineEvent<Id>({
  name: "agent_edited",
  class: "tenant",
  routingKey: "config.agent.edited"
})
export const agentDeleted = defineEvent<Id & { tenant_uuid: string }>({
  name: "agent_deleted",
  class: "tenant",
  routingKey: "config.agent.deleted"
})

export const queueCreated = defineEvent<Id>({
  name: "queue_created",
  class: "tenant",
  routingKey: "config.queues.created"
})
export const queueEdited = defineEvent<Id>({
  name: "queue_edited",
  class: "tenant",
  routingKey: "config.queues.edited"
})
export const queueDeleted = defineEvent<Id>({
  name: "queue_deleted",
  class: "tenant",
  routingKey: "config.queues.deleted"
})

export const queueMemberAgentAssociated = defineEvent<{
  queue_id: number
  agent_id: number
  penalty: number
}>({
  name: "queue_member_agent_associated",
  class: "tenant",
  routingKey: "config.queues.agents.updated"
})
export const queueMemberAgentDissociated = defineEvent<{ queue_id: number; agent_id: number }>({
  name: "queue_member_agent_dissociated",
  class: "tenant",
  routingKey: "config.queues.agents.deleted"
})

interface UserMember {
  queue_id: number
  user_uuid: string
}
export const queueMemberUserAssociated = defineEvent<UserMember>({
  name: "queue_member_user_associated",
  class: "user",
  routingKey: "config.queues.users.updated"
})
export const queueMemberUserDissociated = defineEvent<UserMember>({
  name: "queue_member_user_dissociated",
  class: "user",
  routingKey: "config.queues.users.deleted"
})

interface UserData {
  id: number
  uuid: string
  subscription_type: number
  created_at: string
  tenant_uuid: string
}
export const userCreated = defineEvent<UserData>({
  name: "user_created",
  class: "tenant",
  routingKey: "config.user.created"
})
export const userEdited = defineEvent<UserData>({
  name: "user_edited",
  class: "tenant",
  routingKey: "config.user.edited"
})
export const userDeleted = defineEvent<UserData>({
  name: "user_deleted",
  class: "tenant",
  routingKey: "config.user.deleted"
})

interface UserAgent {
  user_uuid: string
  agent_id: number
}
export const userAgentAssociated = defineEvent<UserAgent>({
  name: "user_agent_associated",
  class: "user",
  routingKey: "config.users.{user_uuid}.agents.updated"
})
export const userAgentDissociated = defineEvent<UserAgent>({
  name: "user_agent_dissociated",
  class: "user",
  routingKey: "config.users.{user_uuid}.agents.deleted"
})

/** A line inside an event: which endpoint it has, never the endpoint's secrets. */
export interface LineData {
  id: number
  name: string | null
  endpoint_sip: { uuid: string } | null
  endpoint_sccp: null
  endpoint_custom: { id: number } | null
}
interface UserLine {
  user: { id: number; uuid: string; tenant_uuid: string }
  line: LineData
  main_user: boolean
  main_line: boolean
}
export const userLineAssociated = defineEvent<UserLine>({
  name: "user_line_associated",
  class: "user",
  routingKey: "config.users.{user.uuid}.lines.{line.id}.updated"
})
export const userLineDissociated = defineEvent<UserLine>({
  name: "user_line_dissociated",
  class: "user",
  routingKey: "config.users.{user.uuid}.lines.{line.id}.deleted"
})

interface LineEvent {
  id: number
  protocol: string | null
  name: string | null
  tenant_uuid: string
}
export const lineCreated = defineEvent<LineEvent>({
  name: "line_created",
  class: "tenant",
  routingKey: "config.line.created"
})
export const lineEdited = defineEvent<LineEvent>({
  name: "line_edited",
  class: "tenant",
  routingKey: "config.line.edited"
})
export const lineDeleted = defineEvent<LineEvent>({
  name: "line_deleted",
  class: "tenant",
  routingKey: "config.line.deleted"
})

interface LineExtension {
  line_id: number
  extension_id: number
}
export const lineExtensionAssociated = defineEvent<LineExtension>({
  name: "line_extension_associated",
  class: "tenant",
  routingKey: "config.line_extension_associated.updated"
})
export const lineExtensionDissociated = defineEvent<LineExtension>({
  name: "line_extension_dissociated",
  class: "tenant",
  routingKey: "config.line_extension_associated.deleted"
})

interface LineCustom {
  line: { id: number; tenant_uuid: string; name: string | null }
  endpoint_custom: { id: number; interface: string }
}
export const lineEndpointCustomAssociated = defineEvent<LineCustom>({
  name: "line_endpoint_custom_associated",
  class: "tenant",
  routingKey: "config.lines.{line.id}.endpoints.custom.{endpoint_custom.id}.updated"
})
export const lineEndpointCustomDissociated = defineEvent<LineCustom>({
  name: "line_endpoint_custom_dissociated",
  class: "tenant",
  routingKey: "config.lines.{line.id}.endpoints.custom.{endpoint_custom.id}.deleted"
})

interface LineSip {
  line: { id: number; tenant_uuid: string; name: string | null }
  endpoint_sip: { uuid: string; name: string }
}
export const lineEndpointSipAssociated = defineEvent<LineSip>({
  name: "line_endpoint_sip_associated",
  class: "tenant",
  routingKey: "config.lines.{line.id}.endpoints.sip.{endpoint_sip.uuid}.updated"
})
export const lineEndpointSipDissociated = defineEvent<LineSip>({
  name: "line_endpoint_sip_dissociated",
  class: "tenant",
  routingKey: "config.lines.{line.id}.endpoints.sip.{endpoint_sip.uuid}.deleted"
})

interface ExtensionData {
  id: number
  exten: string
  context: string
}
export const extensionCreated = defineEvent<ExtensionData>({
  name: "extension_created",
  class: "tenant",
  routingKey: "config.extensions.created"
})
export const extensionEdited = defineEvent<ExtensionData>({
  name: "extension_edited",
  class: "tenant",
  routingKey: "config.extensions.edited"
})
export const extensionDeleted = defineEvent<ExtensionData>({
  name: "extension_deleted",
  class: "tenant",
  routingKey: "config.extensions.deleted"
})

interface ContextData {
  id: number
  name: string
  type: string
  tenant_uuid: string
}
export const contextCreated = defineEvent<ContextData>({
  name: "context_created",
  class: "tenant",
  routingKey: "config.contexts.created"
})
export const contextEdited = defineEvent<ContextData>({
  name: "context_edited",
  class: "tenant",
  routingKey: "config.contexts.edited"
})
export const contextDeleted = defineEvent<ContextData>({
  name: "context_deleted",
  class: "tenant",
  routingKey: "config.contexts.deleted"
})

export const conferenceCreated = defineEvent<Id>({
  name: "conference_created",
  class: "tenant",
  routingKey: "config.conferences.created"
})
export const conferenceEdited = defineEvent<Id>({
  name: "conference_edited",
  class: "tenant",
  routingKey: "config.conferences.edited"
})
export const conferenceDeleted = defineEvent<Id>({
  name: "conference_deleted",
  class: "tenant",
  routingKey: "config.conferences.deleted"
})

interface ConferenceExtension {
  conference_id: number
  extension_id: number
}
export const conferenceExtensionAssociated = defineEvent<ConferenceExtension>({
  name: "conference_extension_associated",
  class: "tenant",
  headerFields: ["conference_id"],
  routingKey: "config.conferences.extensions.updated"
})
export const conferenceExtensionDissociated = defineEvent<ConferenceExtension>({
  name: "conference_extension_dissociated",
  class: "tenant",
  headerFields: ["conference_id"],
  routingKey: "config.conferences.extensions.deleted"
})

interface CustomEndpointData {
  id: number
  tenant_uuid: string
  interface: string
}
export const customEndpointCreated = defineEvent<CustomEndpointData>({
  name: "custom_endpoint_created",
  class: "tenant",
  routingKey: "config.custom_endpoint.created"
})
export const customEndpointEdited = defineEvent<CustomEndpointData>({
  name: "custom_endpoint_edited",
  class: "tenant",
  routingKey: "config.custom_endpoint.edited"
})
export const customEndpointDeleted = defineEvent<CustomEndpointData>({
  name: "custom_endpoint_deleted",
  class: "tenant",
  routingKey: "config.custom_endpoint.deleted"
})

/** Without the option sections: they hold the endpoint's password. */
interface SipEndpointData {
  uuid: string
  name: string
  label: string | null
  tenant_uuid: string
}
export const sipEndpointCreated = defineEvent<SipEndpointData>({
  name: "sip_endpoint_created",
  class: "tenant",
  routingKey: "config.sip_endpoint.created"
})
export const sipEndpointEdited = defineEvent<SipEndpointData>({
  name: "sip_endpoint_edited",
  class: "tenant",
  routingKey: "config.sip_endpoint.edited"
})
export const sipEndpointDeleted = defineEvent<SipEndpointData>({
  name: "sip_endpoint_deleted",
  class: "tenant",
  routingKey: "config.sip_endpoint.deleted"
})

/**
 * Between the nodes of one installation only: an agent was assigned to a queue, or unassigned, without an event of
 * the catalogue (contracts/callcenter.md 5.6). Sent without `required_acl`, so it never leaves by WebSocket
 * (events.md 2.1).
 */
export const agentAssignmentChanged = defineEvent<{ agent_id: number }>({
  name: "agent_assignment_changed",
  class: "service",
  routingKey: "strowger.agents.assignment"
})

/** A phone (contracts/provisioning.md, section 12). */
interface DeviceData {
  id: string
}
export const deviceCreated = defineEvent<DeviceData>({
  name: "device_created",
  class: "tenant",
  routingKey: "config.device.created"
})
export const deviceEdited = defineEvent<DeviceData>({
  name: "device_edited",
  class: "tenant",
  routingKey: "config.device.edited"
})
export const deviceDeleted = defineEvent<DeviceData>({
  name: "device_deleted",
  class: "tenant",
  routingKey: "config.device.deleted"
})

interface LineDevice {
  line: { id: number; name: string | null }
  device: { id: string }
}
export const lineDeviceAssociated = defineEvent<LineDevice>({
  name: "line_device_associated",
  class: "tenant",
  routingKey: "config.lines.{line.id}.devices.{device.id}.updated"
})
export const lineDeviceDissociated = defineEvent<LineDevice>({
  name: "line_device_dissociated",
  class: "tenant",
  routingKey: "config.lines.{line.id}.devices.{device.id}.deleted"
})
