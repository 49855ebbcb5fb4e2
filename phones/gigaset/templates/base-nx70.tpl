<?xml version="1.0" encoding="UTF-8"?>
<provisioning version="1.1" productID="e2">
  <firmware>
    <file version="2.65.0" url="{{ server.url }}/Gigaset-Nx70-V2.65.0-build.8504c90.bin"/>
  </firmware>
  <nvm>
    <oper name="DeleteNotProvisionedHS"/>
{% if admin_password %}
    <param name="WebUIAccounts.1.Password" value="{{ admin_password }}"/>
{% endif %}
    <param name="Telephony.0.ToneScheme" value="{{ toneScheme }}"/>
    <param name="Provisioning.global.ProvisioningServer" value="{{ server.url }}"/>
    <param name="Telephony.0.CT_ViaRKey" value="1"/>
    <param name="Telephony.0.CT_ByOnHook" value="1"/>
    <param name="DmGlobal.0.SuotaEnable" value="1"/>
    <param name="DmGlobal.0.HSIdleDisplay" value="1"/>
    <param name="DmGlobal.0.SystemRegDomain" value="EUR"/>
{% if ntp_enabled and ntp_ip %}
    <param name="DmGlobal.0.NtpServer" value="{{ ntp_ip }}"/>
{% endif %}
{% if time %}
    <param name="DmGlobal.0.TimeZone" value="{{ time.name }}"/>
{% endif %}
{% for line in lines %}
    <oper name="add_hs" value="{{ line.handset }}">
      <param name="hs.RegStatus" value="ToReg"/>
    </oper>
    <param name="hs.{{ line.handset }}.DECT_AC" value="{{ line.accessCode }}"/>
    <param name="hs.{{ line.handset }}.DirectAccessDir" value="0"/>
    <param name="hs.{{ line.handset }}.IntKeyDir" value="20"/>
    <param name="SipAccount.{{ line.handset }}.AuthName" value="{{ line.auth_username }}"/>
    <param name="SipAccount.{{ line.handset }}.AuthPassword" value="{{ line.password }}"/>
    <param name="SipAccount.{{ line.handset }}.UserName" value="{{ line.username }}"/>
    <param name="SipAccount.{{ line.handset }}.DisplayName" value="{{ line.title }}"/>
    <param name="SipAccount.{{ line.handset }}.ProviderId" value="{{ line.provider }}"/>
{% if line.mailbox %}
    <param name="SipAccount.{{ line.handset }}.VoiceMailMailbox" value="{{ line.mailbox }}"/>
    <param name="SipAccount.{{ line.handset }}.VoiceMailActive" value="1"/>
{% endif %}
{% endfor %}
{% for provider in providers %}
    <param name="SipProvider.{{ provider.id }}.Name" value="{{ provider.name }}"/>
    <param name="SipProvider.{{ provider.id }}.Domain" value="{{ provider.proxy }}"/>
    <param name="SipProvider.{{ provider.id }}.ProxyServerAddress" value="{{ provider.proxy }}"/>
    <param name="SipProvider.{{ provider.id }}.ProxyServerPort" value="{{ provider.proxyPort }}"/>
    <param name="SipProvider.{{ provider.id }}.RegServerAddress" value="{{ provider.registrar }}"/>
    <param name="SipProvider.{{ provider.id }}.RegServerPort" value="{{ provider.registrarPort }}"/>
    <param name="SipProvider.{{ provider.id }}.RegServerRefreshTimer" value="180"/>
    <param name="SipProvider.{{ provider.id }}.TransportProtocol" value="{{ transport }}"/>
    <param name="SipProvider.{{ provider.id }}.UseSIPS" value="0"/>
    <param name="SipProvider.{{ provider.id }}.SRTP_Enabled" value="{{ provider.secureMedia | yesno("1", "0") }}"/>
    <param name="SipProvider.{{ provider.id }}.AcceptNonSRTPCalls" value="{{ provider.plainMedia | yesno("1", "0") }}"/>
    <param name="SipProvider.{{ provider.id }}.DTMFTransmission" value="{{ provider.dtmf }}"/>
    <param name="SipProvider.{{ provider.id }}.DnsQuery" value="0"/>
{% if provider.backup %}
    <param name="SipProvider.{{ provider.id }}.FailoverServerEnabled" value="1"/>
    <param name="SipProvider.{{ provider.id }}.FailoverServerAddress" value="{{ provider.backup }}"/>
    <param name="SipProvider.{{ provider.id }}.FailoverServerPort" value="{{ provider.backupPort }}"/>
{% else %}
    <param name="SipProvider.{{ provider.id }}.FailoverServerEnabled" value="0"/>
{% endif %}
    <param name="SipProvider.{{ provider.id }}.OutboundProxyMode" value="{{ provider.outboundMode }}"/>
{% if provider.outbound %}
    <param name="SipProvider.{{ provider.id }}.OutboundProxyAddress" value="{{ provider.outbound }}"/>
    <param name="SipProvider.{{ provider.id }}.OutboundProxyPort" value="{{ provider.outboundPort }}"/>
{% endif %}
    <param name="SipProvider.{{ provider.id }}.MWISubscription" value="{{ sip_subscribe_mwi | yesno("1", "0") }}"/>
{% endfor %}
{% if directory %}
    <param name="Netdir.1.Activated" value="1"/>
    <param name="XMLDir.1.ProviderName" value="{{ directory.title }}"/>
    <param name="XMLDir.1.ServerURL" value="{{ directory.url }}"/>
    <param name="XMLDir.1.WhitePagesDirName" value="{{ directory.title }}"/>
    <param name="XMLDir.1.StartWithListWP" value="1"/>
{% endif %}
    <oper name="update_dm" value="local">
      <param name="RegStart" value="{{ now }}"/>
      <param name="RegDuration" value="900"/>
    </oper>
  </nvm>
</provisioning>
