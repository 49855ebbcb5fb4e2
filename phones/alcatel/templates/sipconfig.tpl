[dns]
hostname=iptouch

[init]
application_mode=0

[sip]
option_timer=180
register_expire=3600
preferred_vocoder=8,0,4,18

[audio]
tone_country=0

[appl]
supported_language=0

[admin]
binary_polling_timer=10080
config_polling_timer=10080
