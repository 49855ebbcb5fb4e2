<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<{{ root }}
  device.set="1"
  device.prov.tagSerialNo.set="1"
  device.prov.tagSerialNo="1"

  device.net.vlanId.set="1"
  device.net.vlanId="{{ vlan_id if vlan_enabled }}"
  {% if vlan_enabled and vlan_priority != none %}
  qos.ethernet.rtp.user_priority="{{ vlan_priority }}"
  qos.ethernet.callControl.user_priority="{{ vlan_priority }}"
  {% endif %}
  {% if dns_enabled and dns_ip %}
  device.dns.serverAddress.set="1"
  device.dns.serverAddress="{{ dns_ip }}"
  {% endif %}
  qos.ip.callControl.dscp="46"
  qos.ip.rtp.dscp="46"

  device.syslog.serverName.set="1"
  device.syslog.serverName="{{ syslog_ip if syslog_enabled }}"
  device.syslog.transport.set="1"
  device.syslog.transport="{{ 1 if syslog_enabled else 0 }}"
  device.syslog.renderLevel.set="1"
  device.syslog.renderLevel="{{ syslog_number }}"
  {% if admin_password %}

  device.auth.localAdminPassword.set="1"
  device.auth.localAdminPassword="{{ admin_password }}"
  {% endif %}
  {% if user_password %}

  device.auth.localUserPassword.set="1"
  device.auth.localUserPassword="{{ user_password }}"
  {% endif %}

  sec.srtp.enable="{{ 0 if sip_srtp_mode == "disabled" else 1 }}"
  sec.srtp.offer="{{ 0 if sip_srtp_mode == "disabled" else 1 }}"
  sec.srtp.require="{{ 1 if sip_srtp_mode == "required" else 0 }}"

  tcpIpApp.sntp.address.overrideDHCP="{{ 1 if ntp_enabled else 0 }}"
  tcpIpApp.sntp.address="{{ ntp_ip if ntp_enabled }}"
  {% if zone %}
  tcpIpApp.sntp.gmtOffset="{{ zone.offset }}"
  tcpIpApp.sntp.daylightSavings.enable="{{ 1 if zone.changes.length else 0 }}"
  {% if zone.changes.length %}
  tcpIpApp.sntp.daylightSavings.fixedDayEnable="0"
  {% endif %}
  {% for change in zone.changes %}
  tcpIpApp.sntp.daylightSavings.{{ change.name }}.month="{{ change.month }}"
  tcpIpApp.sntp.daylightSavings.{{ change.name }}.time="{{ change.hour }}"
  tcpIpApp.sntp.daylightSavings.{{ change.name }}.dayOfWeek="{{ change.weekday }}"
  tcpIpApp.sntp.daylightSavings.{{ change.name }}.dayOfWeek.lastInMonth="{{ 1 if change.last else 0 }}"
  {% if not change.last %}
  tcpIpApp.sntp.daylightSavings.{{ change.name }}.date="{{ change.date }}"
  {% endif %}
  {% endfor %}
  {% endif %}
  lcl.ml.lang="{{ language }}"

  tone.dtmf.viaRtp="{{ 0 if dtmf_mode == "SIP-INFO" else 1 }}"
  tone.dtmf.rfc2833Control="{{ 1 if dtmf_mode == "RTP-out-of-band" else 0 }}"
  voIpProt.SIP.dtmfViaSignaling.rfc2976="{{ 1 if dtmf_mode == "SIP-INFO" else 0 }}"
  {% for account in accounts %}
  {% set reg = "reg." + account.index %}

  {{ reg }}.displayName="{{ account.display_name }}"
  {{ reg }}.label="{{ account.extension }}"
  {{ reg }}.address="{{ account.username }}"
  {{ reg }}.auth.userId="{{ account.auth_username }}"
  {{ reg }}.auth.password="{{ account.password }}"
  {{ reg }}.server.1.address="{{ account.proxy_ip }}"
  {{ reg }}.server.1.port="{{ account.proxy_port }}"
  {{ reg }}.server.1.transport="{{ transport }}"
  {{ reg }}.server.1.expires="3600"
  {{ reg }}.server.1.register="1"
  {{ reg }}.server.1.retryMaxCount="2"
  {% if account.backup_proxy_ip %}
  {{ reg }}.server.2.address="{{ account.backup_proxy_ip }}"
  {{ reg }}.server.2.port="{{ account.backup_proxy_port }}"
  {{ reg }}.server.2.transport="{{ transport }}"
  {{ reg }}.server.2.expires="3600"
  {% endif %}
  {% if account.outbound_proxy_ip %}
  {{ reg }}.outboundProxy.address="{{ account.outbound_proxy_ip }}"
  {{ reg }}.outboundProxy.port="{{ account.outbound_proxy_port }}"
  {{ reg }}.outboundProxy.transport="{{ transport }}"
  {% endif %}
  msg.mwi.{{ account.index }}.subscribe="{{ account.extension if sip_subscribe_mwi }}"
  msg.mwi.{{ account.index }}.callBackMode="contact"
  msg.mwi.{{ account.index }}.callBack="{{ account.voicemail }}"
  {% endfor %}
  {% if exten_pickup_call %}

  call.directedCallPickupString="{{ exten_pickup_call }}"
  {% endif %}
  {% for key in keys %}
  {% if loop.first %}

  {% endif %}
  attendant.resourceList.{{ key.key }}.address="{{ key.value }}"
  attendant.resourceList.{{ key.key }}.label="{{ key.label }}"
  {% endfor %}
  {% if directory %}

  mb.main.home="{{ directory }}"
  softkey.1.enable="1"
  softkey.1.action="{{ directory }}"
  softkey.1.label="{{ directory_label }}"
  softkey.1.use.idle="1"
  {% endif %}

  call.callWaiting.enable="{{ 0 if switchboard else 1 }}"
  {% block settings %}{% endblock %}
/>
