<?xml version="1.0" encoding="UTF-8"?>
<device>
  <deviceProtocol>SCCP</deviceProtocol>
  {% if admin_username and admin_password %}
  <sshUserId>{{ admin_username }}</sshUserId>
  <sshPassword>{{ admin_password }}</sshPassword>
  {% endif %}
  <devicePool>
{% include "time.tpl" %}
    <callManagerGroup>
      <members>
        {% for manager in call_managers %}
        <member priority="{{ manager.priority - 1 }}">
          <callManager>
            <ports>
              <ethernetPhonePort>{{ manager.port or 2000 }}</ethernetPhonePort>
            </ports>
            <processNodeName>{{ manager.ip }}</processNodeName>
          </callManager>
        </member>
        {% endfor %}
      </members>
    </callManagerGroup>
    <srstInfo>
      <srstOption>Disable</srstOption>
    </srstInfo>
  </devicePool>
  <loadInformation>{{ load }}</loadInformation>
  <vendorConfig>
    <disableSpeaker>false</disableSpeaker>
    <disableSpeakerAndHeadset>false</disableSpeakerAndHeadset>
    {% if vlan_enabled %}
    <voiceVlanAccess>{{ vlan_id }}</voiceVlanAccess>
    {% endif %}
    <enableGroupListen>true</enableGroupListen>
    <g722CodecSupport>2</g722CodecSupport>
  </vendorConfig>
{% include "locale.tpl" %}
  <idleTimeout>0</idleTimeout>
  <authenticationURL></authenticationURL>
  <directoryURL>{{ directory }}</directoryURL>
  <idleURL></idleURL>
  <informationURL></informationURL>
  <messagesURL></messagesURL>
  <proxyServerURL></proxyServerURL>
  <servicesURL></servicesURL>
  <advertiseG722Codec>1</advertiseG722Codec>
</device>
