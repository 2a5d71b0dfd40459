import asyncio
import sys


async def step(name, delay):
    await asyncio.sleep(delay)
    print(name)
    return name


async def main():
    print(await asyncio.gather(step("b", 0.02), step("a", 0.01)))
    queue = asyncio.Queue(1)

    async def produce():
        for i in range(3):
            await queue.put(i)
        await queue.put(None)

    task = asyncio.create_task(produce())
    while (item := await queue.get()) is not None:
        print("item", item)
    await task
    try:
        async with asyncio.timeout(0.01):
            await asyncio.sleep(5)
    except TimeoutError:
        print("timeout")
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(step("never", 5))
            raise ValueError("in a group")
    except* ValueError as errors:
        print(errors.exceptions)
    print(await asyncio.to_thread(sum, [1, 2, 3]))
    loop = asyncio.get_running_loop()
    print(await loop.run_in_executor(None, input), await loop.run_in_executor(None, sys.stdin.readline))
    event, lock, semaphore = asyncio.Event(), asyncio.Lock(), asyncio.Semaphore(2)
    loop.call_later(0.01, event.set)
    async with lock, semaphore:
        await event.wait()
    try:
        await asyncio.wait_for(asyncio.Event().wait(), 0.01)
    except TimeoutError:
        print("wait_for")
    for finished in asyncio.as_completed([step("two", 0.02), step("one", 0.01)]):
        await finished
    try:
        await asyncio.create_subprocess_exec("true")
    except OSError as error:
        print("OSError")

    async def numbers():
        for i in range(3):
            yield i

    print([i async for i in numbers()])
    return "result"


print(asyncio.run(main()))
with asyncio.Runner() as runner:
    print(runner.run(step("runner", 0)))
loop = asyncio.new_event_loop()
print(loop.run_until_complete(step("loop", 0)))
loop.close()
asyncio.run(asyncio.sleep(0), debug=True)
