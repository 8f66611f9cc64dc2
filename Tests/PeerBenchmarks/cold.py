"""One engine, one model, one fresh process: what a user waits for. Started by `benchmark.py`.

    python cold.py ENGINE MODEL THREADS WORK PROFILE SHAPE

Prints, as a JSON list, the seconds that loading and the first run took, the peak of memory over the imported libraries in MiB,
and the time of day of the output, from which the one who started this process counts. Nothing is imported that the engine
does not need: NumPy alone takes longer than some engines take to load.
"""

import sys
import time

import engines


def peak():
    """The peak of resident memory in MiB since it was last cleared."""
    with open("/proc/self/status") as status:
        return int(next(line for line in status if line.startswith("VmHWM")).split()[1]) / 1024


def picture(shape, needs_numpy):
    """A picture of one half everywhere."""
    if needs_numpy:
        import numpy

        return numpy.full(shape, 0.5, numpy.float32)
    import array

    count = 1
    for size in shape:
        count *= size
    return memoryview(array.array("f", [0.5]) * count).cast("B").cast("f", shape)


def main():
    name, model, threads, work, profile, shape = sys.argv[1:]
    engine = getattr(engines, name)
    engine.load_libraries()
    data = picture([int(size) for size in shape.split(",")], engine.needs_numpy)
    with open("/proc/self/clear_refs", "w") as clear:
        clear.write("5")
    base = peak()
    start = time.perf_counter()
    engine(model, int(threads), work, profile or None)(data)
    end = time.perf_counter()
    now = time.time()
    print(f"[{end - start}, {peak() - base}, {now}]")


main()
