Version={{ version }}
Firmware={{ firmware }}
BuildTime={{ built }}
Info=TXT
{{ model }} {{ version }}
