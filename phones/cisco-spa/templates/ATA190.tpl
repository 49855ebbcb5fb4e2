{% set account = accounts[port - 1] %}
<?xml version="1.0" encoding="UTF-8"?>
<device>
  <deviceProtocol>SIP</deviceProtocol>
  {% if admin_username %}
  <sshUserId>{{ admin_username }}</sshUserId>
  <sshPassword>{{ admin_password }}</sshPassword>
  {% endif %}
  <devicePool>
    <dateTimeSetting>
      <dateTemplate>D.M.YA</dateTemplate>
      {% if time_zone %}
      <timeZone>{{ time_zone }}</timeZone>
      {% endif %}
      {% if timezone %}
      <olsonTimeZone>{{ timezone }}</olsonTimeZone>
      {% endif %}
      {% if ntp_enabled and ntp_ip %}
      <ntps>
        <ntp>
          <name>{{ ntp_ip }}</name>
          <ntpMode>Unicast</ntpMode>
        </ntp>
      </ntps>
      {% endif %}
    </dateTimeSetting>
    <callManagerGroup>
      <name>Default</name>
      <tftpDefault>true</tftpDefault>
      <members>
        {% if account %}
        <member priority="0">
          <callManager>
            <name>{{ account.proxy_ip }}</name>
            <ports>
              <sipPort>{{ account.proxy_port or 5060 }}</sipPort>
            </ports>
            <processNodeName>{{ account.proxy_ip }}</processNodeName>
          </callManager>
        </member>
        {% endif %}
        {% if account.backup_proxy_ip %}
        <member priority="1">
          <callManager>
            <name>{{ account.backup_proxy_ip }}</name>
            <ports>
              <sipPort>{{ account.backup_proxy_port or 5060 }}</sipPort>
            </ports>
            <processNodeName>{{ account.backup_proxy_ip }}</processNodeName>
          </callManager>
        </member>
        {% endif %}
      </members>
    </callManagerGroup>
    <srstInfo>
      <userModifiable>false</userModifiable>
      <isSecure>false</isSecure>
    </srstInfo>
  </devicePool>
  <sipProfile>
    <phoneLabel>{{ account.number }}</phoneLabel>
    <preferredCodec>g711alaw</preferredCodec>
    <dtmfAvtPayload>101</dtmfAvtPayload>
    <dtmfOutofBand>{{ "none" if account.dtmf_method == "InBand" else "avt" }}</dtmfOutofBand>
    <sipStack>
      <timerRegisterExpires>3600</timerRegisterExpires>
      <remotePartyID>true</remotePartyID>
      <userInfo>Phone</userInfo>
    </sipStack>
    <sipLines>
      {% if account %}
      <line button="1">
        <featureID>9</featureID>
        <featureLabel>{{ account.display_name }}</featureLabel>
        <proxy>{{ account.proxy_ip }}</proxy>
        <port>{{ account.proxy_port or 5060 }}</port>
        <name>{{ account.username }}</name>
        <displayName>{{ account.display_name }}</displayName>
        <contact>{{ account.number }}</contact>
        <authName>{{ account.auth_username }}</authName>
        <authPassword>{{ account.password }}</authPassword>
        <messagesNumber>{{ account.voicemail or exten_voicemail }}</messagesNumber>
        <sharedLine>false</sharedLine>
      </line>
      {% endif %}
    </sipLines>
    <dialTemplate>dialplan.xml</dialTemplate>
  </sipProfile>
  <transportLayerProtocol>{{ { udp: 2, tcp: 1, tls: 3 }[sip_transport] }}</transportLayerProtocol>
  <vendorConfig>
    <voiceVlanAccess>{{ 0 if vlan_enabled else 1 }}</voiceVlanAccess>
  </vendorConfig>
  <loadInformation>ATA190.1-2-2-003</loadInformation>
</device>
