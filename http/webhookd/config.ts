import type { Settings } from "../../runtime/config.ts"

/** The effective configuration under upstream's names, without a secret in it (contracts/webhooks.md 5.1 and 11). */
export const shownConfig = (settings: Settings, debug: boolean): Record<string, unknown> => ({
  debug,
  log_level: debug ? "debug" : settings.logLevel.toLowerCase(),
  hook_max_attempts: settings.hookMaxAttempts,
  hook_http_retry_countdown_factor: settings.hookRetryFactor,
  rest_api: {
    listen: settings.httpHost,
    port: settings.httpPort,
    cors: { enabled: true, allow_headers: ["Content-Type", "X-Auth-Token", "Wazo-Tenant", "Accent-Tenant"] }
  },
  enabled_services: { http: true, mobile: true },
  enabled_plugins: {
    api: true,
    config: true,
    mobile: true,
    services: true,
    status: true,
    subscriptions: true
  },
  mobile_apns_host: new URL(settings.mobileApnsUrl).hostname,
  mobile_apns_port: Number(new URL(settings.mobileApnsUrl).port || 443),
  mobile_apns_call_topic: settings.mobileApnsCallTopic,
  mobile_apns_default_topic: settings.mobileApnsDefaultTopic,
  mobile_fcm_notification_end_point: settings.mobileFcmUrl,
  log_retention_days: 30
})
