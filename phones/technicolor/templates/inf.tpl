[application]
fwurl={{ server }}/binary/{{ firmware.application }}
dspurl={{ server }}/binary/{{ firmware.dsp }}
booturl={{ server }}/binary/{{ firmware.boot }}

[config]
telcfg={{ server }}/telconf-{{ version }}-1.txt
common_config={{ server }}/comconf-{{ version }}-1.txt
config={{ server }}/
