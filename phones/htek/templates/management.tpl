    <P8681 para="LogUser_Admin">{{ admin_username or "admin" }}</P8681>
{% if admin_password %}
    <P2 para="AdminPassword">{{ admin_password }}</P2>
{% endif %}
    <P8682 para="LogUser_User">{{ user_username or "user" }}</P8682>
{% if user_password %}
    <P196 para="UserPassword">{{ user_password }}</P196>
{% endif %}
    <P212 para="FirmwareUpGrade_UrgradeMode">1</P212>
    <P192 para="FirmwareUpGrade_FirmwareServerPath">{{ server }}/firmware</P192>
    <P237 para="FirmwareUpGrade_ConfigServerPath">{{ server }}/</P237>
