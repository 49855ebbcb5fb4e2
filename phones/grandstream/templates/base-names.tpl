<?xml version="1.0" encoding="UTF-8"?>
<gs_provision version="1">
  <config version="2">
{% if admin_password %}
    <item name="users.admin.password">{{ admin_password }}</item>
{% endif %}
{% if user_password %}
    <item name="users.user.password">{{ user_password }}</item>
{% endif %}
{% if ntp_enabled and ntp_ip %}
    <item name="dateTime.ntp.server.1">{{ ntp_ip }}</item>
{% endif %}
{% if timeZone %}
    <item name="dateTime.timezone">{{ timeZone }}</item>
{% endif %}
{% if language %}
    <item name="language.gui">{{ language }}</item>
{% endif %}
{% if vlan %}
    <item name="network.port.eth.1.vlan.tag">{{ vlan.id }}</item>
{% if vlan.priority != null %}
    <item name="network.port.eth.1.vlan.priority">{{ vlan.priority }}</item>
{% endif %}
{% endif %}
{% for octet in dns %}
    <item name="network.dns.preferred.ip.{{ loop.index }}">{{ octet }}</item>
{% endfor %}
    <item name="provisioning.auto.mode">YesUpgradeHourOfDay</item>
    <item name="provisioning.auto.randomTime.enable">Yes</item>
    <item name="provisioning.auto.hour">23</item>
    <item name="provisioning.auto.endHour">1</item>
    <item name="provisioning.firmware.confirm.enable">No</item>
{% for line in lines %}
    <item name="account.{{ line.line }}.enable">Yes</item>
    <item name="account.{{ line.line }}.name">{{ line.display_name }}</item>
    <item name="account.{{ line.line }}.sip.registration">Yes</item>
    <item name="account.{{ line.line }}.sip.unregisterOnReboot">Yes</item>
    <item name="account.{{ line.line }}.sip.server.1.address">{{ line.server }}</item>
    <item name="account.{{ line.line }}.sip.server.2.address">{{ line.backup }}</item>
    <item name="account.{{ line.line }}.sip.transport">{{ line.transportName }}</item>
    <item name="account.{{ line.line }}.sip.userid">{{ line.username }}</item>
    <item name="account.{{ line.line }}.sip.subscriber.userid">{{ line.auth_username }}</item>
    <item name="account.{{ line.line }}.sip.subscriber.password">{{ line.password }}</item>
    <item name="account.{{ line.line }}.sip.subscriber.name">{{ line.display_name }}</item>
    <item name="account.{{ line.line }}.sip.accountDisplay">User Name</item>
    <item name="account.{{ line.line }}.sip.voicemail.number">{{ line.mailbox }}</item>
{% for codec in codecNames %}
    <item name="account.{{ line.line }}.codec.choice.{{ loop.index }}">{{ codec }}</item>
{% endfor %}
    <item name="account.{{ line.line }}.dtmf.sendInAudio">{{ line.dtmf.inAudio | yesno("Yes", "No") }}</item>
    <item name="account.{{ line.line }}.dtmf.sendInRtp">{{ line.dtmf.inRtp | yesno("Yes", "No") }}</item>
    <item name="account.{{ line.line }}.dtmf.sendInSip">{{ line.dtmf.inSip | yesno("Yes", "No") }}</item>
{% if exten_pickup_call %}
    <item name="account.{{ line.line }}.sip.blf.callPickup.prefix">{{ exten_pickup_call }}</item>
{% endif %}
    <item name="account.{{ line.line }}.call.dialplan">{ [*x]+ }</item>
    <item name="account.{{ line.line }}.intercom.allowAutoAnswer">Yes</item>
    <item name="account.{{ line.line }}.featureCodes.callFeatures">No</item>
    <item name="account.{{ line.line }}.sip.allowSipReset">Yes</item>
{% endfor %}
{% for key in namedKeys %}
    <item name="pks.{{ key.section }}.{{ key.key }}.keyMode">{{ key.mode }}</item>
    <item name="pks.{{ key.section }}.{{ key.key }}.account">{{ key.account }}</item>
    <item name="pks.{{ key.section }}.{{ key.key }}.description">{{ key.label }}</item>
    <item name="pks.{{ key.section }}.{{ key.key }}.value">{{ key.value }}</item>
{% endfor %}
  </config>
</gs_provision>
