"""Applications of hospitals' front machines for the history of a visit (D-24 … D-29).

`applying` records one and searches the own province, `renewing` is a second registration of the
visit, `searching` the job that asks the index module for the rest, `orders` what a front machine is
told, `giving` hands a study to it (what other provinces hold goes through this centre without being
kept), `progress` is how far it got, `copies` what profile "001" adds, `retrieving` a retrieval
without an application, `deadlines` and `periods` the dates, `troubles` and `words` the reasons for
people (docs/provinces.md, docs/gateway.md).
"""
