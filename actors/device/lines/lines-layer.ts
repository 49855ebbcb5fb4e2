import { Layer } from "effect"
import type { SqlClient } from "effect/sql"
import type { Transactions } from "../../../runtime/bus/changes.ts"
import type { EventBus } from "../../../runtime/bus/event-bus.ts"
import type { AppConfig } from "../../../runtime/config.ts"
import type { Tenants } from "../../identity/tenants.ts"
import type { Configs } from "../configs.ts"
import type { Devices } from "../devices.ts"
import type { PhonePlugins } from "../plugins/phone-plugins.ts"
import { ConfdDevices } from "./confd-devices.ts"
import { LineDevices } from "./line-devices.ts"
import { LineDeviceSettlement } from "./settlement.ts"

/** Phones and the lines of the configuration, on a migrated database (`lineDeviceMigrations`). */
export const lineDevicesLayer: Layer.Layer<
  ConfdDevices | LineDevices | LineDeviceSettlement,
  never,
  SqlClient.SqlClient | Transactions | Devices | Configs | Tenants | EventBus | AppConfig | PhonePlugins
> = Layer.mergeAll(ConfdDevices.layer, LineDevices.layer).pipe(Layer.provideMerge(LineDeviceSettlement.layer))
