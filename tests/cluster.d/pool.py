"""Items a second of mpi4py's MPIPoolExecutor: mpirun -n 3 python -m mpi4py.futures pool.py"""

import time

from mpi4py.futures import MPIPoolExecutor


def square(n):
    return n * n


def sleep(n):
    time.sleep(0.001)
    return n


if __name__ == "__main__":
    with MPIPoolExecutor() as executor:
        executor.bootup(wait=True)
        for _ in range(3):
            for name, function, gather, length, chunks in [
                ("cheap items, added up,", square, sum, 1_000_000, (1, 1000, 10_000)),
                ("cheap items, whole on rank 0,", square, list, 1_000_000, (1, 1000, 10_000)),
                ("items of 1 ms", sleep, list, 4000, (1, 10, 100)),
            ]:
                for chunk in chunks:
                    count = length if chunk > 1 else 4000
                    begun = time.perf_counter()
                    gather(executor.map(function, range(count), chunksize=chunk))
                    rate = count / (time.perf_counter() - begun)
                    print(f"mpi4py: {rate:.0f} {name} a second (chunksize {chunk})", flush=True)
