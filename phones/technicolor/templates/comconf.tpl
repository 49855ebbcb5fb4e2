[ipp]
Suppress-DomainName-Flag=1
TimeFlag=1

[net]
WanModFlag=1

[sip]
CallPkupFlg=sc

