<?xml version="1.0" encoding="UTF-8"?>
<sysConf>
  <Version>2.0002</Version>
{% include "update-plain.tpl" %}
</sysConf>
