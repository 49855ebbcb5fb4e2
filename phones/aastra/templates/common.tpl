upgrade uri: {{ server.url }}/Aastra
download protocol: {{ server.protocol }}
{{ server.scheme }} server: {{ server.host }}
{{ server.scheme }} path: {{ server.path }}
{{ server.scheme }} port: {{ server.port }}
time format: 1
date format: 5
sips persistent tls: 0
sip explicit mwi subscription period: 3600
sip blf subscription period: 3600
sip digit timeout: 3
sip allow auto answer: 1
sip intercom mute mic: 0
https validate certificates: 0
