<?xml version="1.0" encoding="UTF-8"?>
<flat-profile>
  {#- What the phone would keep of earlier settings; the user may change those with rw. #}
  {% for name in ["Restricted_Access_Domains", "IP_Mode", "Network_Configuration", "Static_IP", "NetMask", "Gateway", "Primary_DNS", "Secondary_DNS", "IPv6_Static_IP", "IPv6_Gateway", "IPv6_Primary_DNS", "IPv6_Secondary_DNS", "Host_Name", "Domain", "Primary_NTP_Server", "Secondary_NTP_Server"] %}
  <{{ name }} ua="na"/>
  {% endfor %}
  <Enable_Web_Server ua="na">No</Enable_Web_Server>
  <Enable_Protocol ua="na">Http</Enable_Protocol>
  <Phone-UI-readonly ua="na">No</Phone-UI-readonly>
  <Phone-UI-User-Mode ua="na">Yes</Phone-UI-User-Mode>
  <Connection_Type ua="na">DHCP</Connection_Type>
  <IPv6_Connection_Type ua="na">DHCP</IPv6_Connection_Type>
  <Prefix_Length ua="na">1</Prefix_Length>
  <Broadcast_Echo ua="na">Disabled</Broadcast_Echo>
  <Auto_Config ua="na">Enabled</Auto_Config>
  <Enable_802.1X_Authentication ua="na">No</Enable_802.1X_Authentication>
  <Protect_IVR_FactoryReset ua="na">Yes</Protect_IVR_FactoryReset>
  <Enable_VLAN ua="na">No</Enable_VLAN>
  <VLAN_ID ua="na">1</VLAN_ID>
  <Screen_Saver_Enable ua="rw">Yes</Screen_Saver_Enable>
  <Screen_Saver_Type ua="rw">Clock</Screen_Saver_Type>
  <Screen_Saver_Wait ua="rw">300</Screen_Saver_Wait>
  <Screen_Saver_Refresh_Period ua="rw">10</Screen_Saver_Refresh_Period>
  <Back_Light_Timer ua="rw">5m</Back_Light_Timer>

  {% if admin_password %}
  <Admin_Password>{{ admin_password }}</Admin_Password>
  {% endif %}
  {% if user_password %}
  <User_Password>{{ user_password }}</User_Password>
  {% endif %}
  {% if dns_enabled and dns_ip %}
  <Primary_DNS>{{ dns_ip }}</Primary_DNS>
  {% endif %}
  {% if ntp_enabled and ntp_ip %}
  <Primary_NTP_Server>{{ ntp_ip }}</Primary_NTP_Server>
  {% endif %}
  {% if syslog_enabled and syslog_ip %}
  <Syslog_Server>{{ syslog_ip }}:{{ syslog_port }}</Syslog_Server>
  {% endif %}
  {% if vlan_enabled %}
  <Enable_VLAN>Yes</Enable_VLAN>
  <VLAN_ID>{{ vlan_id }}</VLAN_ID>
  {% if vlan_pc_port_id != none %}
  <Enable_PC_Port_VLAN_Tagging>Yes</Enable_PC_Port_VLAN_Tagging>
  <PC_Port_VLAN_ID>{{ vlan_pc_port_id }}</PC_Port_VLAN_ID>
  {% endif %}
  {% endif %}
  <Upgrade_Rule>{{ upgrade_rule }}</Upgrade_Rule>
  <Voice_Mail_Number>{{ exten_voicemail }}</Voice_Mail_Number>
  <Call_Pickup_Code>{{ exten_pickup_call }}</Call_Pickup_Code>
  <Attendant_Console_Call_Pickup_Code>{{ exten_pickup_call }}</Attendant_Console_Call_Pickup_Code>
  <Group_Call_Pickup_Code>{{ exten_pickup_group }}</Group_Call_Pickup_Code>
  <Station_Name>{{ station }}</Station_Name>
  {% if model.dictionary %}
  {% set x = "_" + model.dictionary + "-11.3.2.1000.xml" %}
  <Dictionary_Server_Script>serv={{ server }}/locales/;d0=English;x0=en-US{{ x }};d1=French;x1=fr-FR{{ x }};d2=German;x2=de-DE{{ x }};d3=Spanish;x3=es-ES{{ x }}</Dictionary_Server_Script>
  {% endif %}
  <Language_Selection>{{ language }}</Language_Selection>
  <Locale>{{ locale_code }}</Locale>
  {% if zone %}
  <Time_Zone>{{ zone.name }}</Time_Zone>
  <Daylight_Saving_Time_Enable>{{ "yes" if zone.rule else "no" }}</Daylight_Saving_Time_Enable>
  {% if zone.rule %}
  <Daylight_Saving_Time_Rule>{{ zone.rule }}</Daylight_Saving_Time_Rule>
  {% endif %}
  {% endif %}
  <CW_Setting>{{ "No" if switchboard else "Yes" }}</CW_Setting>
  {% for account in accounts %}

  {% set n = account.index %}
  <Line_Enable_{{ n }}_>Yes</Line_Enable_{{ n }}_>
  <Proxy_{{ n }}_>{{ account.proxy }}</Proxy_{{ n }}_>
  <Use_DNS_SRV_{{ n }}_>{{ "Yes" if account.backup else "No" }}</Use_DNS_SRV_{{ n }}_>
  <Proxy_Fallback_Intvl_{{ n }}_>120</Proxy_Fallback_Intvl_{{ n }}_>
  <Use_Outbound_Proxy_{{ n }}_>{{ "Yes" if account.outbound else "No" }}</Use_Outbound_Proxy_{{ n }}_>
  <Outbound_Proxy_{{ n }}_>{{ account.outbound }}</Outbound_Proxy_{{ n }}_>
  <SIP_Transport_{{ n }}_>{{ account.transport }}</SIP_Transport_{{ n }}_>
  <Display_Name_{{ n }}_>{{ account.display_name }}</Display_Name_{{ n }}_>
  <User_ID_{{ n }}_>{{ account.username }}</User_ID_{{ n }}_>
  <Password_{{ n }}_>{{ account.password }}</Password_{{ n }}_>
  <Use_Auth_ID_{{ n }}_>Yes</Use_Auth_ID_{{ n }}_>
  <Auth_ID_{{ n }}_>{{ account.auth_username }}</Auth_ID_{{ n }}_>
  <Preferred_Codec_{{ n }}_>G711a</Preferred_Codec_{{ n }}_>
  <DTMF_Tx_Method_{{ n }}_>{{ account.dtmf_method }}</DTMF_Tx_Method_{{ n }}_>
  <Secure_Call_Option_{{ n }}_>{{ account.secure }}</Secure_Call_Option_{{ n }}_>
  {% endfor %}
  {% for key in keys %}
  {% if loop.first %}

  {% endif %}
  {% if key.unit %}
  <Unit_{{ key.unit }}_Key_{{ key.index }}>{{ key.function }}</Unit_{{ key.unit }}_Key_{{ key.index }}>
  {% else %}
  <Extension_{{ key.index }}_>Disabled</Extension_{{ key.index }}_>
  <Short_Name_{{ key.index }}_>{{ key.label }}</Short_Name_{{ key.index }}_>
  <Extended_Function_{{ key.index }}_>{{ key.function }}</Extended_Function_{{ key.index }}_>
  {% endif %}
  {% endfor %}
  {% if not model or model.type != "ata" %}
  {#- Behind the function keys: a line wins over a function key of its number. -#}
  {% for account in accounts %}

  <Extension_{{ account.index }}_>{{ account.index }}</Extension_{{ account.index }}_>
  <Short_Name_{{ account.index }}_>{{ account.short_name }}</Short_Name_{{ account.index }}_>
  <Extended_Function_{{ account.index }}_></Extended_Function_{{ account.index }}_>
  {% endfor %}
  {% endif %}
  {% if directory %}

  <XML_Directory_Service_Name>{{ directory_name }}</XML_Directory_Service_Name>
  <XML_Directory_Service_URL>{{ directory }}</XML_Directory_Service_URL>
  {% endif %}
  {% block settings %}{% endblock %}
</flat-profile>
