<?xml version="1.0" encoding="UTF-8"?>
<firmware-settings>
  <firmware perm="">{{ server }}</firmware>
  <fp_fwu_sw_version>{{ firmware }}</fp_fwu_sw_version>
  <fp_fwu_branch_version>{{ branch }}</fp_fwu_branch_version>
  {% for handset in handsets %}
  <pp_fwu_sw_version type="{{ handset }}">{{ firmware }}</pp_fwu_sw_version>
  <pp_fwu_branch_version type="{{ handset }}">{{ branch }}</pp_fwu_branch_version>
  {% endfor %}
</firmware-settings>
