import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { Operations } from "../../actors/device/operations.ts"
import {
  type PluginServices,
  type ParameterValue,
  PluginManager,
  pluginOperations
} from "../../actors/device/plugins/plugin-manager.ts"
import { ProvdApi } from "../../schemas/provd/api.ts"
import { failed, invalid, noSuchResource } from "../../schemas/provd/errors.ts"
import { linksTo, pathTo } from "./links.ts"
import { forgetOperation, operationStatus, startedAs } from "./operation-handlers.ts"
import { refusalText } from "./plugin-refusals.ts"

const refused = (error: Parameters<typeof refusalText>[0]) => invalid(refusalText(error))

/** The repository and what is installed of it (contracts/provisioning.md 6.4). */
export const pluginInstallationHandlers = HttpApiBuilder.group(
  ProvdApi,
  "plugin installation",
  Effect.fnUntraced(function* (handlers) {
    const plugins = yield* PluginManager
    const operations = yield* Operations
    const { install, upgrade, update } = pluginOperations
    const root = "pg_mgr/install"
    return handlers.handleAll({
      root: () =>
        Effect.succeed(
          linksTo({
            "srv.install.install": install,
            "srv.install.uninstall": `${root}/uninstall`,
            "srv.install.installed": `${root}/installed`,
            "srv.install.installable": `${root}/installable`,
            "srv.install.upgrade": upgrade,
            "srv.install.update": update
          })
        ),
      install: ({ payload }) =>
        plugins.install(payload.id).pipe(Effect.map(startedAs(install)), Effect.mapError(refused)),
      installStatus: ({ params }) => operationStatus(operations, install, params.operation_id),
      installForget: ({ params }) => forgetOperation(operations, install, params.operation_id),
      upgrade: ({ payload }) =>
        plugins.upgrade(payload.id).pipe(Effect.map(startedAs(upgrade)), Effect.mapError(refused)),
      upgradeStatus: ({ params }) => operationStatus(operations, upgrade, params.operation_id),
      upgradeForget: ({ params }) => forgetOperation(operations, upgrade, params.operation_id),
      update: () =>
        plugins.update.pipe(
          Effect.map(startedAs(update)),
          Effect.mapError((error) => failed(refusalText(error)))
        ),
      updateStatus: ({ params }) => operationStatus(operations, update, params.operation_id),
      updateForget: ({ params }) => forgetOperation(operations, update, params.operation_id),
      uninstall: ({ payload }) => Effect.mapError(plugins.uninstall(payload.id), refused),
      installed: () => Effect.map(plugins.installed, (pkgs) => ({ pkgs })),
      installable: () =>
        plugins.installable.pipe(
          Effect.map((pkgs) => ({ pkgs })),
          Effect.mapError((error) => failed(refusalText(error)))
        )
    })
  })
)

/** The plugins in service (contracts/provisioning.md 6.4). */
export const pluginHandlers = HttpApiBuilder.group(
  ProvdApi,
  "plugins",
  Effect.fnUntraced(function* (handlers) {
    const plugins = yield* PluginManager
    const operations = yield* Operations
    /** A resource that only plugins with the service have. */
    const having = (id: string, service: keyof PluginServices) =>
      plugins.services(id).pipe(
        Effect.filterOrFail((services) => services[service], noSuchResource),
        Effect.mapError(noSuchResource)
      )
    return handlers.handleAll({
      root: () =>
        Effect.succeed(
          linksTo({
            "srv.install": "pg_mgr/install",
            "pg.plugins": "pg_mgr/plugins",
            "pg.reload": "pg_mgr/reload"
          })
        ),
      list: () =>
        Effect.map(plugins.loaded, (ids) => ({
          plugins: Object.fromEntries(ids.map((id) => [id, linksTo({ "pg.plugin": placeOf(id) })]))
        })),
      get: ({ params: { plugin_id } }) =>
        plugins.services(plugin_id).pipe(
          Effect.map(({ packages, parameters }) =>
            linksTo({
              "pg.info": `${placeOf(plugin_id)}/info`,
              ...(packages && { "srv.install": `${placeOf(plugin_id)}/install` }),
              ...(parameters && { "srv.configure": `${placeOf(plugin_id)}/configure` })
            })
          ),
          Effect.mapError(noSuchResource)
        ),
      info: ({ params }) =>
        plugins.info(params.plugin_id).pipe(
          Effect.map((plugin_info) => ({ plugin_info })),
          Effect.mapError(noSuchResource)
        ),
      installRoot: ({ params: { plugin_id } }) =>
        Effect.as(
          having(plugin_id, "packages"),
          linksTo({
            "srv.install.install": `${placeOf(plugin_id)}/install/install`,
            "srv.install.uninstall": `${placeOf(plugin_id)}/install/uninstall`,
            "srv.install.installed": `${placeOf(plugin_id)}/install/installed`,
            "srv.install.installable": `${placeOf(plugin_id)}/install/installable`
          })
        ),
      install: ({ params: { plugin_id }, payload }) =>
        Effect.andThen(having(plugin_id, "packages"), plugins.installPackage(plugin_id, payload.id)).pipe(
          Effect.map(startedAs(pluginOperations.packageInstall(plugin_id))),
          Effect.catchTag(["NoSuchPlugin"], () => Effect.fail(noSuchResource())),
          Effect.catchTag(["UnknownPackage", "OperationUnderWay", "CorruptIndex"], (error) =>
            Effect.fail(refused(error))
          )
        ),
      installStatus: ({ params }) =>
        operationStatus(operations, pluginOperations.packageInstall(params.plugin_id), params.operation_id),
      installForget: ({ params }) =>
        forgetOperation(operations, pluginOperations.packageInstall(params.plugin_id), params.operation_id),
      uninstall: ({ params: { plugin_id }, payload }) =>
        Effect.andThen(having(plugin_id, "packages"), plugins.uninstallPackage(plugin_id, payload.id)).pipe(
          Effect.catchTag("NoSuchPlugin", () => Effect.fail(noSuchResource())),
          Effect.catchTag(["PackageNotInstalled", "OperationUnderWay"], (error) =>
            Effect.fail(refused(error))
          )
        ),
      installed: ({ params: { plugin_id } }) =>
        Effect.andThen(having(plugin_id, "packages"), plugins.installedPackages(plugin_id)).pipe(
          Effect.map((pkgs) => ({ pkgs })),
          Effect.mapError(noSuchResource)
        ),
      installable: ({ params: { plugin_id } }) =>
        Effect.andThen(having(plugin_id, "packages"), plugins.installablePackages(plugin_id)).pipe(
          Effect.map((pkgs) => ({ pkgs })),
          Effect.catchTag("NoSuchPlugin", () => Effect.fail(noSuchResource())),
          Effect.catchTag("CorruptIndex", (error) => Effect.fail(failed(refusalText(error))))
        ),
      parameters: ({ params: { plugin_id } }) =>
        Effect.andThen(having(plugin_id, "parameters"), plugins.parameters(plugin_id)).pipe(
          Effect.map((parameters) => ({ params: parameters.map(presentParameter(plugin_id)) })),
          Effect.mapError(noSuchResource)
        ),
      parameter: ({ params: { plugin_id, param_id } }) =>
        plugins.parameter(plugin_id, param_id).pipe(
          Effect.map((value) => ({ param: { value } })),
          Effect.mapError(noSuchResource)
        ),
      setParameter: ({ params: { plugin_id, param_id }, payload }) =>
        plugins.setParameter(plugin_id, param_id, payload.param.value).pipe(
          Effect.catchTag(["NoSuchPlugin", "UnknownParameter"], () => Effect.fail(noSuchResource())),
          Effect.catchTag("InvalidParameter", ({ message }) => Effect.fail(invalid(message)))
        ),
      reload: ({ payload }) => Effect.mapError(plugins.reload(payload.id), refused)
    })
  })
)

const placeOf = (plugin: string): string => `pg_mgr/plugins/${plugin}`

const presentParameter =
  (plugin: string) =>
  ({ id, description, value }: ParameterValue) => ({
    id,
    description,
    value,
    links: [{ rel: "srv.configure.param", href: pathTo(placeOf(plugin), "configure", id) }]
  })
