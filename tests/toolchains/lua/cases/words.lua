-- Input, arguments, the error stream and the exit code.
local count, seen = 0, {}
for line in io.lines() do
    for word in line:gmatch("%a+") do
        if not seen[word] then
            count, seen[word] = count + 1, true
        end
    end
end
print(count, arg[1], _VERSION)
io.stderr:write("done\n")
os.exit(3)
