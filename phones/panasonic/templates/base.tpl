# Panasonic SIP Phone Standard Format File #

CFG_STANDARD_FILE_PATH="{{ server }}/Panasonic/Config{MAC}.cfg"
{% if firmware %}
FIRM_UPGRADE_ENABLE="Y"
FIRM_VERSION="{{ firmware.version }}"
FIRM_UPGRADE_AUTO="Y"
FIRM_FILE_PATH="{{ server }}/Panasonic/firmware/{{ firmware.file }}"
{% endif %}
{% if admin_password %}
ADMIN_ID="{{ admin_username or "admin" }}"
ADMIN_PASS="{{ admin_password }}"
{% endif %}
{% if user_password %}
USER_ID="{{ user_username or "user" }}"
USER_PASS="{{ user_password }}"
{% endif %}
{% if dns_enabled and dns_ip %}
DHCP_DNS_ENABLE="N"
USER_DNS1_ADDR="{{ dns_ip }}"
{% endif %}
{% if vlan %}
VLAN_ENABLE="Y"
VLAN_ID_IP_PHONE="{{ vlan.id }}"
{% if vlan.priority != null %}
VLAN_PRI_IP_PHONE="{{ vlan.priority }}"
{% endif %}
{% if vlan.pcPort != null %}
VLAN_ID_PC="{{ vlan.pcPort }}"
{% endif %}
{% else %}
VLAN_ENABLE="N"
{% endif %}
{% if ntp_enabled and ntp_ip %}
NTP_ADDR="{{ ntp_ip }}"
{% endif %}
{% if time %}
TIME_ZONE="{{ time.minutes }}"
{% if time.dst %}
DST_ENABLE="Y"
DST_OFFSET="{{ time.dst.minutes }}"
{% for change in time.dst.changes %}
DST_{{ change.name }}_MONTH="{{ change.month }}"
DST_{{ change.name }}_ORDINAL_DAY="{{ change.week }}"
DST_{{ change.name }}_DAY_OF_WEEK="{{ change.weekday }}"
DST_{{ change.name }}_TIME="{{ change.minutes }}"
{% endfor %}
{% else %}
DST_ENABLE="N"
{% endif %}
{% endif %}
{% if language %}
DEFAULT_LANGUAGE="{{ language }}"
{% endif %}
{% if syslog_enabled and syslog_ip %}
SYSLOG_ADDR="{{ syslog_ip }}"
SYSLOG_PORT="{{ syslog_port }}"
SYSLOG_EVENT_SIP="{{ logLevel }}"
SYSLOG_EVENT_CFG="{{ logLevel }}"
{% endif %}
{% if sip_subscribe_mwi != null %}
VM_SUBSCRIBE_ENABLE="{{ sip_subscribe_mwi | yesno("Y", "N") }}"
{% endif %}
{% for line in lines %}
PHONE_NUMBER_{{ line.line }}="{{ line.number }}"
DISPLAY_NAME_{{ line.line }}="{{ line.display_name }}"
VM_NUMBER_{{ line.line }}="{{ line.mailbox }}"
SIP_URI_{{ line.line }}="{{ line.uri }}"
SIP_AUTHID_{{ line.line }}="{{ line.auth_username }}"
SIP_PASS_{{ line.line }}="{{ line.password }}"
SIP_PRXY_ADDR_{{ line.line }}="{{ line.proxy_ip }}"
SIP_PRXY_PORT_{{ line.line }}="{{ line.proxy_port or 5060 }}"
SIP_2NDPROXY_ADDR_{{ line.line }}="{{ line.backup_proxy_ip }}"
SIP_2NDPROXY_PORT_{{ line.line }}="{{ line.backup_proxy_port or 5060 }}"
SIP_RGSTR_ADDR_{{ line.line }}="{{ line.registrar_ip or line.proxy_ip }}"
SIP_RGSTR_PORT_{{ line.line }}="{{ line.registrar_port or 5060 }}"
SIP_2NDRGSTR_ADDR_{{ line.line }}="{{ line.backup_registrar_ip }}"
SIP_2NDRGSTR_PORT_{{ line.line }}="{{ line.backup_registrar_port or 5060 }}"
{% if line.outbound_proxy_ip %}
SIP_OUTPROXY_ADDR_{{ line.line }}="{{ line.outbound_proxy_ip }}"
SIP_OUTPROXY_PORT_{{ line.line }}="{{ line.outbound_proxy_port or 5060 }}"
{% endif %}
SIP_TRANSPORT_{{ line.line }}="{{ transport }}"
DTMF_METHOD_{{ line.line }}="{{ line.dtmf }}"
{% for codec in codecs %}
CODEC_ENABLE{{ codec.number }}_{{ line.line }}="Y"
CODEC_PRIORITY{{ codec.number }}_{{ line.line }}="{{ codec.priority }}"
{% endfor %}
{% endfor %}
{% for button in buttons %}
FLEX_BUTTON_FACILITY_ACT{{ button.key }}="{{ button.act }}"
FLEX_BUTTON_FACILITY_ARG{{ button.key }}="{{ button.value }}"
FLEX_BUTTON_LABEL{{ button.key }}="{{ button.label }}"
{% endfor %}
