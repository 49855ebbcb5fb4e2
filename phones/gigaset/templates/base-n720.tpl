<?xml version="1.0" encoding="UTF-8"?>
<ProviderFrame xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="N720_general.xsd">
  <Provider>
    <MAC_ADDRESS value="{{ mac }}"/>
    <PROFILE_NAME class="string" value="N720"/>
    <S_SPECIAL_DATA_SRV_IWU class="string" value='"{{ server.url }}/Gigaset/einsteiniwu117_70.bin?mac={{ mac }}&amp;server_einstein_iwu117.bin"'/>
    <S_SPECIAL_DATA_SRV_SAT class="string" value='"{{ server.url }}/Gigaset/sat7111700000000.bin?mac={{ mac }}&amp;sat7111700000000.bin"'/>
    <SYMB_ITEM ID="BS_IP_Data.aucS_DATA_SERVER[%]" class="symb_item" value='"{{ server.withoutScheme }}"'/>
    <SYMB_ITEM ID="BS_IP_Data.ucB_DO_CHECK_FOR_PROFILE_UPDATES" class="symb_item" value="1"/>
    <SYMB_ITEM ID="BS_IP_Data.ucB_USE_DHCP" class="symb_item" value="1"/>
    <SYMB_ITEM ID="BS_IP_Data.ucB_ACCEPT_FOREIGN_SUBNET" class="symb_item" value="1"/>
{% set field = "[%]" %}
{% include "directory.tpl" %}
{% if admin_password %}
    <SYMB_ITEM ID="BS_CUSTOM.WebUIPassword" class="symb_item" value='"{{ adminPassword }}"'/>
{% endif %}
{% if pin %}
    <SYMB_ITEM ID="BS_CUSTOM.aucKdsPin[%]" class="symb_item" value="{{ pin }}"/>
{% endif %}
{% if dns %}
    <SYMB_ITEM ID="BS_IP_Data.ulI_DNS_SERVER_1" class="symb_item" value="{{ dns }}"/>
    <SYMB_ITEM ID="BS_IP_Data.ulI_DNS_SERVER_2" class="symb_item" value="0"/>
{% endif %}
{% if vlan %}
    <SYMB_ITEM ID="BS_IP_Data.ucB_VLAN_ENABLED" class="symb_item" value="1"/>
    <SYMB_ITEM ID="BS_IP_Data.ucI_VLAN_PRIORITY" class="symb_item" value="{{ vlan.priority }}"/>
    <SYMB_ITEM ID="BS_IP_Data.uiI_VLAN_ID" class="symb_item" value="{{ vlan.id }}"/>
{% endif %}
    <SYMB_ITEM ID="BS_IP_Data.ucI_HTTPLANGUAGE" class="symb_item" value="{{ webLanguage }}"/>
    <SYMB_ITEM ID="BS_AE_SwConfig.ucCountryCodeTone" class="symb_item" value="{{ tones }}"/>
    <SYMB_ITEM ID="BS_IP_Data.ucI_DIALING_PLAN_COUNTRY_ID" class="symb_item" value="0xff"/>
{% if ntp_enabled and ntp_ip %}
    <SYMB_ITEM ID="BS_IP_Data.aucS_TIME_NTP_SERVER[%]" class="symb_item" value='"{{ ntp_ip }}"'/>
    <SYMB_ITEM ID="BS_IP_Data.ucB_TIME_USE_AUTOMATIC_NTP_SYN" class="symb_item" value="1"/>
{% endif %}
{% if time %}
    <SYMB_ITEM ID="BS_IP_Data.uiI_TIME_COUNTRY" class="symb_item" value="0xff"/>
    <SYMB_ITEM ID="BS_IP_Data.uiI_TIME_TIMEZONE" class="symb_item" value="{{ time.code }}"/>
    <SYMB_ITEM ID="BS_IP_Data.ucB_TIME_USE_AUTOMATIC_DST" class="symb_item" value="{{ time.dst | yesno("1", "0") }}"/>
{% endif %}
    <SYMB_ITEM ID="BS_VOIP_Data.ucB_VOIP_CALLWAITING_STATUS" class="symb_item" value="1"/>
    <SYMB_ITEM ID="BS_VOIP_Data.ucB_USE_R_KEY_FOR_CALL_TRANSFER" class="symb_item" value="1"/>
    <SYMB_ITEM ID="BS_VOIP_Data.ucI_DTMF_TX_RTP_PAYLOAD_TYPE" class="symb_item" value="0x65"/>
    <SYMB_ITEM ID="BS_VOIP_Data.ucB_DTMF_TX_MODE_AUTO" class="symb_item" value="0"/>
    <SYMB_ITEM ID="BS_VOIP_Data.ucI_DTMF_TX_MODE_BITS" class="symb_item" value="{{ dtmf }}"/>
    <SYMB_ITEM ID="BS_VOIP_Data.ucI_SIP_AVAILABLE_VOCODER[%]" class="symb_item" value="0x01,0x00,0x02,0x03,0x05"/>
    <SYMB_ITEM ID="BS_VOIP_Data.astVoipAccounts[%].aucI_SIP_PREFERRED_VOCODER[%]" class="symb_item" value="0x05,0x01,0x00,0x02,0x03"/>
    <SYMB_ITEM ID="BS_VOIP_Data.NameOnIdleDisplay" class="symb_item" value="1"/>
{% for code in featureCodes %}
    <SYMB_ITEM ID="BS_VOIP_Data.astVoipProviders[%].NetCode{{ code.name }}_ON[%]" class="symb_item" value='"{{ code.value }}"'/>
    <SYMB_ITEM ID="BS_VOIP_Data.astVoipProviders[%].NetCode{{ code.name }}_OFF[%]" class="symb_item" value='"{{ code.value }}"'/>
{% endfor %}
{% for provider in providers %}
    <SYMB_ITEM ID="BS_VOIP_Data.astVoipProviders[{{ provider.id }}].ucONESHOT_PROVISIONING_MODE_1" class="symb_item" value="1"/>
    <SYMB_ITEM ID="BS_VOIP_Data.astVoipProviders[{{ provider.id }}].aucSIP_PROVIDER_NAME[%]" class="symb_item" value='"{{ provider.name }}"'/>
    <SYMB_ITEM ID="BS_VOIP_Data.astVoipProviders[{{ provider.id }}].aucSIP_DOMAIN[%]" class="symb_item" value='"{{ provider.proxy }}"'/>
    <SYMB_ITEM ID="BS_VOIP_Data.astVoipProviders[{{ provider.id }}].aucSIP_SERVER[%]" class="symb_item" value='"{{ provider.proxy }}"'/>
    <SYMB_ITEM ID="BS_VOIP_Data.astVoipProviders[{{ provider.id }}].uiSIP_SERVER_PORT" class="symb_item" value="{{ provider.proxyPortHex }}"/>
    <SYMB_ITEM ID="BS_VOIP_Data.astVoipProviders[{{ provider.id }}].aucSIP_REGISTRAR[%]" class="symb_item" value='"{{ provider.registrar }}"'/>
    <SYMB_ITEM ID="BS_VOIP_Data.astVoipProviders[{{ provider.id }}].uiSIP_REGISTRAR_PORT" class="symb_item" value="{{ provider.registrarPortHex }}"/>
    <SYMB_ITEM ID="BS_VOIP_Data.astVoipProviders[{{ provider.id }}].uiRE_REGISTRATION_TIMER" class="symb_item" value="0x00B4"/>
    <SYMB_ITEM ID="BS_VOIP_Data.astVoipProviders[{{ provider.id }}].ucSIP_USE_STUN" class="symb_item" value="0"/>
    <SYMB_ITEM ID="BS_VOIP_Data.astVoipProviders[{{ provider.id }}].ucOUTBOUND_PROXY_MODE" class="symb_item" value="{{ provider.outboundMode }}"/>
{% if provider.outbound %}
    <SYMB_ITEM ID="BS_VOIP_Data.astVoipProviders[{{ provider.id }}].aucOUTBOUND_PROXY[%]" class="symb_item" value='"{{ provider.outbound }}"'/>
    <SYMB_ITEM ID="BS_VOIP_Data.astVoipProviders[{{ provider.id }}].uiOUTBOUND_PROXY_PORT" class="symb_item" value="{{ provider.outboundPortHex }}"/>
{% endif %}
    <SYMB_ITEM ID="BS_VOIP_Data.astVoipProviders[{{ provider.id }}].ucSIP_PREFERRED_TRANSPORT_LAYER" class="symb_item" value="{{ transportLayer }}"/>
{% endfor %}
{% for line in lines %}
    <SYMB_ITEM ID="BS_VOIP_Data.astVoipAccounts[{{ line.line - 1 }}].ucVoipProviderIndex" class="symb_item" value="{{ line.provider }}"/>
    <SYMB_ITEM ID="BS_VOIP_Data.astVoipAccounts[{{ line.line - 1 }}].aucS_SIP_LOGIN_ID[0]" class="symb_item" value='"{{ line.auth_username }}"'/>
    <SYMB_ITEM ID="BS_VOIP_Data.astVoipAccounts[{{ line.line - 1 }}].aucS_SIP_USER_ID[0]" class="symb_item" value='"{{ line.username }}"'/>
    <SYMB_ITEM ID="BS_VOIP_Data.astVoipAccounts[{{ line.line - 1 }}].aucS_SIP_PASSWORD[0]" class="symb_item" value='"{{ line.password }}"'/>
    <SYMB_ITEM ID="BS_VOIP_Data.astVoipAccounts[{{ line.line - 1 }}].aucS_SIP_DISPLAYNAME[0]" class="symb_item" value='"{{ line.title }}"'/>
    <SYMB_ITEM ID="BS_VOIP_Data.astVoipAccounts[{{ line.line - 1 }}].ucB_SIP_ACCOUNT_IS_ACTIVE_1" class="symb_item" value="1"/>
{% if line.mailbox %}
    <SYMB_ITEM ID="BS_VOIP_Data.astVoipAccounts[{{ line.line - 1 }}].aucS_VOIP_NET_AM_NUMBER_1[%]" class="symb_item" value='"{{ line.mailbox }}"'/>
    <SYMB_ITEM ID="BS_VOIP_Data.astVoipAccounts[{{ line.line - 1 }}].ucB_VOIP_NET_AM_ENABLED_1" class="symb_item" value="1"/>
{% endif %}
{% endfor %}
  </Provider>
</ProviderFrame>
