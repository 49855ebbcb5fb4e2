<?xml version="1.0" encoding="UTF-8"?>
<settings>
{% for line in lines %}
    <setting id="Account{{ line.line }}Enable" value="true"/>
    <setting id="Account{{ line.line }}UserName" value="{{ line.username }}"/>
    <setting id="Account{{ line.line }}RegName" value="{{ line.auth_username }}"/>
    <setting id="Account{{ line.line }}Password" value="{{ line.password }}"/>
    <setting id="Account{{ line.line }}Label" value="{{ line.title }}"/>
    <setting id="Account{{ line.line }}DisplayName" value="{{ line.display_name }}"/>
    <setting id="Account{{ line.line }}Server1Address" value="{{ line.proxy_ip }}"/>
    <setting id="Account{{ line.line }}Server1Port" value="{{ line.proxy_port or 5060 }}"/>
    <setting id="Account{{ line.line }}Server1Transport" value="{{ sip_transport }}"/>
    <setting id="Account{{ line.line }}Server1Expire" value="600"/>
    <setting id="Account{{ line.line }}Server2Address" value="{{ line.backup_proxy_ip }}"/>
    <setting id="Account{{ line.line }}Server2Port" value="{{ line.backup_proxy_port or 5060 }}"/>
    <setting id="Account{{ line.line }}Server2Expire" value="600"/>
    <setting id="Account{{ line.line }}OutboundProxy1Address" value="{{ line.outbound_proxy_ip }}"/>
    <setting id="Account{{ line.line }}OutboundProxy1Port" value="{{ line.outbound_proxy_port or 5060 }}"/>
    <setting id="Account{{ line.line }}DtmfMode" value="{{ line.dtmf }}"/>
    <setting id="Account{{ line.line }}SrtpWorkingMode" value="{{ line.srtp }}"/>
    <setting id="Account{{ line.line }}AudioCodec" value="0;8;18;9;98;125"/>
    <setting id="Account{{ line.line }}VmNumber" value="{{ exten_voicemail or line.voicemail }}"/>
    <setting id="Account{{ line.line }}MwiUri" value="{{ line.voicemail or exten_voicemail }}"/>
    <setting id="Account{{ line.line }}AutoAnswerEnable" value="{{ switchboard | yesno("true", "false") }}"/>
{% endfor %}
{% for line in unused %}
    <setting id="Account{{ line }}Enable" value="false"/>
{% endfor %}
    <setting id="DeviceProvisionServerUrl" value="{{ server }}"/>
    <setting id="DeviceProvisionFileFirst" value="config.$model.xml"/>
    <setting id="DeviceProvisionFileSecond" value="config.$mac.xml"/>
    <setting id="DeviceFirmwareUpgradeUrl" value="{{ server }}/firmware"/>
    <setting id="DeviceAutoUpgradeEnable" value="true"/>
{% if admin_password %}
    <setting id="DeviceSecurityAdminName" value="{{ admin_username or "admin" }}"/>
    <setting id="DeviceSecurityAdminPwd" value="{{ admin_password }}"/>
{% endif %}
{% if user_password %}
    <setting id="DeviceSecurityUserName" value="{{ user_username or "user" }}"/>
    <setting id="DeviceSecurityUserPwd" value="{{ user_password }}"/>
{% endif %}
    <setting id="DeviceSecuritySshEnable" value="false"/>
{% if dns_enabled and dns_ip %}
    <setting id="DeviceNetworkDns1" value="{{ dns_ip }}"/>
{% endif %}
{% if vlan %}
    <setting id="DeviceNetworkLanVlanEnable" value="true"/>
    <setting id="DeviceNetworkLanVlanNumber" value="{{ vlan.id }}"/>
{% else %}
    <setting id="DeviceNetworkLanVlanEnable" value="false"/>
{% endif %}
{% if vlan and vlan.pcPort != null %}
    <setting id="DeviceNetworkPcVlanEnable" value="true"/>
    <setting id="DeviceNetworkPcVlanNumber" value="{{ vlan.pcPort }}"/>
{% else %}
    <setting id="DeviceNetworkPcVlanEnable" value="false"/>
{% endif %}
{% if time %}
    <setting id="SettingTimeZone" value="{{ time.offset }}"/>
    <setting id="SettingTimeZoneLocation" value="{{ time.name }}"/>
    <setting id="SettingDstEnable" value="{{ time.summer }}"/>
{% endif %}
{% if ntp_enabled and ntp_ip %}
    <setting id="SettingSntpServer" value="{{ ntp_ip }}"/>
{% endif %}
    <setting id="SettingLanguage" value="{{ language }}"/>
{% if directory %}
    <setting id="RemotePhoneBookEnable" value="true"/>
    <setting id="RemotePhoneBook1GroupName" value="{{ directory.title }}"/>
    <setting id="RemotePhoneBook1Url" value="{{ directory.url }}"/>
{% endif %}
{% for key in keys %}
    <setting id="ProgramKey{{ key.position }}Type" value="{{ key.type }}"/>
    <setting id="ProgramKey{{ key.position }}Account" value="{{ key.account }}"/>
    <setting id="ProgramKey{{ key.position }}Label" value="{{ key.label }}"/>
    <setting id="ProgramKey{{ key.position }}Value" value="{{ key.value }}"/>
    <setting id="ProgramKey{{ key.position }}Extension" value="{{ key.value }}"/>
{% endfor %}
{% block model %}
{% endblock %}
</settings>
