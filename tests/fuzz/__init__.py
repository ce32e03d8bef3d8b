"""Hostile inputs, from files to fingers: nothing crashes, hangs, or eats the memory."""
