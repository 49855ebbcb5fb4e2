# Panasonic SIP Phone Standard Format File #

CFG_STANDARD_FILE_PATH="{{ server }}/Panasonic/Config{MAC}.cfg"
