"""The guest's entry: the build imports this module once and keeps the state of the interpreter; the host then calls
`run` in a copy of that state.
"""

import wit_world
from _runnel import program, snapshot

snapshot.prepare()


class WitWorld(wit_world.WitWorld):
    def run(self, path, source, args, env):
        return program.run(path, source, args, env)
