{% if dns_enabled and dns_ip %}
dns1: {{ dns_ip }}
{% endif %}
{% if syslog_enabled and syslog_ip %}
log server ip: {{ syslog_ip }}
log server port: {{ syslog_port }}
{% for module in log.modules %}
log module {{ module }}: {{ log.level }}
{% endfor %}
{% endif %}
{% if vlan %}
tagging enabled: 1
vlan id: {{ vlan.id }}
{% if vlan.priority != null %}
priority non-ip: {{ vlan.priority }}
{% endif %}
vlan id port 1: {{ vlan.pcPort }}
{% else %}
tagging enabled: 0
{% endif %}
tos sip: 46
tos rtp: 46
upgrade uri: {{ server.url }}/Aastra
download protocol: {{ server.protocol }}
{{ server.scheme }} server: {{ server.host }}
{{ server.scheme }} path: {{ server.path }}
{{ server.scheme }} port: {{ server.port }}
contact rcs: 0
inactive minet present: 1
{% if ntp_enabled and ntp_ip %}
time server disabled: 0
time server1: {{ ntp_ip }}
{% else %}
time server disabled: 1
{% endif %}
{% if time %}
time zone name: Custom
time zone minutes: {{ time.minutes }}
{% if time.dst %}
dst config: 3
dst minutes: {{ time.dst.minutes }}
{% for change in time.dst.changes %}
dst {{ change.name }} relative date: 1
dst {{ change.name }} month: {{ change.month }}
dst {{ change.name }} week: {{ change.week }}
dst {{ change.name }} day: {{ change.day }}
dst {{ change.name }} hour: {{ change.hour }}
{% endfor %}
{% else %}
dst config: 0
{% endif %}
{% endif %}
{% if admin_password %}
admin password: {{ admin_password }}
{% endif %}
{% if user_password %}
user password: {{ user_password }}
{% endif %}
{% if language %}
language: 1
language 1: {{ language.file }}
tone set: {{ language.tones }}
input language: {{ language.input }}
{% endif %}
{% if dtmf %}
sip out-of-band dtmf: {{ dtmf.outOfBand }}
sip dtmf method: {{ dtmf.method }}
{% endif %}
{% if sip_subscribe_mwi != null %}
sip explicit mwi subscription: {{ sip_subscribe_mwi | yesno("1", "0") }}
{% endif %}
sip transport protocol: {{ transport }}
{% if certificates %}
sips trusted certificates: {{ certificates }}
{% endif %}
sip customized codec: {{ codecs }}
{% for line in lines %}
sip line{{ line.line }} user name: {{ line.username }}
sip line{{ line.line }} auth name: {{ line.auth_username }}
sip line{{ line.line }} password: {{ line.password }}
sip line{{ line.line }} display name: {{ line.display_name }}
sip line{{ line.line }} screen name: {{ line.display_name }}
{% if line.number %}
sip line{{ line.line }} screen name 2: {{ line.number }}
{% endif %}
sip line{{ line.line }} proxy ip: {{ line.proxy_ip }}
sip line{{ line.line }} proxy port: {{ line.proxy_port or 5060 }}
sip line{{ line.line }} backup proxy ip: {{ line.backup_proxy_ip or "0.0.0.0" }}
sip line{{ line.line }} backup proxy port: {{ line.backup_proxy_port or 5060 }}
sip line{{ line.line }} registrar ip: {{ line.registrar_ip or line.proxy_ip }}
sip line{{ line.line }} registrar port: {{ line.registrar_port or 5060 }}
sip line{{ line.line }} backup registrar ip: {{ line.backup_registrar_ip or "0.0.0.0" }}
sip line{{ line.line }} backup registrar port: {{ line.backup_registrar_port or 5060 }}
{% if line.outbound_proxy_ip %}
sip line{{ line.line }} outbound proxy: {{ line.outbound_proxy_ip }}
sip line{{ line.line }} outbound proxy port: {{ line.outbound_proxy_port or 5060 }}
{% endif %}
sip line{{ line.line }} dtmf method: {{ line.dtmfMethod }}
sip line{{ line.line }} srtp mode: {{ line.srtpMode }}
{% if line.mailbox %}
sip line{{ line.line }} vmail: {{ line.mailbox }}
{% endif %}
{% if parking %}
sip line{{ line.line }} park pickup config: {{ parking }};{{ parking }};asterisk
{% endif %}
{% endfor %}
{% if exten_pickup_call %}
directed call pickup: 1
directed call pickup prefix: {{ exten_pickup_call }}
{% endif %}
{% if switchboard %}
sip xml notify event: 1
call waiting: 0
{% endif %}
{% if directoryScript %}
directory script: {{ directoryScript }}
{% endif %}
{% for key in keys %}
{{ key.name }} type: {{ key.type }}
{% if key.value %}
{{ key.name }} value: {{ key.value }}
{% endif %}
{% if key.label %}
{{ key.name }} label: {{ key.label }}
{% endif %}
{% if key.line %}
{{ key.name }} line: {{ key.line }}
{% endif %}
{% endfor %}
