"""A body made of formulas: signed shapes in millimetres, evaluated slice by slice."""
