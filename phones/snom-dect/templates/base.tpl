<?xml version="1.0" encoding="UTF-8"?>
<settings>
  <phone-settings>
    <setting_server>{{ server }}/</setting_server>
    <vlan_id>{{ vlan_id if vlan_enabled }}</vlan_id>
    <vlan_qos>{{ vlan_priority or 0 if vlan_enabled }}</vlan_qos>
    <codec_tos>184</codec_tos>
    <signaling_tos>184</signaling_tos>
    <syslog_server>{{ syslog_ip if syslog_enabled }}</syslog_server>

    {% if admin_username %}
    <http_user>{{ admin_username }}</http_user>
    {% endif %}
    {% if admin_password %}
    <http_pass>{{ admin_password }}</http_pass>
    <admin_mode_password>{{ admin_password }}</admin_mode_password>
    {% endif %}
    {% if engineer and admin_password %}
    <http_engineer_user>Engineer</http_engineer_user>
    <http_engineer_pass>{{ admin_password }}</http_engineer_pass>
    {% endif %}
    {% if engineer and user_username %}
    <http_basic_user>{{ user_username }}</http_basic_user>
    {% endif %}
    {% if engineer and user_password %}
    <http_basic_pass>{{ user_password }}</http_basic_pass>
    {% endif %}

    <ntp_server>{{ ntp_ip if ntp_enabled }}</ntp_server>
    {% if language %}
    <language>{{ language }}</language>
    <web_language>{{ language }}</web_language>
    <tone_scheme>{{ tones }}</tone_scheme>
    {% endif %}
    {% if zone and tones %}
    <timezone_by_country_region>off</timezone_by_country_region>
    <timezone>{{ tones }}{{ zone.hours }}</timezone>
    <dst_by_country_region>{{ "on" if zone.dst else "off" }}</dst_by_country_region>
    {% endif %}
    {% for sip in servers %}

    <srv_sip_server_alias idx="{{ sip.id }}">Server {{ sip.id }}</srv_sip_server_alias>
    <user_host idx="{{ sip.id }}">{{ sip.host }}{{ ":" + sip.port if sip.port != 5060 }}</user_host>
    <srv_sip_transport idx="{{ sip.id }}">{{ sip.transport }}</srv_sip_transport>
    <srv_srtp_auth idx="{{ sip.id }}">off</srv_srtp_auth>
    <user_srtp idx="{{ sip.id }}">{{ "on" if sip.transport == "tls" else "off" }}</user_srtp>
    <user_dtmf_info idx="{{ sip.id }}">{{ sip.dtmf_info }}</user_dtmf_info>
    <codec_priority_list idx="{{ sip.id }}">pcma,pcmu,g722,g729,telephone-event</codec_priority_list>
    {% endfor %}
    {% for account in accounts %}

    <user_active idx="{{ account.index }}">on</user_active>
    <user_name idx="{{ account.index }}">{{ account.username }}</user_name>
    <user_pname idx="{{ account.index }}">{{ account.auth_username }}</user_pname>
    <user_pass idx="{{ account.index }}">{{ account.password }}</user_pass>
    <user_realname idx="{{ account.index }}">{{ account.display_name }}</user_realname>
    <user_mailbox idx="{{ account.index }}">{{ account.voicemail }}</user_mailbox>
    <user_mailnumber idx="{{ account.index }}">{{ account.voicemail }}</user_mailnumber>
    <subscr_sip_line_name idx="{{ account.index }}">{{ account.number }}</subscr_sip_line_name>
    <subscr_sip_hs_idx idx="{{ account.index }}">{{ account.index }}</subscr_sip_hs_idx>
    <subscr_dect_ac_code idx="{{ account.index }}">{{ account.access_code }}</subscr_dect_ac_code>
    <subscr_sip_ua_data_server_id idx="{{ account.index }}">{{ account.server }}</subscr_sip_ua_data_server_id>
    {% endfor %}
    {% if directory %}

    <phonebook_server_location>3</phonebook_server_location>
    <phonebook_location>{{ directory }}</phonebook_location>
    {% endif %}
    {% block settings %}{% endblock %}
  </phone-settings>
</settings>
