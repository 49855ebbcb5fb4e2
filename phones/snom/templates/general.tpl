<?xml version="1.0" encoding="UTF-8"?>
<settings>
  <phone-settings>
    {#- Only settings behind this one are put into effect by a restart. #}
    <auto_reboot_on_setting_change perm="R">on</auto_reboot_on_setting_change>
    <provisioning_order perm="R">dhcp:stop redirection:stop</provisioning_order>
    <pnp_config perm="R">off</pnp_config>
    <update_policy perm="R">auto_update</update_policy>
    {#- The phone writes this one itself when somebody becomes administrator. #}
    <admin_mode perm="RW">off</admin_mode>
    <webserver_type perm="R">http_https</webserver_type>
    <retry_after_failed_register perm="R">5:60</retry_after_failed_register>
    <subscription_delay perm="R">0</subscription_delay>
    <network_id_port perm="R">5060</network_id_port>
    <challenge_response perm="R">off</challenge_response>
    <filter_registrar perm="R">off</filter_registrar>
    <user_phone perm="R">off</user_phone>
    <call_completion perm="R">off</call_completion>
    <answer_after_policy perm="R">idle</answer_after_policy>
    <date_us_format perm="R">off</date_us_format>
    <time_24_format perm="R">on</time_24_format>
    <dialnumber_us_format perm="R">off</dialnumber_us_format>
    <display_method perm="R">display_name_number</display_method>
    <always_show_active_call perm="R">off</always_show_active_call>
    <transfer_on_hangup perm="R">off</transfer_on_hangup>
    <transfer_on_hangup_non_pots perm="R">off</transfer_on_hangup_non_pots>
    <quick_transfer perm="R">attended</quick_transfer>
    <transfer_dialing_on_other perm="R">attended</transfer_dialing_on_other>
    <mute_is_dnd_in_idle perm="R">on</mute_is_dnd_in_idle>
    <mwi_dialtone perm="R">normal</mwi_dialtone>
    <cw_dialtone perm="R">off</cw_dialtone>
    <led_call_indicator_usage perm="R">PhoneHasCallInStateRinging PhoneHasCall</led_call_indicator_usage>
    {% for index in range(1, 13) %}
    <user_active idx="{{ index }}" perm="R">off</user_active>
    {% endfor %}
  </phone-settings>
  <functionKeys>
    {% for index in range(0, 220) %}
    <fkey idx="{{ index }}" context="active" perm="RW">line</fkey>
    {% endfor %}
  </functionKeys>
</settings>
