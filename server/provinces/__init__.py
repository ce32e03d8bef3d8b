"""Other provinces: their studies in our time line, copies of them, and what they get from us.

peers → assertions → client carry a question to another centre or to the index module; `records`
and `announcing` tell the index module what we hold, `elsewhere` asks it, `applying`, `fetching`,
`keeping` and `expiry` are a copy's life, `releasing` is the other side, `index_service` the index
module's own work (docs/provinces.md).
"""
