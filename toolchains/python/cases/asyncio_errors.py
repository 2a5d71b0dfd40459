# A forgotten task's error is told; a deadlock is an error and not an endless wait.
import asyncio


async def fail():
    raise ValueError("in a task")


async def forget():
    task = asyncio.create_task(fail())
    await asyncio.sleep(0.01)
    del task


async def deadlock():
    await asyncio.get_running_loop().create_future()


asyncio.run(forget())
print("forgotten")
try:
    asyncio.run(deadlock())
except RuntimeError as error:
    print("RuntimeError:", error)
asyncio.run(fail())
