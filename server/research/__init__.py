"""Images for research: approved by two people, de-identified for good (F-23, J-56).

`profile` is the Basic Application Level Confidentiality Profile of PS3.15 Annex E as data,
`deidentifying` applies it to one object, `identifiers` looks whether anything is left over,
`exporting` finds what was asked for and packs it.
"""
