<?xml version="1.0" encoding="UTF-8"?>
<DIALTEMPLATE>
  <TEMPLATE MATCH="..." Timeout="1" User="Phone"/>
  <TEMPLATE MATCH="...." Timeout="2" User="Phone"/>
  <TEMPLATE MATCH="*" Timeout="5" User="Phone"/>
</DIALTEMPLATE>
