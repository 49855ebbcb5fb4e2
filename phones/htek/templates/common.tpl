<?xml version="1.0" encoding="UTF-8"?>
<hl_provision version="1">
  <config version="1">
{% include "management.tpl" %}
  </config>
</hl_provision>
