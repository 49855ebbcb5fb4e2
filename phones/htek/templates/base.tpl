<?xml version="1.0" encoding="UTF-8"?>
<hl_provision version="1">
  <config version="1">
{% include "management.tpl" %}
{% if profile %}
    <P47 para="Profile1_Sipserver">{{ profile.server }}</P47>
    <P967 para="Profile1_FailoverSipserver">{{ profile.backup }}</P967>
    <P4567 para="Profile1_PreferPrimaryServer">0</P4567>
    <P48 para="Profile1_OutboundProxy">{{ profile.outbound }}</P48>
    <P130 para="Profile1_SipTransport">{{ transport }}</P130>
    <P52 para="Profile1_NatTraversal">2</P52>
    <P31 para="Profile1_SipRegistration">1</P31>
    <P81 para="Profile1_UnregisterOnReboot">1</P81>
{% for codec in codecs %}
    <P{{ 56 + loop.index }} para="Profile1_Choice{{ loop.index }}">{{ codec }}</P{{ 56 + loop.index }}>
{% endfor %}
    <P79 para="Profile1_DtmfPayloadType">101</P79>
    <P20166 para="Profile1_DtmfMode">{{ profile.dtmf }}</P20166>
    <P183 para="Profile1_SRtpMode">{{ profile.srtp }}</P183>
    <P191 para="Profile1_EnableCallFeatures">0</P191>
    <P298 para="Profile1_AnswerViaCallInfo">1</P298>
    <P99 para="Profile1_SubscribeForMWI">{{ profile.mwi }}</P99>
{% endif %}
{% for line in lines %}
    <P{{ line.codes.active }} para="Account{{ line.line }}_Active">1</P{{ line.codes.active }}>
    <P{{ line.codes.profile }} para="Account{{ line.line }}_Profile">0</P{{ line.codes.profile }}>
    <P{{ line.codes.label }} para="Account{{ line.line }}_Label">{{ line.number }}</P{{ line.codes.label }}>
    <P{{ line.codes.user }} para="Account{{ line.line }}_SipUserId">{{ line.username }}</P{{ line.codes.user }}>
    <P{{ line.codes.auth }} para="Account{{ line.line }}_AuthenticateID">{{ line.auth_username }}</P{{ line.codes.auth }}>
    <P{{ line.codes.password }} para="Account{{ line.line }}_AuthenticatePassword">{{ line.password }}</P{{ line.codes.password }}>
    <P{{ line.codes.display }} para="Account{{ line.line }}_DispalyName">{{ line.display_name }}</P{{ line.codes.display }}>
    <P{{ line.codes.voicemail }} para="Account{{ line.line }}_VoiceMailId">{{ line.mailbox }}</P{{ line.codes.voicemail }}>
    <P{{ line.codes.dialPlan }} para="Account{{ line.line }}_DialPlan">{[x*]+}</P{{ line.codes.dialPlan }}>
{% if exten_pickup_call %}
    <P{{ line.codes.pickup }} para="Account{{ line.line }}_DirectCallPickupCode">{{ exten_pickup_call }}</P{{ line.codes.pickup }}>
{% endif %}
{% if exten_pickup_group %}
    <P{{ line.codes.groupPickup }} para="Account{{ line.line }}_GroupCallPickupCode">{{ exten_pickup_group }}</P{{ line.codes.groupPickup }}>
{% endif %}
{% endfor %}
{% if ntp_enabled and ntp_ip %}
    <P30 para="UrlOrIpAddress">{{ ntp_ip }}</P30>
{% endif %}
{% if time %}
    <P64 para="Preference_TimeZone">{{ time.code }}</P64>
    <P143 para="Preference_DHCPTime">0</P143>
    <P75 para="Preference_DaylightSavingTime">{{ time.summer }}</P75>
{% endif %}
{% if vlan %}
    <P24053 para="Network_Advanced_Vlan_WANVlan">1</P24053>
    <P51 para="Layer2QoS_802_1Q_VLANTag">{{ vlan.id }}</P51>
    <P87 para="Layer2QoS_802_1pPriorityValue">{{ vlan.priority }}</P87>
    <P229 para="DataVLANTag">{{ vlan.pcPort }}</P229>
{% else %}
    <P24053 para="Network_Advanced_Vlan_WANVlan">0</P24053>
    <P51 para="Layer2QoS_802_1Q_VLANTag">0</P51>
    <P87 para="Layer2QoS_802_1pPriorityValue">0</P87>
    <P229 para="DataVLANTag">0</P229>
{% endif %}
{% if syslog_enabled and syslog_ip %}
    <P207 para="Syslog_Server">{{ syslog_ip }}</P207>
    <P208 para="Syslog_Level">{{ logLevel }}</P208>
{% endif %}
{% if directory %}
    <P330 para="PhonebookXmlDownload_Enable">1</P330>
    <P331 para="PhonebookXmlDownload_ServerPath">{{ directory.url }}</P331>
    <P332 para="PhonebookXmlDownload_Interval">0</P332>
    <P4401 para="RemotePhoneBook1_Url">{{ directory.url }}&amp;term=</P4401>
    <P3316 para="RemotePhoneBook1_Name">{{ directory.title }}</P3316>
{% endif %}
{% for key in keys %}
    <P{{ key.codes.type }} para="LineKey{{ key.key }}_Type">{{ key.type }}</P{{ key.codes.type }}>
    <P{{ key.codes.mode }} para="LineKey{{ key.key }}_Mode">0</P{{ key.codes.mode }}>
    <P{{ key.codes.value }} para="LineKey{{ key.key }}_Value">{{ key.value }}</P{{ key.codes.value }}>
    <P{{ key.codes.label }} para="LineKey{{ key.key }}_Label">{{ key.label }}</P{{ key.codes.label }}>
    <P{{ key.codes.account }} para="LineKey{{ key.key }}_Account">{{ key.account }}</P{{ key.codes.account }}>
    <P{{ key.codes.extension }} para="LineKey{{ key.key }}_Extension">{{ key.value }}</P{{ key.codes.extension }}>
{% endfor %}
  </config>
</hl_provision>
