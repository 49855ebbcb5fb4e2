<?xml version="1.0" encoding="UTF-8"?>
<flat-profile>
  <Profile_Rule_B>{{ server }}/{{ common }}</Profile_Rule_B>
  <Profile_Rule_C>{{ server }}/$MA.xml</Profile_Rule_C>
</flat-profile>
