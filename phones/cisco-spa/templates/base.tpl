<?xml version="1.0" encoding="UTF-8"?>
<flat-profile>
  {% if admin_password %}
  <Admin_Passwd>{{ admin_password }}</Admin_Passwd>
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
  <Station_Name>{{ station }}</Station_Name>
  {% if model.dictionary %}
  <Dictionary_Server_Script>serv={{ server }}/i18n/;d0=English;x0={{ model.dictionary }}_en_v755.xml;d1=French;x1={{ model.dictionary }}_fr_v755.xml;d2=German;x2={{ model.dictionary }}_de_v755.xml;d3=Spanish;x3={{ model.dictionary }}_es_v755.xml</Dictionary_Server_Script>
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
  {% if account.encrypted %}
  <SRTP_Method_{{ n }}_>s-descriptor</SRTP_Method_{{ n }}_>
  <Secure_Call_Setting_{{ n }}_>Yes</Secure_Call_Setting_{{ n }}_>
  {% endif %}
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
  {% if not model or model.kind == "phone" %}
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
  {% if model.router %}

  <router-configuration>
    <Time_Setup>
      {% if zone %}
      <Time_Zone>{{ zone.hours }} 2 2</Time_Zone>
      {% endif %}
      <Time_Server>{{ ntp_ip if ntp_enabled }}</Time_Server>
    </Time_Setup>
    <WAN_VLAN_Setting>
      <WAN_VLAN_Enable>{{ 1 if vlan_enabled else 0 }}</WAN_VLAN_Enable>
      <WAN_VLAN_ID>{{ vlan_id if vlan_enabled else 1 }}</WAN_VLAN_ID>
    </WAN_VLAN_Setting>
    {% if admin_username and admin_password %}
    <Web_Login_Admin_Name>{{ admin_username }}</Web_Login_Admin_Name>
    <Web_Login_Admin_Password>{{ admin_password }}</Web_Login_Admin_Password>
    {% endif %}
    {% if user_username and user_password %}
    <Web_Login_Guest_Name>{{ user_username }}</Web_Login_Guest_Name>
    <Web_Login_Guest_Password>{{ user_password }}</Web_Login_Guest_Password>
    {% endif %}
  </router-configuration>
  {% endif %}
  {% block settings %}{% endblock %}
</flat-profile>
