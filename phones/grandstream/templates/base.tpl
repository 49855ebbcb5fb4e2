<?xml version="1.0" encoding="UTF-8"?>
<gs_provision version="1">
  <config version="1">
{% if admin_password %}
    <P2>{{ admin_password }}</P2>
{% endif %}
{% if user_password %}
    <P196>{{ user_password }}</P196>
{% endif %}
{% if ntp_enabled and ntp_ip %}
    <P30>{{ ntp_ip }}</P30>
{% endif %}
{% if timeZone %}
    <P64>{{ timeZone }}</P64>
    <P246>{{ timeZone }}</P246>
{% endif %}
{% if language %}
    <P1362>{{ language }}</P1362>
{% endif %}
{% if exten_pickup_call %}
    <P1347>{{ exten_pickup_call }}</P1347>
{% endif %}
{% if vlan %}
    <P51>{{ vlan.id }}</P51>
{% if vlan.priority != null %}
    <P87>{{ vlan.priority }}</P87>
{% endif %}
{% endif %}
{% for octet in dns %}
    <P{{ 91 + loop.index }}>{{ octet }}</P{{ 91 + loop.index }}>
{% endfor %}
{% if syslog_enabled and syslog_ip %}
    <P207>{{ syslog_ip }}</P207>
    <P208>{{ logLevel }}</P208>
{% endif %}
    <P212>{{ server.protocol }}</P212>
    <P237>{{ server.path }}</P237>
    <P298>1</P298>
    <P290>{ [*x]+ }</P290>
    <P81>1</P81>
    <P194>2</P194>
    <P285>23</P285>
    <P8458>1</P8458>
    <P8459>1</P8459>
    <P8375>0</P8375>
{% for line in lines %}
    <{{ line.codes.active }}>1</{{ line.codes.active }}>
    <{{ line.codes.name }}>{{ line.display_name }}</{{ line.codes.name }}>
    <{{ line.codes.server }}>{{ line.server }}</{{ line.codes.server }}>
    <{{ line.codes.backup }}>{{ line.backup }}</{{ line.codes.backup }}>
{% if line.outbound %}
    <{{ line.codes.outbound }}>{{ line.outbound }}</{{ line.codes.outbound }}>
{% endif %}
    <{{ line.codes.user }}>{{ line.username }}</{{ line.codes.user }}>
    <{{ line.codes.auth }}>{{ line.auth_username }}</{{ line.codes.auth }}>
    <{{ line.codes.password }}>{{ line.password }}</{{ line.codes.password }}>
    <{{ line.codes.display }}>{{ line.display_name }}</{{ line.codes.display }}>
    <{{ line.codes.voicemail }}>{{ line.mailbox }}</{{ line.codes.voicemail }}>
{% if sip_subscribe_mwi != null %}
    <{{ line.codes.mwi }}>{{ sip_subscribe_mwi | yesno("1", "0") }}</{{ line.codes.mwi }}>
{% endif %}
    <{{ line.codes.transport }}>{{ line.transport }}</{{ line.codes.transport }}>
    <{{ line.codes.srtp }}>{{ line.srtp }}</{{ line.codes.srtp }}>
{% for codec in codecs %}
    <{{ line.codes.codecs[loop.index0] }}>{{ codec }}</{{ line.codes.codecs[loop.index0] }}>
{% endfor %}
    <{{ line.codes.inAudio }}>{{ line.dtmf.inAudio | yesno("1", "0") }}</{{ line.codes.inAudio }}>
    <{{ line.codes.inRtp }}>{{ line.dtmf.inRtp | yesno("1", "0") }}</{{ line.codes.inRtp }}>
    <{{ line.codes.inSip }}>{{ line.dtmf.inSip | yesno("1", "0") }}</{{ line.codes.inSip }}>
    <{{ line.codes.callFeatures }}>0</{{ line.codes.callFeatures }}>
    <{{ line.codes.reset }}>1</{{ line.codes.reset }}>
{% endfor %}
{% for key in valueKeys %}
    <{{ key.codes.mode }}>{{ key.mode }}</{{ key.codes.mode }}>
    <{{ key.codes.account }}>{{ key.account }}</{{ key.codes.account }}>
    <{{ key.codes.label }}>{{ key.label }}</{{ key.codes.label }}>
    <{{ key.codes.value }}>{{ key.value }}</{{ key.codes.value }}>
{% endfor %}
  </config>
</gs_provision>
