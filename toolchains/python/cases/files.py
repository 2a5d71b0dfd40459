import glob
import os
import pathlib
import shutil
import tempfile

with tempfile.TemporaryDirectory() as folder:
    print(folder.startswith("/tmp/"))
    path = pathlib.Path(folder, "a", "b.txt")
    path.parent.mkdir()
    path.write_text("é\n", encoding="utf-8")
    print(path.read_bytes(), path.stat().st_size, path.exists(), [p.name for p in path.parent.iterdir()])
    shutil.copy(path, path.with_name("c.txt"))
    os.rename(path, path.with_name("d.txt"))
    print(sorted(glob.glob(folder + "/a/*"))[0].endswith("c.txt"), sorted(os.listdir(path.parent)))
print(os.path.exists(folder))
with tempfile.NamedTemporaryFile("w+") as file:
    file.write("text")
    file.seek(0)
    print(file.read(), os.path.dirname(file.name))
with open("new.txt", "w") as file:
    print("line", file=file)
with open("/box/new.txt", "a") as file:
    file.write("more\n")
    print(file.tell())
with open("/box/new.txt", "r+") as file:
    print(file.readlines())
os.remove("new.txt")
try:
    open("/box/none.txt")
except FileNotFoundError as error:
    print(error.filename, error.strerror)
os.makedirs("x/y", exist_ok=True)
os.chdir("x")
print(os.getcwd(), os.listdir(), os.path.abspath("y"))
os.chdir("..")
shutil.rmtree("x")
