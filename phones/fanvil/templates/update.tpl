<AUTOUPDATE_CONFIG_MODULE>
<Download_Server_IP>{{ server }}</Download_Server_IP>
<Config_File_Name>Fanvil/$mac.cfg</Config_File_Name>
<Download_Protocol>{{ protocol }}</Download_Protocol>
<Download_Mode>1</Download_Mode>
<Download_Interval>1</Download_Interval>
<DHCP_Option>66</DHCP_Option>
<PNP_Enable>0</PNP_Enable>
{% if firmware %}
<Auto_Image_URL>{{ firmware }}</Auto_Image_URL>
{% endif %}
<Save_Provision_Info>1</Save_Provision_Info>
</AUTOUPDATE_CONFIG_MODULE>
