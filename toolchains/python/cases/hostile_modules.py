import sys

print("before")
sys.path.clear()
sys.meta_path.clear()
for name in list(sys.modules):
    del sys.modules[name]
del sys.stdin, sys.modules, sys.argv
print("after")
