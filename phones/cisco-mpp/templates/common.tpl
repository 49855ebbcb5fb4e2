<?xml version="1.0" encoding="UTF-8"?>
{#- Of a setting that occurs twice the last counts: a device's own file, fetched behind this one, overrides it. #}
<flat-profile>
  <Provision_Enable>Yes</Provision_Enable>
  <Resync_On_Reset>Yes</Resync_On_Reset>
  <Resync_From_SIP>Yes</Resync_From_SIP>
  <Resync_Periodic>3600</Resync_Periodic>
  <Resync_Random_Delay>1</Resync_Random_Delay>
  <Upgrade_Enable>Yes</Upgrade_Enable>
  <User_Password_Prompt>No</User_Password_Prompt>
  <Primary_DNS></Primary_DNS>
  <Primary_NTP_Server></Primary_NTP_Server>
  <Syslog_Server></Syslog_Server>
  <Enable_VLAN>No</Enable_VLAN>
  <Enable_PC_Port_VLAN_Tagging>No</Enable_PC_Port_VLAN_Tagging>
  <Interdigit_Long_Timer>10</Interdigit_Long_Timer>
  <Interdigit_Short_Timer>6</Interdigit_Short_Timer>
  {#- The codes of the exchange are dialled to the exchange. #}
  {% for code in ["Call_Return", "Blind_Transfer", "Call_Back_Act", "Call_Back_Deact", "Cfwd_All_Act", "Cfwd_All_Deact", "Cfwd_Busy_Act", "Cfwd_Busy_Deact", "Cfwd_No_Ans_Act", "Cfwd_No_Ans_Deact", "CW_Act", "CW_Deact", "CW_Per_Call_Act", "CW_Per_Call_Deact", "Block_CID_Act", "Block_CID_Deact", "Block_CID_Per_Call_Act", "Block_CID_Per_Call_Deact", "Block_ANC_Act", "Block_ANC_Deact", "DND_Act", "DND_Deact", "Secure_All_Call_Act", "Secure_No_Call_Act", "Secure_One_Call_Act", "Secure_One_Call_Deact", "Paging", "Call_Park", "Call_Pickup", "Call_UnPark", "Group_Call_Pickup"] %}
  <{{ code }}_Code></{{ code }}_Code>
  {% endfor %}
  <Time_Format>24hr</Time_Format>
  <Date_Format>day/month</Date_Format>
  {% if phone %}
  <Default_Character_Encoding>UTF-8</Default_Character_Encoding>
  <Station_Name></Station_Name>
  <Talk_Package>Yes</Talk_Package>
  <Hold_Package>Yes</Hold_Package>
  {% for key in range(1, 17) %}
  <Line_Enable_{{ key }}_>No</Line_Enable_{{ key }}_>
  <Extension_{{ key }}_>Disabled</Extension_{{ key }}_>
  <Short_Name_{{ key }}_></Short_Name_{{ key }}_>
  <Extended_Function_{{ key }}_></Extended_Function_{{ key }}_>
  {% endfor %}
  {% for unit in [1, 2] %}
  {% for key in range(1, 33) %}
  <Unit_{{ unit }}_Key_{{ key }}></Unit_{{ unit }}_Key_{{ key }}>
  {% endfor %}
  {% endfor %}
  {% else %}
  {% for line in [1, 2] %}
  <Line_Enable_{{ line }}_>No</Line_Enable_{{ line }}_>
  {% endfor %}
  {% endif %}
</flat-profile>
