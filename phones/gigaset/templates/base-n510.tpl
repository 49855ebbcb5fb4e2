<?xml version="1.0" encoding="UTF-8"?>
<ProviderFrame xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="N510.xsd">
  <Provider>
    <MAC_ADDRESS value="{{ mac }}"/>
    <PROFILE_NAME class="string" value="N510"/>
    <S_SPECIAL_DATA_SRV class="string" value='"{{ server.url }}/42/fw262.bin?mac={{ mac }}&amp;fw262.bin"'/>
    <SYMB_ITEM ID="BS_IP_Data1.ucB_ACCEPT_FOREIGN_SUBNET" class="symb_item" value="0x1"/>
    <SYMB_ITEM ID="BS_IP_Data1.ucB_USE_DHCP" class="symb_item" value="1"/>
{% if vlan %}
    <SYMB_ITEM ID="BS_IP_Data1.ucB_VLAN_ENABLED" class="symb_item" value="1"/>
    <SYMB_ITEM ID="BS_IP_Data1.ucI_VLAN_PRIORITY" class="symb_item" value="{{ vlan.priority }}"/>
    <SYMB_ITEM ID="BS_IP_Data1.uiI_VLAN_ID" class="symb_item" value="{{ vlan.id }}"/>
{% endif %}
{% if dns %}
    <SYMB_ITEM ID="BS_IP_Data1.ulI_DNS_SERVER_1" class="symb_item" value="{{ dns }}"/>
    <SYMB_ITEM ID="BS_IP_Data1.ulI_DNS_SERVER_2" class="symb_item" value="0"/>
{% endif %}
{% for line in lines %}
    <SYMB_ITEM ID="BS_Accounts.astAccounts[{{ line.line - 1 }}].aucAccountName[0]" class="symb_item" value='"{{ line.title }}"'/>
    <SYMB_ITEM ID="BS_Accounts.astAccounts[{{ line.line - 1 }}].uiSendMask" class="symb_item" value="{{ line.mask }}"/>
    <SYMB_ITEM ID="BS_Accounts.astAccounts[{{ line.line - 1 }}].uiReceiveMask" class="symb_item" value="{{ line.mask }}"/>
    <SYMB_ITEM ID="BS_AE_Subscriber.stMtDat[{{ line.line - 1 }}].aucTlnName" class="symb_item" value='"{{ line.number }}"'/>
    <SYMB_ITEM ID="BS_IP_Data1.ucB_SIP_ACCOUNT_IS_ACTIVE_{{ line.line }}" class="symb_item" value="0x1"/>
    <SYMB_ITEM ID="BS_IP_Data1.aucS_SIP_ACCOUNT_NAME_{{ line.line }}" class="symb_item" value='"{{ line.title }}"'/>
    <SYMB_ITEM ID="BS_IP_Data3.aucS_SIP_LOGIN_ID{{ line.suffix }}" class="symb_item" value='"{{ line.auth_username }}"'/>
    <SYMB_ITEM ID="BS_IP_Data1.aucS_SIP_USER_ID{{ line.suffix }}" class="symb_item" value='"{{ line.username }}"'/>
    <SYMB_ITEM ID="BS_IP_Data1.aucS_SIP_PASSWORD{{ line.suffix }}" class="symb_item" value='"{{ line.password }}"'/>
    <SYMB_ITEM ID="BS_IP_Data1.aucS_SIP_DISPLAYNAME{{ line.suffix }}" class="symb_item" value='"{{ line.title }}"'/>
    <SYMB_ITEM ID="BS_IP_Data1.aucS_SIP_DOMAIN{{ line.suffix }}" class="symb_item" value='"{{ line.proxy_ip }}"'/>
    <SYMB_ITEM ID="BS_IP_Data1.aucS_SIP_SERVER{{ line.suffix }}" class="symb_item" value='"{{ line.proxy_ip }}"'/>
    <SYMB_ITEM ID="BS_IP_Data1.uiI_SIP_SERVER_PORT{{ line.suffix }}" class="symb_item" value="{{ line.proxyPort }}"/>
    <SYMB_ITEM ID="BS_IP_Data1.aucS_SIP_REGISTRAR{{ line.suffix }}" class="symb_item" value='"{{ line.registrar_ip or line.proxy_ip }}"'/>
    <SYMB_ITEM ID="BS_IP_Data1.uiI_SIP_REGISTRAR_PORT{{ line.suffix }}" class="symb_item" value="{{ line.registrarPort }}"/>
    <SYMB_ITEM ID="BS_IP_Data1.uiI_RE_REGISTRATION_TIMER{{ line.suffix }}" class="symb_item" value="0xb4"/>
    <SYMB_ITEM ID="BS_IP_Data1.ucB_SIP_USE_STUN{{ line.suffix }}" class="symb_item" value="0x0"/>
    <SYMB_ITEM ID="BS_IP_Data1.aucS_OUTBOUND_PROXY{{ line.suffix }}" class="symb_item" value='"{{ line.outbound_proxy_ip }}"'/>
    <SYMB_ITEM ID="BS_IP_Data1.uiI_OUTBOUND_PROXY_PORT{{ line.suffix }}" class="symb_item" value="{{ line.outboundPort }}"/>
    <SYMB_ITEM ID="BS_IP_Data1.ucI_OUTBOUND_PROXY_MODE{{ line.suffix }}" class="symb_item" value="{{ line.outboundMode }}"/>
    <SYMB_ITEM ID="BS_IP_Data1.ucI_SIP_PREFERRED_VOCODER{{ line.suffix }}" class="symb_item" value="0x05,0x01,0x00,0x02,0x03"/>
{% if line.mailbox %}
    <SYMB_ITEM ID="BS_IP_Data1.aucS_VOIP_NET_AM_NUMBER_{{ line.line }}" class="symb_item" value='"{{ line.mailbox }}"'/>
    <SYMB_ITEM ID="BS_IP_Data1.ucB_VOIP_NET_AM_ENABLED_{{ line.line }}" class="symb_item" value="0x1"/>
{% endif %}
{% endfor %}
{% set field = "" %}
{% include "directory.tpl" %}
    <SYMB_ITEM ID="BS_IP_Data1.ucI_CODEC_PREFERENCES" class="symb_item" value="0"/>
    <SYMB_ITEM ID="BS_IP_Data1.ucB_DTMF_TX_MODE_AUTO" class="symb_item" value="0"/>
    <SYMB_ITEM ID="BS_IP_Data1.ucI_DTMF_TX_MODE_BITS" class="symb_item" value="{{ dtmf }}"/>
    <SYMB_ITEM ID="BS_IP_Data.ucB_AUTO_UPDATE_PROFILE" class="symb_item" value="0x1"/>
    <SYMB_ITEM ID="BS_IP_Data3.ucI_ONESHOT_PROVISIONING_MODE_1" class="symb_item" value="0x1"/>
    <SYMB_ITEM ID="BS_VOIP_Data.astVoipProviders[0].ulSessionRefresh_MIN_SE" class="symb_item" value="90"/>
    <SYMB_ITEM ID="BS_LM_AppCfg.bit.bHasIdleTextInternalName" class="symb_item" value="1"/>
    <SYMB_ITEM ID="BS_IP_Data1.aucS_DATA_SERVER[0]" class="symb_item" value='"{{ server.withoutScheme }}"'/>
    <SYMB_ITEM ID="BS_IP_Data1.aucS_USER_FIRMWARE_URL" class="string" value='"{{ server.withoutScheme }}/42/fw262.bin"'/>
    <S_CONFIGFILE_URL class="string" value='"{{ server.withoutScheme }}/{{ mac }}.xml"'/>
    <SYMB_ITEM ID="BS_IP_Data1.ucB_CT_AFTER_ON_HOOK" class="symb_item" value="0x1"/>
    <SYMB_ITEM ID="BS_CUSTOM_ORG.bit.bEct" class="symb_item" value="0x1"/>
    <SYMB_ITEM ID="BS_IP_Data1.ucB_USE_R_KEY_FOR_CALL_TRANSFER" class="symb_item" value="0x1"/>
    <SYMB_ITEM ID="BS_AE_SwConfig.ucCountryCodeTone" class="symb_item" value="{{ tones }}"/>
    <SYMB_ITEM ID="BS_IP_Data1.ucI_HTTPLANGUAGE" class="symb_item" value="{{ webLanguage }}"/>
    <SYMB_ITEM ID="BS_IP_Data1.ucI_DIALING_PLAN_COUNTRY_ID" class="symb_item" value="0xff"/>
{% if pin %}
    <SYMB_ITEM ID="BS_CUSTOM.aucKdsPin[0]" class="symb_item" value="{{ pin }}"/>
{% endif %}
{% if time %}
    <SYMB_ITEM ID="BS_IP_Data1.uiI_TIME_TIMEZONE" class="symb_item" value="{{ time.code }}"/>
    <SYMB_ITEM ID="BS_IP_Data1.ucB_TIME_USE_AUTOMATIC_DST" class="symb_item" value="{{ time.dst | yesno("0x1", "0x0") }}"/>
{% endif %}
{% if ntp_enabled and ntp_ip %}
    <SYMB_ITEM ID="BS_IP_Data1.aucS_TIME_NTP_SERVER" class="symb_item" value='"{{ ntp_ip }}"'/>
{% endif %}
  </Provider>
</ProviderFrame>
