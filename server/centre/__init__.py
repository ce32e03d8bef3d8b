"""How the centre is run: institutions, links, codes, records, capacity, indicators, rights."""
