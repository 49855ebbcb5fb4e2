<?xml version="1.0" encoding="UTF-8"?>
<VOIP_CONFIG_FILE>
<version>2.0002</version>
{% include "update.tpl" %}
<GLOBAL_CONFIG_MODULE>
{% if ntp_enabled and ntp_ip %}
<SNTP_Server>{{ ntp_ip }}</SNTP_Server>
<Enable_SNTP>1</Enable_SNTP>
<SNTP_Timeout>60</SNTP_Timeout>
{% else %}
<Enable_SNTP>0</Enable_SNTP>
{% endif %}
{% if language %}
<Language>{{ language }}</Language>
{% endif %}
{% if time %}
<Time_Zone>{{ time.quarters }}</Time_Zone>
<Time_Zone_Name>{{ time.name }}</Time_Zone_Name>
{% if time.dst %}
<Enable_DST>2</Enable_DST>
<DST_Fixed_Type>2</DST_Fixed_Type>
<DST_Min_Offset>{{ time.dst.minutes }}</DST_Min_Offset>
{% for change in time.dst.changes %}
<DST_{{ change.name }}_Mon>{{ change.month }}</DST_{{ change.name }}_Mon>
<DST_{{ change.name }}_Week>{{ change.week }}</DST_{{ change.name }}_Week>
<DST_{{ change.name }}_Wday>{{ change.weekday }}</DST_{{ change.name }}_Wday>
<DST_{{ change.name }}_Hour>{{ change.hour }}</DST_{{ change.name }}_Hour>
<DST_{{ change.name }}_Min>0</DST_{{ change.name }}_Min>
{% endfor %}
{% else %}
<Enable_DST>0</Enable_DST>
{% endif %}
{% endif %}
</GLOBAL_CONFIG_MODULE>
<MMI_CONFIG_MODULE>
<Web_Port>80</Web_Port>
<Web_Server_Type>0</Web_Server_Type>
<MMI_Account>
{% for account in webAccounts %}
<MMI_Account_Entry>
<ID>Account{{ account.index }}</ID>
<Name>{{ account.name }}</Name>
<Password>{{ account.password }}</Password>
<Level>{{ account.level }}</Level>
</MMI_Account_Entry>
{% endfor %}
</MMI_Account>
</MMI_CONFIG_MODULE>
<SIP_CONFIG_MODULE>
<SIP__Port>5060</SIP__Port>
<SIP_Line_List>
{% for line in lines %}
<SIP_Line_List_Entry>
<ID>SIP{{ line.line }}</ID>
<Phone_Number>{{ line.username }}</Phone_Number>
<Display_Name>{{ line.title }}</Display_Name>
<Register_Addr>{{ line.registrar_ip or line.proxy_ip }}</Register_Addr>
<Register_Port>{{ line.registrar_port or 5060 }}</Register_Port>
<Register_User>{{ line.auth_username }}</Register_User>
<Register_Pswd>{{ line.secret }}</Register_Pswd>
<Register_TTL>60</Register_TTL>
<Enable_Reg>1</Enable_Reg>
<Proxy_Addr>{{ line.proxy_ip }}</Proxy_Addr>
<Proxy_Port>{{ line.proxy_port or 5060 }}</Proxy_Port>
<Proxy_User>{{ line.auth_username }}</Proxy_User>
<Proxy_Pswd>{{ line.secret }}</Proxy_Pswd>
{% if line.backup_proxy_ip %}
<Backup_Addr>{{ line.backup_proxy_ip }}</Backup_Addr>
<Backup_Port>{{ line.backup_proxy_port or 5060 }}</Backup_Port>
<Backup_Transpo>{{ transport }}</Backup_Transpo>
<Backup_TTL>60</Backup_TTL>
{% else %}
<Backup_Addr></Backup_Addr>
<Backup_Port></Backup_Port>
{% endif %}
<Transport>{{ transport }}</Transport>
<DTMF_Mode>{{ line.dtmf }}</DTMF_Mode>
<MWI_Num>{{ line.mailbox }}</MWI_Num>
</SIP_Line_List_Entry>
{% endfor %}
</SIP_Line_List>
</SIP_CONFIG_MODULE>
<QOS_CONFIG_MODULE>
{% if vlan %}
<Enable_VLAN>1</Enable_VLAN>
<VLAN_ID>{{ vlan.id }}</VLAN_ID>
<Signalling_Priority>{{ vlan.priority }}</Signalling_Priority>
<Voice_Priority>{{ vlan.priority }}</Voice_Priority>
{% else %}
<Enable_VLAN>0</Enable_VLAN>
{% endif %}
</QOS_CONFIG_MODULE>
<AAA_CONFIG_MODULE>
{% if syslog_enabled and syslog_ip %}
<Enable_Syslog>1</Enable_Syslog>
<Syslog_address>{{ syslog_ip }}</Syslog_address>
<Syslog_port>{{ syslog_port }}</Syslog_port>
{% else %}
<Enable_Syslog>0</Enable_Syslog>
{% endif %}
</AAA_CONFIG_MODULE>
<DEBUG_CONFIG_MODULE>
<MGR_Trace_Level>{{ log.number }}</MGR_Trace_Level>
<SIP_Trace_Level>{{ log.number }}</SIP_Trace_Level>
</DEBUG_CONFIG_MODULE>
<PHONE_CONFIG_MODULE>
<Menu_Password>{{ admin_password or "123" }}</Menu_Password>
{% if lines.length %}
<LCD_Title>{{ lines[0].title }}</LCD_Title>
{% endif %}
<Function_Key>
{% for key in keys.all %}
<Function_Key_Entry>
<ID>Fkey{{ key.index }}</ID>
<Type>{{ key.type }}</Type>
<Value>{{ key.value }}</Value>
<Title>{{ key.title }}</Title>
</Function_Key_Entry>
{% endfor %}
</Function_Key>
{% if directory %}
<Soft_Dss_Key>
<Soft_Dss_Key_Entry>
<ID>SoftFkey1</ID>
<Type>7</Type>
<Value>{{ directory.url }}</Value>
<Title>{{ directory.title }}</Title>
</Soft_Dss_Key_Entry>
</Soft_Dss_Key>
{% endif %}
</PHONE_CONFIG_MODULE>
{% if directory %}
<SCREEN_KEY_CONFIG_MODULE>
<Desktop_Softkey>history;dsskey1;;menu;</Desktop_Softkey>
</SCREEN_KEY_CONFIG_MODULE>
{% endif %}
</VOIP_CONFIG_FILE>
