"""Runs one Python program inside a cell.

`snapshot` does everything that can be done while the guest is built; `program` does the little that is left when a
program arrives. The package is not importable by programs: it leaves `sys.modules` before the snapshot is taken.
"""
