<?xml version="1.0" encoding="UTF-8"?>
<firmware-settings>
  <firmware-status>{{ server }}/snom{{ name }}-firmware.xml</firmware-status>
</firmware-settings>
