{% macro v(value) %}{{ "%NULL%" if value == none or value === "" else value }}{% endmacro %}
#!version:1.0.0.1

static.auto_provision.server.url = {{ server }}/
static.auto_provision.pnp_enable = 0
static.auto_provision.custom.protect = 1
{% if model %}
{{ "static." if generation > 81 }}firmware.url = {{ server }}/firmware/{{ model.firmware }}
{% for handset, file in handset_firmware %}
over_the_air.url.{{ handset }} = {{ server }}/firmware/{{ file }}
{% endfor %}
{% endif %}

static.network.vlan.internet_port_enable = {{ 1 if vlan_enabled else 0 }}
static.network.vlan.internet_port_vid = {{ v(vlan_id if vlan_enabled) }}
static.network.vlan.internet_port_priority = {{ v(vlan_priority if vlan_enabled) }}
{% set pc_vlan = vlan_enabled and vlan_pc_port_id != none %}
static.network.vlan.pc_port_enable = {{ 1 if pc_vlan else 0 }}
static.network.vlan.pc_port_vid = {{ v(vlan_pc_port_id if pc_vlan) }}
{% if dns_enabled and dns_ip %}
static.network.static_dns_enable = 1
static.network.primary_dns = {{ dns_ip }}
{% endif %}

static.syslog.enable = {{ 1 if syslog_enabled else 0 }}
static.syslog.server = {{ v(syslog_ip if syslog_enabled) }}
static.syslog.server_port = {{ syslog_port }}
static.syslog.level = {{ syslog_number }}

static.security.user_name.user = {{ user_username or "user" }}
static.security.user_name.admin = {{ admin_username or "admin" }}
static.security.user_password = {{ user_username or "user" }}:{{ user_password or "user" }}
static.security.user_password = {{ admin_username or "admin" }}:{{ admin_password or "admin" }}

{{ "static." if generation < 83 }}lang.gui = {{ v(language) }}
{{ "static." if generation < 83 }}lang.wui = {{ v(language) }}
{% if model.type == "dect" %}
custom.handset.language = {{ v(handset_language) }}
custom.handset.date_format = 2
static.auto_provision.handset_configured.enable = 1
{% endif %}
voice.tone.country = {{ v(country) }}

local_time.ntp_server1 = {{ v(ntp_ip if ntp_enabled) }}
local_time.date_format = 2
{% if zone %}
local_time.time_zone = {{ zone.offset }}
local_time.summer_time = {{ 1 if zone.dst else 0 }}
{% if zone.dst %}
local_time.dst_time_type = 1
local_time.start_time = {{ zone.dst.start }}
local_time.end_time = {{ zone.dst.end }}
local_time.offset_time = {{ zone.dst.minutes }}
{% endif %}
{% else %}
local_time.time_zone = %NULL%
local_time.summer_time = %NULL%
{% endif %}

remote_phonebook.data.1.url = {{ v(directory) }}
remote_phonebook.data.1.name = {{ v("Directory" if directory) }}
static.directory_setting.url = {{ server }}/directory_setting.xml

sip.notify_reboot_enable = 0
sip.trust_ctrl = 1
features.direct_ip_call_enable = 1
features.caller_name_type_on_dialing = 1
features.text_message.enable = 0
features.text_message_popup.enable = 0
features.config_dsskey_length = 1
features.dnd.large_icon.enable = 1
features.show_action_uri_option = 0
{% for account in accounts %}
{% if loop.first and account.proxy_ip %}
features.action_uri_limit_ip = {{ account.proxy_ip }}
{% endif %}
{% endfor %}
transfer.dsskey_deal_type = 1
call_waiting.enable = {{ 0 if switchboard else 1 }}
action_url.dnd_on = {{ v(dnd_on) }}
action_url.dnd_off = {{ v(dnd_off) }}
{% for ring in [1, 2, 3, 4, 5, 6, 7, 8] %}
distinctive_ring_tones.alert_info.{{ ring }}.text = ring{{ ring }}
distinctive_ring_tones.alert_info.{{ ring }}.ringer = {{ ring }}
{% endfor %}
{% for account in accounts %}

{% set a = "account." + account.index %}
{% if account.enabled %}
{{ a }}.enable = 1
{% if generation > 85 %}
{{ a }}.label = {{ v(account.display_name) }}
{% else %}
{{ a }}.label = {{ v(account.extension or account.display_name) }}
{{ a }}.display_name = {{ v(account.display_name) }}
{% endif %}
{{ a }}.auth_name = {{ v(account.auth_username or account.username) }}
{{ a }}.user_name = {{ v(account.username) }}
{{ a }}.password = {{ v(account.password) }}
{{ a }}.sip_server.1.address = {{ v(account.proxy_ip) }}
{{ a }}.sip_server.1.port = {{ v(account.proxy_port) }}
{{ a }}.sip_server.1.transport_type = {{ account.transport }}
{{ a }}.sip_server.2.address = {{ v(account.backup_proxy_ip) }}
{{ a }}.sip_server.2.port = {{ v(account.backup_proxy_port) }}
{{ a }}.sip_server.2.transport_type = {{ account.transport }}
{{ a }}.outbound_proxy_enable = {{ 1 if account.outbound_proxy_ip else 0 }}
{{ a }}.outbound_proxy.1.address = {{ v(account.outbound_proxy_ip) }}
{{ a }}.outbound_proxy.1.port = {{ v(account.outbound_proxy_port) }}
{{ a }}.fallback.redundancy_type = 1
{{ a }}.cid_source = 2
{{ a }}.alert_info_url_enable = 0
{{ a }}.nat.udp_update_enable = 1
{{ a }}.dtmf.type = {{ account.dtmf_type }}
{{ a }}.dtmf.info_type = 1
{{ a }}.srtp_encryption = {{ account.srtp_encryption }}
{% for codec in ["pcma", "pcmu", "g722", "g729"] %}
{{ a }}.codec.{{ codec }}.enable = 1
{{ a }}.codec.{{ codec }}.priority = {{ loop.index }}
{% endfor %}
{% for codec in ["opus", "ilbc", "g723_53", "g723_63", "g726_16", "g726_24", "g726_32", "g726_40"] %}
{{ a }}.codec.{{ codec }}.enable = 0
{% endfor %}
{{ a }}.subscribe_mwi = {{ 1 if sip_subscribe_mwi else 0 }}
voice_mail.number.{{ account.index }} = {{ v(account.voicemail) }}
{% else %}
{{ a }}.enable = 0
{% for name in ["label", "display_name", "auth_name", "user_name", "password", "sip_server.1.address", "sip_server.2.address", "subscribe_mwi"] %}
{{ a }}.{{ name }} = %NULL%
{% endfor %}
voice_mail.number.{{ account.index }} = %NULL%
{% endif %}
{% endfor %}
{% for key in keys %}
{% if key.type or not key.module %}

{% endif %}
{{ key.name }}.type = {{ key.type }}
{% if key.type or not key.module %}
{{ key.name }}.line = {{ v(key.line) }}
{{ key.name }}.value = {{ v(key.value) }}
{{ key.name }}.label = {{ v(key.label) }}
{% endif %}
{% if key.type == 16 and pickup %}
{{ key.name }}.extension = {{ pickup }}
{% endif %}
{% endfor %}
