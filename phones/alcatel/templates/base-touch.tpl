[dns]
dns_addr={{ dns }}

[sip]
domain_name={{ line.proxy_ip }}
proxy_addr={{ line.proxy_ip }}
proxy_port={{ line.proxy_port }}
registrar_addr={{ line.registrar_ip or line.proxy_ip }}
registrar_port={{ line.registrar_port }}
outbound_proxy_addr={{ line.outbound_proxy_ip }}
outbound_proxy_port={{ line.outbound_proxy_port }}
proxy2_addr={{ line.backup_proxy_ip }}
proxy2_port={{ line.backup_proxy_port }}
registrar2_addr={{ line.backup_registrar_ip }}
registrar2_port={{ line.backup_registrar_port }}
sip_transport_mode={{ transport }}
authentication_realm={{ line.proxy_ip }}
authentication_name={{ line.auth_username }}
authentication_password={{ line.password }}
user_name={{ line.username }}
display_name={{ line.display_name }}
voice_mail_uri={{ mailbox }}
message_waiting_indication_uri={{ mwi }}

[sntp]
sntp_addr={{ ntp }}
timezone={{ timeZone }}

[telnet]
telnet_password={{ password }}

[audio]
tone_country={{ tones }}
dtmf_type={{ dtmf }}

[appl]
admin_password={{ password }}
{% for key in keys %}
speed_dial_{{ key.key }}_first_name={{ key.label }}
speed_dial_{{ key.key }}_uri={{ key.value }}
{% endfor %}
