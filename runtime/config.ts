import { BlockList, isIP } from "node:net"
import { Config, ConfigProvider, Context, Data, Duration, Effect, Layer, Redacted, Schema } from "effect"

/** One knob: its environment name, its default as written in the environment, and one line of meaning. */
export interface Knob<A = unknown> {
  readonly name: string
  readonly default: string
  readonly meaning: string
  readonly read: (name: string) => Config.Config<A>
}

const knob = <A>(
  name: string,
  read: (name: string) => Config.Config<A>,
  fallback: string,
  meaning: string
): Knob<A> => ({ name: `STROWGER_${name}`, read, default: fallback, meaning })

const text = (name: string) => Config.String(name).pipe(Config.withDefault(""))
const secret = (name: string) => Config.Redacted(name).pipe(Config.withDefault(Redacted.make("")))
const port = (name: string) =>
  Config.Int(name).pipe(
    Config.mapEffect((value) =>
      value >= 0 && value <= 65_535
        ? Effect.succeed(value)
        : Effect.fail(
            new Config.ConfigError(
              new ConfigProvider.SourceError({
                message: `${name}: expected a port from 0 to 65535, got ${value}`
              })
            )
          )
    )
  )
const natural = (name: string) =>
  Config.Int(name).pipe(
    Config.mapEffect((value) =>
      value >= 1
        ? Effect.succeed(value)
        : Effect.fail(
            new Config.ConfigError(
              new ConfigProvider.SourceError({
                message: `${name}: expected a whole number from 1, got ${value}`
              })
            )
          )
    )
  )

const count = (name: string) =>
  Config.Int(name).pipe(
    Config.mapEffect((value) =>
      value >= 0
        ? Effect.succeed(value)
        : Effect.fail(
            new Config.ConfigError(
              new ConfigProvider.SourceError({
                message: `${name}: expected a whole number from 0, got ${value}`
              })
            )
          )
    )
  )

const json =
  <A, I>(schema: Schema.Codec<A, I>, form: string) =>
  (name: string) =>
    Config.String(name).pipe(
      Config.mapEffect((value) =>
        Effect.mapError(
          Schema.decodeUnknownEffect(Schema.fromJsonString(schema))(value),
          () =>
            new Config.ConfigError(
              new ConfigProvider.SourceError({ message: `${name}: expected JSON of the form ${form}` })
            )
        )
      )
    )

/** Addresses and CIDR ranges with commas or spaces between, or the word `none`. */
const networks = (name: string) =>
  Config.String(name).pipe(
    Config.mapEffect((value) => {
      const list = new BlockList()
      const ranges = value === "none" ? [] : value.split(/[\s,]+/).filter((range) => range !== "")
      const wrong = ranges.find((range) => !addRange(list, range))
      return wrong === undefined
        ? Effect.succeed(list)
        : Effect.fail(
            new Config.ConfigError(
              new ConfigProvider.SourceError({
                message: `${name}: expected addresses and CIDR ranges, or none, got ${wrong}`
              })
            )
          )
    })
  )

const addRange = (list: BlockList, range: string): boolean => {
  const [address = "", bits, ...rest] = range.split("/")
  const longest = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1
  const prefix = Number(bits ?? longest)
  if (rest.length > 0 || bits === "" || !Number.isInteger(prefix) || prefix < 0 || prefix > longest)
    return false
  list.addSubnet(address, prefix, longest === 32 ? "ipv4" : "ipv6")
  return true
}

/** Feature codes by the names that raw configs have for them (contracts/provisioning.md, section 5). */
const FeatureCodes = Schema.Struct({
  exten_dnd: Schema.optionalKey(Schema.String),
  exten_fwd_unconditional: Schema.optionalKey(Schema.String),
  exten_fwd_no_answer: Schema.optionalKey(Schema.String),
  exten_fwd_busy: Schema.optionalKey(Schema.String),
  exten_fwd_disable_all: Schema.optionalKey(Schema.String),
  exten_park: Schema.optionalKey(Schema.String),
  exten_pickup_group: Schema.optionalKey(Schema.String),
  exten_pickup_call: Schema.optionalKey(Schema.String),
  exten_voicemail: Schema.optionalKey(Schema.String)
})

/** Switches by name; what is not named is as it comes along. */
const switches = json(Schema.Record(Schema.String, Schema.Boolean), "{name: boolean}")

/** Words with spaces between. */
const words = (name: string) =>
  Config.map(text(name), (value) => value.split(/\s+/).filter((word) => word !== ""))

const names = Schema.optionalKey(Schema.Array(Schema.String))

/** Every knob of the runtime. The README's table is checked against this list. */
const knobTable = {
  httpHost: knob("HTTP_HOST", text, "127.0.0.1", "address the HTTP and WebSocket port listens on"),
  httpPort: knob("HTTP_PORT", port, "9080", "HTTP and WebSocket port; 0 picks a free one"),
  trustedProxies: knob(
    "TRUSTED_PROXIES",
    networks,
    "127.0.0.0/8, ::1",
    "addresses and CIDR ranges of reverse proxies whose X-Forwarded-For and X-Forwarded-Host count; none: nobody's"
  ),
  dataDir: knob("DATA_DIR", text, "./data", "folder of the embedded database and its lock"),
  databaseUrl: knob("DATABASE_URL", secret, "", "external PostgreSQL; empty: the embedded database"),
  amqpUrl: knob("AMQP_URL", secret, "", "RabbitMQ for the event bus; empty: the bus in memory"),
  amqpExchange: knob("AMQP_EXCHANGE", text, "wazo-headers", "headers exchange that events are published on"),
  amiHost: knob("AMI_HOST", text, "127.0.0.1", "host of the Asterisk Manager Interface"),
  amiPort: knob("AMI_PORT", port, "5038", "port of the Asterisk Manager Interface"),
  amiUsername: knob("AMI_USERNAME", text, "accent_amid", "manager user"),
  amiSecret: knob("AMI_SECRET", secret, "", "secret of the manager user"),
  amiAuthType: knob(
    "AMI_AUTH_TYPE",
    (name) => Config.Literals(["plain", "md5"], name),
    "plain",
    "plain or md5"
  ),
  amiActionTimeout: knob(
    "AMI_ACTION_TIMEOUT",
    Config.Duration,
    "10 seconds",
    "how long an AMI action may wait for its answer"
  ),
  amiPingInterval: knob(
    "AMI_PING_INTERVAL",
    Config.Duration,
    "30 seconds",
    "silence after which the AMI peer is pinged"
  ),
  amiReconnectDelay: knob(
    "AMI_RECONNECT_DELAY",
    Config.Duration,
    "5 seconds",
    "longest pause between two AMI connection attempts"
  ),
  amiPublishEvents: knob("AMI_PUBLISH_EVENTS", Config.Boolean, "true", "whether AMI events go to the bus"),
  agiHost: knob("AGI_HOST", text, "127.0.0.1", "address the FastAGI port listens on"),
  agiPort: knob("AGI_PORT", port, "4573", "FastAGI port that tells the dialplan an agent's device; 0: off"),
  adminUsername: knob(
    "ADMIN_USERNAME",
    text,
    "admin",
    "user created in the master tenant at the first start"
  ),
  adminPassword: knob("ADMIN_PASSWORD", secret, "", "its password; empty: one is generated and printed once"),
  tokenLifetime: knob(
    "TOKEN_LIFETIME",
    Config.Duration,
    "2 hours",
    "lifetime of a token when the client names none"
  ),
  tokenKey: knob(
    "TOKEN_KEY",
    secret,
    "",
    "key that refresh tokens are derived from and stored secrets are sealed with, shared by all nodes; empty: one kept in the data folder"
  ),
  ldapCa: knob(
    "LDAP_CA",
    text,
    "",
    "PEM file of the authorities that LDAP servers are trusted by; empty: those of Node.js"
  ),
  oauthBrokerUrl: knob(
    "OAUTH_BROKER_URL",
    text,
    "wss://oauth.wazo.io/ws/{state}",
    "where the broker hands over what a browser brought back from Google or Microsoft"
  ),
  oauthRedirectUrl: knob(
    "OAUTH_REDIRECT_URL",
    text,
    "https://oauth.wazo.io/{auth_type}/authorize",
    "where the broker takes browsers back from Google or Microsoft"
  ),
  oauthTimeout: knob(
    "OAUTH_TIMEOUT",
    Config.Duration,
    "10 minutes",
    "how long the authorisation of an external account is waited for"
  ),
  googleAuthorizationUrl: knob(
    "GOOGLE_AUTHORIZATION_URL",
    text,
    "https://accounts.google.com/o/oauth2/v2/auth",
    "where users consent at Google"
  ),
  googleTokenUrl: knob(
    "GOOGLE_TOKEN_URL",
    text,
    "https://www.googleapis.com/oauth2/v4/token",
    "where Google gives tokens"
  ),
  googleScope: knob(
    "GOOGLE_SCOPE",
    words,
    "https://www.googleapis.com/auth/userinfo.profile https://www.googleapis.com/auth/contacts",
    "scopes asked for at Google when the client names none, separated by spaces"
  ),
  microsoftAuthorizationUrl: knob(
    "MICROSOFT_AUTHORIZATION_URL",
    text,
    "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
    "where users consent at Microsoft"
  ),
  microsoftTokenUrl: knob(
    "MICROSOFT_TOKEN_URL",
    text,
    "https://login.microsoftonline.com/common/oauth2/v2.0/token",
    "where Microsoft gives tokens"
  ),
  microsoftScope: knob(
    "MICROSOFT_SCOPE",
    words,
    "offline_access Contacts.Read",
    "scopes asked for at Microsoft when the client names none, separated by spaces"
  ),
  samlKeyFile: knob(
    "SAML_KEY_FILE",
    text,
    "",
    "PEM file of the private key that SAML requests are signed with; empty: they are not signed"
  ),
  samlRedirectOrigins: knob(
    "SAML_REDIRECT_ORIGINS",
    text,
    "",
    "origins that a SAML login may return to, beside the ACS URL's and the tenant's domains; separated by spaces"
  ),
  samlLoginTimeout: knob(
    "SAML_LOGIN_TIMEOUT",
    Config.Duration,
    "10 minutes",
    "how long a SAML login may take, up to its token"
  ),
  samlSessionLifetime: knob(
    "SAML_SESSION_LIFETIME",
    Config.Duration,
    "7 days",
    "how long a SAML session can be logged out at the identity provider"
  ),
  maxSessions: knob("MAX_USER_SESSIONS", natural, "100", "live sessions a user may have at once"),
  maxAccountFailures: knob(
    "LOGIN_FAILURES_PER_ACCOUNT",
    natural,
    "100",
    "failed logins with one name within STROWGER_LOGIN_WINDOW before further ones are refused"
  ),
  maxAddressFailures: knob(
    "LOGIN_FAILURES_PER_ADDRESS",
    natural,
    "1000",
    "failed logins from one address within STROWGER_LOGIN_WINDOW before further ones are refused"
  ),
  loginWindow: knob("LOGIN_WINDOW", Config.Duration, "5 minutes", "how long a failed login counts"),
  sessionSweepInterval: knob(
    "SESSION_SWEEP_INTERVAL",
    Config.Duration,
    "1 minute",
    "pause between two removals of expired sessions; under 1 second: none"
  ),
  sessionSweepBatch: knob(
    "SESSION_SWEEP_BATCH",
    natural,
    "5000",
    "expired sessions removed in one transaction"
  ),
  userAdminStatus: knob(
    "USER_ADMIN_STATUS",
    Config.Boolean,
    "false",
    "whether tokens tell in their metadata if the user is an administrator"
  ),
  userRegistration: knob(
    "USER_REGISTRATION",
    Config.Boolean,
    "false",
    "whether anybody may create a tenant and a user over HTTP"
  ),
  defaultUserPolicy: knob(
    "DEFAULT_USER_POLICY",
    text,
    "",
    "name of a policy of the master tenant whose accesses go into every token"
  ),
  backendPolicies: knob(
    "BACKEND_POLICIES",
    json(Schema.Record(Schema.String, Schema.String), "{backend: name of a policy}"),
    "{}",
    "policies in the place of STROWGER_DEFAULT_USER_POLICY for users of some backends, as JSON: {backend: name}"
  ),
  purposeMetadataMapping: knob(
    "PURPOSE_METADATA_MAPPING",
    json(
      Schema.Struct({ user: names, internal: names, external_api: names }),
      "{user: [name], internal: [name], external_api: [name]}"
    ),
    "{}",
    "metadata plugins of users of a purpose, in their order, as JSON: {purpose: [name]}; a purpose that is not named: those that say they are for it"
  ),
  enabledHttpPlugins: knob(
    "ENABLED_HTTP_PLUGINS",
    switches,
    "{}",
    "parts of auth's HTTP API to switch off (users, saml, ...), as JSON: {name: boolean}"
  ),
  enabledBackendPlugins: knob(
    "ENABLED_BACKEND_PLUGINS",
    switches,
    "{}",
    "backends to switch off (wazo_user, ldap_user or a plugin's), as JSON: {name: boolean}"
  ),
  enabledMetadataPlugins: knob(
    "ENABLED_METADATA_PLUGINS",
    switches,
    "{}",
    "metadata plugins to switch off, as JSON: {name: boolean}"
  ),
  enabledExternalPlugins: knob(
    "ENABLED_EXTERNAL_AUTH_PLUGINS",
    switches,
    "{}",
    "types of external accounts to switch off (google, microsoft, mobile or a plugin's), as JSON: {name: boolean}"
  ),
  idpPlugins: knob(
    "IDP_PLUGINS",
    json(
      Schema.Record(
        Schema.String,
        Schema.Struct({
          enabled: Schema.optionalKey(Schema.Boolean),
          priority: Schema.optionalKey(Schema.Finite)
        })
      ),
      "{method: {enabled: boolean, priority: number}}"
    ),
    "{}",
    "ways to authenticate to switch off or to ask earlier or later (saml has 1, ldap 2), as JSON: {method: {enabled, priority}}"
  ),
  allUsersPolicies: knob(
    "ALL_USERS_POLICIES",
    text,
    "",
    "slugs of policies of the master tenant, separated by commas, that every user of every tenant has"
  ),
  defaultPolicies: knob(
    "DEFAULT_POLICIES",
    json(
      Schema.Record(
        Schema.String,
        Schema.Struct({ description: Schema.optionalKey(Schema.String), acl: Schema.Array(Schema.String) })
      ),
      "{slug: {description, acl: [access]}}"
    ),
    "{}",
    "more policies to bring along, as JSON: {slug: {description, acl}}"
  ),
  defaultGroups: knob(
    "DEFAULT_GROUPS",
    json(
      Schema.Record(Schema.String, Schema.Struct({ policies: Schema.Record(Schema.String, Schema.Boolean) })),
      "{slug: {policies: {slug: boolean}}}"
    ),
    '{"wazo_default_admin_group":{"policies":{"wazo_default_admin_policy":true}}}',
    "groups of every tenant, as JSON: {slug: {policies: {slug: boolean}}}"
  ),
  updatePolicies: knob(
    "UPDATE_POLICIES",
    Config.Boolean,
    "true",
    "whether the start brings default policies and groups up to date"
  ),
  smtpHost: knob("SMTP_HOST", text, "localhost", "mail server"),
  smtpPort: knob("SMTP_PORT", port, "25", "its port"),
  smtpUsername: knob("SMTP_USERNAME", text, "", "user at the mail server; empty: no login"),
  smtpPassword: knob("SMTP_PASSWORD", secret, "", "its password"),
  smtpSecurity: knob(
    "SMTP_SECURITY",
    (name) => Config.Literals(["none", "starttls", "tls"], name),
    "none",
    "none, starttls (required) or tls"
  ),
  mailAttempts: knob("MAIL_ATTEMPTS", natural, "12", "attempts to send a mail before it is given up"),
  mailPlugin: knob("MAIL_PLUGIN", text, "smtp", "who sends mails: smtp, or the name of a plugin that does"),
  mailTemplateDir: knob(
    "MAIL_TEMPLATE_DIR",
    text,
    "",
    "folder whose files replace the templates of mails and of the confirmation page"
  ),
  confirmationPageType: knob(
    "CONFIRMATION_PAGE_TYPE",
    text,
    "text/html; charset=utf-8",
    "media type of the page that confirms an email address"
  ),
  mailFromName: knob("MAIL_FROM_NAME", text, "wazo-auth", "name that mails are from"),
  mailFromAddress: knob("MAIL_FROM_ADDRESS", text, "noreply@wazo.community", "address that mails are from"),
  publicUrl: knob(
    "PUBLIC_URL",
    text,
    "",
    "https://host[:port] for links in mails; empty: the host that the request named, where it is the tenant's"
  ),
  mailLinkLifetime: knob("MAIL_LINK_LIFETIME", Config.Duration, "2 days", "how long links in mails work"),
  pluginDir: knob(
    "PLUGIN_DIR",
    text,
    "",
    "folder of plugins for authentication and for services of webhooks; empty: none"
  ),
  actorIdle: knob(
    "ACTOR_IDLE",
    Config.Duration,
    "30 minutes",
    "idle time after which an actor leaves memory"
  ),
  actorRestarts: knob(
    "ACTOR_RESTARTS",
    natural,
    "5",
    "crashes within the window that put an actor into failed"
  ),
  actorRestartWindow: knob(
    "ACTOR_RESTART_WINDOW",
    Config.Duration,
    "1 minute",
    "the window of STROWGER_ACTOR_RESTARTS"
  ),
  actorPerformTimeout: knob(
    "ACTOR_PERFORM_TIMEOUT",
    Config.Duration,
    "1 minute",
    "longest time one outside action of an actor may take"
  ),
  hookMaxAttempts: knob("HOOK_MAX_ATTEMPTS", natural, "10", "attempts of a webhook before it is given up"),
  hookRetryFactor: knob(
    "HOOK_RETRY_FACTOR",
    natural,
    "2",
    "a failed webhook waits this to the power of its failures before, in seconds"
  ),
  hookConcurrency: knob("HOOK_CONCURRENCY", natural, "500", "webhooks that run at once on a node"),
  hookConcurrencyPerHost: knob(
    "HOOK_CONCURRENCY_PER_HOST",
    count,
    "0",
    "webhooks that a node runs at once towards one host; 0: as many as there are"
  ),
  hookMaxPending: knob(
    "HOOK_MAX_PENDING_PER_SUBSCRIPTION",
    natural,
    "100000",
    "webhooks of one subscription that may wait; beyond it the oldest ones fail"
  ),
  hookLease: knob(
    "HOOK_LEASE",
    Config.Duration,
    "30 seconds",
    "how long a node that fell silent keeps the webhooks it runs; then another node runs them"
  ),
  hookLogDays: knob(
    "HOOK_LOG_DAYS",
    natural,
    "30",
    "days that logs and finished deliveries of webhooks are kept"
  ),
  hookGoneDisables: knob(
    "HOOK_GONE_DISABLES",
    Config.Boolean,
    "false",
    "whether the answer 410 disables a subscription"
  ),
  hookDisableAfterHours: knob(
    "HOOK_DISABLE_AFTER_HOURS",
    count,
    "120",
    "hours of nothing but failures after which a subscription is disabled; 0: never"
  ),
  hookBreaker: knob(
    "HOOK_BREAKER",
    Config.Boolean,
    "true",
    "whether failing webhooks are held back by a circuit breaker"
  ),
  hookBreakerFailures: knob(
    "HOOK_BREAKER_FAILURES",
    natural,
    "20",
    "failed attempts in a row that open the breaker"
  ),
  hookBreakerFailureSpan: knob(
    "HOOK_BREAKER_FAILURE_SPAN",
    Config.Duration,
    "1 minute",
    "the time over which failures in a row must be spread to open the breaker"
  ),
  hookBreakerPercent: knob(
    "HOOK_BREAKER_PERCENT",
    natural,
    "70",
    "part of failed attempts, in percent, that opens the breaker"
  ),
  hookBreakerAttempts: knob(
    "HOOK_BREAKER_ATTEMPTS",
    natural,
    "20",
    "attempts from which STROWGER_HOOK_BREAKER_PERCENT counts"
  ),
  hookBreakerWindow: knob(
    "HOOK_BREAKER_WINDOW",
    Config.Duration,
    "5 minutes",
    "the time that STROWGER_HOOK_BREAKER_PERCENT looks back"
  ),
  hookBreakerCoolDown: knob(
    "HOOK_BREAKER_COOL_DOWN",
    Config.Duration,
    "30 seconds",
    "pause before an open breaker lets a probe through, doubled each time"
  ),
  hookBreakerLongestCoolDown: knob(
    "HOOK_BREAKER_LONGEST_COOL_DOWN",
    Config.Duration,
    "10 minutes",
    "longest pause of an open breaker"
  ),
  ssrfProfile: knob(
    "SSRF_PROFILE",
    (name) => Config.Literals(["compatible", "strict", "off"], name),
    "compatible",
    "which addresses webhooks may not call: compatible, strict or off"
  ),
  ssrfAllow: knob("SSRF_ALLOW", text, "", "CIDR, host or host:port that webhooks may call, with commas"),
  ssrfDeny: knob("SSRF_DENY", text, "", "CIDR, host or host:port that webhooks may never call, with commas"),
  ssrfHttpsOnly: knob(
    "SSRF_HTTPS_ONLY",
    Config.Boolean,
    "false",
    "whether webhooks may call nothing but https"
  ),
  mobileApnsUrl: knob("MOBILE_APNS_URL", text, "https://api.push.apple.com:443", "Apple's push service"),
  mobileApnsCa: knob(
    "MOBILE_APNS_CA",
    text,
    "",
    "PEM file of the authorities that Apple's push service is trusted by; empty: those of Node.js"
  ),
  mobileApnsCallTopic: knob(
    "MOBILE_APNS_CALL_TOPIC",
    text,
    "org.accentvoice.voip",
    "APNs topic of incoming calls, when the app names none"
  ),
  mobileApnsDefaultTopic: knob(
    "MOBILE_APNS_DEFAULT_TOPIC",
    text,
    "org.accentvoice",
    "APNs topic of everything else, when the app names none"
  ),
  mobileFcmUrl: knob("MOBILE_FCM_URL", text, "https://fcm.googleapis.com", "Firebase Cloud Messaging"),
  mobileAndroidChannel: knob(
    "MOBILE_ANDROID_CHANNEL",
    text,
    "io.accent.songbird",
    "Android channel of custom notifications"
  ),
  phoneHttpHost: knob("PHONE_HTTP_HOST", text, "0.0.0.0", "address phones fetch files from over HTTP"),
  phoneHttpPort: knob("PHONE_HTTP_PORT", port, "8667", "its port; 0 picks a free one"),
  tftpHost: knob("TFTP_HOST", text, "0.0.0.0", "address phones fetch files from over TFTP"),
  tftpPort: knob("TFTP_PORT", port, "6969", "its UDP port; 0 picks a free one"),
  phoneUrl: knob(
    "PHONE_URL",
    text,
    "",
    "base URL written into the files of phones; empty: made of this machine's address and STROWGER_PHONE_HTTP_PORT"
  ),
  phoneTftpAdvertisedPort: knob(
    "PHONE_TFTP_ADVERTISED_PORT",
    port,
    "69",
    "TFTP port written into the files of phones"
  ),
  phoneServer: knob(
    "PHONE_SERVER",
    text,
    "",
    "host of the PBX that the first configs name as registrar, proxy and time server; empty: the host of STROWGER_PHONE_URL"
  ),
  phoneTrustedProxies: knob(
    "PHONE_TRUSTED_PROXIES",
    count,
    "0",
    "reverse proxies in front of the phones' HTTP port whose X-Forwarded-For is believed"
  ),
  phoneHttpAuth: knob(
    "PHONE_HTTP_AUTH",
    (name) => Config.Literals(["none", "url_key"], name),
    "none",
    "url_key: the first segment of phones' URLs is the provisioning key of a tenant"
  ),
  phoneRetriever: knob(
    "PHONE_RETRIEVER",
    (name) => Config.Literals(["default", "secure"], name),
    "default",
    "secure: phones that nobody entered get nothing"
  ),
  phoneUpdater: knob(
    "PHONE_UPDATER",
    (name) => Config.Literals(["default", "secure"], name),
    "default",
    "secure: what a phone says of itself changes nothing"
  ),
  phoneBaseConfig: knob(
    "PHONE_BASE_CONFIG",
    json(Schema.Record(Schema.String, Schema.Unknown), "{parameter: value}"),
    "{}",
    "parameters below those of every phone, as JSON: {parameter: value}"
  ),
  phoneAutocreateRate: knob(
    "PHONE_AUTOCREATE_RATE",
    count,
    "0",
    "new phones that one address may bring within a minute; 0: any number"
  ),
  phoneIds: knob(
    "PHONE_IDS",
    (name) => Config.Literals(["uuid", "numeric"], name),
    "uuid",
    "ids of devices and configs: uuid (32 hex digits) or numeric"
  ),
  phoneSync: knob(
    "PHONE_SYNC",
    (name) => Config.Literals(["asterisk_ami", "sip", "none"], name),
    "asterisk_ami",
    "who sends a NOTIFY to a phone: asterisk_ami (PJSIPNotify), sip (this process, over UDP) or none"
  ),
  phoneFeatureCodes: knob(
    "PHONE_FEATURE_CODES",
    json(FeatureCodes, "{exten_dnd: code, ...}"),
    '{"exten_dnd":"*25","exten_fwd_unconditional":"*21","exten_fwd_no_answer":"*22","exten_fwd_busy":"*23",' +
      '"exten_fwd_disable_all":"*20","exten_park":"700","exten_pickup_group":"*7","exten_pickup_call":"*8",' +
      '"exten_voicemail":"*98"}',
    "feature codes of the dialplan that the keys of phones dial, as JSON: {exten_dnd: code, ...}"
  ),
  phonePlugins: knob(
    "PHONE_PLUGINS",
    text,
    "all",
    "bundled phone plugins present at the first start: all, none, or ids separated by commas"
  ),
  phonePluginServer: knob(
    "PHONE_PLUGIN_SERVER",
    text,
    "",
    "URL of the repository of phone plugins, until the parameter plugin_server is set"
  ),
  phonePluginSettings: knob(
    "PHONE_PLUGIN_SETTINGS",
    json(
      Schema.Record(Schema.String, Schema.Record(Schema.String, Schema.Unknown)),
      "{plugin id: {setting: value}}"
    ),
    "{}",
    "settings handed to phone plugins, as JSON: {plugin id: {setting: value}}"
  ),
  phonePluginCache: knob(
    "PHONE_PLUGIN_CACHE",
    Config.Boolean,
    "true",
    "whether downloaded archives of phone plugins are kept"
  ),
  phonePluginCompatibility: knob(
    "PHONE_PLUGIN_COMPATIBILITY",
    Config.Boolean,
    "true",
    "whether the versions that a phone plugin says it works with are honoured"
  ),
  phonePluginTimeout: knob(
    "PHONE_PLUGIN_TIMEOUT",
    Config.Duration,
    "5 seconds",
    "longest time that one call of a phone plugin from outside may take"
  ),
  operationLifetime: knob(
    "OPERATION_LIFETIME",
    Config.Duration,
    "1 hour",
    "how long a finished operation of provd can be asked for"
  ),
  phoneTenantSweepInterval: knob(
    "PHONE_TENANT_SWEEP_INTERVAL",
    Config.Duration,
    "1 day",
    "pause between two removals of phones whose tenant is gone"
  ),
  websocketPingInterval: knob(
    "WEBSOCKET_PING_INTERVAL",
    Config.Duration,
    "60 seconds",
    "pause between two pings of a WebSocket session"
  ),
  drainTimeout: knob(
    "DRAIN_TIMEOUT",
    Config.Duration,
    "10 seconds",
    "longest time a stop waits for open requests"
  ),
  otlpUrl: knob("OTLP_URL", text, "", "OTLP/HTTP collector for traces, metrics and logs; empty: none"),
  logLevel: knob("LOG_LEVEL", Config.LogLevel, "Info", "All, Trace, Debug, Info, Warn, Error, Fatal or None")
} as const satisfies Record<string, Knob>

type KnobValue<K> = K extends Knob<infer A> ? A : never

/** The values of all knobs. */
export type Settings = { readonly [K in keyof typeof knobTable]: KnobValue<(typeof knobTable)[K]> }

export const knobs: ReadonlyArray<Knob> = Object.values(knobTable)

/** A knob with a value that cannot be used. `problems` names each knob and what was expected; never a secret. */
export class BadKnobs extends Data.TaggedError("BadKnobs")<{ readonly problems: ReadonlyArray<string> }> {
  override get message() {
    return this.problems.join("\n")
  }
}

/**
 * Reads all knobs from an environment. An empty value counts as absent. Fails with every bad knob at once.
 */
export const readSettings = Effect.fnUntraced(function* (
  environment: Readonly<Record<string, string | undefined>>
): Effect.fn.Return<Settings, BadKnobs> {
  const problems: Array<string> = []
  const values: Record<string, unknown> = {}
  for (const [key, entry] of Object.entries(knobTable) as Array<[string, Knob]>) {
    const given = environment[entry.name]
    const value = given === undefined || given === "" ? entry.default : given
    const provider = ConfigProvider.fromEnvRecord({ [entry.name]: value })
    const result = yield* Effect.result(entry.read(entry.name).parse(provider))
    if (result._tag === "Success") values[key] = result.success
    else
      problems.push(
        `${entry.name}: ${reason(result.failure)} (${entry.meaning}; default: ${entry.default || "empty"})`
      )
  }
  if (problems.length > 0) return yield* new BadKnobs({ problems })
  return values as Settings
})

/** Names in the environment that look like knobs and are none, each with the nearest real name. */
export const unknownKnobs = (
  environment: Readonly<Record<string, string | undefined>>
): ReadonlyArray<{ readonly name: string; readonly nearest: string }> => {
  const names = knobs.map((entry) => entry.name)
  const known = new Set(names)
  return Object.keys(environment)
    .filter((name) => name.startsWith("STROWGER_") && !known.has(name))
    .map((name) => ({
      name,
      nearest: names.reduce((best, candidate) =>
        distance(name, candidate) < distance(name, best) ? candidate : best
      )
    }))
}

/** The knobs as a service: whoever needs a setting asks for this. */
export class AppConfig extends Context.Service<AppConfig, Settings>()("strowger/runtime/AppConfig") {
  static readonly layer = Layer.effect(
    AppConfig,
    Effect.suspend(() => readSettings(process.env))
  )
  /** For tests: the defaults with some knobs given as they would stand in the environment. */
  static readonly layerFrom = (environment: Readonly<Record<string, string>>) =>
    Layer.effect(AppConfig, readSettings(environment))
}

/** Empty secrets and URLs mean "not set". */
export const isSet = (value: string | Redacted.Redacted<string>): boolean =>
  (typeof value === "string" ? value : Redacted.value(value)) !== ""

/** What a knob of switches switches off. */
export const namesOff = (switches: Readonly<Record<string, boolean>>): ReadonlyArray<string> =>
  Object.keys(switches).filter((name) => switches[name] === false)

/** Milliseconds of a knob's duration. */
export const millis = (duration: Duration.Duration): number => Duration.toMillis(duration)

/** What was expected, without the path that the knob's own name already gives. */
const reason = (error: Config.ConfigError): string =>
  error.message.replace(/^\w+\(([\s\S]*)\)$/, "$1").replace(/\s+at \[.*\]$/, "")

/** Levenshtein distance, for "did you mean". */
const distance = (left: string, right: string): number => {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let i = 1; i <= left.length; i++) {
    const next = [i]
    for (let j = 1; j <= right.length; j++) {
      const substitute = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1)
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, substitute))
    }
    row = next
  }
  return row[right.length] ?? 0
}
