{% extends "base.tpl" %}
{% block model %}
    <setting id="SipAppRunMode" value="0" override="true"/>
    <setting id="LocalAdmcfgRunMode" value="SIP" override="true"/>
    <setting id="LocalEnetcfgDmUrl" value="{{ server }}" override="true"/>
    <setting id="EdsEnetcfgDmUrl" value="{{ server }}" override="true"/>
    <setting id="LocalEnetcfgVlanEnabl" value="{{ vlan | yesno("true", "false") }}" override="true"/>
    <setting id="LocalEnetcfgVlan" value="{{ vlan.id }}" override="true"/>
{% if ntp_enabled and ntp_ip %}
    <setting id="LocalEnetcfgSntp" value="{{ ntp_ip }}" override="true"/>
{% endif %}
{% if time %}
    <setting id="DmAdmcfgTimeZone" value="{{ time.offset }}" override="true"/>
{% endif %}
    <setting id="TelephonyVmNumber" value="{{ exten_voicemail }}"/>
    <setting id="AudioToneCountry" value="{{ language }}" override="true"/>
    <setting id="language" value="{{ language }}" override="true"/>
    <setting id="SIPPreferredVocoder" value="0;8;18;9;98;125"/>
    <setting id="SIPAutoAnsweredAllowed" value="{{ switchboard | yesno("true", "false") }}"/>
{% if admin_password %}
    <setting id="DmAdminPasswd" value="{{ admin_password }}" override="true"/>
{% endif %}
{% if user_password %}
    <setting id="WebUserPasswd" value="{{ user_password }}" override="true"/>
{% endif %}
{% for line in lines %}
    <setting id="SIPServer{{ line.line }}Address" value="{{ line.proxy_ip }}" override="true"/>
    <setting id="SIPGroup{{ line.line }}DomainName" value="{{ line.proxy_ip }}" override="true"/>
    <setting id="SIPGroup{{ line.line }}ServerType" value="7" override="true"/>
    <setting id="SIPGroup{{ line.line }}DeviceUri" value="{{ line.username }}" override="true"/>
    <setting id="SIPGroup{{ line.line }}AuthenticationName" value="{{ line.auth_username }}" override="true"/>
    <setting id="SIPGroup{{ line.line }}AuthenticationPassword" value="{{ line.password }}" override="true"/>
    <setting id="SIPGroup{{ line.line }}LabelName" value="{{ line.title }}" override="true"/>
    <setting id="SIPGroup{{ line.line }}DisplayName" value="{{ line.display_name }}" override="true"/>
    <setting id="SIPGroup{{ line.line }}OutBoundProxyAddress" value="{{ line.outbound_proxy_ip }}" override="true"/>
    <setting id="SIPGroup{{ line.line }}OutBoundProxyPort" value="{{ line.outbound_proxy_port or 5060 }}"/>
{% endfor %}
{% if lines.length %}
    <setting id="SIPMessageWaitingIndicationUri" value="{{ lines[0].voicemail or exten_voicemail }}"/>
{% endif %}
{% for key in keys %}
    <setting id="SIPUseDeviceKey{{ key.position }}" value="{{ key.value }}"/>
{% endfor %}
{% endblock %}
