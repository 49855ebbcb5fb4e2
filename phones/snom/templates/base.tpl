{% macro identity(a, index, host, outbound) %}
    <user_active idx="{{ index }}" perm="R">on</user_active>
    <user_name idx="{{ index }}" perm="R">{{ a.username }}</user_name>
    <user_pname idx="{{ index }}" perm="R">{{ a.auth_username }}</user_pname>
    <user_pass idx="{{ index }}" perm="R">{{ a.password }}</user_pass>
    <user_realname idx="{{ index }}" perm="R">{{ a.display_name }}</user_realname>
    <user_host idx="{{ index }}" perm="R">{{ host }}</user_host>
    <user_outbound idx="{{ index }}" perm="R">{{ outbound }}</user_outbound>
    <user_srtp idx="{{ index }}" perm="R">{{ a.srtp }}</user_srtp>
    <user_savp idx="{{ index }}" perm="R">mandatory</user_savp>
    <user_auth_tag idx="{{ index }}" perm="R">off</user_auth_tag>
    <user_mailbox idx="{{ index }}" perm="R">{{ a.voicemail }}</user_mailbox>
    <user_dtmf_info idx="{{ index }}" perm="R">{{ a.dtmf_info }}</user_dtmf_info>
    <codec_priority_list idx="{{ index }}" perm="R">pcma,pcmu,g722,g729,telephone-event</codec_priority_list>
    <mac_info_in_sip_register idx="{{ index }}" perm="R">on</mac_info_in_sip_register>
{% endmacro %}
<?xml version="1.0" encoding="UTF-8"?>
<settings>
  <phone-settings>
    <setting_server perm="RW">{{ server }}/</setting_server>

    <vlan_id perm="R">{{ vlan_id if vlan_enabled }}</vlan_id>
    <vlan_qos perm="R">{{ vlan_priority or 0 if vlan_enabled }}</vlan_qos>
    <vlan_pc_id perm="R">{{ vlan_pc_port_id or 0 if vlan_enabled }}</vlan_pc_id>
    {% if dns_enabled and dns_ip %}
    <dns_server1 perm="R">{{ dns_ip }}</dns_server1>
    {% endif %}
    <codec_tos perm="R">184</codec_tos>
    <signaling_tos perm="R">184</signaling_tos>
    {% if syslog_enabled and syslog_ip %}
    <syslog_server perm="R">{{ syslog_ip }}:{{ syslog_port }}</syslog_server>
    <log_level perm="R">{{ log_level }}</log_level>
    {% endif %}

    {% if admin_username %}
    <http_user perm="R">{{ admin_username }}</http_user>
    <webserver_admin_name perm="R">{{ admin_username }}</webserver_admin_name>
    {% endif %}
    {% if admin_password %}
    <http_pass perm="R">{{ admin_password }}</http_pass>
    <webserver_admin_password perm="R">{{ admin_password }}</webserver_admin_password>
    <admin_mode_password perm="R">{{ admin_password }}</admin_mode_password>
    {% endif %}
    {% if user_username %}
    <webserver_user_name perm="R">{{ user_username }}</webserver_user_name>
    {% endif %}
    {% if user_password %}
    <webserver_user_password perm="R">{{ user_password }}</webserver_user_password>
    {% endif %}

    {% if ntp_enabled and ntp_ip %}
    <ntp_server perm="R">{{ ntp_ip }}</ntp_server>
    {% endif %}
    {% if language %}
    <language perm="R">{{ language }}</language>
    <web_language perm="R">{{ language }}</web_language>
    <tone_scheme perm="R">{{ tones }}</tone_scheme>
    {% endif %}
    {% if locale_name and r/^D8/.test(name) %}
    <locale perm="R">{{ locale_name }}</locale>
    {% endif %}
    {% if zone and tones %}
    <timezone perm="R">{{ tones }}{{ zone.hours }}</timezone>
    {% endif %}
    {% if zone %}
    <utc_offset perm="R">{{ zone.offset }}</utc_offset>
    {% endif %}
    {% if zone.dst %}
    <dst perm="R">{{ zone.dst }}</dst>
    {% endif %}
    {% for account in accounts %}

    <user_idle_text idx="{{ account.index }}" perm="R">{{ account.display_name }}</user_idle_text>
    <user_idle_number idx="{{ account.index }}" perm="R">{{ account.number }}</user_idle_number>
{{ identity(account, account.index, account.host, account.outbound) }}
    {%- if account.failover %}
    <user_failover_identity idx="{{ account.index }}" perm="R">{{ account.failover.index }}</user_failover_identity>
    {% endif %}
    {% endfor %}
    {% for account in failovers %}
    {% set backup = account.failover %}

    <user_idle_text idx="{{ backup.index }}" perm="R">{{ backup.name }}</user_idle_text>
    <hide_identity idx="{{ backup.index }}" perm="R">true</hide_identity>
{{ identity(account, backup.index, backup.host, backup.outbound) }}
    {%- endfor %}

    {#- A backup does not register while the first does: the user is not told so. #}
    <status_msgs_that_are_blocked perm="R">{% for account in failovers %}{{ " " if not loop.first }}{{ account.failover.message }}{% endfor -%}
    </status_msgs_that_are_blocked>
    <call_waiting perm="R">{{ "off" if switchboard else "on" }}</call_waiting>

    {% if directory %}
    <dkey_directory perm="R">url {{ directory }}</dkey_directory>
    {% endif %}
    {% if model.contextKeys == "context_key" %}
    {% if directory %}
    <context_key idx="0" perm="R">
      <initialization>
        <variable name="label" value="{{ directory_label }}"/>
        <variable name="icon" value="kIconTypeFkeyAdrBook"/>
      </initialization>
      <action>
        <url target="{{ directory }}" when="on press"/>
      </action>
    </context_key>
    {% else %}
    <context_key idx="0" perm="R">keyevent F_ADR_BOOK</context_key>
    {% endif %}
    <context_key idx="1" perm="R">keyevent F_REDIRECT</context_key>
    <context_key idx="2" perm="R">keyevent F_CALL_LIST</context_key>
    <context_key idx="3" perm="R">keyevent F_STATUS</context_key>
    {% elif model.contextKeys == "gui_fkey" %}
    <gui_fkey1 perm="R">keyevent {{ "F_NONE" if directory else "F_ADR_BOOK" }}</gui_fkey1>
    <gui_fkey4 perm="R">keyevent F_STATUS</gui_fkey4>
    {% endif %}
    {% block settings %}{% endblock %}
  </phone-settings>
  <functionKeys>
    {% for key in keys %}
    {% if short_labels %}
    <fkey idx="{{ key.index }}" label="{{ key.label }}" short_label="{{ key.label }}" context="active" perm="R">{{ key.function }}</fkey>
    {% else %}
    <fkey idx="{{ key.index }}" label="{{ key.label }}" context="active" perm="R">{{ key.function }}</fkey>
    {% endif %}
    {% endfor %}
    {% block keys %}{% endblock %}
  </functionKeys>
</settings>
