"""Everything a browser needs that is not ours: fetched, verified, compiled, compressed once."""
