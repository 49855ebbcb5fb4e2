import { millis, type Settings } from "../../runtime/config.ts"

/** The effective configuration under upstream's names, without a secret in it (contracts/webhooks.md 5.1 and 11). */
export const shownConfig = (
  settings: Settings,
  services: ReadonlyArray<string>,
  debug: boolean
): Record<string, unknown> => ({
  debug,
  log_level: debug ? "debug" : settings.logLevel.toLowerCase(),
  hook_max_attempts: settings.hookMaxAttempts,
  hook_http_retry_countdown_factor: settings.hookRetryFactor,
  rest_api: {
    listen: settings.httpHost,
    port: settings.httpPort,
    // One process serves all requests; the name is what clients know.
    max_threads: 10,
    cors: { enabled: true, allow_headers: ["Content-Type", "X-Auth-Token", "Wazo-Tenant", "Accent-Tenant"] }
  },
  celery: { worker_min: 3, worker_max: 5 },
  enabled_services: Object.fromEntries(services.map((name) => [name, true])),
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
  log_retention_days: settings.hookLogDays,
  hook_concurrency: settings.hookConcurrency,
  hook_concurrency_per_host: settings.hookConcurrencyPerHost,
  hook_max_pending_per_subscription: settings.hookMaxPending,
  hook_disable_after_hours: settings.hookDisableAfterHours,
  hook_gone_disables: settings.hookGoneDisables,
  breaker: {
    enabled: settings.hookBreaker,
    failures: settings.hookBreakerFailures,
    failure_span_seconds: millis(settings.hookBreakerFailureSpan) / 1000,
    percent: settings.hookBreakerPercent,
    attempts: settings.hookBreakerAttempts,
    window_seconds: millis(settings.hookBreakerWindow) / 1000,
    cool_down_seconds: millis(settings.hookBreakerCoolDown) / 1000,
    longest_cool_down_seconds: millis(settings.hookBreakerLongestCoolDown) / 1000
  },
  ssrf: {
    profile: settings.ssrfProfile,
    allow: settings.ssrfAllow,
    deny: settings.ssrfDeny,
    https_only: settings.ssrfHttpsOnly
  }
})
