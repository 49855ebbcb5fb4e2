<?xml version="1.0" encoding="UTF-8"?>
<sysConf>
  <Version>2.0002</Version>
{% include "update-plain.tpl" %}
  <sip>
    <SIPPort>5060</SIPPort>
{% for line in lines %}
    <line index="{{ line.line }}">
      <PhoneNumber>{{ line.username }}</PhoneNumber>
      <DisplayName>{{ line.title }}</DisplayName>
      <RegisterAddr>{{ line.registrar_ip or line.proxy_ip }}</RegisterAddr>
      <RegisterPort>{{ line.registrar_port or 5060 }}</RegisterPort>
      <RegisterUser>{{ line.auth_username }}</RegisterUser>
      <RegisterPswd>{{ line.secret }}</RegisterPswd>
      <RegisterTTL>60</RegisterTTL>
      <EnableReg>1</EnableReg>
      <ProxyAddr>{{ line.proxy_ip }}</ProxyAddr>
      <ProxyPort>{{ line.proxy_port or 5060 }}</ProxyPort>
      <ProxyUser>{{ line.auth_username }}</ProxyUser>
      <ProxyPswd>{{ line.secret }}</ProxyPswd>
{% if line.backup_proxy_ip %}
      <BackupAddr>{{ line.backup_proxy_ip }}</BackupAddr>
      <BackupPort>{{ line.backup_proxy_port or 5060 }}</BackupPort>
      <BackupTransport>{{ transport }}</BackupTransport>
      <BackupTTL>60</BackupTTL>
{% else %}
      <BackupAddr></BackupAddr>
      <BackupPort></BackupPort>
{% endif %}
      <Transport>{{ transport }}</Transport>
      <DTMFMode>{{ line.dtmf }}</DTMFMode>
{% if sip_subscribe_mwi != null %}
      <Subscribe>{{ sip_subscribe_mwi | yesno("1", "0") }}</Subscribe>
{% endif %}
      <MWINum>{{ line.mailbox }}</MWINum>
{% if doorphone and line.line == 1 %}
      <AutoAnswer>1</AutoAnswer>
{% endif %}
    </line>
{% endfor %}
  </sip>
  <dsskey>
{% for page in keys.side %}
    <dssSide index="{{ page.page }}">
{% for key in page.keys %}
      <Fkey index="{{ key.index }}">
        <Type>{{ key.type }}</Type>
        <Value>{{ key.value }}</Value>
        <Title>{{ key.title }}</Title>
      </Fkey>
{% endfor %}
    </dssSide>
{% endfor %}
{% for key in keys.soft %}
    <dssSoft index="{{ key.index }}">
      <Type>{{ key.type }}</Type>
      <Value>{{ key.value }}</Value>
      <Title>{{ key.title }}</Title>
    </dssSoft>
{% endfor %}
{% if keys.pages.length %}
    <FuncKeyPageNum>{{ keys.pages.length }}</FuncKeyPageNum>
{% for page in keys.pages %}
    <internal index="{{ page.page }}">
{% for key in page.keys %}
      <Fkey index="{{ key.index }}">
        <Type>{{ key.type }}</Type>
        <Value>{{ key.value }}</Value>
        <Title>{{ key.title }}</Title>
      </Fkey>
{% endfor %}
    </internal>
{% endfor %}
{% endif %}
{% if directory and not softKeys %}
    <dssSoft index="1">
      <Type>21</Type>
      <Value>{{ directory.url }}</Value>
      <Title>{{ directory.title }}</Title>
    </dssSoft>
{% endif %}
  </dsskey>
  <phone>
    <MenuPassword>{{ admin_password or "123" }}</MenuPassword>
    <display>
{% if language %}
      <DefaultLanguage>{{ language }}</DefaultLanguage>
{% endif %}
{% if lines.length %}
      <LCDTitle>{{ lines[0].title }}</LCDTitle>
{% endif %}
    </display>
    <date>
{% if ntp_enabled and ntp_ip %}
      <SNTPServer>{{ ntp_ip }}</SNTPServer>
      <EnableSNTP>1</EnableSNTP>
      <SNTPTimeout>60</SNTPTimeout>
{% else %}
      <EnableSNTP>0</EnableSNTP>
{% endif %}
{% if time %}
      <TimeZone>{{ time.quarters }}</TimeZone>
      <TimeZoneName>{{ time.name }}</TimeZoneName>
{% if time.dst %}
      <EnableDST>2</EnableDST>
      <DSTFixedType>2</DSTFixedType>
      <DSTMinOffset>{{ time.dst.minutes }}</DSTMinOffset>
{% for change in time.dst.changes %}
      <DST{{ change.name }}Mon>{{ change.month }}</DST{{ change.name }}Mon>
      <DST{{ change.name }}Week>{{ change.week }}</DST{{ change.name }}Week>
      <DST{{ change.name }}Wday>{{ change.weekday }}</DST{{ change.name }}Wday>
      <DST{{ change.name }}Hour>{{ change.hour }}</DST{{ change.name }}Hour>
      <DST{{ change.name }}Min>0</DST{{ change.name }}Min>
{% endfor %}
{% else %}
      <EnableDST>0</EnableDST>
{% endif %}
{% endif %}
    </date>
{% if directory %}
    <softkey>
      <DesktopSoftkey>history;dss1;;menu;</DesktopSoftkey>
    </softkey>
    <xmlContact index="1">
      <Name>{{ directory.title }}</Name>
      <Addr>{{ directory.contacts }}</Addr>
      <Sipline>-1</Sipline>
      <BindLine>-1</BindLine>
      <PhonebookType>0</PhonebookType>
    </xmlContact>
{% endif %}
  </phone>
{% if doNotDisturb.on %}
  <cti>
    <DNDOnUrl>{{ doNotDisturb.on }}</DNDOnUrl>
    <DNDOffUrl>{{ doNotDisturb.off }}</DNDOffUrl>
  </cti>
{% endif %}
  <web>
    <WebServerType>0</WebServerType>
    <WebPort>80</WebPort>
    <RemoteControl>1</RemoteControl>
    <EnableTelnet>0</EnableTelnet>
{% for account in webAccounts %}
    <account index="{{ account.index }}">
      <Name>{{ account.name }}</Name>
      <Password>{{ account.password }}</Password>
      <Level>{{ account.level }}</Level>
    </account>
{% endfor %}
  </web>
  <qos>
{% if vlan %}
    <EnableVLAN>1</EnableVLAN>
    <VLANID>{{ vlan.id }}</VLANID>
    <SignallingPriority>{{ vlan.priority }}</SignallingPriority>
    <VoicePriority>{{ vlan.priority }}</VoicePriority>
{% else %}
    <EnableVLAN>0</EnableVLAN>
{% endif %}
  </qos>
  <mm>
{% if tones %}
    <SelectYourTone>{{ tones }}</SelectYourTone>
{% endif %}
    <capability>
      <AudioCodecSets>G722,PCMA,PCMU,G729</AudioCodecSets>
    </capability>
  </mm>
  <log>
    <Level>{{ log.name }}</Level>
{% if syslog_enabled and syslog_ip %}
    <SyslogServer>{{ syslog_ip }}</SyslogServer>
    <SyslogServerPort>{{ syslog_port }}</SyslogServerPort>
{% else %}
    <SyslogServer>0.0.0.0</SyslogServer>
{% endif %}
  </log>
</sysConf>
