[ipp]
LanguageType={{ language.type }}

[net]
DNSSrv1={{ dns }}
VLAN={{ vlan | yesno("1", "0") }}

[sip]
CallPkupFlg=sc
{% if exten_pickup_call %}
CallPkupSC={{ exten_pickup_call }}X
{% endif %}
{% for line in lines %}
TEL{{ line.line }}Number={{ line.username }}
TEL0{{ line.line }}Use={{ line.used | yesno("1", "0") }}
regid{{ line.line }}={{ line.auth_username }}
regpwd{{ line.line }}={{ line.password }}
DisplayNumFlag{{ line.line }}={{ line.used | yesno("1", "0") }}
DisplayNum{{ line.line }}={{ line.number }}
DisplayName{{ line.line }}={{ line.display_name }}
ProxyServerMP{{ line.line }}={{ line.proxy }}
ProxyServerBK{{ line.line }}={{ line.backupProxy }}
RegisterServerMP{{ line.line }}={{ line.registrar }}
RegisterServerBK{{ line.line }}={{ line.backupRegistrar }}
TransportFlgMP{{ line.line }}={{ transport }}
TransportFlgBK{{ line.line }}={{ transport }}
{% endfor %}
VoiceMailTelNum={{ mailbox }}
subscribe_event={{ sip_subscribe_mwi | yesno("1", "0") }}

[sys]
config_sn={{ configSn }}
CountryCode={{ language.country }}
dtmf_mode_flag={{ dtmf }}
Phonebook1_url={{ directory.url }}
Phonebook1_name={{ directory.title }}
{% for key in keys %}
FeatureKeyExt{{ key.key | pad(2) }}={{ key.kind }}/<sip:{{ key.value }}>
{% endfor %}
{% if user_username %}
UserID={{ user_username }}
{% endif %}
{% if user_password %}
UserPWD={{ user_password }}
{% endif %}
{% if admin_username %}
TelnetID={{ admin_username }}
{% endif %}
{% if admin_password %}
TelnetPWD={{ admin_password }}
WebPWD={{ admin_password }}
{% endif %}

[qos]
{% if vlan %}
VLANid1={{ vlan.id }}
{% if vlan.pcPort != null %}
VLANid2={{ vlan.pcPort }}
{% endif %}
{% if vlan.priority != null %}
VLANTag1={{ vlan.priority }}
{% endif %}
{% endif %}

[ntp]
{% if ntp_enabled and ntp_ip %}
NTPFlag=1
NtpIP={{ ntp_ip }}
{% else %}
NTPFlag=0
{% endif %}
{% if zoneNumber != null %}
NtpZoneNum={{ zoneNumber }}
{% endif %}
