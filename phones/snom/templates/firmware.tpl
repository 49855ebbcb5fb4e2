<?xml version="1.0" encoding="UTF-8"?>
<firmware-settings>
  <firmware>{{ server }}/firmware/{{ firmware }}</firmware>
</firmware-settings>
