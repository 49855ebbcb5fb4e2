import { Schema } from "effect"
import {
  HttpApi,
  HttpApiEndpoint,
  HttpApiGroup,
  HttpApiMiddleware,
  HttpApiSchema,
  OpenApi
} from "effect/http-api"
import { AlternativeAcl, CurrentCaller, RequiredAcl, tokenSecurity } from "../common/caller.ts"
import {
  FailedBody,
  ForbiddenBody,
  InvalidBody,
  NoSuchResourceBody,
  NotAcceptableBody,
  UnauthorizedBody
} from "./errors.ts"
import { isObject } from "./json.ts"

/** Checks token, ACL and tenant header; every refusal is 401. */
export class ProvdAuthentication extends HttpApiMiddleware.Service<
  ProvdAuthentication,
  { provides: CurrentCaller }
>()("strowger/provd/Authentication", { security: { token: tokenSecurity }, error: UnauthorizedBody }) {}

/** Chooses the media type of the answer, and words undecodable input as provd does. */
export class ProvdInput extends HttpApiMiddleware.Service<ProvdInput>()("strowger/provd/Input", {
  error: [InvalidBody, NoSuchResourceBody, NotAcceptableBody]
}) {}

/** The media types of bodies (contracts/provisioning.md 4.1); the first is that of answers when all will do. */
export const mediaTypes = [
  "application/vnd.proformatique.provd+json",
  "application/vnd.accent.provd+json",
  "application/json"
] as const

const Done = HttpApiSchema.NoContent
const Text = Schema.String.check(Schema.isMaxLength(4096))

/** A document as it came: what is in it is the business of whoever stores it. */
export const Document = Schema.Unknown.pipe(Schema.refine(isObject, { expected: "an object" }))

const Link = Schema.Struct({ rel: Schema.String, href: Schema.String })
const Links = Schema.Struct({ links: Schema.Array(Link) })

/** Of a parameter that is given several times the first counts. */
const QueryText = Schema.optionalKey(Schema.Union([Schema.String, Schema.Array(Schema.String)]))

/** Parameters of a list (contracts/provisioning.md 4.5). What makes no sense is ignored, so all of it is text. */
const listQuery = {
  q: QueryText,
  q64: QueryText,
  fields: QueryText,
  skip: QueryText,
  limit: QueryText,
  sort: QueryText,
  sort_ord: QueryText
}

const created = HttpApiSchema.WithHeaders(
  Schema.Struct({ id: Schema.String }).pipe(HttpApiSchema.status(201)),
  { location: Schema.String }
)
/** A job has begun; it can be watched at `Location`. */
const started = HttpApiSchema.WithHeaders(HttpApiSchema.Empty(201), { location: Schema.String })

const byId = Schema.Struct({ id: Text.check(Schema.isMinLength(1)) })

/** The monitors of one kind of job: GET and DELETE of `<path>/:operation_id`. */
const operations = <
  const Job extends string,
  const Path extends `/${string}`,
  Params extends Schema.Struct.Fields
>(
  job: Job,
  path: Path,
  params: Params
) => {
  const item = `${path}/:operation_id` as const
  const place = { ...params, operation_id: Text }
  return [
    HttpApiEndpoint.get(`${job}Status`, item, {
      params: place,
      success: Schema.Struct({ status: Schema.String }),
      error: [NoSuchResourceBody]
    }).annotate(RequiredAcl, "provd.operation.read"),
    HttpApiEndpoint.delete(`${job}Forget`, item, {
      params: place,
      success: Done,
      error: [NoSuchResourceBody]
    }).annotate(RequiredAcl, "provd.operation.delete")
  ] as const
}

const Health = Schema.Literals(["ok", "fail"])
const Status = Schema.Struct({ status: Health })

/** Where everything is, and how it fares (contracts/provisioning.md 6.1). */
export class ProvdRoot extends HttpApiGroup.make("provd")
  .add(
    HttpApiEndpoint.get("root", "/", { success: Links }).annotate(RequiredAcl, "provd.read"),
    HttpApiEndpoint.get("status", "/status", {
      success: Schema.Struct({ rest_api: Health, bus_consumer: Status, tftp: Status, http: Status })
    }).annotate(RequiredAcl, "provd.status.read")
  )
  .middleware(ProvdInput)
  .middleware(ProvdAuthentication) {}

const device = { device_id: Text }
const DeviceBody = Schema.Struct({ device: Document })

/** Phones and gateways (contracts/provisioning.md 6.2). */
export class DevicesGroup extends HttpApiGroup.make("devices")
  .add(
    HttpApiEndpoint.get("root", "/dev_mgr", { success: Links }).annotate(RequiredAcl, "provd.dev_mgr.read"),
    HttpApiEndpoint.get("list", "/dev_mgr/devices", {
      query: { ...listQuery, recurse: QueryText },
      success: Schema.Struct({ devices: Schema.Array(Document) }),
      error: [InvalidBody]
    }).annotate(RequiredAcl, "provd.dev_mgr.devices.read"),
    HttpApiEndpoint.post("create", "/dev_mgr/devices", {
      payload: DeviceBody,
      success: created,
      error: [InvalidBody]
    }).annotate(RequiredAcl, "provd.dev_mgr.devices.create"),
    HttpApiEndpoint.get("get", "/dev_mgr/devices/:device_id", {
      params: device,
      success: DeviceBody,
      error: [NoSuchResourceBody]
    }).annotate(RequiredAcl, "provd.dev_mgr.devices.{device_id}.read"),
    HttpApiEndpoint.put("update", "/dev_mgr/devices/:device_id", {
      params: device,
      payload: DeviceBody,
      success: Done,
      error: [NoSuchResourceBody, FailedBody]
    }).annotate(RequiredAcl, "provd.dev_mgr.devices.{device_id}.update"),
    HttpApiEndpoint.delete("remove", "/dev_mgr/devices/:device_id", {
      params: device,
      success: Done,
      error: [NoSuchResourceBody]
    }).annotate(RequiredAcl, "provd.dev_mgr.devices.{device_id}.delete"),
    HttpApiEndpoint.post("synchronize", "/dev_mgr/synchronize", {
      payload: byId,
      success: started,
      error: [NoSuchResourceBody]
    }).annotate(RequiredAcl, "provd.dev_mgr.synchronize.create"),
    ...operations("synchronize", "/dev_mgr/synchronize", {}),
    HttpApiEndpoint.post("reconfigure", "/dev_mgr/reconfigure", {
      payload: byId,
      success: Done,
      error: [InvalidBody]
    }).annotate(RequiredAcl, "provd.dev_mgr.reconfigure.create"),
    HttpApiEndpoint.post("dhcpinfo", "/dev_mgr/dhcpinfo", {
      payload: Schema.Struct({ dhcp_info: Document }),
      success: Done,
      error: [InvalidBody]
    }).annotate(RequiredAcl, "provd.dev_mgr.dhcpinfo.create")
  )
  .middleware(ProvdInput)
  .middleware(ProvdAuthentication) {}

const config = { config_id: Text }
const ConfigBody = Schema.Struct({ config: Document })

/** Configs (contracts/provisioning.md 6.3). */
export class ConfigsGroup extends HttpApiGroup.make("configs")
  .add(
    HttpApiEndpoint.get("root", "/cfg_mgr", { success: Links }).annotate(RequiredAcl, "provd.cfg_mgr.read"),
    HttpApiEndpoint.get("list", "/cfg_mgr/configs", {
      query: listQuery,
      success: Schema.Struct({ configs: Schema.Array(Document) }),
      error: [InvalidBody]
    }).annotate(RequiredAcl, "provd.cfg_mgr.configs.read"),
    HttpApiEndpoint.post("create", "/cfg_mgr/configs", {
      payload: ConfigBody,
      success: created,
      error: [InvalidBody]
    }).annotate(RequiredAcl, "provd.cfg_mgr.configs.create"),
    HttpApiEndpoint.get("get", "/cfg_mgr/configs/:config_id", {
      params: config,
      success: ConfigBody,
      error: [NoSuchResourceBody]
    }).annotate(RequiredAcl, "provd.cfg_mgr.configs.{config_id}.read"),
    HttpApiEndpoint.put("update", "/cfg_mgr/configs/:config_id", {
      params: config,
      payload: ConfigBody,
      success: Done,
      error: [NoSuchResourceBody, FailedBody]
    }).annotate(RequiredAcl, "provd.cfg_mgr.configs.{config_id}.update"),
    HttpApiEndpoint.delete("remove", "/cfg_mgr/configs/:config_id", {
      params: config,
      success: Done,
      error: [ForbiddenBody, NoSuchResourceBody]
    }).annotate(RequiredAcl, "provd.cfg_mgr.configs.{config_id}.delete"),
    HttpApiEndpoint.get("raw", "/cfg_mgr/configs/:config_id/raw", {
      params: config,
      success: Schema.Struct({ raw_config: Document }),
      error: [NoSuchResourceBody]
    }).annotate(RequiredAcl, "provd.cfg_mgr.configs.{config_id}.raw.read"),
    HttpApiEndpoint.post("autocreate", "/cfg_mgr/autocreate", {
      payload: Schema.Unknown,
      success: created,
      error: [InvalidBody]
    }).annotate(RequiredAcl, "provd.cfg_mgr.autocreate.create")
  )
  .middleware(ProvdInput)
  .middleware(ProvdAuthentication) {}

/** Packages by id; what is told of each is what its index or plugin says. */
const Packages = Schema.Struct({ pkgs: Schema.Record(Schema.String, Schema.Unknown) })

/** Plugins in the repository and on this machine (contracts/provisioning.md 6.4). */
export class PluginInstallation extends HttpApiGroup.make("plugin installation")
  .add(
    HttpApiEndpoint.get("root", "/pg_mgr/install", { success: Links }).annotate(
      RequiredAcl,
      "provd.pg_mgr.install.read"
    ),
    HttpApiEndpoint.post("install", "/pg_mgr/install/install", {
      payload: byId,
      success: started,
      error: [InvalidBody]
    }).annotate(RequiredAcl, "provd.pg_mgr.install.install.create"),
    ...operations("install", "/pg_mgr/install/install", {}),
    ...operations("upgrade", "/pg_mgr/install/upgrade", {}),
    ...operations("update", "/pg_mgr/install/update", {}),
    HttpApiEndpoint.post("upgrade", "/pg_mgr/install/upgrade", {
      payload: byId,
      success: started,
      error: [InvalidBody]
    }).annotate(RequiredAcl, "provd.pg_mgr.install.upgrade.create"),
    HttpApiEndpoint.post("update", "/pg_mgr/install/update", {
      payload: Schema.Unknown,
      success: started,
      error: [FailedBody]
    }).annotate(RequiredAcl, "provd.pg_mgr.install.update.create"),
    HttpApiEndpoint.post("uninstall", "/pg_mgr/install/uninstall", {
      payload: byId,
      success: Done,
      error: [InvalidBody]
    }).annotate(RequiredAcl, "provd.pg_mgr.install.uninstall.create"),
    HttpApiEndpoint.get("installed", "/pg_mgr/install/installed", { success: Packages }).annotate(
      RequiredAcl,
      "provd.pg_mgr.install.installed.read"
    ),
    HttpApiEndpoint.get("installable", "/pg_mgr/install/installable", {
      success: Packages,
      error: [FailedBody]
    }).annotate(RequiredAcl, "provd.pg_mgr.install.installable.read")
  )
  .middleware(ProvdInput)
  .middleware(ProvdAuthentication) {}

const plugin = { plugin_id: Text }
const parameter = { ...plugin, param_id: Text }
const Parameters = Schema.Struct({
  params: Schema.Array(
    Schema.Struct({
      id: Schema.String,
      description: Schema.String,
      value: Schema.Unknown,
      links: Schema.Array(Link)
    })
  )
})
const Parameter = Schema.Struct({ param: Schema.Struct({ value: Schema.Unknown }) })

/** The plugins in service, their packages and their parameters (contracts/provisioning.md 6.4). */
export class PluginsGroup extends HttpApiGroup.make("plugins")
  .add(
    HttpApiEndpoint.get("root", "/pg_mgr", { success: Links }).annotate(RequiredAcl, "provd.pg_mgr.read"),
    HttpApiEndpoint.get("list", "/pg_mgr/plugins", {
      success: Schema.Struct({ plugins: Schema.Record(Schema.String, Links) })
    }).annotate(RequiredAcl, "provd.pg_mgr.plugins.read"),
    HttpApiEndpoint.get("get", "/pg_mgr/plugins/:plugin_id", {
      params: plugin,
      success: Links,
      error: [NoSuchResourceBody]
    }).annotate(RequiredAcl, "provd.pg_mgr.plugins.{plugin_id}.read"),
    HttpApiEndpoint.get("info", "/pg_mgr/plugins/:plugin_id/info", {
      params: plugin,
      success: Schema.Struct({ plugin_info: Schema.Unknown }),
      error: [NoSuchResourceBody]
    }).annotate(RequiredAcl, "provd.pg_mgr.plugins.{plugin_id}.info.read"),
    HttpApiEndpoint.get("installRoot", "/pg_mgr/plugins/:plugin_id/install", {
      params: plugin,
      success: Links,
      error: [NoSuchResourceBody]
    }).annotate(RequiredAcl, "provd.pg_mgr.plugins.{plugin_id}.install.read"),
    HttpApiEndpoint.post("install", "/pg_mgr/plugins/:plugin_id/install/install", {
      params: plugin,
      payload: byId,
      success: started,
      error: [InvalidBody, NoSuchResourceBody]
    }).annotate(RequiredAcl, "provd.pg_mgr.plugins.{plugin_id}.install.install.create"),
    ...operations("install", "/pg_mgr/plugins/:plugin_id/install/install", plugin),
    HttpApiEndpoint.post("uninstall", "/pg_mgr/plugins/:plugin_id/install/uninstall", {
      params: plugin,
      payload: byId,
      success: Done,
      error: [InvalidBody, NoSuchResourceBody]
    }).annotate(RequiredAcl, "provd.pg_mgr.plugins.{plugin_id}.install.uninstall.create"),
    HttpApiEndpoint.get("installed", "/pg_mgr/plugins/:plugin_id/install/installed", {
      params: plugin,
      success: Packages,
      error: [NoSuchResourceBody]
    }).annotate(RequiredAcl, "provd.pg_mgr.plugins.{plugin_id}.install.installed.read"),
    HttpApiEndpoint.get("installable", "/pg_mgr/plugins/:plugin_id/install/installable", {
      params: plugin,
      success: Packages,
      error: [NoSuchResourceBody, FailedBody]
    }).annotate(RequiredAcl, "provd.pg_mgr.plugins.{plugin_id}.install.installable.read"),
    HttpApiEndpoint.get("parameters", "/pg_mgr/plugins/:plugin_id/configure", {
      params: plugin,
      success: Parameters,
      error: [NoSuchResourceBody]
    }).annotate(RequiredAcl, "provd.pg_mgr.plugins.{plugin_id}.configure.read"),
    HttpApiEndpoint.get("parameter", "/pg_mgr/plugins/:plugin_id/configure/:param_id", {
      params: parameter,
      success: Parameter,
      error: [NoSuchResourceBody]
    })
      .annotate(RequiredAcl, "provd.configure.{tenant_uuid}.{param_id}.read")
      .annotate(AlternativeAcl, "provd.configure.{param_id}.read"),
    HttpApiEndpoint.put("setParameter", "/pg_mgr/plugins/:plugin_id/configure/:param_id", {
      params: parameter,
      payload: Parameter,
      success: Done,
      error: [InvalidBody, NoSuchResourceBody]
    })
      .annotate(RequiredAcl, "provd.configure.{tenant_uuid}.{param_id}.update")
      .annotate(AlternativeAcl, "provd.configure.{param_id}.update"),
    HttpApiEndpoint.post("reload", "/pg_mgr/reload", {
      payload: byId,
      success: Done,
      error: [InvalidBody]
    }).annotate(RequiredAcl, "provd.pg_mgr.reload.create")
  )
  .middleware(ProvdInput)
  .middleware(ProvdAuthentication) {}

/** Parameters of the system, and of the acting tenant (contracts/provisioning.md 6.5). */
export class SystemParametersGroup extends HttpApiGroup.make("parameters")
  .add(
    HttpApiEndpoint.get("list", "/configure", { success: Parameters }).annotate(
      RequiredAcl,
      "provd.configure.read"
    ),
    HttpApiEndpoint.get("get", "/configure/:param_id", {
      params: { param_id: Text },
      success: Parameter,
      error: [NoSuchResourceBody]
    })
      .annotate(RequiredAcl, "provd.configure.{tenant_uuid}.{param_id}.read")
      .annotate(AlternativeAcl, "provd.configure.{param_id}.read"),
    HttpApiEndpoint.put("set", "/configure/:param_id", {
      params: { param_id: Text },
      payload: Parameter,
      success: Done,
      error: [InvalidBody, NoSuchResourceBody]
    })
      .annotate(RequiredAcl, "provd.configure.{tenant_uuid}.{param_id}.update")
      .annotate(AlternativeAcl, "provd.configure.{param_id}.update")
  )
  .middleware(ProvdInput)
  .middleware(ProvdAuthentication) {}

/** provd's REST surface (contracts/provisioning.md 6). */
export class ProvdApi extends HttpApi.make("provd")
  .add(ProvdRoot, DevicesGroup, ConfigsGroup, PluginInstallation, PluginsGroup, SystemParametersGroup)
  .prefix("/api/provd/0.2")
  .annotateMerge(OpenApi.annotations({ title: "provd", version: "0.2" })) {}
