<?xml version="1.0" encoding="UTF-8"?>
<device>
  <fullConfig>true</fullConfig>
  <deviceProtocol>SIP</deviceProtocol>
  {% if admin_username and admin_password %}
  <sshUserId>{{ admin_username }}</sshUserId>
  <sshPassword>{{ admin_password }}</sshPassword>
  {% endif %}
  <devicePool>
{% include "time.tpl" %}
    <callManagerGroup>
      <members>
        {% for proxy in proxies %}
        <member priority="{{ loop.index0 }}">
          <callManager>
            <ports>
              <ethernetPhonePort>2000</ethernetPhonePort>
              <sipPort>{{ proxy.port }}</sipPort>
              <securedSipPort>5061</securedSipPort>
            </ports>
            <processNodeName>{{ proxy.ip }}</processNodeName>
          </callManager>
        </member>
        {% endfor %}
      </members>
    </callManagerGroup>
  </devicePool>
  <sipProfile>
    <sipProxies>
      <outboundProxy>{{ outbound.ip }}</outboundProxy>
      <outboundProxyPort>{{ outbound.port }}</outboundProxyPort>
      <registerWithProxy>true</registerWithProxy>
    </sipProxies>
    <sipCallFeatures>
      <cnfJoinEnabled>true</cnfJoinEnabled>
      <callForwardURI>x-serviceuri-cfwdall</callForwardURI>
      <callPickupURI>x-cisco-serviceuri-pickup</callPickupURI>
      <callPickupListURI>x-cisco-serviceuri-opickup</callPickupListURI>
      <callPickupGroupURI>x-cisco-serviceuri-gpickup</callPickupGroupURI>
      <meetMeServiceURI>x-cisco-serviceuri-meetme</meetMeServiceURI>
      <abbreviatedDialURI>x-cisco-serviceuri-abbrdial</abbreviatedDialURI>
      <rfc2543Hold>false</rfc2543Hold>
      <callHoldRingback>2</callHoldRingback>
      <localCfwdEnable>true</localCfwdEnable>
      <semiAttendedTransfer>true</semiAttendedTransfer>
      <anonymousCallBlock>2</anonymousCallBlock>
      <callerIdBlocking>2</callerIdBlocking>
      <dndControl>1</dndControl>
      <remoteCcEnable>true</remoteCcEnable>
    </sipCallFeatures>
    <sipStack>
      <timerInviteExpires>180</timerInviteExpires>
      <timerRegisterExpires>3600</timerRegisterExpires>
      <timerRegisterDelta>5</timerRegisterDelta>
      <timerKeepAliveExpires>120</timerKeepAliveExpires>
      <timerSubscribeExpires>120</timerSubscribeExpires>
      <timerSubscribeDelta>5</timerSubscribeDelta>
      <timerT1>500</timerT1>
      <timerT2>4000</timerT2>
      <maxRedirects>70</maxRedirects>
      <remotePartyID>true</remotePartyID>
      <userInfo>None</userInfo>
    </sipStack>
    <transferOnhookEnabled>true</transferOnhookEnabled>
    <enableVad>false</enableVad>
    <preferredCodec>none</preferredCodec>
    <dtmfAvtPayload>101</dtmfAvtPayload>
    <dtmfDbLevel>3</dtmfDbLevel>
    <dtmfOutofBand>{{ dtmf }}</dtmfOutofBand>
    <kpml>3</kpml>
    <phoneLabel>{{ accounts[0].display_name if accounts[0].index == 1 }}</phoneLabel>
    <stutterMsgWaiting>{{ 0 if sip_subscribe_mwi == false else 1 }}</stutterMsgWaiting>
    <sipLines>
      {% for account in accounts %}
      <line button="{{ account.index }}" lineIndex="{{ account.index }}">
        <featureID>9</featureID>
        <featureLabel>{{ account.number }}</featureLabel>
        <proxy>USECALLMANAGER</proxy>
        <port>{{ account.port }}</port>
        <name>{{ account.username }}</name>
        <displayName>{{ account.display_name }}</displayName>
        <autoAnswer>
          <autoAnswerEnabled>2</autoAnswerEnabled>
        </autoAnswer>
        <callWaiting>3</callWaiting>
        <authName>{{ account.auth_username }}</authName>
        <authPassword>{{ account.password }}</authPassword>
        <sharedLine>false</sharedLine>
        <messageWaitingLampPolicy>1</messageWaitingLampPolicy>
        {% if account.voicemail %}
        <messagesNumber>{{ account.voicemail }}</messagesNumber>
        {% endif %}
        <ringSettingIdle>4</ringSettingIdle>
        <ringSettingActive>5</ringSettingActive>
        <contact>{{ account.number }}</contact>
        <forwardCallInfoDisplay>
          <callerName>true</callerName>
          <callerNumber>false</callerNumber>
          <redirectedNumber>false</redirectedNumber>
          <dialedNumber>true</dialedNumber>
        </forwardCallInfoDisplay>
        <maxNumCalls>5</maxNumCalls>
        <busyTrigger>5</busyTrigger>
      </line>
      {% endfor %}
      {% for key in keys %}
      <line button="{{ key.button }}" lineIndex="{{ key.button }}">
        <featureID>{{ key.feature }}</featureID>
        <featureLabel>{{ key.label }}</featureLabel>
        <speedDialNumber>{{ key.value }}</speedDialNumber>
        {% if key.watched %}
        <featureOptionMask>1</featureOptionMask>
        {% endif %}
      </line>
      {% endfor %}
    </sipLines>
    <startMediaPort>10000</startMediaPort>
    <stopMediaPort>50000</stopMediaPort>
    <dscpForAudio>184</dscpForAudio>
    <dscpVideo>136</dscpVideo>
    <dialTemplate>dialplan.xml</dialTemplate>
  </sipProfile>
  <commonProfile>
    {% if admin_password %}
    <phonePassword>{{ admin_password }}</phonePassword>
    {% endif %}
    <backgroundImageAccess>true</backgroundImageAccess>
    <callLogBlfEnabled>2</callLogBlfEnabled>
  </commonProfile>
  <loadInformation>{{ load }}</loadInformation>
  <vendorConfig>
    <disableSpeaker>false</disableSpeaker>
    <disableSpeakerAndHeadset>false</disableSpeakerAndHeadset>
    <pcPort>0</pcPort>
    <settingsAccess>1</settingsAccess>
    <garp>0</garp>
    {% if vlan_enabled %}
    <voiceVlanAccess>{{ vlan_id }}</voiceVlanAccess>
    {% endif %}
    <webAccess>0</webAccess>
    <spanToPCPort>1</spanToPCPort>
    <loggingDisplay>1</loggingDisplay>
    <videoCapability>1</videoCapability>
  </vendorConfig>
{% include "locale.tpl" %}
  <deviceSecurityMode>1</deviceSecurityMode>
  <directoryURL>{{ directory }}</directoryURL>
  <transportLayerProtocol>{{ transport }}</transportLayerProtocol>
  <encrConfig>false</encrConfig>
</device>
