<root_favorite_set>
  <item id_name="localdirectory" display_name="Local Directory" priority="1" enable="0" />
  <item id_name="history" display_name="History" priority="2" enable="0" />
  <item id_name="networkcalllog" display_name="Network CallLog" priority="3" enable="0" />
  <item id_name="remotedirectory" display_name="Remote Directory" priority="4" enable="1" />
  <item id_name="ldap" display_name="LDAP" priority="5" enable="0" />
  <item id_name="networkdirectory" display_name="Network Directories" priority="6" enable="0" />
</root_favorite_set>
