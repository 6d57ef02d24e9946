"""Draws the invented subdistrict that gridmap shows when it has no data of its own.

Read :mod:`.plan_streets` and :mod:`.plan_blocks` for what was decided by hand, :mod:`.place` for the order
in which the rest follows. ``python -m tools.demo_subdistrict`` writes ``geodata/demo/``.
"""
