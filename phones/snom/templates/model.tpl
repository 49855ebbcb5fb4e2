<?xml version="1.0" encoding="UTF-8"?>
<settings>
  <phone-settings>
    <firmware_status>{{ server }}/snom{{ name }}-firmware.xml</firmware_status>
  </phone-settings>
</settings>
