<?xml version="1.0" encoding="UTF-8"?>
<setting-files>
{% for file in files %}
  <file url="{{ server }}/{{ file }}"/>
{% endfor %}
</setting-files>
