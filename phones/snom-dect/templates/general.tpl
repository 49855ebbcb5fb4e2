<?xml version="1.0" encoding="UTF-8"?>
<settings>
  <phone-settings e="2">
    <auto_dect_register>on</auto_dect_register>
    <pnp_config>off</pnp_config>
    <network_id_port>5060</network_id_port>
    <ac_code>0000</ac_code>
    {% for index in range(1, lines + 1) %}
    <user_active idx="{{ index }}">off</user_active>
    <subscr_sip_hs_idx idx="{{ index }}">{{ index }}</subscr_sip_hs_idx>
    <subscr_dect_ac_code idx="{{ index }}">{{ index | pad(4) }}</subscr_dect_ac_code>
    {% endfor %}
  </phone-settings>
</settings>
