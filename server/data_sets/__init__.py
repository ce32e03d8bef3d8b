"""Everything that is kept of one study, in the fourteen groups of 004 (E-37, D-42).

Nothing is kept a second time for it: each group reads the tables in which its things happen
(docs/data-sets.md).
"""

from server.data_sets.finding import AmbiguousError, Named, study_of
from server.data_sets.gathering import data_set
from server.data_sets.schema import DataSet

__all__ = ["AmbiguousError", "DataSet", "Named", "data_set", "study_of"]
