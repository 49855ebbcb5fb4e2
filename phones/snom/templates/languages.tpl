<?xml version="1.0" encoding="UTF-8"?>
<{{ root }}>
{% for code, name in { DE: "Deutsch", EN: "English", ES: "Espanol", FR: "Français", IT: "Italiano", NL: "Nederlands" } %}
  <language url="{{ server }}/i18n/{{ kind }}_lang_{{ code }}.xml" name="{{ name }}"/>
{% endfor %}
</{{ root }}>
