import type { NumberedKey } from "../kit/keys.ts"
import { sortedKeys } from "../kit/keys.ts"
import { byLocale } from "../kit/locale.ts"
import type { RawConfig } from "../../schemas/provd/raw-config-type.ts"
import { keyName, type Model } from "./models.ts"

/** One programmed key as the template writes it. */
export interface Key {
  /** `prgkey1`, `topsoftkey3`, `softkey2`, `expmod1 key7`. */
  readonly name: string
  readonly type: string
  readonly value?: string | undefined
  readonly label?: string | undefined
  readonly line?: number
}

/**
 * The keys of a phone: those that lie ready by its model and, over them, the function keys of the config
 * (contracts/provisioning-vendors.md, section 7). Function keys beyond the phone's last key are left out.
 */
export const programmedKeys = (
  model: Model,
  name: string,
  config: RawConfig,
  directory: string | undefined
): ReadonlyArray<Key> => {
  const configured = sortedKeys(config).flatMap((key) => configuredKey(model, name, key))
  const taken = new Set(configured.map((key) => key.name))
  return [...defaultKeys(model, config, directory).filter((key) => !taken.has(key.name)), ...configured]
}

const configuredKey = (model: Model, modelName: string, key: NumberedKey): ReadonlyArray<Key> => {
  const name = keyName(model, key.key)
  if (name === undefined) return []
  const value = key.type === "park" ? `asterisk;${key.value}` : key.value
  return [{ name, type: typeOf(modelName, name, key), value, label: key.label, line: key.line ?? 1 }]
}

/** The soft keys of the 68xx series take no `blf`. */
const typeOf = (modelName: string, name: string, key: NumberedKey) =>
  key.type === "blf" && name.startsWith("softkey") && modelName.startsWith("68") ? "speeddial" : key.type

const defaultKeys = (model: Model, config: RawConfig, directory: string | undefined): ReadonlyArray<Key> => {
  if (model.defaults === "none") return []
  return model.defaults === "classic" ? classicKeys(model, config, directory) : screenKeys(model, config)
}

/** 67xxi and 9xxxi: on the first keys of whatever kind the phone has. */
const classicKeys = (model: Model, config: RawConfig, directory: string | undefined): ReadonlyArray<Key> => {
  const [kind, count] = model.keys[0] ?? ["prgkey", 0]
  const word = words(config)
  const name = (key: number) => `${kind}${key}`
  return [
    ...speedDial(name(1), config.exten_voicemail, word.voicemail),
    ...speedDial(name(2), config.exten_fwd_unconditional, word.forward),
    ...speedDial(name(3), config.exten_dnd, word.doNotDisturb),
    ...speedDial(name(4), config.exten_pickup_call, word.pickup),
    { name: name(5), type: "services", label: word.services },
    ...(directory === undefined
      ? []
      : [{ name: name(Math.min(8, count)), type: "xml", value: directory, label: word.directory }])
  ]
}

/** 68xx and 69xx: on the soft keys; the phone without them has its first keys instead. */
const screenKeys = (model: Model, config: RawConfig): ReadonlyArray<Key> => {
  const kind = model.keys[0]?.[0] === "prgkey" && model.lines > 2 ? "prgkey" : "softkey"
  const word = words(config)
  return [
    ...speedDial(`${kind}1`, config.exten_fwd_unconditional, word.forward),
    ...speedDial(`${kind}2`, config.exten_dnd, word.doNotDisturb),
    { name: `${kind}3`, type: "directory", label: word.directory }
  ]
}

const speedDial = (name: string, value: string | null | undefined, label: string): ReadonlyArray<Key> =>
  value ? [{ name, type: "speeddial", value, label, line: 1 }] : []

interface Words {
  readonly voicemail: string
  readonly forward: string
  readonly doNotDisturb: string
  readonly pickup: string
  readonly services: string
  readonly directory: string
}

const words = (config: RawConfig): Words => byLocale(config, translations) ?? english

const english: Words = {
  voicemail: "Voicemail",
  forward: "Forward all",
  doNotDisturb: "Do not disturb",
  pickup: "Pickup",
  services: "Services",
  directory: "Directory"
}

const translations: Readonly<Record<string, Words>> = {
  fr: {
    voicemail: "Messagerie",
    forward: "Renvoi total",
    doNotDisturb: "Ne pas déranger",
    pickup: "Interception",
    services: "Services",
    directory: "Annuaire"
  },
  de: {
    voicemail: "Mailbox",
    forward: "Umleitung",
    doNotDisturb: "Ruhe",
    pickup: "Heranholen",
    services: "Dienste",
    directory: "Telefonbuch"
  },
  es: {
    voicemail: "Buzón de voz",
    forward: "Desvío",
    doNotDisturb: "No molestar",
    pickup: "Captura",
    services: "Servicios",
    directory: "Directorio"
  },
  it: {
    voicemail: "Casella vocale",
    forward: "Deviazione",
    doNotDisturb: "Non disturbare",
    pickup: "Prelievo",
    services: "Servizi",
    directory: "Rubrica"
  },
  nl: {
    voicemail: "Voicemail",
    forward: "Doorschakelen",
    doNotDisturb: "Niet storen",
    pickup: "Overnemen",
    services: "Diensten",
    directory: "Telefoonboek"
  }
}
