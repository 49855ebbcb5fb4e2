<?xml version="1.0" encoding="UTF-8"?>
<VOIP_CONFIG_FILE>
<version>2.0002</version>
{% include "update.tpl" %}
</VOIP_CONFIG_FILE>
