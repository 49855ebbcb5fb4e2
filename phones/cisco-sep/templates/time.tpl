    <dateTimeSetting>
      <dateTemplate>D-M-YA</dateTemplate>
      {% if time_zone %}
      <timeZone>{{ time_zone }}</timeZone>
      {% endif %}
      <ntps>
        {% if ntp_enabled and ntp_ip %}
        <ntp>
          <name>{{ ntp_ip }}</name>
          <ntpMode>Unicast</ntpMode>
        </ntp>
        {% endif %}
      </ntps>
    </dateTimeSetting>
