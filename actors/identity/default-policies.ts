/** A policy that the runtime brings along (contracts/auth.md 10). */
export interface DefaultPolicy {
  readonly slug: string
  readonly description: string
  readonly acl: ReadonlyArray<string>
}

/** Everything, everywhere below the holder's tenant. Ordinary: it can be edited and deleted. */
export const masterUserPolicy: DefaultPolicy = {
  slug: "wazo_default_master_user_policy",
  description: "Automatically created",
  acl: ["#"]
}

/**
 * Policies of the master tenant that every tenant sees and nobody edits: what an end user's client needs, and what
 * the administrator of a tenant needs. Attaching them is the administrator's choice.
 */
export const configManagedPolicies: ReadonlyArray<DefaultPolicy> = [
  {
    slug: "wazo_default_user_policy",
    description: "Automatically created",
    acl: [
      "auth.users.me.external.#",
      "auth.users.me.tokens.#",
      "auth.users.me.password.#",
      "auth.users.me.sessions.#",
      "agentd.users.me.agents.read",
      "agentd.users.me.agents.login.create",
      "agentd.users.me.agents.logoff.create",
      "agentd.users.me.agents.pause.create",
      "agentd.users.me.agents.unpause.create",
      "confd.infos.read",
      "confd.users.me.read",
      "confd.users.me.update",
      "confd.users.me.forwards.#",
      "confd.users.me.services.#",
      "dird.directories.favorites.#",
      "dird.directories.lookup.*.read",
      "dird.directories.lookup.*.me.read",
      "dird.directories.personal.*.read",
      "dird.directories.*.*.read",
      "dird.personal.#",
      "webhookd.users.me.subscriptions.#",
      "websocketd",
      "event.#",
      "events.auth.users.me.#",
      "events.auth.sessions.my_session.#",
      "events.calls.me",
      "events.config.users.me.#",
      "events.directory.me.#",
      "events.statuses.*",
      "events.switchboards.#",
      "events.users.me.#"
    ]
  },
  {
    slug: "wazo_default_admin_policy",
    description: "Automatically created",
    acl: [
      "agentd.#",
      "amid.action.#",
      "auth.#",
      "!auth.config.#",
      "confd.#",
      "dird.#",
      "event.#",
      "events.#",
      "phoned.#",
      "provd.#",
      "webhookd.#",
      "websocketd"
    ]
  }
]
