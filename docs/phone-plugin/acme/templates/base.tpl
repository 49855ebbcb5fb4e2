{% if greeting %}
display.greeting = {{ greeting }}
{% endif %}
{% if color %}
display.color = {{ color }}
{% endif %}
{% for number, line in lines %}
line.{{ number }}.user = {{ line.username }}
line.{{ number }}.login = {{ line.auth_username }}
line.{{ number }}.password = {{ line.password }}
line.{{ number }}.name = {{ line.display_name }}
line.{{ number }}.server = {{ line.proxy_ip }}:{{ line.proxy_port or 5060 }}
{% endfor %}
{% for number, key in keys %}
key.{{ number | pad(2) }} = {{ key.type }} {{ key.value }} {{ key.label }}
{% endfor %}
{% if ntp %}
time.server = {{ ntp }}
{% endif %}
{% if offset is defined %}
time.offset = {{ offset }}
{% endif %}
