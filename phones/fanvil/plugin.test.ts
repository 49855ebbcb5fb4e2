import { join } from "node:path"
import { assert, describe, it } from "vitest"
import { XMLParser } from "fast-xml-parser"
import type { DeviceInfo } from "../../schemas/provd/device.ts"
import { support } from "../../schemas/provd/phone-plugin.ts"
import type { RawConfig } from "../../schemas/provd/raw-config-type.ts"
import { autoprovConfig, commonFilesOf, configWith, device, filesOf } from "../kit/fixture.ts"
import { fullConfig, loaded, minimalConfig, request } from "../kit/fixture.ts"
import { describeFiles } from "../kit/suite.ts"
import { fanvil } from "./plugin.ts"

const plugin = loaded(fanvil, join(import.meta.dirname, "templates"))
const vendor = "Fanvil"

const underscored = ["X2", "X3", "X3S", "X4", "X5S", "X6"]
const plain = [
  "X4U",
  "X5U",
  "X6U",
  "X7",
  "X7C",
  "X210",
  "V62",
  "V65",
  "V67",
  "i10S",
  "i16SV",
  "H2U-V2",
  "W611W"
]

describeFiles({
  plugin,
  vendor,
  models: [...underscored, ...plain],
  folder: import.meta.dirname,
  extension: ".xml",
  form: "xml"
})

describe("what a Fanvil phone says of itself", () => {
  const mac = "0c:38:3e:07:e1:6c"
  const forms: ReadonlyArray<[string, DeviceInfo]> = [
    ["Fanvil X4 2.10.2.6887 0c383e07e16c", { vendor, model: "X4", version: "2.10.2.6887", mac }],
    ["Fanvil X6U Pro 0.0.10 0c383e07e16c", { vendor, model: "X6U-Pro", version: "0.0.10", mac }],
    ["Fanvil V67 2.6.6.187 0c383e07e16c", { vendor, model: "V67", version: "2.6.6.187", mac }],
    ["Fanvil i10SV 2.12.10.1 0c383e07e16c", { vendor, model: "i10SV", version: "2.12.10.1", mac }],
    ["Fanvil i53W 2.12.9 0c383e07e16c", { vendor, model: "i53W", version: "2.12.9", mac }],
    ["Fanvil H2U-V2 2.12.0 0c383e07e16c", { vendor, model: "H2U-V2", version: "2.12.0", mac }],
    ["Fanvil W620W 2.16.10 0c383e07e16c", { vendor, model: "W620W", version: "2.16.10", mac }],
    ["Fanvil X5U-V2 2.12.16.17 0c383e07e16c", { vendor, model: "X5U-V2", version: "2.12.16.17", mac }]
  ]
  it.each(forms)("%s", (userAgent, info) => {
    assert.deepStrictEqual(plugin.extract?.(request({ userAgent })), info)
  })

  it.each([
    ["/Fanvil/0c383e07e16c.cfg", { mac }],
    ["/0c383e07e16c.cfg", { mac }],
    ["/000000000000.cfg", undefined],
    ["/Fanvil/f0X2hw1.100.cfg", { vendor, model: "X2" }],
    ["/Fanvil/F0V00X200000.cfg", { vendor, model: "X210" }],
    ["/Fanvil/F0V00X300000.cfg", { vendor, model: "X3" }],
    ["/Fanvil/f0X3shw1.100.cfg", { vendor, model: "X3S" }],
    ["/Fanvil/f0X4hw1.100.cfg", { vendor, model: "X4" }],
    ["/Fanvil/f0X5hw1.100.cfg", { vendor, model: "X5" }],
    ["/Fanvil/F0V5UV200000.cfg", { vendor, model: "X5U" }],
    ["/Fanvil/F0V0V6500000.cfg", { vendor, model: "V65" }],
    ["/Fanvil/F0V0V6700000.cfg", { vendor, model: "V67" }],
    ["/Fanvil/F0V10S00000.cfg", { vendor, model: "i10S" }],
    ["/Fanvil/F0V16SV00000.cfg", { vendor, model: "i16SV" }],
    ["/Fanvil/F0V611W00000.cfg", { vendor, model: "W611W" }],
    ["/Fanvil/fanvil_x6u_hwv1_0.txt", { vendor, model: "X6U" }],
    ["/Fanvil/fanvil_h2u_v2_hwv1_0.txt", { vendor, model: "H2U-V2" }],
    ["/Fanvil/fanvil_v67_hw1_1.txt", { vendor, model: "V67" }],
    ["/Fanvil/fanvil_x5u_v2_hwv2_0.txt", { vendor, model: "X5U-V2" }],
    ["/y000000000028.cfg", undefined],
    ["/other.txt", undefined]
  ])("%s", (path, info) => {
    assert.deepStrictEqual(plugin.extract?.(request({ path })), info)
  })

  it("knows the phone by its User-Agent before the file's name", () => {
    assert.deepStrictEqual(
      plugin.extract?.(
        request({ path: "/Fanvil/f0X4hw1.100.cfg", userAgent: "Fanvil X4G 2.1.0 0c383e07e16c" })
      ),
      { vendor, model: "X4G", version: "2.1.0", mac }
    )
  })
})

describe("how well the Fanvil plugin suits", () => {
  it.each([
    [{}, support.unknown],
    [{ vendor: "Yealink", model: "X4" }, support.improbable],
    [{ vendor }, support.unknown],
    [{ vendor, model: "X99" }, support.unknown],
    [{ vendor, model: "X4", version: "2.10.2.6887" }, support.complete],
    [{ vendor, model: "X4U-Pro" }, support.complete],
    [{ vendor, model: "X4", version: "2.14.0.7386" }, support.exact]
  ])("%j", (info, score) => {
    assert.strictEqual(plugin.associate?.(info), score)
  })
})

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: "",
  parseTagValue: false,
  isArray: (name) => ["SIP_Line_List_Entry", "Function_Key_Entry", "MMI_Account_Entry"].includes(name)
})

/** The values of a phone's file by their path of elements; an element with an index has it behind its name. */
const settings = (model: string, config: RawConfig): Readonly<Record<string, string>> => {
  const text = filesOf(plugin, device({ vendor, model }), config)["Fanvil/805ec0aabbcc.cfg"] ?? ""
  return Object.fromEntries(leaves(parser.parse(text), ""))
}

const leaves = (node: unknown, path: string): ReadonlyArray<readonly [string, string]> => {
  if (typeof node !== "object" || node === null) return [[path, String(node)]]
  return Object.entries(node).flatMap(([name, child]) => {
    const children: ReadonlyArray<unknown> = Array.isArray(child) ? child : [child]
    return children.flatMap((one) => leaves(one, `${path}${path === "" ? "" : "/"}${name}${markOf(one)}`))
  })
}

const markOf = (node: unknown) => {
  if (typeof node !== "object" || node === null) return ""
  if ("index" in node) return `[${String(node.index)}]`
  return "ID" in node ? `[${String(node.ID)}]` : ""
}

const expectSettings = (file: Readonly<Record<string, string>>, root: string, table: string) => {
  for (const row of table.trim().split("\n")) {
    const [path = "", value = ""] = row.trim().split(/ = ?/)
    assert.strictEqual(file[`${root}/${path}`], value, path)
  }
}

const directory = (kind: string) =>
  `http://192.0.2.98:9498/0.1/directories/lookup/default/${kind}?xivo_user_uuid=7f523550-03cf-4dac-a858-cb8afdb34775&term=`

describe("the file of an older Fanvil phone", () => {
  it("says everything that is configured", () => {
    const file = settings("X4", fullConfig)
    const line = "SIP_CONFIG_MODULE/SIP_Line_List/SIP_Line_List_Entry"
    const key = "PHONE_CONFIG_MODULE/Function_Key/Function_Key_Entry"
    expectSettings(
      file,
      "VOIP_CONFIG_FILE",
      `version = 2.0002
      ${line}[SIP1]/Phone_Number = user1
      ${line}[SIP1]/Display_Name = 1001 Alice Martin 1
      ${line}[SIP1]/Register_Addr = 192.0.2.10
      ${line}[SIP1]/Register_Port = 5060
      ${line}[SIP1]/Register_User = auth1
      ${line}[SIP1]/Register_Pswd = secret1
      ${line}[SIP1]/Proxy_Addr = 192.0.2.10
      ${line}[SIP1]/Proxy_Port = 5060
      ${line}[SIP1]/Proxy_User = auth1
      ${line}[SIP1]/Proxy_Pswd = secret1
      ${line}[SIP1]/Backup_Addr = 192.0.2.11
      ${line}[SIP1]/Backup_Port = 5060
      ${line}[SIP1]/Transport = 0
      ${line}[SIP1]/DTMF_Mode = 1
      ${line}[SIP1]/MWI_Num = *98
      ${line}[SIP1]/Enable_Reg = 1
      ${line}[SIP2]/Proxy_Port = 5070
      ${line}[SIP2]/Backup_Port = 5071
      ${line}[SIP2]/DTMF_Mode = 2
      GLOBAL_CONFIG_MODULE/SNTP_Server = 192.0.2.123
      GLOBAL_CONFIG_MODULE/Enable_SNTP = 1
      GLOBAL_CONFIG_MODULE/Language = 4
      GLOBAL_CONFIG_MODULE/Time_Zone = 4
      GLOBAL_CONFIG_MODULE/Time_Zone_Name = UTC+1
      GLOBAL_CONFIG_MODULE/Enable_DST = 2
      GLOBAL_CONFIG_MODULE/DST_Min_Offset = 60
      GLOBAL_CONFIG_MODULE/DST_Start_Mon = 3
      GLOBAL_CONFIG_MODULE/DST_Start_Week = -1
      GLOBAL_CONFIG_MODULE/DST_Start_Wday = 0
      GLOBAL_CONFIG_MODULE/DST_Start_Hour = 2
      GLOBAL_CONFIG_MODULE/DST_End_Mon = 10
      GLOBAL_CONFIG_MODULE/DST_End_Week = -1
      GLOBAL_CONFIG_MODULE/DST_End_Wday = 0
      GLOBAL_CONFIG_MODULE/DST_End_Hour = 3
      QOS_CONFIG_MODULE/Enable_VLAN = 1
      QOS_CONFIG_MODULE/VLAN_ID = 100
      QOS_CONFIG_MODULE/Signalling_Priority = 5
      AAA_CONFIG_MODULE/Enable_Syslog = 1
      AAA_CONFIG_MODULE/Syslog_address = 192.0.2.14
      AAA_CONFIG_MODULE/Syslog_port = 514
      DEBUG_CONFIG_MODULE/SIP_Trace_Level = 4
      MMI_CONFIG_MODULE/MMI_Account/MMI_Account_Entry[Account1]/Name = admin
      MMI_CONFIG_MODULE/MMI_Account/MMI_Account_Entry[Account1]/Password = admin-secret
      MMI_CONFIG_MODULE/MMI_Account/MMI_Account_Entry[Account2]/Password = user-secret
      PHONE_CONFIG_MODULE/Menu_Password = admin-secret
      ${key}[Fkey1]/Type = 1
      ${key}[Fkey1]/Value = 1011@1/f
      ${key}[Fkey1]/Title = Bob
      ${key}[Fkey2]/Type = 1
      ${key}[Fkey2]/Value = 1012@1/ba*81012
      ${key}[Fkey3]/Type = 2
      ${key}[Fkey3]/Value = 701@1/c
      ${key}[Fkey4]/Type = 0
      ${key}[Fkey5]/Title = 1013
      AUTOUPDATE_CONFIG_MODULE/Download_Server_IP = http://192.0.2.1:8667
      AUTOUPDATE_CONFIG_MODULE/Config_File_Name = Fanvil/$mac.cfg
      AUTOUPDATE_CONFIG_MODULE/Auto_Image_URL = http://192.0.2.1:8667/Fanvil/firmware/x42.14.0.7386T20210730173312.z`
    )
    assert.strictEqual(
      file["VOIP_CONFIG_FILE/PHONE_CONFIG_MODULE/Soft_Dss_Key/Soft_Dss_Key_Entry[SoftFkey1]/Value"],
      directory("fanvil")
    )
  })

  it("has a directory only where the config has a version", () => {
    const file = settings("X4", configWith({ config_version: 0 }))
    assert.notProperty(
      file,
      "VOIP_CONFIG_FILE/PHONE_CONFIG_MODULE/Soft_Dss_Key/Soft_Dss_Key_Entry[SoftFkey1]/Value"
    )
  })
})

describe("the file of a newer Fanvil phone", () => {
  it("says everything that is configured", () => {
    const file = settings("X5U", fullConfig)
    expectSettings(
      file,
      "sysConf",
      `sip/line[1]/PhoneNumber = user1
      sip/line[1]/DisplayName = 1001 Alice Martin 1
      sip/line[1]/RegisterAddr = 192.0.2.10
      sip/line[1]/RegisterPort = 5060
      sip/line[1]/RegisterUser = auth1
      sip/line[1]/RegisterPswd = secret1
      sip/line[1]/EnableReg = 1
      sip/line[1]/ProxyAddr = 192.0.2.10
      sip/line[1]/ProxyPort = 5060
      sip/line[1]/ProxyUser = auth1
      sip/line[1]/ProxyPswd = secret1
      sip/line[1]/BackupAddr = 192.0.2.11
      sip/line[1]/BackupPort = 5060
      sip/line[1]/Transport = 0
      sip/line[1]/DTMFMode = 1
      sip/line[1]/MWINum = *98
      sip/line[2]/ProxyPort = 5070
      sip/line[2]/BackupPort = 5071
      sip/line[2]/DTMFMode = 2
      dsskey/dssSide[1]/Fkey[1]/Type = 2
      dsskey/dssSide[1]/Fkey[1]/Value = SIP1
      dsskey/dssSide[1]/Fkey[2]/Value = SIP2
      dsskey/dssSide[1]/Fkey[3]/Type = 2
      dsskey/dssSide[1]/Fkey[3]/Value = 701@1/c
      dsskey/dssSide[1]/Fkey[4]/Type = 0
      dsskey/internal[1]/Fkey[1]/Type = 1
      dsskey/internal[1]/Fkey[1]/Value = 1013@1/ba*81013
      dsskey/internal[1]/Fkey[1]/Title = 1013
      dsskey/internal[6]/Fkey[6]/Value = 1014@1/f
      dsskey/dssSoft[1]/Type = 21
      phone/MenuPassword = admin-secret
      phone/display/DefaultLanguage = fr
      phone/date/SNTPServer = 192.0.2.123
      phone/date/EnableSNTP = 1
      phone/date/TimeZone = 4
      phone/date/TimeZoneName = UTC+1
      phone/date/EnableDST = 2
      phone/date/DSTStartMon = 3
      phone/date/DSTStartWeek = -1
      phone/date/DSTStartWday = 0
      phone/date/DSTStartHour = 2
      phone/date/DSTEndMon = 10
      phone/date/DSTEndWeek = -1
      phone/date/DSTEndHour = 3
      ap/FlashServerIP = http://192.0.2.1:8667
      ap/FlashFileName = Fanvil/$mac.cfg
      fwCheck/UpgradeServer1 = http://192.0.2.1:8667/Fanvil
      web/account[1]/Name = admin
      web/account[1]/Password = admin-secret
      web/account[2]/Password = user-secret
      qos/EnableVLAN = 1
      qos/VLANID = 100
      qos/SignallingPriority = 5
      mm/SelectYourTone = 25
      mm/capability/AudioCodecSets = G722,PCMA,PCMU,G729
      log/SyslogServer = 192.0.2.14
      log/SyslogServerPort = 514`
    )
    assert.strictEqual(file["sysConf/dsskey/dssSoft[1]/Value"], directory("fanvil"))
    assert.strictEqual(file["sysConf/phone/xmlContact[1]/Addr"], directory("fanvil-v2"))
    const services =
      "http://192.0.2.98:9498/0.1/fanvil/users/7f523550-03cf-4dac-a858-cb8afdb34775/services/dnd"
    assert.strictEqual(file["sysConf/cti/DNDOnUrl"], `${services}/enable`)
    assert.strictEqual(file["sysConf/cti/DNDOffUrl"], `${services}/disable`)
  })

  it.each([
    ["V65", "dsskey/dssSide[1]/Fkey[5]/Value", "1013@1/ba*81013"],
    ["V65", "dsskey/dssSide[5]/Fkey[4]/Value", "1014@1/f"],
    ["V67", "dsskey/internal[2]/Fkey[11]/Value", "1014@1/f"],
    ["i10S", "dsskey/dssSoft[1]/Value", "1011@1/f"],
    ["H2U-V2", "dsskey/dssSoft[5]/Value", "1013@1/ba*81013"],
    ["H2U-V2", "dsskey/internal[3]/Fkey[10]/Value", "1014@1/f"],
    ["W611W", "dsskey/internal[1]/Fkey[1]/Value", "1011@1/f"],
    ["X210", "dsskey/internal[1]/Fkey[30]/Value", "1014@1/f"]
  ])("of a %s has its keys where they are: %s is %s", (model, path, value) => {
    assert.strictEqual(settings(model, fullConfig)[`sysConf/${path}`], value)
  })

  it("names languages by the numbers of its series", () => {
    assert.strictEqual(settings("V65", fullConfig)["sysConf/phone/display/DefaultLanguage"], "5")
    assert.strictEqual(
      settings("X210", configWith({ locale: "sk_SK" }))["sysConf/phone/display/DefaultLanguage"],
      "slo"
    )
  })

  it.each([
    ["tcp", "1"],
    ["tls", "3"]
  ] as const)("has the transport %s as %s", (transport, value) => {
    assert.strictEqual(
      settings("X6U", configWith({ sip_transport: transport }))["sysConf/sip/line[1]/Transport"],
      value
    )
  })

  it("counts quarters of an hour", () => {
    const date = (timezone: string) => {
      const file = settings("X6U", configWith({ timezone }))
      return [file["sysConf/phone/date/TimeZone"], file["sysConf/phone/date/TimeZoneName"]]
    }
    assert.deepStrictEqual(date("Asia/Kolkata"), ["22", "UTC+5:30"])
    assert.deepStrictEqual(date("America/New_York"), ["-20", "UTC-05"])
    assert.deepStrictEqual(date("Etc/UTC"), ["0", "UTC"])
  })

  it("leaves the password of the shared account empty", () => {
    assert.strictEqual(settings("X5U", autoprovConfig)["sysConf/sip/line[1]/RegisterPswd"], "")
  })
})

describe("the dialect of a Fanvil phone", () => {
  it.each(underscored)("%s is the older one", (model) => {
    assert.isTrue(Object.keys(settings(model, fullConfig)).every((path) => !path.startsWith("sysConf")))
  })
  it.each([...plain, "X4U-Pro", "X210i", "V64"])("%s is the newer one", (model) => {
    assert.isTrue(Object.keys(settings(model, fullConfig)).some((path) => path.startsWith("sysConf")))
  })
})

describe("files for every Fanvil phone of a model", () => {
  const files = commonFilesOf(plugin, minimalConfig)
  it("say where the phone's own file is", () => {
    assert.include(files["Fanvil/f0X4hw1.100.cfg"], "<Config_File_Name>Fanvil/$mac.cfg</Config_File_Name>")
    assert.include(files["Fanvil/F0V0V6500000.cfg"], "<FlashServerIP>http://192.0.2.1:8667</FlashServerIP>")
  })
  it("say which firmware there is", () => {
    const text = files["Fanvil/fanvil_v65_hwv1_0.txt"] ?? ""
    assert.match(text, /^Version=2\.12\.21\.1\nFirmware=http:\/\/192\.0\.2\.1:8667\/Fanvil\/firmware\/v65-/)
    assert.include(text, "\nBuildTime=2024-08-28\nInfo=TXT\n")
  })
})
